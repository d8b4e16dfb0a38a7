"""Each row of one side with each of another: products whose rows are reduced, distances. Awkward extents, one program."""
import numpy as np
import pytest
from differential import check_call

import quern

EXTENTS = [(5, 3, 4), (130, 7, 9), (1000, 64, 32), (77, 133, 17), (513, 17, 600), (2, 300, 64), (300, 1, 20)]


def nearest(p, c):
    return np.argmin((p ** 2).sum(axis=1)[:, None] - 2 * p @ c.T + (c ** 2).sum(axis=1), axis=1)


def products(p, c):
    d = p @ c.T
    return np.argmax(d, axis=1), np.sum(np.exp(-0.1 * (p @ (c + 1).T)), axis=1), np.max(p @ (c - 1).T, axis=1)


def distances(a, b):
    d = a[:, None, :] - b[None, :, :]
    return np.sqrt((d ** 2).sum(axis=-1)), np.mean(d * d * b, axis=-1) * 3 + 1


def norms(a, b):
    d = np.abs(a[:, None, :] - b[None, :, :])
    return d.sum(axis=-1), d.max(axis=-1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [nearest, products, distances, norms])
def test_all_pairs(function, dtype):
    compiled, rng = quern.jit(function, threads=2), np.random.default_rng(1)
    for rows, columns, depth in EXTENTS:
        # Multiples of 1/8: sums in any order are the same, so are the indices.
        a, b = (rng.integers(-20, 20, (n, depth)).astype(dtype) / 8 for n in (rows, columns))
        check_call(compiled, function, a, b, scale=50)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_without_order(dtype):
    def extrema(a, b):
        return np.argmin(a @ b.T, axis=1), np.argmax(a @ (b * 1).T, axis=1), np.min(a @ (b + 1).T, axis=1)

    compiled = quern.jit(extrema)
    a, b = np.ones((40, 4), dtype), np.ones((37, 4), dtype)
    a[0], a[1], b[30, 2], b[9] = np.inf, -np.inf, np.nan, 3    # all columns the same, and NaN, of which the first counts
    check_call(compiled, extrema, a, b)
    b[30, 2] = 1
    check_call(compiled, extrema, a, b)
