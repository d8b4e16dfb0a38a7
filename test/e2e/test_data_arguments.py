"""Operators whose axes, steps, scales and counts are data, with static and dynamic extents, against ONNX Runtime."""
import numpy as np
import pytest

from test_general_operators import both, check_node, integers, normal


@both
@pytest.mark.parametrize("axes", [[0], [-1], [1, 0], [0, 1, 2]], ids=str)
def test_reductions(axes, dynamic):
    x, axes = normal(3, 4, 17), np.array(axes)
    check_node("ReduceSum", [x, axes], dynamic=dynamic and "x0")
    check_node("ReduceMax", [x, axes], keepdims=0, dynamic=dynamic and "x0")
    check_node("ReduceMean", [x, axes], dynamic=dynamic and "x0")
    check_node("ReduceLogSumExp", [x, axes], dynamic=dynamic and "x0")


@both
@pytest.mark.parametrize("starts, ends, steps", [([1], [7], [2]), ([-1], [-9], [-3]), ([5], [2**62], [1]), ([3], [3], [4])])
def test_slices(starts, ends, steps, dynamic):
    for axis in (0, -1):
        check_node("Slice", [normal(6, 9), np.array(starts), np.array(ends), np.array([axis]), np.array(steps)],
                   dynamic=dynamic and "x0")


@both
def test_axes_of_extent_one(dynamic):
    check_node("Unsqueeze", [normal(3, 4), np.array([-1, 1])], dynamic=dynamic and "x0")
    check_node("Squeeze", [normal(3, 1, 4, 1), np.array([-1, 1])])


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric"])
@both
def test_resize(mode, coordinates, dynamic):
    for scales in ([1, 1, 2, 3], [1, 1, .6, .45]):
        check_node("Resize", [normal(1, 2, 16, 21), None, np.array(scales, np.float32)], mode=mode, dynamic=dynamic and "x0",
                   coordinate_transformation_mode=coordinates)


@both
@pytest.mark.parametrize("ordered", [0, 1])
def test_unique(ordered, dynamic):
    check_node("Unique", [integers(0, 9, 5, 7)], outputs=4, sorted=ordered, dynamic=dynamic)
    check_node("Unique", [integers(0, 2, 9, 2).astype(np.float32)], outputs=4, sorted=1, axis=0, dynamic=dynamic)


@both
@pytest.mark.parametrize("limit", [0, 2, 50])
def test_non_max_suppression(limit, dynamic):
    corners = np.sort(normal(2, 40, 2, 2) + 2, axis=2).reshape(2, 40, 4)
    operands = [corners, normal(2, 3, 40), np.array([limit]), np.array([.3], np.float32), np.array([-.5], np.float32)]
    check_node("NonMaxSuppression", operands, constant=[2, 3, 4], dynamic=dynamic)


@both
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_grid_sample(padding, dynamic):
    for mode in ("linear", "nearest"):
        check_node("GridSample", [normal(2, 3, 5, 6), normal(2, 4, 7, 2) * 2], mode=mode, padding_mode=padding, dynamic=dynamic)


@both
def test_fourier_transforms(dynamic):
    # Whether numbers are real or complex is known: the last axis is static.
    check_node("DFT", [normal(2, 12, 1)], onesided=1, dynamic=dynamic and "x0", static_axes=[-1])
    check_node("STFT", [normal(2, 64, 1), np.array(8), normal(16)], constant=[1], dynamic=dynamic and "x0", static_axes=[-1])


@both
def test_quantized_products(dynamic):
    a, b = integers(-128, 127, 5, 8, dtype=np.int8), integers(-128, 127, 8, 6, dtype=np.int8)
    check_node("MatMulInteger", [a, b, np.array(3, np.int8), np.array(-4, np.int8)], constant=[2, 3], dynamic=dynamic)
    check_node("DequantizeLinear", [a, np.float32(.25) + np.arange(8, dtype=np.float32), integers(-9, 9, 8, dtype=np.int8)],
               constant=[1, 2], axis=1, dynamic=dynamic)
