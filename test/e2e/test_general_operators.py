"""Operators outside the contractions, compiled with static and dynamic extents, against ONNX Runtime."""
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import quern

random = np.random.default_rng(7)


def normal(*shape, dtype=np.float32):
    return random.standard_normal(shape).astype(dtype)


def integers(low, high, *shape, dtype=np.int64):
    return random.integers(low, high, shape).astype(dtype)


def check(model, feeds, tolerance=1e-4):
    """The compiled model and ONNX Runtime agree in shapes, dtypes and values."""
    expected = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feeds)
    for got, want in zip(quern.compile(model).run(None, feeds), expected, strict=True):
        assert got.shape == want.shape and got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def check_node(operator, operands, outputs=1, constant=(), dynamic=False, static_axes=(), **attributes):
    """One node; operands in `constant` are initializers, the others inputs, None is absent. `dynamic`: every extent is a
    symbol, or those of the one input named, but for `static_axes`, which may be negative."""
    names = [f"x{i}" if operand is not None else "" for i, operand in enumerate(operands)]
    results = [f"y{i}" for i in range(outputs)]
    inputs, initializers, feeds = [], [], {}
    for i, operand in enumerate(operands):
        if operand is None:
            continue
        if i in constant:
            initializers.append(numpy_helper.from_array(operand, names[i]))
            continue
        fixed = {axis % operand.ndim for axis in static_axes} if dynamic in (True, names[i]) else range(operand.ndim)
        shape = [extent if axis in fixed else f"{names[i]}_{axis}" for axis, extent in enumerate(operand.shape)]
        inputs.append(helper.make_tensor_value_info(names[i], helper.np_dtype_to_tensor_dtype(operand.dtype), shape))
        feeds[names[i]] = operand
    graph = helper.make_graph([helper.make_node(operator, names, results, **attributes)], "graph", inputs,
                              [helper.make_empty_tensor_value_info(name) for name in results], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    check(onnx.shape_inference.infer_shapes(model), feeds)


both = pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])


@both
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_extrema_and_running_sums(axis, dynamic):
    x = np.round(normal(7, 9, 33))
    check_node("ArgMax", [x], axis=axis, dynamic=dynamic)
    check_node("ArgMax", [x], axis=axis, select_last_index=1, dynamic=dynamic)
    check_node("ArgMin", [integers(-3, 3, 7, 9, 33, dtype=np.int32)], axis=axis, keepdims=0, dynamic=dynamic)
    check_node("CumSum", [x, np.array(axis)], constant=[1], exclusive=axis // 2, reverse=axis % 2, dynamic=dynamic)


@both
def test_picking_by_indices(dynamic):
    check_node("GatherElements", [normal(3, 4, 5), integers(-4, 4, 3, 6, 5)], axis=1, dynamic=dynamic)
    check_node("GatherElements", [integers(0, 99, 3, 40, dtype=np.uint8), integers(0, 40, 3, 37, dtype=np.int32)],
               axis=1, dynamic=dynamic)
    check_node("GatherND", [normal(3, 4, 5), integers(-3, 3, 6, 2)], constant=[1], dynamic=dynamic)
    check_node("NonZero", [np.round(normal(5, 6, 7))], dynamic=dynamic)


@both
@pytest.mark.parametrize("reduction", ["none", "add", "mul", "min", "max"])
def test_scatter(reduction, dynamic):
    check_node("ScatterElements", [normal(4, 9), integers(-4, 4, 3, 9), normal(3, 9)], axis=0, reduction=reduction,
               dynamic=dynamic)
    check_node("ScatterND", [normal(6, 5, 20), integers(0, 5, 4, 2), normal(4, 20)], constant=[1], reduction=reduction,
               dynamic=dynamic)


@both
@pytest.mark.parametrize("count", [1, 5, 37])
def test_top_k(count, dynamic):
    k = np.array([count])
    check_node("TopK", [normal(3, 37), k], outputs=2, constant=[1], dynamic=dynamic)
    check_node("TopK", [normal(37, 3, 4), k], outputs=2, constant=[1], axis=0, largest=0, dynamic=dynamic)
    check_node("TopK", [integers(0, 9, 3, 37), k], outputs=2, constant=[1], dynamic=dynamic)


def test_indices_outside_are_errors():
    data = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])
    indices = helper.make_tensor_value_info("i", TensorProto.INT64, [1])
    for operator, names in (("GatherElements", ["x", "i"]), ("ScatterElements", ["x", "i", "u"])):
        inputs = [data, indices, helper.make_tensor_value_info("u", TensorProto.FLOAT, [1])][:len(names)]
        graph = helper.make_graph([helper.make_node(operator, names, ["y"])], "graph", inputs,
                                  [helper.make_empty_tensor_value_info("y")])
        model = quern.compile(onnx.shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)))
        feeds = {"x": normal(4), "i": np.array([4]), "u": normal(1)}
        with pytest.raises(Exception, match="index"):
            model.run(None, {name: feeds[name] for name in names})


@both
@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_resize(mode, coordinates, dynamic):
    # A fraction of a dynamic extent is no expression of it. ONNX Runtime aligns corners of the extent that is rounded
    # down, ONNX those of the exact one: test/onnx has that case.
    for scales in [[1, 1, 2, 3]] + ([] if dynamic or coordinates == "align_corners" else [[1, 1, .6, .45]]):
        check_node("Resize", [normal(1, 2, 16, 37), None, np.array(scales, np.float32)], constant=[2], mode=mode,
                   coordinate_transformation_mode=coordinates, dynamic=dynamic)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_resize_options(mode):
    scales = np.array([1, 1, .6, .45], np.float32)
    check_node("Resize", [normal(1, 2, 16, 37), None, scales], constant=[2], mode=mode, antialias=1)
    check_node("Resize", [normal(1, 2, 16, 37), None, None, np.array([1, 2, 21, 50])], constant=[3], mode=mode)
    check_node("Resize", [normal(1, 2, 16, 37), None, scales], constant=[2], mode="cubic", exclude_outside=1)


