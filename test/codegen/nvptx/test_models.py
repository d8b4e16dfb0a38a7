"""Whole models compiled for a device: the real host function and the real PTX, on the interpreter that stands for CUDA's driver
(test/ptx), beside ONNX Runtime. Operators are run there by `pytest test/e2e --machine sm_80`."""
import dataclasses
import json
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest
import quern
from emulated import CUDA, MACHINES, EmulatedRuntime, compile_for, needs_interpreter
from onnx import TensorProto, helper, numpy_helper
from quern._compiler import find_compiler

DEVICE = MACHINES["sm_80"]
pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")


class Graph:
    """A model under construction: weights are random, names are given."""

    def __init__(self, opset=20):
        self.random, self.nodes, self.weights, self.opset = np.random.default_rng(0), [], [], opset

    def weight(self, *shape, scale=None):
        value = self.random.standard_normal(shape) * (scale or shape[0]**-0.5)
        return self.constant(np.float32(value))

    def constant(self, value):
        self.weights.append(numpy_helper.from_array(np.asarray(value), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def node(self, operator, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names if outputs > 1 else names[0]

    def linear(self, x, rows, columns):
        return self.node("Add", self.node("MatMul", x, self.weight(rows, columns)), self.weight(columns, scale=1))

    def norm(self, x, width):
        return self.node("LayerNormalization", x, self.weight(width, scale=1), self.weight(width, scale=1))

    def save(self, path, inputs, outputs):
        values = [[helper.make_tensor_value_info(name, dtype, shape) for name, dtype, shape in side]
                  for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, "model", *values, self.weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9), path)


def perceptron(path):
    g = Graph()
    x = "x"
    for rows, columns in ((48, 64), (64, 32), (32, 10)):
        x = g.node("Relu", g.linear(x, rows, columns))
    g.save(path, [("x", TensorProto.FLOAT, ["batch", 48])], [(x, TensorProto.FLOAT, ["batch", 10])])
    return [{"x": np.float32(g.random.standard_normal((rows, 48)))} for rows in (1, 5, 130)]


def attention(g, x, memory, width, heads, past=None):
    """Heads of width / heads, over the past and `memory`; the mask is an input."""
    split, join = g.constant(np.int64([0, 0, heads, width // heads])), g.constant(np.int64([0, 0, width]))
    q, k, v = (g.node("Transpose", g.node("Reshape", g.linear(value, width, width), split), perm=[0, 2, 1, 3])
               for value in (x, memory, memory))
    if past:
        k, v = g.node("Concat", past[0], k, axis=2), g.node("Concat", past[1], v, axis=2)
    scores = g.node("Mul", g.node("MatMul", q, g.node("Transpose", k, perm=[0, 1, 3, 2])), g.constant(np.float32(0.25)))
    heads_out = g.node("MatMul", g.node("Softmax", g.node("Add", scores, "mask"), axis=-1), v)
    joined = g.node("Reshape", g.node("Transpose", heads_out, perm=[0, 2, 1, 3]), join)
    return g.linear(joined, width, width), k, v


def encoder(path):
    """Two layers of BERT's kind, with a symbol for the batch."""
    g, width, length = Graph(), 128, 32
    x = g.node("Add", g.node("Gather", g.weight(1000, width, scale=1), "ids"), g.weight(length, width, scale=1))
    x = g.norm(x, width)
    for _ in range(2):
        x = g.norm(g.node("Add", x, attention(g, x, x, width, 2)[0]), width)
        x = g.norm(g.node("Add", x, g.linear(g.node("Gelu", g.linear(x, width, 512)), 512, width)), width)
    g.save(path, [("ids", TensorProto.INT64, ["batch", length]), ("mask", TensorProto.FLOAT, ["batch", 1, 1, length])],
           [(x, TensorProto.FLOAT, ["batch", length, width])])
    return [{"ids": g.random.integers(0, 1000, (batch, length)),
             "mask": np.where(g.random.random((batch, 1, 1, length)) < 0.2, np.float32(-1e4), np.float32(0))}
            for batch in (1, 3)]


def decoder(path):
    """A step of GPT-2's kind: keys and values of the past go in, longer ones come out."""
    g, width, heads = Graph(), 64, 4
    x = g.node("Gather", g.weight(1000, width, scale=1), "ids")
    inputs, outputs = [("ids", TensorProto.INT64, [1, 1]), ("mask", TensorProto.FLOAT, [1, 1, 1, "total"])], []
    for layer in range(2):
        past = [f"past_{kind}{layer}" for kind in "kv"]
        inputs += [(name, TensorProto.FLOAT, [1, heads, "past", width // heads]) for name in past]
        normed = g.norm(x, width)
        attended, k, v = attention(g, normed, normed, width, heads, past)
        outputs += [(name, TensorProto.FLOAT, [1, heads, "longer", width // heads]) for name in (k, v)]
        x = g.node("Add", x, attended)
        x = g.node("Add", x, g.linear(g.node("Gelu", g.linear(g.norm(x, width), width, 256), approximate="tanh"), 256, width))
    outputs.append((g.linear(g.norm(x, width), width, 1000), TensorProto.FLOAT, [1, 1, 1000]))
    g.save(path, inputs, outputs)
    cases = []
    for past in (0, 7, 31):
        arrays = {"ids": g.random.integers(0, 1000, (1, 1)), "mask": np.zeros((1, 1, 1, past + 1), np.float32)}
        for name, _, _ in inputs[2:]:
            arrays[name] = np.float32(g.random.standard_normal((1, heads, past, width // heads)))
        cases.append(arrays)
    return cases


def residual_network(path):
    g = Graph()
    conv = lambda x, m, c, k, **more: g.node("Conv", x, g.weight(m, c, k, k, scale=(c * k * k)**-0.5), g.weight(m, scale=1), **more)
    x = g.node("MaxPool", g.node("Relu", conv("x", 24, 3, 7, strides=[2, 2], pads=[3] * 4)), kernel_shape=[3, 3],
               strides=[2, 2], pads=[1] * 4)
    x = g.node("Relu", g.node("Add", x, conv(g.node("Relu", conv(x, 24, 24, 3, pads=[1] * 4)), 24, 24, 3, pads=[1] * 4)))
    x = g.node("Relu", conv(x, 24, 1, 3, pads=[1] * 4, group=24))
    x = g.node("HardSwish", conv(x, 40, 12, 1, strides=[2, 2], group=2))
    x = g.node("Flatten", g.node("GlobalAveragePool", x))
    x = g.node("Softmax", g.linear(x, 40, 10), axis=-1)
    g.save(path, [("x", TensorProto.FLOAT, ["batch", 3, "height", 32])], [(x, TensorProto.FLOAT, ["batch", 10])])
    return [{"x": np.float32(g.random.standard_normal(shape))} for shape in ((1, 3, 32, 32), (2, 3, 19, 32))]


def resnet18(path):
    """As in the paper but for the stem's pooling; batch normalization is in the weights."""
    g = Graph()
    conv = lambda x, m, c, k, stride=1: g.node("Conv", x, g.weight(m, c, k, k, scale=(2 / (c * k * k))**0.5), g.weight(m, scale=0.1),
                                               strides=[stride] * 2, pads=[k // 2] * 4)
    x, channels = g.node("Relu", conv("x", 64, 3, 3)), 64
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for block in range(2):
            step = stride if block == 0 else 1
            shortcut = conv(x, width, channels, 1, step) if step > 1 else x
            inner = conv(g.node("Relu", conv(x, width, channels, 3, step)), width, width, 3)
            x, channels = g.node("Relu", g.node("Add", g.node("Mul", inner, g.constant(np.float32(0.5))), shortcut)), width
    x = g.node("Flatten", g.node("GlobalAveragePool", x))
    g.save(path, [("x", TensorProto.FLOAT, [1, 3, 32, 32])], [(g.linear(x, 512, 10), TensorProto.FLOAT, [1, 10])])
    return [{"x": np.float32(g.random.standard_normal((1, 3, 32, 32)))}]


def recurrent(path):
    """A layer whose steps are launches, and an operator that the processor runs behind it."""
    g = Graph()
    x = g.node("Tanh", g.linear("x", 12, 16))
    y = g.node("LSTM", x, g.weight(1, 128, 16, scale=0.3), g.weight(1, 128, 32, scale=0.2), outputs=3, hidden_size=32)[0]
    x = g.linear(g.node("Squeeze", y, g.constant(np.int64([1]))), 32, 6)
    values, places = g.node("TopK", x, g.constant(np.int64([3])), outputs=2, axis=-1)
    g.save(path, [("x", TensorProto.FLOAT, ["steps", 2, 12])],
           [(g.node("Neg", values), TensorProto.FLOAT, ["steps", 2, 3]), (places, TensorProto.INT64, ["steps", 2, 3])])
    return [{"x": np.float32(g.random.standard_normal((steps, 2, 12)))} for steps in (1, 9)]


@pytest.mark.parametrize("build", [perceptron, encoder, decoder, residual_network, resnet18, recurrent], ids=lambda build: build.__name__)
def test_agrees(tmp_path, build):
    path = tmp_path / "model.onnx"
    cases = build(path)
    reference = onnxruntime.InferenceSession(str(path))
    model = EmulatedRuntime(DEVICE, str(compile_for("sm_80", path, tmp_path / "model.so")), 1, 0)
    for arrays in cases + cases[:1] * (len(cases) > 1):    # the first shapes once more, in memory that is there
        wanted = reference.run(None, arrays)
        for got, want in zip(model.run(*arrays.values()), wanted):
            assert got.shape == want.shape
            np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5 * max(np.abs(want).max(initial=0), 1))


def test_explain_says_what_runs_on_the_processor(tmp_path):
    recurrent(tmp_path / "model.onnx")
    compile_for("sm_80", tmp_path / "model.onnx", tmp_path / "model.so")
    manifest = json.loads(subprocess.run([find_compiler(), "inspect", "--json", tmp_path / "model.so"], capture_output=True,
                                         text=True, check=True).stdout)
    on_processor = {kernel["algorithm"] for kernel in manifest["kernels"] if "threads" not in kernel}
    assert on_processor == {"top_k"}
    assert all(kernel["reason"].startswith("on the processor: ") for kernel in manifest["kernels"] if "threads" not in kernel)
    assert "device_arena" in manifest


def scaled(path):
    onnx.save(onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]> model (float[rows,4] x, int64[n] i) => (float[n,4] y) {
          y = Gather (x, i)
        }"""), path)
    return path


def test_index_out_of_range_is_an_error_of_its_node(tmp_path):
    model = EmulatedRuntime(DEVICE, str(compile_for("sm_80", scaled(tmp_path / "m.onnx"), tmp_path / "m.so")), 1, 0)
    x = np.float32(np.arange(12)).reshape(3, 4)
    with pytest.raises(quern.DataError, match="index out of range"):
        model.run(x, np.int64([0, 3]))
    # The context goes on as if nothing had been.
    np.testing.assert_array_equal(model.run(x, np.int64([2, -3]))[0], x[[2, 0]])


@needs_interpreter
@pytest.mark.parametrize("environment, message", [
    (("env", "LD_LIBRARY_PATH="), "libcuda.so.1, a part of NVIDIA's driver, cannot be opened"),
    (("env", f"LD_LIBRARY_PATH={CUDA}", "PTX_DEVICE_CAPABILITY=7.5"), "compiled for a device of another compute capability"),
], ids=["no library", "old device"])
def test_opening_says_what_is_missing(tmp_path, environment, message):
    artifact = compile_for("sm_80", scaled(tmp_path / "m.onnx"), tmp_path / "m.so")
    with pytest.raises(quern.UnsupportedError, match=message):
        EmulatedRuntime(dataclasses.replace(DEVICE, emulator=environment), str(artifact), 1, 0)


@needs_interpreter
@pytest.mark.parametrize("batch, needed", [(4, 2048), ("batch", 0)], ids=["static", "dynamic"])
def test_opening_says_how_much_memory_is_missing(tmp_path, batch, needed):
    """PTX_DEVICE_MEMORY makes the interpreter's device smaller."""
    g = Graph()
    x = g.node("Exp", g.linear(g.linear("x", 64, 64), 64, 64))
    g.save(tmp_path / "m.onnx", [("x", TensorProto.FLOAT, [batch, 64])], [(x, TensorProto.FLOAT, [batch, 64])])
    artifact = compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so")
    small = dataclasses.replace(DEVICE, emulator=(*DEVICE.emulator, "PTX_DEVICE_MEMORY=30000"))
    with pytest.raises(MemoryError, match=r"needs 33280 bytes of the device's memory for weights and at least "
                                          rf"{needed} for intermediate values, but 30000 are free"):
        EmulatedRuntime(small, str(artifact), 1, 0)


@needs_interpreter
def test_a_run_says_how_much_memory_is_missing(tmp_path):
    perceptron(tmp_path / "m.onnx")
    small = dataclasses.replace(DEVICE, emulator=(*DEVICE.emulator, "PTX_DEVICE_MEMORY=100000"))
    model = EmulatedRuntime(small, str(compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so")), 1, 0)
    with pytest.raises(MemoryError, match=r"the run needs \d+ bytes of the device's memory for intermediate values, but \d+ are free"):
        model.run(np.zeros((1000, 48), np.float32))
    assert model.run(np.zeros((1, 48), np.float32))[0].shape == (1, 10)
