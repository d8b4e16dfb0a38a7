"""graph.attention: heads, grouped queries, biases, causal masks, one query, ragged and dynamic extents."""
import numpy as np
import pytest

from kernels import RUNNABLE, check_machine_code, kernel, run, tensor


def reference(q, k, v, bias, scale, causal):
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    repeat = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, repeat, 1), np.repeat(v, repeat, 1)
    scores = q @ k.swapaxes(-1, -2) * scale
    if bias is not None:
        scores = scores + bias
    if causal:
        s, t = scores.shape[-2:]
        scores = np.where(np.arange(t) > np.arange(s)[:, None] + t - s, -np.inf, scores)
    highest = np.maximum(scores.max(-1, keepdims=True), -1e300)
    powers = np.exp(scores - highest)
    total = powers.sum(-1, keepdims=True)
    weights = np.divide(powers, total, out=np.zeros_like(powers), where=total > 0)
    return weights @ v, weights @ np.abs(v), np.abs(q) @ np.abs(k).swapaxes(-1, -2) * scale


CASES = {
    "bert": dict(q=(1, 3, 128, 64), k=(1, 3, 128, 64), bias=(1, 1, 1, 128)),
    "ragged": dict(q=(2, 2, 19, 24), k=(2, 2, 37, 24), bias=(2, 2, 19, 37)),
    "odd sizes": dict(q=(1, 1, 5, 7), k=(1, 1, 3, 7), v=5),
    "grouped": dict(q=(1, 6, 33, 32), k=(1, 2, 33, 32), causal=True),
    "causal with a past": dict(q=(1, 2, 20, 16), k=(1, 2, 50, 16), causal=True),
    "causal past the keys": dict(q=(1, 2, 20, 16), k=(1, 2, 9, 16), causal=True),
    "one query": dict(q=(1, 4, 1, 64), k=(1, 2, 300, 64), causal=True),
    "few queries": dict(q=(2, 4, 3, 40), k=(2, 2, 37, 40), bias=(3, 37), causal=True),
    "few queries and keys": dict(q=(1, 2, 4, 7), k=(1, 2, 2, 7), v=5, causal=True),
    "many queries": dict(q=(1, 1, 300, 32), k=(1, 1, 300, 32), v=48),
    "hidden": dict(q=(1, 1, 8, 16), k=(1, 1, 16, 16), bias=(8, 16), hidden=True),
}


def check(level, q, k, v=None, bias=None, causal=False, hidden=False, dynamic=False, dtype="float32"):
    generator = np.random.default_rng(3)
    arrays = [generator.standard_normal(q).astype(dtype), generator.standard_normal(k).astype(dtype),
              generator.standard_normal((*k[:3], v or k[3])).astype(dtype)]
    scale = float(1 / np.sqrt(q[3]))
    if bias:
        arrays.append(generator.standard_normal(bias).astype(dtype))
        if hidden:
            arrays[3][2] = -np.inf
            arrays[3][3, 4:] = -np.inf
    dims = [q[0], q[2], k[2]] if dynamic else []

    def spelled(shape):
        # Batch, queries and keys are symbols, told apart by position.
        text = list(shape)
        if dynamic and len(shape) == 4 and shape[0] == q[0] and q[0] > 1:
            text[0] = "d0"
        return text
    types = [spelled(x.shape) for x in arrays]
    if dynamic:
        types[0][2], types[1][2], types[2][2] = "d1", "d2", "d2"
        if bias:
            types[3] = types[3][:-2] + ["d1" if bias[-2] == q[2] else bias[-2], "d2" if bias[-1] == k[2] else bias[-1]]
    out = [*types[0][:3], arrays[2].shape[3]]
    names = [tensor(x, dtype) for x in types]
    body = (f"  %result = graph.attention {', '.join(f'%a{i}' for i in range(len(arrays)))} "
            f"{{scale = {scale!r} : f64{', causal' if causal else ''}}} : ({', '.join(names)}) -> {tensor(out, dtype)}")
    actual, report = run(kernel("attention", {}, names, body, tensor(out, dtype), len(dims)), level, arrays,
                         (*q[:3], arrays[2].shape[3]), dtype, dims)
    exact, spread, logits = reference(*arrays[:3], arrays[3] if bias else None, scale, causal)
    unit = np.finfo(dtype).eps / 2
    # A score's error of e makes the weights wrong by a factor of 1 + 2e; then the sums over the keys.
    relative = unit * (2 * (q[3] + 4) * logits.max() + k[2] + 8)
    error = np.abs(actual - exact)
    assert np.isfinite(actual).all()
    assert (error <= relative * spread + 1e-30).all(), f"error {np.max(error / (relative * spread + 1e-30)):.3g} times the bound"
    assert report["code"] == 0
    return report


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("case", CASES)
def test_attention(level, case, dynamic):
    report = check(level, dynamic=dynamic, **CASES[case])
    if case == "bert" and not dynamic:
        check_machine_code(report)


@pytest.mark.parametrize("level", RUNNABLE)
def test_double(level):
    check(level, q=(1, 2, 17, 20), k=(1, 2, 23, 20), dtype="float64")
