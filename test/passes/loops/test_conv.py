"""graph.conv with blocked results: windows, strides, dilations, groups, borders, dynamic extents, epilogues."""
import numpy as np
import pytest

from kernels import RUNNABLE, check_machine_code, check_products, kernel, run, tensor


def reference(x, w, stride, dilation, pads, group):
    """Convolution in float64 and the same of absolute values, [N, M, OH, OW] each."""
    low, high = pads[:2], pads[2:]
    results = []
    for a, b in ((x.astype(np.float64), w.astype(np.float64)), (np.abs(x).astype(np.float64), np.abs(w).astype(np.float64))):
        a = np.pad(a, ((0, 0), (0, 0), (low[0], high[0]), (low[1], high[1])))
        reach = [(b.shape[2 + i] - 1) * dilation[i] + 1 for i in range(2)]
        windows = np.lib.stride_tricks.sliding_window_view(a, reach, (2, 3))
        windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
        parts = [np.einsum("nchwyx,mcyx->nmhw", c, m, optimize=True)
                 for c, m in zip(np.split(windows, group, 1), np.split(b, group, 0))]
        results.append(np.concatenate(parts, 1))
    return results


def block(x, axis=1):
    """[N, C, ...] -> [N, C/16, ..., 16]."""
    n, c, *rest = x.shape
    return np.ascontiguousarray(np.moveaxis(x.reshape(n, c // 16, 16, *rest), 2, -1))


def pack_depthwise(w):
    """[C, 1, K...] -> [C/16, K..., 16]."""
    return np.ascontiguousarray(np.moveaxis(w[:, 0].reshape(-1, 16, *w.shape[2:]), 1, -1))


def pack(w, blocked):
    """[M, C, K...] -> [M/16, C/16, K..., 16 in, 16 out], or [M/16, C, K..., 16] for a plain input."""
    m, c, *window = w.shape
    axes = list(range(4, 4 + len(window)))
    if not blocked:
        return np.ascontiguousarray(w.reshape(m // 16, 16, c, *window).transpose(0, 2, *[a - 1 for a in axes], 1))
    return np.ascontiguousarray(w.reshape(m // 16, 16, c // 16, 16, *window).transpose(0, 2, *axes, 3, 1))


def attributes(stride, dilation, pads, group, m, blocked, window):
    text = lambda values: ", ".join(map(str, values))
    kernel = f", kernel = array<i64: {text(window)}>"
    return (f"{{strides = array<i64: {text(stride)}>, dilations = array<i64: {text(dilation)}>, pads = array<i64: {text(pads)}>, "
            f"group = {group} : i64, {'blocked_input, ' if blocked else ''}blocked_output, channels = {m} : i64{kernel}}}")


def check(level, n, c, m, size, window, stride=(1, 1), dilation=(1, 1), pads=(0, 0, 0, 0), group=1, dynamic=False,
          epilogue=False, parameters={}, lint=True):
    generator = np.random.default_rng(1)
    blocked = c % 16 == 0
    x = generator.standard_normal((n, c, *size), np.float32)
    w = generator.standard_normal((m, c // group, *window), np.float32)
    exact, magnitude = reference(x, w, stride, dilation, pads, group)
    depthwise = group == c
    stored = block(x) if blocked else x
    weights = pack_depthwise(w) if depthwise else pack(w, blocked)
    result = block(exact)
    spelled, out, dims = list(stored.shape), list(result.shape), []
    if dynamic:
        dims = [n, *size]
        spelled[0], spelled[2], spelled[3] = "d0", "d1", "d2"
        extents = []
        for i, name in enumerate(("d1", "d2")):
            reach = pads[i] + pads[2 + i] - (window[i] - 1) * dilation[i] - 1
            extents.append(canonical(name, reach + stride[i], stride[i]))
        out[0], out[2], out[3] = "d0", *extents
    types = [tensor(spelled), tensor(weights.shape)]
    body = (f"  %c = graph.conv %a0, %a1 {attributes(stride, dilation, pads, group, m, blocked, window)} : "
            f"({', '.join(types)}) -> {tensor(out)}\n")
    inputs = [stored, weights]
    if epilogue:
        bias = generator.standard_normal((result.shape[1], 1, 1, 16), np.float32)
        residual = generator.standard_normal(result.shape, np.float32)
        inputs += [bias, residual]
        types += [tensor(bias.shape), tensor(out)]
        body += (f"  %b = graph.add %c, %a2 : ({tensor(out)}, {tensor(bias.shape)}) -> {tensor(out)}\n"
                 f"  %s = graph.add %b, %a3 : ({tensor(out)}, {tensor(out)}) -> {tensor(out)}\n"
                 f"  %z = graph.constant dense<0.0> : tensor<f32>\n"
                 f"  %result = graph.max %s, %z : ({tensor(out)}, tensor<f32>) -> {tensor(out)}\n")
    else:
        body = body.replace("%c =", "%result =")
    actual, report = run(kernel("depthwise" if depthwise else "conv", parameters, types, body, tensor(out), len(dims)), level, inputs, result.shape, dims=dims)
    if epilogue:
        np.testing.assert_allclose(actual, np.maximum(result + bias + residual, 0), rtol=1e-4, atol=1e-3)
    else:
        check_products(actual, result, block(magnitude), c // group * window[0] * window[1])
    if lint:
        check_machine_code(report)


def canonical(name, add, divisor):
    """floordiv(name + add, divisor) as the dims print themselves."""
    plus = lambda text, number: text if number == 0 else f"{text} {'+' if number > 0 else '-'} {abs(number)}"
    if divisor == 1:
        return plus(name, add)
    return plus(f"floordiv({plus(name, add % divisor)}, {divisor})", add // divisor)


SAME = (1, 1, 1, 1)
CASES = {
    "pointwise": dict(n=1, c=32, m=64, size=(7, 7), window=(1, 1)),
    "pointwise wide": dict(n=2, c=16, m=32, size=(30, 31), window=(1, 1), epilogue=True),
    "pointwise strided": dict(n=1, c=32, m=48, size=(9, 15), window=(1, 1), stride=(2, 2)),
    "3x3": dict(n=1, c=32, m=32, size=(14, 14), window=(3, 3), pads=SAME),
    "3x3 at 7": dict(n=1, c=48, m=64, size=(7, 7), window=(3, 3), pads=SAME),
    "3x3 wide": dict(n=2, c=16, m=32, size=(5, 56), window=(3, 3), pads=SAME, epilogue=True),
    "3x3 strided": dict(n=1, c=32, m=32, size=(17, 28), window=(3, 3), stride=(2, 2), pads=SAME),
    "3x3 valid": dict(n=1, c=16, m=16, size=(9, 33), window=(3, 3)),
    "dilated": dict(n=1, c=16, m=32, size=(12, 20), window=(3, 3), dilation=(2, 3), pads=(2, 3, 2, 3)),
    "window past the image": dict(n=1, c=16, m=16, size=(2, 2), window=(3, 3), dilation=(4, 4), pads=(4, 4, 4, 4), lint=False),
    "1x7": dict(n=1, c=16, m=32, size=(9, 17), window=(1, 7), pads=(0, 3, 0, 3)),
    "7x1": dict(n=1, c=16, m=32, size=(9, 17), window=(7, 1), pads=(3, 0, 3, 0)),
    "uneven pads": dict(n=1, c=16, m=16, size=(8, 11), window=(4, 4), pads=(1, 2, 2, 0)),
    "groups": dict(n=1, c=64, m=96, size=(6, 15), window=(3, 3), pads=SAME, group=2),
    "many blocks": dict(n=1, c=16, m=176, size=(4, 9), window=(3, 3), pads=SAME, parameters={"task_blocks": 3, "task_rows": 2}),
    "stem": dict(n=1, c=3, m=64, size=(33, 48), window=(7, 7), stride=(2, 2), pads=(3, 3, 3, 3)),
    "stem 3x3": dict(n=2, c=3, m=32, size=(16, 30), window=(3, 3), stride=(2, 2), pads=(0, 0, 1, 1), epilogue=True),
    "patches": dict(n=1, c=3, m=32, size=(16, 20), window=(4, 4), stride=(4, 4)),
    "overlapping patches": dict(n=2, c=2, m=16, size=(19, 30), window=(3, 6), stride=(2, 3), epilogue=True),
    "depthwise": dict(n=2, c=32, m=32, size=(14, 14), window=(3, 3), pads=SAME, group=32, epilogue=True),
    "depthwise strided": dict(n=1, c=48, m=48, size=(15, 57), window=(3, 3), stride=(2, 2), pads=SAME, group=48),
    "depthwise 5x5": dict(n=1, c=16, m=16, size=(9, 28), window=(5, 5), pads=(2, 2, 2, 2), group=16, parameters={"task_rows": 4}),
    "depthwise 7x7 dilated": dict(n=1, c=16, m=16, size=(20, 23), window=(7, 7), dilation=(2, 2), pads=(6, 6, 6, 6), group=16),
    "one pixel": dict(n=1, c=16, m=16, size=(1, 1), window=(3, 3), pads=SAME, lint=False),
}


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("case", CASES)
def test_static(level, case):
    check(level, **CASES[case])


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("case", CASES)
def test_dynamic(level, case):
    # Addresses of the pixels that may lie at a border do not all fit the registers there.
    lint = CASES[case].get("lint", True) and case != "depthwise 7x7 dilated"
    check(level, **{**CASES[case], "lint": lint}, dynamic=True)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("width", [2, 6, 8, 13, 15, 27, 29])
@pytest.mark.parametrize("depthwise", [False, True])
def test_dynamic_widths_of_every_tile(level, width, depthwise):
    """Rows that are cut into tiles of every size, with borders that the window overlaps by more than a pixel."""
    group = 32 if depthwise else 1
    check(level, 1, 32, 32, (4, 2 * width - 1), (5, 5), stride=(1, 2), pads=(2, 2, 2, 2), group=group, dynamic=True)
