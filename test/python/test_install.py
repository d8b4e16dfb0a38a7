"""The files that `pip install` lays down, without the build: the package is whole, and finds its own compiler."""
import subprocess
import sys
from pathlib import Path

from installed import check_installed

BUILD = Path(__file__).resolve().parents[2] / "build"


def test_installed_files(tmp_path):
    site = tmp_path / "site"
    subprocess.run(["cmake", "--install", BUILD, "--component", "python", "--prefix", site], check=True)
    command = [sys.executable, "-c", "from quern._compiler import main; main()"]
    assert check_installed([sys.executable], command, tmp_path, site) == str(site / "quern")
    assert not list(site.rglob("_build_paths.py")), "an installed package looks into no build folder"
    assert {"__init__.pyi", "py.typed"} <= {path.name for path in site.rglob("*")}
