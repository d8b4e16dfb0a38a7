"""bench/array_operations.py: rows of small matrices, and what it refuses."""
import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "bench/array_operations.py"


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True)


def test_rows():
    done = run("--only", "x @ W.T", "W.sum(0)", "--sizes", "20", "--seconds", "0.01", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [(row["operation"], row["dtype"]) for row in rows] == [
        ("x @ W.T", "float32"), ("W.sum(0)", "float32"), ("x @ W.T", "float64"), ("W.sum(0)", "float64")]
    assert all(row["n"] == 20 and row["quern us"] > 0 and row["numpy us"] > 0 for row in rows)


def test_an_operation_that_is_not_there():
    done = run("--only", "W ** W")
    assert done.returncode == 2 and "W ** W" in done.stderr
