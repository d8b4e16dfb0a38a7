"""Tensors of the caller in the device's memory, through the C interface; the interpreter stands for CUDA's driver."""
import itertools
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import quern
from c_interface import Failure, Model
from dlpack import DlpackArray
from emulated import CUDA, needs_interpreter

pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, build):
    """Kernels of the device around one of the processor (top_k); an input that both read, an output of each, and an input
    that is an output."""
    return build(tmp_path_factory.mktemp("mixed"), """
        (float[rows,8] x, float[rows,8] y) => (float[rows,8] sum, float[rows,3] best, int64[rows,3] place, float[rows,8] same)
        {
            s = Add (x, y)
            n = Neg (s)
            three = Constant <value_ints = [3]> ()
            v, place = TopK (x, three)
            best = Neg (v)
            sum = Exp (n)
            same = Identity (y)
        }""")


def expected(x, y):
    order = np.argsort(-x, axis=1, kind="stable")[:, :3]
    return np.exp(-(x + y)), -np.take_along_axis(x, order, 1), order, y


@pytest.mark.parametrize("rows", [1, 5])
def test_each_tensor_in_either_memory(cuda, mixed, rows):
    random = np.random.default_rng(rows)
    model = Model(mixed)
    assert model.device == (2, 0)
    for places in itertools.product((False, True), repeat=6):
        x, y = (np.float32(random.standard_normal((rows, 8))) for _ in range(2))
        wanted = expected(x, y)
        inputs = [cuda.array(value) if on_device else value for value, on_device in zip((x, y), places)]
        outputs = [cuda.array(value) if on_device else value
                   for value, on_device in zip((np.full_like(value, 9) for value in wanted), places[2:])]
        assert model.run(inputs, outputs) == [value.shape for value in wanted]
        for output, value in zip(outputs, wanted):
            np.testing.assert_allclose(output.read() if hasattr(output, "read") else output, value, rtol=1e-6)
        for given, value in zip(inputs, (x, y)):
            np.testing.assert_array_equal(given.read() if hasattr(given, "read") else given, value)
    model.close()


def test_tensors_that_are_not_aligned_are_copied(cuda, mixed):
    x, y = np.float32(np.arange(16)).reshape(2, 8), np.ones((2, 8), np.float32)
    wanted = expected(x, y)
    inputs = [cuda.array(x, offset=4), cuda.array(y, offset=64)]
    outputs = [cuda.array(np.zeros_like(value), offset=8) for value in wanted]
    model = Model(mixed)
    model.run(inputs, outputs)
    for output, value in zip(outputs, wanted):
        np.testing.assert_allclose(output.read(), value, rtol=1e-6)
    model.close()


def test_tensors_without_elements(cuda, mixed):
    x = np.zeros((0, 8), np.float32)
    model = Model(mixed)
    shapes = model.run([cuda.array(x), x], [cuda.array(value) for value in expected(x, x)])
    assert shapes == [(0, 8), (0, 3), (0, 3), (0, 8)]
    model.close()


def test_concatenation_into_the_callers_memory(cuda, tmp_path, build):
    """Both parts and the whole are written where the caller wants the whole; a cache in the device's memory stays there."""
    model = Model(build(tmp_path, """
        (float[1,n,4] past, float[1,2,4] x) => (float[1,m,4] cache, float[1,2,4] y)
        {
            y = Neg (x)
            cache = Concat <axis = 1> (past, y)
        }"""))
    x = np.float32(np.arange(8)).reshape(1, 2, 4)
    past = cuda.array(np.zeros((1, 0, 4), np.float32))
    for step in range(3):
        whole = np.concatenate([past.values, -x], 1)
        cache, y = cuda.array(np.zeros_like(whole)), np.zeros_like(x)
        assert model.run([past, x], [cache, y]) == [whole.shape, y.shape]
        np.testing.assert_array_equal(cache.read(), whole)
        np.testing.assert_array_equal(y, -x)
        past = cache
        past.values = whole
    model.close()


