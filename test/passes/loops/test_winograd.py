"""graph.conv by Winograd's algorithm: tiles cut by the image's edges, uneven pads, slabs, batches, dynamic extents."""
import numpy as np
import pytest

from kernels import RUNNABLE, check_machine_code, kernel, run, tensor
from test_conv import block, canonical, reference

POINTS = {2: [0, 1, -1], 4: [0, 0.5**0.5, -0.5**0.5, 2**0.5, -2**0.5]}


def weight_matrix(tile):
    """Rows p^k / prod(p - q) over the other points q, and the point at infinity."""
    points = np.array(POINTS[tile])
    rows = [[p**k for k in range(3)] / np.prod([p - q for q in points if q != p]) for p in points]
    return np.array([*rows, [0, 0, 1]])


def pack(w, tile):
    """[M, C, 3, 3] -> [P, M/16, C, 16]."""
    g = weight_matrix(tile)
    products = np.einsum("iy,mcyx,jx->ijmc", g, w.astype(np.float64), g)
    side = len(g)
    return np.ascontiguousarray(products.reshape(side**2, len(w) // 16, 16, -1).transpose(0, 1, 3, 2), np.float32)


def check(level, tile, n, c, m, size, pads=(1, 1, 1, 1), dynamic=False, epilogue=False, tasks=None, lint=True):
    generator = np.random.default_rng(1)
    x = generator.standard_normal((n, c, *size), np.float32)
    w = generator.standard_normal((m, c, 3, 3), np.float32)
    exact, magnitude = reference(x, w, (1, 1), (1, 1), pads, 1)
    result, stored, weights = block(exact), block(x), pack(w, tile)
    spelled, out, dims = list(stored.shape), list(result.shape), []
    if dynamic:
        dims = [n, *size]
        spelled[0], spelled[2], spelled[3] = "d0", "d1", "d2"
        out[0], out[2], out[3] = "d0", canonical("d1", pads[0] + pads[2] - 2, 1), canonical("d2", pads[1] + pads[3] - 2, 1)
    types = [tensor(spelled), tensor(weights.shape)]
    body = (f"  %c = graph.conv %a0, %a1 {{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, "
            f"pads = array<i64: {', '.join(map(str, pads))}>, group = 1 : i64, blocked_input, blocked_output, channels = {m} : i64, "
            f"kernel = array<i64: 3, 3>, winograd = {tile} : i64}} : ({', '.join(types)}) -> {tensor(out)}\n")
    inputs = [stored, weights]
    if epilogue:
        residual = generator.standard_normal(result.shape, np.float32)
        inputs.append(residual)
        types.append(tensor(out))
        body += (f"  %s = graph.add %c, %a2 : ({tensor(out)}, {tensor(out)}) -> {tensor(out)}\n"
                 f"  %z = graph.constant dense<0.0> : tensor<f32>\n"
                 f"  %result = graph.max %s, %z : ({tensor(out)}, tensor<f32>) -> {tensor(out)}\n")
    else:
        body = body.replace("%c =", "%result =")
    text = kernel("winograd", tasks or {}, types, body, tensor(out), len(dims))
    actual, report = run(text, level, inputs, result.shape, dims=dims)
    expected = np.maximum(result + residual, 0) if epilogue else result
    assert np.isfinite(actual).all(), "an element was not written"
    # Both transforms grow the error by a factor of the tile, on top of the sum over channels.
    error = np.abs(actual - expected).max() / block(magnitude).max()
    assert error < {2: 3e-7, 4: 1e-6}[tile], error
    if lint:
        check_machine_code(report)


CASES = {
    "whole tiles": dict(n=1, c=32, m=32, size=(8, 12)),
    "edges": dict(n=1, c=16, m=48, size=(7, 9), epilogue=True),
    "slabs": dict(n=1, c=16, m=32, size=(30, 29), tasks={"task_tiles": 14, "task_blocks": 8}),
    "batch": dict(n=3, c=16, m=32, size=(7, 7), epilogue=True, tasks={"task_tiles": 5, "task_blocks": 8}),
    "sets of blocks": dict(n=1, c=48, m=112, size=(6, 5), tasks={"task_tiles": 42, "task_blocks": 3}),
    "no pads": dict(n=1, c=16, m=16, size=(9, 14), pads=(0, 0, 0, 0)),
    "uneven pads": dict(n=1, c=16, m=16, size=(5, 11), pads=(0, 2, 3, 1)),
    "pads past a tile": dict(n=1, c=16, m=16, size=(2, 3), pads=(9, 0, 4, 8)),
    "one row": dict(n=1, c=16, m=32, size=(1, 33)),
    "one pixel": dict(n=1, c=16, m=16, size=(1, 1)),
}


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("tile", POINTS)
@pytest.mark.parametrize("case", CASES)
def test_static(level, tile, case):
    check(level, tile, **CASES[case])


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("tile", POINTS)
@pytest.mark.parametrize("case", CASES)
def test_dynamic(level, tile, case):
    check(level, tile, **{**CASES[case], "lint": False}, dynamic=True)
