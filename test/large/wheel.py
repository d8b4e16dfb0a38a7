"""The wheel: built, installed into an environment of its own, and used where no LLVM, clang or lld can be seen.

A whole build, some minutes long, so it stands apart from the rest. Run by `make check-wheel`, as root or where users may
make namespaces.
"""
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "python"))

from installed import check_installed  # noqa: E402

os.environ.pop("PYTHONPATH", None)    # the build's package would stand before the wheel's

# Runs its arguments where what a packaged LLVM lays down is empty; the links of /usr/bin lead there.
HIDE = """
for file in /usr/lib/*/libLLVM* /usr/lib/*/libMLIR* /usr/lib/*/libclang*; do
  [ ! -f "$file" ] || mount --bind /dev/null "$file" || exit 99
done
for folder in /usr/lib/llvm-*; do mount -t tmpfs none "$folder" || exit 99; done
if command -v clang-19 lld-19 ld.lld-19 || ldconfig -v 2>/dev/null | grep -E 'lib(LLVM|MLIR|clang-cpp)'; then exit 98; fi
exec "$@"
"""

PICKLE = """
import multiprocessing, pickle
import numpy as np
import quern

@quern.jit
def norm(x):
    return np.sqrt((x * x).sum(axis=-1))

def square(model):
    return model(np.arange(5, dtype=np.float32))

if __name__ == "__main__":
    model = pickle.loads(pickle.dumps(quern.compile("square.onnx")))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(square, (model,)).tolist() == [0, 1, 4, 9, 16]
        assert np.allclose(pool.apply(norm, (np.full((2, 4), 2.0),)), 4)
"""


def hidden(*command):
    """A command that runs where no LLVM is seen."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--mount", *user, "sh", "-c", HIDE, "sh", *map(str, command)]


@pytest.fixture(scope="module")
def wheel():
    """As `make wheel` makes it."""
    subprocess.run(["make", "wheel"], cwd=ROOT, check=True)
    return max((ROOT / "out" / "wheels").glob("quern-*.whl"), key=lambda path: path.stat().st_mtime)


def test_wheel(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", wheel, "onnx"], check=True)
    quern = tmp_path / "venv" / "bin" / "quern"
    package = Path(check_installed(hidden(python), hidden(quern), tmp_path))
    (tmp_path / "pickles.py").write_text(PICKLE)
    subprocess.run(hidden(python, tmp_path / "pickles.py"), check=True, cwd=tmp_path)
    needed = subprocess.run(["readelf", "-d", package / "bin" / "quern"], check=True, text=True, stdout=subprocess.PIPE).stdout
    libraries = {line.split("[")[1].rstrip("]") for line in needed.splitlines() if "(NEEDED)" in line}
    assert libraries <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}, libraries
