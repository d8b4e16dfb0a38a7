"""bench/numpy_jit.py: one small function to its end, and what it refuses."""
import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "bench/numpy_jit.py"


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True)


def test_a_function():
    done = run("--functions", "moving_average", "--systems", "quern,numpy", "--sizes", "small", "--seconds", "0.01", "--json")
    assert done.returncode == 0, done.stderr
    row, = json.loads(done.stdout)
    assert row["function"] == "moving_average" and row["best peer"] == "numpy"
    assert row["quern us"] > 0 and row["numpy us"] > 0 and row["first s"] > 0


def test_unknown_names():
    done = run("--functions", "softmin")
    assert done.returncode == 2 and "no such function, system or size: softmin; expected softmax, " in done.stderr
