"""Every case of the ONNX backend suite: it passes as the suite has it, or it is in refused.txt and refused as that says."""
import os
import tempfile
from pathlib import Path

import pytest
import quern

from cases import all_cases, check, compile_plain, has_algorithm
from refusals import read_refusals

CASES = all_cases()
REFUSED = read_refusals(Path(__file__).with_name("refused.txt"))


@pytest.fixture(scope="module", autouse=True)
def artifacts_in_memory():
    """Artifacts are synced to their disk; those of thousands of tests need not be."""
    memory, before = "/dev/shm", tempfile.tempdir
    if os.access(memory, os.W_OK):
        tempfile.tempdir = memory
    yield
    tempfile.tempdir = before


def test_refusals_name_cases():
    assert set(REFUSED) <= set(CASES)


@pytest.mark.parametrize("name", [name for name in CASES if name not in REFUSED])
def test_passes(name):
    case = CASES[name]
    compiled = quern.compile(case.model_path, threads=1)
    check(compiled, case)
    if has_algorithm(compiled):
        with tempfile.TemporaryDirectory() as folder:
            check(compile_plain(case.model_path, Path(folder) / "plain.so"), case)


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name):
    with pytest.raises(quern.UnsupportedError) as refusal:
        quern.compile(CASES[name].model_path, threads=1)
    assert REFUSED[name].search(str(refusal.value))
