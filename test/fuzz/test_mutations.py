"""Absurd models into the compiler, and absurd arrays into what it compiles.

Every model compiles or is refused in one line with the code of a user's mistake: no crash, no fault of our own, no hang,
no more memory than is allowed. Every array gives a result or an error; inputs and outputs lie before pages that nobody
may touch, so that one element too far ends the child process that runs them. The generators are seeded:
QUERN_FUZZ_SECONDS makes the search longer, QUERN_FUZZ_SEED another one.
"""
import ctypes
import mmap
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))

import quern
from artifact import Artifact, Tensor
from mutations import extremes, mutate
from quern._arrays import convert
from quern._compiler import find_compiler
from quern._runtime import Model

SECONDS = float(os.environ.get("QUERN_FUZZ_SECONDS", 20))
SEED = int(os.environ.get("QUERN_FUZZ_SEED", 1))
ALLOWED = {0, 2, 3, 4, 5}
CASES = Path(onnx.backend.test.__file__).with_name("data")


@pytest.fixture(scope="module")
def seeds():
    """The models of ONNX's own operator tests."""
    files = sorted(path for path in CASES.glob("*/*/model.onnx") if path.stat().st_size < 60_000)
    assert len(files) > 1000
    return files


def limit():
    """CPU time, as the machine may be busy with other things."""
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def compile_model(path, library):
    return subprocess.run([find_compiler(), "compile", path, "-o", library, "--quiet", "--no-header", "--max-memory=4"],
                          capture_output=True, preexec_fn=limit, timeout=300)


def test_absurd_models(seeds, tmp_path):
    choice, end, runs = random.Random(SEED), time.monotonic() + SECONDS, 0
    path = tmp_path / "model.onnx"
    while time.monotonic() < end or runs < 20:
        seed, change = choice.choice(seeds), choice.randrange(1 << 40)
        path.write_bytes(mutate(seed.read_bytes(), random.Random(change)))
        done = compile_model(path, tmp_path / "model.so")
        text = done.stderr.decode("utf-8")
        where = f"{seed.parent.name}, change {change}: {text}"
        assert done.returncode in ALLOWED, where
        if done.returncode:
            assert text.startswith("quern: error: ") and text.count("\n") == 1, where
            assert not (tmp_path / "model.so").exists(), where
        (tmp_path / "model.so").unlink(missing_ok=True)
        assert not list(tmp_path.glob(".quern*")), where
        runs += 1


# ---- Arrays -------------------------------------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGE = mmap.PAGESIZE


def guarded(shape, dtype, keep, before):
    """An array with a page that nobody may touch right after it, or right before."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    pages = -(-size // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    keep.append(memory)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (0, pages + 1):
        assert libc.mprotect(base + page * PAGE, PAGE, 0) == 0
    start = PAGE if before else PAGE + pages * PAGE - size
    return np.frombuffer(memory, dtype, size // dtype.itemsize, start).reshape(shape) if size else np.empty(shape, dtype)


def loosen(model, choice):
    """Most extents become symbols, some of them shared, so that arrays of any shape meet the guards of the run."""
    for value in model.graph.input:
        for index, dim in enumerate(value.type.tensor_type.shape.dim):
            if choice.random() < 0.6:
                dim.dim_param = choice.choice(["n", "m", f"{value.name}{index}"])
    for value in model.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()
    del model.graph.value_info[:]
    return model


def fill(array, dtype, choice):
    """Extreme values or small ones; bytes of bools are anything."""
    if dtype == "bool":
        array.view(np.uint8)[...] = np.reshape([choice.choice([0, 1, 2, 128, 255]) for _ in range(array.size)], array.shape)
    elif dtype == "bfloat16" or choice.random() < 0.5:
        array[...] = np.reshape([choice.choice([0, 1, 2, 3, 4, 5]) for _ in range(array.size)], array.shape)
    else:
        array[...] = extremes(dtype, array.shape, choice)


def run_between_guards(artifact, inputs, results, keep, before):
    """The run again, into memory with a guard for each output; its status."""
    descriptor = artifact.descriptor

    def tensors(values, arrays):
        made = (Tensor * max(len(arrays), 1))()
        for i, array in enumerate(arrays):
            made[i] = Tensor(array.ctypes.data, array.nbytes, values[i].dtype, array.ndim)
            made[i].dims[:array.ndim] = array.shape
        return made

    outputs = [guarded(result.shape, result.dtype, keep, before) for result in results]
    return artifact.library.quern_run(artifact.context, tensors(descriptor.inputs, inputs), len(inputs),
                                      tensors(descriptor.outputs, outputs), len(outputs))


def run_absurdly(library, choice, rounds=30):
    keep = []
    model, artifact = Model(library, 1, 0, (0, 0), convert), Artifact(library)
    for _ in range(rounds):
        before, sizes, arrays = choice.random() < 0.3, {}, []
        for name, dtype, dims in model.inputs:
            shape = [dim if isinstance(dim, int) else choice.choice([0, 1, 2, 3, 5]) if choice.random() < 0.1 else
                     sizes.setdefault(dim, choice.choice([0, 1, 1, 2, 3, 3, 4, 5, 8, 17])) for dim in dims]
            if np.prod(shape, dtype=object) > 1 << 20:
                return
            array = guarded(shape, "uint16" if dtype == "bfloat16" else dtype, keep, before)
            fill(array, dtype, choice)
            arrays.append(array)
        try:
            results = model.run(*arrays)
        except (quern.QuernError, MemoryError) as error:
            assert "\n" not in str(error)
        else:
            status = run_between_guards(artifact, arrays, results, keep, before)
            assert status == 0, artifact.library.quern_context_error(artifact.context)


def ended(child):
    """How a child process went: 0, an exit code, or the negative number of a signal. A run that takes long, as loops of
    2^62 iterations do, is ended by SIGXCPU and is no fault."""
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return 0 if code in (-signal.SIGXCPU, -signal.SIGKILL) else code


def test_absurd_arrays(seeds, tmp_path):
    choice, end, runs = random.Random(SEED), time.monotonic() + SECONDS, 0
    path, library = tmp_path / "model.onnx", tmp_path / "model.so"
    while time.monotonic() < end or runs < 5:
        seed, change = choice.choice(seeds), choice.randrange(1 << 40)
        changes = random.Random(change)
        onnx.save(loosen(onnx.load(seed), changes), path)
        done = compile_model(path, library)
        assert done.returncode in ALLOWED, (seed.parent.name, change, done.stderr)
        if done.returncode:
            continue
        child = os.fork()
        if child == 0:
            code = 99
            try:
                resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
                run_absurdly(str(library), changes)
                code = 0
            finally:
                os._exit(code)
        assert ended(child) == 0, (seed.parent.name, change)
        runs += 1


def test_bytes_of_bools_are_true_unless_zero():
    graph = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["": 17]> g (bool[40] x, bool[40] z) => (int64[40] n, bool[40] y, bool[40] o) {
        n = Cast<to = 7>(x)  y = Not(x)  o = And(x, z)}""")
    x = np.array([0, 1, 2, 255, 128] * 8, np.uint8)
    n, y, o = quern.compile(graph)(x.view(bool), np.full(40, 4, np.uint8).view(bool))
    np.testing.assert_array_equal(n, x != 0)
    np.testing.assert_array_equal(y.view(np.uint8), x == 0)
    np.testing.assert_array_equal(o.view(np.uint8), x != 0)
