"""bench/numpy_jit.py: small functions to their end, and what it refuses."""
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "bench/numpy_jit.py"


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True)


def test_rows_come_one_by_one():
    done = run("--only", "moving_average", "argmax_one_hot", "--sizes", "small", "--seconds", "0.01", "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["function"] for row in rows] == ["moving_average", "argmax_one_hot"]
    for row in rows:
        assert row["best peer"] == "numpy" and row["quern us"] > 0 and row["numpy us"] > 0 and row["first s"] > 0


def test_a_table_without_peers():
    done = run("--only", "moving_average", "--peers", "--sizes", "small", "--seconds", "0.01")
    assert done.returncode == 0, done.stderr
    names, _, row = done.stdout.splitlines()
    assert [name.strip() for name in names.split("|")][1:5] == ["function", "size", "threads", "quern us"]
    assert [cell.strip() for cell in row.split("|")][1:4] == ["moving_average", "small", "1"] and "numpy" not in names


def test_numbers_have_dtypes_for_jax():
    jax = pytest.importorskip("jax")
    sys.path.insert(0, str(PROGRAM.parent))
    numpy_jit = runpy.run_path(PROGRAM)
    wide = numpy_jit["run_jax"](root, 1)[1](jax.numpy.ones(3, "float32"))
    assert wide.dtype == root(np.ones(3, "float32")).dtype == "float64"


def root(x):
    return x / np.sqrt(x.shape[0])


def test_unknown_names():
    done = run("--only", "softmin")
    assert done.returncode == 2 and "invalid choice: 'softmin'" in done.stderr
