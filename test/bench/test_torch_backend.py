"""bench/torch_backend.py: the costs of calls, to their end."""
import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "bench/torch_backend.py"


def test_overhead(tmp_path):
    done = subprocess.run([sys.executable, PROGRAM, "--overhead", "--seconds", "0.2"], capture_output=True, text=True,
                          env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)})
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    for line in lines:
        assert re.search(r"eager +[\d.]+ us, quern +[\d.]+ us, above [+-][\d.]+ us$", line)