def test_refuses_the_memory_of_another_device(cuda, mixed):
    x = np.zeros((1, 8), np.float32)
    model, outputs = Model(mixed), [np.zeros_like(value) for value in expected(x, x)]
    with pytest.raises(Failure, match='^input "x": it is in the memory of cuda:1, but the model runs on cuda:0$'):
        model.run([cuda.array(x), x], outputs, ordinal=1)
    null = cuda.array(x)
    null.address = 0
    with pytest.raises(Failure, match='^input "x": data is null, but its shape takes 32 bytes$'):
        model.run([null, x], outputs)
    null.values = outputs[0]
    with pytest.raises(Failure, match='^output "sum": its data is null; an output in the memory of cuda:0 is the caller\'s$'):
        model.run([x, x], [null, *outputs[1:]])
    model.close()


def test_a_model_of_the_processor_refuses_memory_of_a_device(cuda, tmp_path, build):
    model = Model(build(tmp_path, "(float[4] x) => (float[4] y) { y = Neg (x) }", target="x86-64"))
    x = np.zeros(4, np.float32)
    assert model.device == (1, 0)
    with pytest.raises(Failure, match='^input "x": it is in the memory of cuda:0, but the model runs on cpu:0$'):
        model.run([cuda.array(x)], [x.copy()])
    model.close()


@pytest.mark.parametrize("device, message", [
    ((2, 1), "there is no device of the ordinal that the options name; the first is 0"),
    ((2, -1), "the options name a device by a negative number"),
    ((1, 0), "the model was compiled for a device alone; compile it for the processor too, as in sm_80,x86-64"),
    ((7, 0), "the model has no kernels for the kind of device that the options name"),
])
def test_options_name_a_device(cuda, mixed, device, message):
    with pytest.raises(Failure) as caught:
        Model(mixed, device)
    assert str(caught.value) == message


@needs_interpreter
def test_a_second_device(tmp_path, mixed):
    """PTX_DEVICES makes the interpreter have several."""
    program = f"""
import numpy as np
from c_interface import Cuda, Model
cuda, model = Cuda({str(CUDA / 'libcuda.so.1')!r}), Model({str(mixed)!r}, (2, 1))
assert model.device == (2, 1)
x = np.ones((1, 8), np.float32)
outputs = [np.zeros((1, 8), np.float32), np.zeros((1, 3), np.float32), np.zeros((1, 3), np.int64), np.zeros((1, 8), np.float32)]
model.run([x, x], outputs)
np.testing.assert_allclose(outputs[0], np.exp(-2 * x), rtol=1e-6)
"""
    environment = {**os.environ, "PTX_DEVICES": "2", "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_python_reads_device_tensors_by_dlpack(cuda, mixed):
    model = quern.load(mixed, device="cuda")
    assert model.device == "cuda:0" and pickle.loads(pickle.dumps(model)).device == "cuda:0"
    x, y = np.float32(np.arange(16)).reshape(2, 8), np.ones((2, 8), np.float32)
    results = model(DlpackArray(cuda.array(x)), y)
    for result, value in zip(results, expected(x, y)):
        np.testing.assert_allclose(result, value, rtol=1e-6)
    with pytest.raises(quern.InputError, match="^input 'x' has another dtype than float32$"):
        model(DlpackArray(cuda.array(np.int64(x))), y)
    with pytest.raises(quern.InputError, match="^input 'x' is not contiguous in the device's memory; make it so$"):
        model(DlpackArray(cuda.array(x), strides=(1, 2)), y)
    with pytest.raises(quern.InputError, match='it is in the memory of cuda:3, but the model runs on cuda:0$'):
        model(DlpackArray(cuda.array(x), device=(2, 3)), y)
    with pytest.raises(quern.InputError, match="^input 'x' has 9 dims, expected 2$"):
        model(DlpackArray(cuda.array(x.reshape((1,) * 7 + (2, 8)))), y)
    silent = type("Silent", (), {"__dlpack_device__": lambda self: (2, 0)})()
    with pytest.raises(quern.InputError, match="^input 'x' does not give its memory by DLPack$"):
        model(silent, y)


def test_python_names_a_device(cuda, mixed):
    with pytest.raises(quern.UnsupportedError, match="there is no device of the ordinal"):
        quern.load(mixed, device="cuda:1")
    with pytest.raises(quern.UnsupportedError, match="compiled for a device alone"):
        quern.load(mixed, device="cpu")
    for text in ("gpu", "cuda:", "cuda:x", "cpu:0", 0):
        with pytest.raises(quern.UsageError, match="^device=.*: expected 'cpu', 'cuda' or 'cuda:1', or None for what the model was compiled for$"):
            quern.load(mixed, device=text)
