"""Convolutions of narrow floats on a device's matrix units, run by the PTX interpreter beside ONNX's reference in float64:
every kind of window, groups, tails, pixels and weights that are copied or computed, epilogues, infinities."""
import numpy as np
import pytest
from onnx.reference.ops.op_conv import Conv

from test_products import DTYPES, model, normal, pytestmark    # noqa: F401

# Extents of the input and the weight, attributes of Conv.
CASES = {
    "3x3": ("n,8,h,w", (2, 8, 9, 11), (24, 8, 3, 3), dict(pads=[1, 1, 1, 1])),
    "strided": ("n,3,h,w", (2, 3, 17, 14), (20, 3, 5, 5), dict(pads=[2, 1, 0, 2], strides=[2, 3])),
    "dilated": ("1,16,12,12", (1, 16, 12, 12), (16, 16, 3, 3), dict(dilations=[2, 3], pads=[2, 3, 2, 3])),
    "groups": ("n,24,7,7", (3, 24, 7, 7), (48, 8, 3, 3), dict(group=3, pads=[1, 1, 1, 1])),
    "pointwise copied": ("n,16,4,6", (3, 16, 4, 6), (40, 16, 1, 1), {}),
    "pointwise odd": ("n,16,5,5", (3, 16, 5, 5), (40, 16, 1, 1), {}),
    "pointwise groups": ("n,32,4,4", (2, 32, 4, 4), (64, 16, 1, 1), dict(group=2)),
    "pointwise strided": ("n,16,8,8", (2, 16, 8, 8), (16, 16, 1, 1), dict(strides=[2, 2])),
    "1d": ("n,8,w", (2, 8, 37), (16, 8, 5), dict(pads=[2, 2])),
    "3d": ("1,4,5,6,7", (1, 4, 5, 6, 7), (8, 4, 2, 3, 2), {}),
    "no images": ("n,8,4,4", (0, 8, 4, 4), (16, 8, 1, 1), {}),
}


def attributes(values):
    """As the text of a model has them; none is no list."""
    return f"<{', '.join(f'{name} = {value}' for name, value in values.items())}>" if values else ""


def convolved(x, w, **values):
    if not x.size:
        return np.zeros((0, w.shape[0], *x.shape[2:]))
    return Conv.eval(x.astype(np.float64), w.astype(np.float64), **values)


def check(got, x, w, want, dtype, roundings=1, **values):
    """Within the rounding of a sum in float32 and of `roundings` results."""
    _, unit, least = DTYPES[dtype]
    sizes = convolved(np.abs(x), np.abs(w), **values)
    bound = (w[0].size + 2) * 2.**-24 * sizes + roundings * unit * np.maximum(sizes, np.abs(want)) / 2 + least
    assert got.shape == want.shape
    worst = np.abs(got - want) - bound
    assert not (worst > 0).any(), f"{(worst > 0).sum()} of {got.size}, first at {np.argwhere(worst > 0)[0]}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_windows(tmp_path, name, dtype):
    dims, extents, weight, values = CASES[name]
    x, w = normal(dtype, *extents), normal(dtype, *weight)
    result = ",".join("abcde"[:len(extents)])
    runtime = model(tmp_path, dtype, {"x": dims, "w": ",".join(map(str, weight))}, result,
                    f"ny = Conv {attributes(values)} (nx, nw)")
    check(runtime.run(x, w)[0], x, w, convolved(x, w, **values), dtype, **values)


def test_epilogue_in_a_network(tmp_path):
    """Bias, scale and residual are computed in float16 as the model says, of sums in float32."""
    runtime = model(tmp_path, "float16", {"x": "n,16,8,8", "w": "16,16,3,3", "b": "16"}, "n,16,8,8", """
        c = Conv <pads = [1,1,1,1]> (nx, nw, nb) r = Relu (c) ny = Add (r, nx)""")
    x, w, b = normal("float16", 2, 16, 8, 8), normal("float16", 16, 16, 3, 3), normal("float16", 16)
    want = np.maximum(convolved(x, w, pads=[1] * 4) + b[:, None, None], 0) + x
    check(runtime.run(x, w, b)[0], x, w, want, "float16", roundings=3, pads=[1] * 4)


def test_infinities_stay_in_their_windows(tmp_path):
    runtime = model(tmp_path, "float16", {"x": "1,8,9,9", "w": "16,8,3,3"}, "1,16,9,9", "ny = Conv <pads = [1,1,1,1]> (nx, nw)")
    x, w = normal("float16", 1, 8, 9, 9), normal("float16", 16, 8, 3, 3)
    x[0, 3, 4, 4] = np.inf
    w[5, 0, 0, 0] = np.nan
    got = runtime.run(x, w)[0]
    seen = np.zeros((9, 9), bool)
    seen[3:6, 3:6] = True
    for channel in range(16):
        assert (np.isfinite(got[0, channel]) == ~seen).all() if channel != 5 else np.isnan(got[0, 5, 1:, 1:]).all()