@both
def test_plain_convolutions(dynamic):
    weights = {"constant": [1, 2], "dynamic": dynamic}
    check_node("Conv", [normal(2, 6, 100), normal(10, 6, 7), normal(10)], pads=[3, 3], **weights)
    check_node("Conv", [normal(1, 3, 5, 6, 20), normal(7, 3, 3, 3, 3), normal(7)], pads=[1] * 6, **weights)
    check_node("Conv", [normal(2, 6, 13, 40), normal(16, 3, 3, 5), normal(16)], pads=[1, 2, 0, 1], strides=[2, 2],
               group=2, **weights)


@both
def test_transposed_convolutions(dynamic):
    weights = {"constant": [1, 2], "dynamic": dynamic}
    check_node("ConvTranspose", [normal(2, 6, 7, 21), normal(6, 10, 2, 2), normal(10)], strides=[2, 2], **weights)
    check_node("ConvTranspose", [normal(2, 6, 7, 21), normal(6, 8, 3, 3), normal(8)], strides=[2, 2], pads=[1] * 4,
               output_padding=[1, 1], **weights)
    check_node("ConvTranspose", [normal(1, 6, 50), normal(6, 4, 8), normal(4)], strides=[4], pads=[2, 2], **weights)
    check_node("ConvTranspose", [normal(1, 6, 7, 21), normal(6, 4, 3, 3), normal(8)], strides=[1, 3], group=2,
               dilations=[2, 2], **weights)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("operator, gates", [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("hidden", [13, 64])
def test_recurrent_layers(operator, gates, direction, hidden):
    steps, batch, width, directions = 5, 2, 4, 2 if direction == "bidirectional" else 1
    operands = [normal(steps, batch, width), normal(directions, gates * hidden, width) * .3,
                normal(directions, gates * hidden, hidden) * .3, normal(directions, 2 * gates * hidden) * .3]
    outputs = 3 if operator == "LSTM" else 2
    options = {"outputs": outputs, "hidden_size": hidden, "direction": direction}
    check_node(operator, operands, constant=[1, 2, 3], **options)
    check_node(operator, operands, **options)
    states = [normal(directions, batch, hidden)] * (2 if operator == "LSTM" else 1)
    check_node(operator, operands + [np.array([3, 5], np.int32)] + states, constant=[1, 2, 3], **options)
    if operator == "GRU":
        check_node(operator, operands, constant=[1, 2, 3], linear_before_reset=1, **options)
    if operator == "LSTM":
        check_node(operator, operands + [None] + states + [normal(directions, 3 * hidden)], **options)


def value(name, element=TensorProto.FLOAT, shape=(4,)):
    return helper.make_tensor_value_info(name, element, shape)


def check_graph(nodes, inputs, outputs, feeds):
    graph = helper.make_graph(nodes, "graph", inputs, outputs)
    check(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), feeds)


@pytest.mark.parametrize("trips", [0, 1, 7])
def test_loop_with_swapped_values_and_a_stack(trips):
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Identity", ["y"], ["x2"]),
         helper.make_node("Add", ["x", "y"], ["y2"]), helper.make_node("Mul", ["x", "y2"], ["product"])], "body",
        [value("i", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("x"), value("y")],
        [value("c2", TensorProto.BOOL, []), value("x2"), value("y2"), value("product")])
    check_graph([helper.make_node("Loop", ["n", "", "a", "b"], ["p", "q", "stack"], body=body)],
                [value("n", TensorProto.INT64, []), value("a"), value("b")],
                [value("p"), value("q"), value("stack", shape=["count", 4])],
                {"n": np.array(trips), "a": normal(4), "b": normal(4)})


def test_loop_that_grows_until_its_condition_fails():
    body = helper.make_graph(
        [helper.make_node("Concat", ["x", "part"], ["x2"], axis=0),
         helper.make_node("ReduceSum", ["x2"], ["sum"], keepdims=0), helper.make_node("Less", ["sum", "limit"], ["c2"])],
        "body", [value("i", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), value("x", shape=["n"])],
        [value("c2", TensorProto.BOOL, []), value("x2", shape=["m"]), value("sum", shape=[])])
    check_graph([helper.make_node("Loop", ["", "c0", "x0"], ["y", "sums"], body=body)],
                [value("c0", TensorProto.BOOL, []), value("x0", shape=[3]), value("part", shape=[2]),
                 value("limit", shape=[])],
                [value("y", shape=["length"]), value("sums", shape=["count"])],
                {"c0": np.array(True), "x0": np.ones(3, np.float32), "part": np.ones(2, np.float32),
                 "limit": np.array(20, np.float32)})


@pytest.mark.parametrize("condition", [True, False])
def test_if_with_branches_of_different_extents(condition):
    one = helper.make_graph([helper.make_node("Add", ["x", "x"], ["t"])], "one", [], [value("t", shape=[3, 4])])
    two = helper.make_graph([helper.make_node("Concat", ["x", "x"], ["e"], axis=0)], "two", [], [value("e", shape=[6, 4])])
    check_graph([helper.make_node("If", ["c"], ["z"], then_branch=one, else_branch=two), helper.make_node("Exp", ["z"], ["y"])],
                [value("c", TensorProto.BOOL, []), value("x", shape=[3, 4])], [value("y", shape=["rows", 4])],
                {"c": np.array(condition), "x": normal(3, 4)})
