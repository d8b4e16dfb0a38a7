"""`pip install .` into an environment of its own: a whole build, some minutes long, so it stands apart from the rest.

Run by `make check-pip`.
"""
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "python"))

from installed import check_installed  # noqa: E402


def test_pip_install(tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", ROOT], check=True)
    subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", "onnx"], check=True)
    check_installed(python, [tmp_path / "venv" / "bin" / "quern"], tmp_path)
