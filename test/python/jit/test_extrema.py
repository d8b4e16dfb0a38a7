"""Places of extrema, and questions about bools: each dtype, lengths around what vectors hold, NaN, ties and infinities."""
import numpy as np
import pytest

import quern

LENGTHS = (1, 2, 7, 8, 9, 16, 17, 33, 63, 64, 65, 100, 129, 1000, 2049)


def rows_of(dtype, n):
    """Six rows of each kind."""
    random = np.random.default_rng(n)
    real = random.random((6, n))
    if dtype == "?":
        return [real > limit for limit in (0.5, 0.99, 2, -1)]
    if dtype[0] in "iu":
        info = np.iinfo(dtype)
        return [random.integers(info.min, info.max, (6, n), dtype, endpoint=True), np.round(real * 3).astype(dtype),
                np.full((6, n), info.min, dtype), np.full((6, n), info.max, dtype)]
    kinds = [real, np.round(real * 3), np.full((6, n), -np.inf), np.full((6, n), np.inf), real.copy(), np.full((6, n), np.nan)]
    for row in kinds[4][1:]:
        row[random.integers(0, n, 3)] = np.nan
        row[random.integers(0, n, 3)] = np.inf
    return [kind.astype(dtype) for kind in kinds]


@pytest.mark.parametrize("target", ["x86-64-v3", "native"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u1", "?"])
def test_places(dtype, target):
    functions = [lambda x: (x.argmax(1), x.argmin(1)), lambda x: (x.argmax(), x.argmin()), lambda x: (x.argmax(0), x.argmin(0))]
    compiled = [quern.jit(function, target=target) for function in functions]
    for n in LENGTHS:
        for x in rows_of(dtype, n):
            for fast, slow in zip(compiled, functions):
                for got, want in zip(fast(x), slow(x)):
                    np.testing.assert_array_equal(got, want, err_msg=f"{n} {x}")


@pytest.mark.parametrize("target", ["x86-64-v3", "native"])
def test_bools(target):
    functions = [lambda x: (x.any(1), x.all(1)), lambda x: (x.any(), x.all()), lambda x: ((x != x).any(), (x == x).all(axis=1)),
                 lambda x: (x.any(0), x.all(0))]
    compiled = [quern.jit(function, target=target) for function in functions]
    for n in (0, *LENGTHS):
        for dtype in ("?", "f4"):
            for x in rows_of(dtype, n) if n else [np.zeros((6, 0), dtype)]:
                for fast, slow in zip(compiled, functions):
                    for got, want in zip(fast(x), slow(x)):
                        np.testing.assert_array_equal(got, want, err_msg=f"{n} {x}")
