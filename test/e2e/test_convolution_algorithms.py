"""Convolutions by Winograd's algorithm and concatenations in place, from the model file to the numbers."""
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import quern

random = np.random.default_rng(3)
SAME = [1, 1, 1, 1]


def weights(*shape):
    return (random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)


def correlate(x, w, pads=SAME):
    """Stride 1, in float64."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))
    return np.einsum("nchwyx,mcyx->nmhw", windows, w.astype(np.float64), optimize=True)


def convolution(w, pads=SAME, shape=("N", None, "H", "W")):
    """Conv, Add of the input where that fits, Relu."""
    dims = [w.shape[1] if dim is None else dim for dim in shape]
    residual = w.shape[0] == w.shape[1] and pads == SAME
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], pads=pads, kernel_shape=[3, 3], name="conv"),
             *([helper.make_node("Add", ["c", "x"], ["s"])] if residual else []),
             helper.make_node("Relu", ["s" if residual else "c"], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)], [numpy_helper.from_array(w, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), residual


def algorithms(model):
    return {kernel["algorithm"] for kernel in model.manifest["kernels"]}


def runs_on_a_device(model):
    """Winograd's algorithm is one of the processor's."""
    return all("threads" in kernel for kernel in model.manifest["kernels"])


@pytest.mark.parametrize("size", [(1, 20, 20), (2, 13, 17), (1, 1, 30)], ids=str)
@pytest.mark.parametrize("channels", [(64, 64), (128, 136), (120, 64)], ids=str)
@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("pads", [SAME, [2, 0, 1, 3]], ids=str)
def test_winograd(channels, size, dynamic, pads):
    n, h, w = size
    weight = weights(channels[1], channels[0], 3, 3)
    model, residual = convolution(weight, pads, ("N", None, "H", "W") if dynamic else (n, None, h, w))
    x = np.maximum(random.standard_normal((n, channels[0], h, w)), 0).astype(np.float32)
    expected = np.maximum(correlate(x, weight, pads) + (x if residual else 0), 0)
    fast, strict = quern.compile(model), quern.compile(model, precision="strict")
    assert "winograd" in algorithms(fast) or (not dynamic and h == 1) or runs_on_a_device(fast)
    assert "winograd" not in algorithms(strict)
    for compiled, bound in ((fast, 6e-6), (strict, 3e-6)):
        assert np.abs(compiled(x) - expected).max() < bound * expected.max()


def test_every_number_of_threads_gives_the_same_bits():
    weight = weights(64, 64, 3, 3)
    model, _ = convolution(weight)
    x = random.standard_normal((2, 64, 45, 31), np.float32)
    results = [quern.compile(model, threads=threads)(x) for threads in (1, 2)]
    np.testing.assert_array_equal(*results)


def test_special_values_stay_in_their_tiles():
    """An infinity makes NaN of the tile around it; other tiles do not see it. Precision "strict" has none of this."""
    weight = weights(64, 64, 3, 3)
    model, _ = convolution(weight, shape=(1, None, 32, 32))
    x = random.standard_normal((1, 64, 32, 32), np.float32)
    clean = quern.compile(model)(x)
    x[0, 5, 16, 16] = np.inf
    spoiled = quern.compile(model)(x)
    far = np.ones((32, 32), bool)
    far[12:21, 12:21] = False
    np.testing.assert_array_equal(spoiled[..., far], clean[..., far])
    strict = quern.compile(model, precision="strict")(x)
    assert not np.isnan(strict[..., np.hypot(*np.indices((32, 32)) - 16) > 2]).any()


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_dense_block(dynamic):
    """Each layer reads all before it: concatenations of concatenations, without copies."""
    layers = [weights(16, 32 + 16 * i, 3, 3) for i in range(3)]
    nodes, names = [helper.make_node("Conv", ["x", "stem"], ["f0"], pads=SAME)], ["f0"]
    initializers = [numpy_helper.from_array(stem := weights(32, 16, 3, 3), "stem")]
    for i, weight in enumerate(layers):
        initializers.append(numpy_helper.from_array(weight, f"w{i}"))
        source = names[0]
        if i:
            nodes.append(helper.make_node("Concat", names, [f"c{i}"], axis=1))
            source = f"c{i}"
        nodes += [helper.make_node("Relu", [source], [f"r{i}"]), helper.make_node("Conv", [f"r{i}", f"w{i}"], [f"f{i + 1}"], pads=SAME)]
        names.append(f"f{i + 1}")
    nodes += [helper.make_node("Concat", names, ["all"], axis=1), helper.make_node("GlobalMaxPool", ["all"], ["y"])]
    dims = [1, 16, "H", "W"] if dynamic else [1, 16, 11, 9]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)], initializers)
    compiled = quern.compile(onnx.shape_inference.infer_shapes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)))
    assert not any(kernel["ops"] == ["concat"] for kernel in compiled.manifest["kernels"])
    x = random.standard_normal((1, 16, 11, 9), np.float32)
    features = correlate(x, stem)
    for weight in layers:
        features = np.concatenate([features, correlate(np.maximum(features, 0), weight)], 1)
    np.testing.assert_allclose(compiled(x), features.max((2, 3), keepdims=True), rtol=1e-4, atol=1e-4)


def test_parts_that_are_no_ones_own_are_copied():
    """An input of the model, a part used twice, and a part that is an output of the model too."""
    graph = helper.make_graph(
        [helper.make_node("Exp", ["x"], ["a"]), helper.make_node("Concat", ["x", "a", "a"], ["b"], axis=1), helper.make_node("Neg", ["b"], ["y"]),
         helper.make_node("Abs", ["x"], ["z"]), helper.make_node("Sqrt", ["z"], ["s"]), helper.make_node("Concat", ["z", "s"], ["d"], axis=1),
         helper.make_node("Neg", ["d"], ["v"])], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, "W"]) for name in ("y", "z", "v")])
    compiled = quern.compile(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9))
    x = random.standard_normal((1, 3, 37), np.float32)
    y, z, v = compiled(x)
    np.testing.assert_allclose(y, -np.concatenate([x, np.exp(x), np.exp(x)], 1), rtol=1e-6)
    np.testing.assert_array_equal(z, np.abs(x))
    np.testing.assert_allclose(v, -np.concatenate([np.abs(x), np.sqrt(np.abs(x))], 1), rtol=1e-6)
