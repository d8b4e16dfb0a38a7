"""bench/overhead.py: a few systems to their end, and what it refuses."""
import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "bench/overhead.py"


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True)


def test_systems():
    done = run("--systems", "numpy_add,quern_jit,quern_c", "--seconds", "0.01", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["system"]: row["least_us"] for row in json.loads(done.stdout)}
    assert rows.keys() == {"numpy_add", "quern_jit", "quern_c", "quern_c_run"}
    assert all(time > 0 for time in rows.values()) and rows["quern_c"] < rows["numpy_add"]


def test_unknown_names():
    done = run("--systems", "quern_d")
    assert done.returncode == 2 and "unknown systems quern_d: there are python_call, " in done.stderr
