"""The forms that operators had in older operator sets."""
import re

import numpy as np
import pytest

from lowering import fold, graph_of, node_model

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7 - 1
C = np.array([1, 2, 3], np.float32)
IMAGE = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)

CASES = {
    "Add with axis": ("Add", [X, C], 6, {"broadcast": 1, "axis": 1}, X + C[:, None]),
    "Sub with broadcast": ("Sub", [X, np.ones(4, np.float32)], 6, {"broadcast": 1}, X - 1),
    "Greater with axis": ("Greater", [X, C], 6, {"broadcast": 1, "axis": 1}, X > C[:, None]),
    "Clip by attributes": ("Clip", [X], 6, {"min": -0.5, "max": 0.5}, X.clip(-0.5, 0.5)),
    "Clip without an upper bound": ("Clip", [X], 6, {"min": 0.0}, X.clip(0)),
    "Reshape by attribute": ("Reshape", [X], 1, {"shape": [0, -1]}, X.reshape(2, 12)),
    "Squeeze by attribute": ("Squeeze", [X[:, :, None]], 11, {"axes": [-2]}, X),
    "Unsqueeze by attribute": ("Unsqueeze", [X], 11, {"axes": [-1, 0]}, X[None, ..., None]),
    "Slice by attributes": ("Slice", [X], 1, {"starts": [1, -3], "ends": [9, -1], "axes": [1, 2]}, X[:, 1:, -3:-1]),
    "Split by attribute": ("Split", [X], 11, {"axis": 1, "split": [3]}, X),
    "Pad by attribute": ("Pad", [X], 2, {"pads": [0, 1, 0, 0, 0, 2], "value": 5.0},
                         np.pad(X, ((0, 0), (1, 0), (0, 2)), constant_values=5)),
    "Pad by paddings": ("Pad", [X], 1, {"paddings": [1, 0, 0, 0, 0, 0]}, np.pad(X, ((1, 0), (0, 0), (0, 0)))),
    "Tile of one axis": ("Tile", [X, np.array([3]), np.array([1])], 5, {}, np.tile(X, (1, 3, 1))),
    "ReduceSum by attribute": ("ReduceSum", [X], 11, {"axes": [-1], "keepdims": 0}, X.sum(-1)),
    "ReduceMax of all": ("ReduceMax", [X], 11, {"keepdims": 0}, X.max()),
    "Sum of three": ("Sum", [X, X, X], 6, {}, 3 * X),
    "Cast by name": ("Cast", [X], 1, {"to": "INT32"}, X.astype(np.int32)),
    "Selu with old constants": ("Selu", [X], 1, {}, 1.0507 * np.where(X > 0, X, 1.6732 * np.expm1(X))),
    "PRelu with a slope per channel": ("PRelu", [X, C], 6, {}, np.where(X < 0, X * C[:, None], X)),
}


@pytest.mark.parametrize("name", CASES)
def test_value(name, tmp_path):
    op_type, inputs, opset, attributes, expected = CASES[name]
    value, = fold(node_model(op_type, inputs, opset=opset, **attributes), tmp_path)
    expected = np.asarray(expected)
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, 1e-5, 1e-6)


@pytest.mark.parametrize("op_type, inputs, opset, attributes, expected", [
    ("Softmax", [X], 12, {}, ["reshape", "softmax", "reshape"]),
    ("Softmax", [X], 12, {"axis": 2}, ["softmax"]),
    ("Softmax", [X], 13, {"axis": 1}, ["softmax"]),
    ("Upsample", [IMAGE], 7, {"scales": [1.0, 1.0, 2.0, 2.0], "mode": "nearest"}, ["resize"]),
    ("Upsample", [IMAGE, np.array([1, 1, 1, 1], np.float32)], 9, {}, []),
    ("TopK", [X], 1, {"k": 2}, ["top_k"]),
    ("Dropout", [X], 6, {"is_test": 1}, []),
])
def test_ops(op_type, inputs, opset, attributes, expected, tmp_path):
    text = graph_of(node_model(op_type, inputs, opset=opset, constant=range(1, len(inputs)), **attributes), tmp_path)
    assert re.findall(r"graph\.(\w+) ", text.replace("graph.name", "")) == expected
