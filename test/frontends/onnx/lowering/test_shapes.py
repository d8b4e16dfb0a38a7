"""Shape arithmetic vanishes: what remains of Shape, Gather, Concat and the like is dims in types."""
import re

import numpy as np
import onnx
import pytest
from onnx import parser

from lowering import graph_of, lower, node_model

HEADER = '<ir_version: 8, opset_import: ["" : 17]>\n'


def text_graph(body, tmp_path):
    return graph_of(parser.parse_model(HEADER + body), tmp_path)


def ops(text):
    return re.findall(r"graph\.(\w+) ", text.replace("graph.name", ""))


def result_type(text):
    return re.search(r"return %\S+ : (.*)", text)[1]


FLATTEN = """net (float[N, 3, H, 4] x) => (float[N, K] y)
<int64[1] zero = {0}, int64[1] one = {1}, int64[1] rest = {-1}>
{
  s = Shape (x)
  n = Gather (s, zero)
  shape = Concat <axis = 0> (n, rest)
  y = Reshape (x, shape)
}"""


def test_reshape_by_shape(tmp_path):
    text = text_graph(FLATTEN, tmp_path)
    assert ops(text) == ["reshape"]
    assert result_type(text) == 'tensor<?x?xf32, #graph.dims<["N", "12*H"]>>'


EXPAND = """net (float[1, C] x, float[B, C] like) => (float[B, C] y)
<int64[2] minus = {-1, -1}, int64[2] ones = {1, 1}>
{
  s = Shape (like)
  unset = Equal (s, minus)
  shape = Where (unset, ones, s)
  y = Expand (x, shape)
}"""


def test_sizes_are_never_negative(tmp_path):
    text = text_graph(EXPAND, tmp_path)
    assert ops(text) == ["broadcast"]
    assert '["B", "C"]' in result_type(text)


CONDITIONAL_SQUEEZE = """net (float[B, L] x) => (float[K] y)
<int64[1] last = {-1}, int64 one = {1}, int64 zero = {0}, int64 index = {1}>
{
  s = Shape (x)
  extent = Gather (s, index)
  is_one = Equal (extent, one)
  y = If (is_one) <then_branch = yes () => (float[K] a) { a = Squeeze (x, last) },
                   else_branch = no () => (float[B, L] b) { b = Identity (x) }>
}"""


def test_conditional_squeeze_is_a_guarded_squeeze(tmp_path):
    text = text_graph(CONDITIONAL_SQUEEZE, tmp_path)
    assert "if" not in ops(text)
    assert 'graph.guard "L", "1"' in text or 'graph.guard "1", "L"' in text
    assert result_type(text) == 'tensor<?xf32, #graph.dims<["B"]>>'


SLICE = 'net (float[N, 8] x) => (float[K, 8] y) <int64[1] start = {%s}, int64[1] end = {%s}, int64[1] axis = {0}, int64[1] step = {%s}>\n' \
        "{ y = Slice (x, start, end, axis, step) }"


@pytest.mark.parametrize("start, end, step, extent", [
    (0, 5, 1, "min(5, N)"),
    (-3, 2**63 - 1, 1, "min(3, N)"),
    (2, 2**63 - 1, 1, "N - min(2, N)"),
    (0, -1, 1, "N - min(1, N)"),
    (0, 2**63 - 1, 2, "floordiv(N + 1, 2)"),
    (-1, -(2**63) + 1, -1, "N"),
])
def test_slice_of_a_dynamic_axis(start, end, step, extent, tmp_path):
    assert result_type(text_graph(SLICE % (start, end, step), tmp_path)) == f'tensor<?x8xf32, #graph.dims<["{extent}", ""]>>'


def test_data_becomes_a_symbol(tmp_path):
    model = node_model("Expand", [np.ones((1, 3), np.float32), np.array([2, 1])], constant=[0])
    text = graph_of(model, tmp_path)
    assert "graph.read_symbols" in text
    assert result_type(text) == 'tensor<?x3xf32, #graph.dims<["y0", ""]>>'


def test_reshape_by_data_resolves_zero_and_minus_one_at_run_time(tmp_path):
    model = node_model("Reshape", [np.ones((2, 6), np.float32), np.array([0, -1, 3])], constant=[0])
    text = graph_of(model, tmp_path)
    assert "graph.read_symbols" in text and "graph.guard" in text


X = np.ones((2, 3, 4), np.float32)


@pytest.mark.parametrize("op_type, inputs, opset, attributes, code, message", [
    ("Add", [X, np.ones((5,), np.float32)], 14, {}, 3, "do not broadcast"),
    ("Add", [X, np.ones((4,), np.int32)], 14, {}, 3, "inputs of types float32 and int32"),
    ("Exp", [np.ones(3, np.int32)], 13, {}, 3, "does not take elements of type int32"),
    ("Concat", [X, np.ones((2, 2, 4), np.float32)], 13, {"axis": 2}, 3, "inputs differ along axis 1: 3 and 2"),
    ("Concat", [X], 13, {"axis": 3}, 3, "axis is 3, but the tensor has 3 axes"),
    ("Reshape", [X, np.array([5, -1])], 14, {}, 3, "changes the number of elements"),
    ("Reshape", [X, np.array([-1, -1])], 14, {}, 3, "only one extent can be inferred"),
    ("Transpose", [X], 13, {"perm": [0, 0, 1]}, 3, "perm names axis 0 twice"),
    ("Squeeze", [X, np.array([1])], 13, {}, 3, "a squeezed axis must have extent 1: 3 and 1"),
    ("Slice", [X, np.array([0]), np.array([1]), np.array([0]), np.array([0])], 13, {}, 3, "has a step of 0 along axis 0"),
    ("Split", [X, np.array([1, 1])], 13, {"axis": 1}, 3, "split has 2 sizes for 1 outputs"),
    ("Gather", [X, np.array([7])], 13, {}, 3, "index 7 is outside axis 0 of 2 elements"),
    ("Pad", [X, np.array([1, 2])], 13, {}, 3, "has 2 pads for 3 axes"),
    ("TopK", [X, np.array([9])], 11, {}, 3, "k is 9, but axis 2 has 4 elements"),
    ("Einsum", [X, X], 12, {"equation": "ijk,il"}, 3, "term 'il' does not fit an input of 3 axes"),
    ("Resize", [X, None, np.array([1, 1, -2], np.float32)], 13, {}, 3, "scales must be positive"),
    ("Cast", [X], 13, {"to": 8}, 4, "casts float32 to string"),
    ("BitCast", [X], 26, {"to": 11}, 3, "takes the 32 bits of float32 for float64, which has 64"),
    ("BitCast", [X], 26, {"to": 8}, 4, "takes the bits of float32 for string"),
    ("Gelu", [X], 20, {"approximate": "sine"}, 3, "it must be 'none' or 'tanh'"),
    ("Relu", [], 14, {}, 3, "input 0 is missing"),
    ("Mod", [X, X], 13, {}, 3, "needs fmod=1 for floats"),
    ("Where", [X, X, X], 16, {}, 3, "condition of type float32"),
])
def test_error(op_type, inputs, opset, attributes, code, message, tmp_path):
    process = lower(node_model(op_type, inputs, opset=opset, constant=False, **attributes)
                    if op_type in ("Add", "Exp", "Where", "Mod", "Relu", "Gelu", "Cast", "BitCast")
                    else node_model(op_type, inputs, opset=opset, constant=range(1, len(inputs)), **attributes), tmp_path)
    assert process.returncode == code, process.stderr
    assert message in process.stderr and process.stderr.count("\n") == 1
    assert f"({op_type}, opset {opset})" in process.stderr
