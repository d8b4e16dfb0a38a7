"""--machine NAME: tests that compile and run models do so for another machine, under an emulator (harness/emulated.py).
--cuda LIBRARY: kernels run on this machine's NVIDIA device, by that libcuda.so.1, instead of the interpreter's.
--models DIR...: the folders of the models of large/models.py."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "harness"), str(HERE / "e2e")]


def pytest_addoption(parser):
    parser.addoption("--machine", help="the machine that models are compiled for and run on: aarch64, sm_80, sm_90a (default: this one)")
    parser.addoption("--cuda", metavar="LIBRARY", help="the driver's libcuda.so.1, which runs kernels on this machine's device "
                                                       "(default: the interpreter's)")
    parser.addoption("--models", nargs="+", default=[], metavar="DIR", help="the folders of the models that large/models.py runs")


def pytest_configure(config):
    config.cache_folder = tempfile.mkdtemp(prefix="quern-cache-")    # nothing of the user's is read or written
    os.environ["XDG_CACHE_HOME"] = config.cache_folder
    name = config.getoption("--machine")
    if library := config.getoption("--cuda"):
        import emulated    # noqa: E402, needs the package
        emulated.use_driver(os.path.abspath(library))
    if not name:
        return
    import emulated
    if name not in emulated.MACHINES:
        raise pytest.UsageError(f"--machine {name}: expected one of {', '.join(emulated.MACHINES)}")
    machine = emulated.MACHINES[name]
    if missing := emulated.missing(machine):
        raise pytest.UsageError(f"--machine {name}: {' and '.join(missing)} not found")
    emulated.install(machine)
    import batch
    batch.LEVELS = dict(machine.levels)


def pytest_unconfigure(config):
    shutil.rmtree(config.cache_folder, ignore_errors=True)
