"""Copies, reversed arrays, several reductions of one array, and products of turned or complex operands, of many extents."""
import numpy as np
import pytest

import quern

TARGETS = pytest.mark.parametrize("target", ["x86-64-v3", "native"])
LENGTHS = (0, 1, 2, 7, 16, 17, 127, 128, 129, 300, 20000)


def check(functions, arguments, target, tolerance=0.0):
    compiled = [quern.jit(function, target=target) for function in functions]
    for args in arguments:
        for fast, slow in zip(compiled, functions):
            got, want = fast(*args), slow(*args)
            for g, w in zip(got if isinstance(got, tuple) else (got,), want if isinstance(want, tuple) else (want,)):
                np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance * 10, err_msg=f"{[a.shape for a in args]}")


@TARGETS
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i4", "u1", "?", "c16"])
def test_rows_are_copied(dtype, target):
    def vectors(n): return [(np.arange(n + more) % 251).astype(dtype) for more in (0, 3)]
    check([lambda x, y: (np.concatenate([x, y]), np.concatenate([y, x, y]), np.tile(y, 3)), lambda x, y: np.stack([x, x, y[3:]]),
           lambda x, y: (np.concatenate([x, -y if y.dtype.kind == "f" else y]), y[2:].copy(), np.roll(y, 5))],
          [vectors(n) for n in LENGTHS], target)
    matrices = [[np.resize(x, (5, n)) for x in vectors(n)] for n in LENGTHS if n]
    check([lambda x, y: (np.concatenate([x, y], axis=1), np.hstack([y[:, 1:], x]), np.tile(x, (2, 2))), lambda x, y: np.vstack([x, y]),
           lambda x, y: (np.repeat(x, 2, axis=0), y[1:4, 1:].copy())], matrices, target)


@TARGETS
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "u1"])
def test_backwards(dtype, target):
    vectors = [((np.arange(n) % 100).astype(dtype),) for n in LENGTHS]
    check([lambda x: (x[::-1].copy(), x[::-2] + 1, x[::-3] * 2, x[::-4].copy(), x[::-5] + x[::-5])], vectors, target)
    check([lambda x: (np.flip(x, 1).copy(), np.rot90(x).copy(), np.flip(x) + x)],
          [(np.arange(7 * n).reshape(7, n).astype(dtype),) for n in (1, 5, 16, 33, 64)], target)


@TARGETS
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_reductions_of_one_pass(dtype, target):
    def arrays(n): return (np.random.default_rng(n).random((3, n)).astype(dtype) - 0.5,)
    check([lambda x: (x.max(1) - x.min(1), (x * x).sum(1) + x.sum(1), np.ptp(x), x.mean(1) + (2 * x).max(1)),
           lambda x: (np.nanmax(x, axis=1), np.nanmin(x), x.sum(1), (x / x.max()).min(1) + (x / x.max()).max(1))],
          [arrays(n) for n in LENGTHS if n], target, 1e-4 if dtype == "f4" else 1e-12)


@TARGETS
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_products_with_a_turned_matrix(dtype, target):
    for columns in (1, 2, 3):
        check([lambda w, s: w.T @ s, lambda w, s: np.maximum(w.T @ s, 0) + 1, lambda w, s: w.T @ s.T.reshape(s.shape)],
              [[np.random.default_rng(n).random(shape).astype(dtype) for shape in ((n, n + 2), (n, columns))]
               for n in (1, 2, 5, 16, 17, 100, 257)], target, 1e-4 if dtype == "f4" else 1e-12)


@TARGETS
@pytest.mark.parametrize("dtype", ["c16", "c8"])
def test_complex_rows(dtype, target):
    def arrays(n):
        random = np.random.default_rng(n)
        return [(random.random(shape) + 1j * random.random(shape)).astype(dtype) for shape in ((n, n), n)]
    check([lambda c, v: (c.sum(), c.sum(1), c.sum(0), c.mean(1)), lambda c, v: (c @ v, v @ c, v @ v, np.vdot(v, c[0]), np.dot(v, v)),
           lambda c, v: c.real.sum(1) - c.imag.sum(1)], [arrays(n) for n in (1, 2, 7, 16, 17, 64, 100, 129)], target,
          1e-4 if dtype == "c8" else 1e-12)
