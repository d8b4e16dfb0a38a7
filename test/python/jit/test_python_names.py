"""Python's built-in functions and classes, and the module math, on traced numbers and extents."""
import functools
import math
from math import sqrt
from numbers import Number

import numpy as np
import pytest
from differential import check

import quern

X = np.array([1.5, -2.0, 3.0])


@functools.lru_cache
def doubled(count):
    return count * 2


@pytest.mark.parametrize("function", [
    lambda x, s: x * sqrt(s) + math.exp(-s) * math.log(s) + math.log(s, 2) + math.log10(s),
    lambda x, s: x * math.floor(s) + math.ceil(s) * math.trunc(-s),
    lambda x, s: x * math.hypot(s, 3) + math.atan2(s, 1.0) + math.pow(s, 2.5) + math.erf(s) + math.radians(s),
    lambda x, s: (math.isnan(s), math.isclose(s, 2.5), math.isclose(s, 2.6), math.isinf(s)),
    lambda x, s: math.fsum(x) * math.tanh(x[0]),
    lambda x, s: math.comb(5, 2) * math.prod(x.shape) * x,
    lambda x, s: (max(x[0], x[1]), min(x[0], x[1], x[2]), max(x), min(s, 3.0) * x.astype(np.float32)),
    lambda x, s: (max(x.shape[0], 20), max([], default=2), min([3, 1, 2], key=lambda v: -v)),
    lambda x, s: (float(x.sum()), int(s), int(-s), complex(x[0], s), float(s) * x.astype(np.float32), int("3"), float("inf")),
    lambda x, s: (sum(x), sum(x > 0), sum(x.astype(np.int32)), sum([x, x]), sum(np.ones((3, 4)) * s), sum(x, s)),
    lambda x, s: (any(x > 2), all(x > 2), any([False]), sorted(x), sorted(x, reverse=True), sorted([2, 1])),
    lambda x, s: x.astype(np.float32) * (s ** 2) * (s * 2.0) * (x.shape[0] / 2) * x.shape[0] ** 0.5,
    lambda x, s: (x.sum().item(), x.item(1), x.reshape(3, 1).item(2, 0), x.reshape(3, 1).item((1, 0)), x[:1].item(), (x > 0).item(0), x.astype(np.float32).item(0) * x),
    lambda x, s: (x.tolist(), x.reshape(3, 1).tolist(), x.astype(np.int32).tolist(), np.sum(x).tolist()),
    lambda x, s: (np.ndarray.sum(x), np.ndarray.reshape(x, (3, 1)), isinstance(x, np.ndarray), type(x) is np.ndarray),
    lambda x, s: x[:int(x.shape[0] / 2)],
    lambda x, s: x[:math.ceil(x.shape[0] / 2)] * int(math.log2(x.shape[0])),
    lambda x, s: np.zeros(int(np.sqrt(x.shape[0] + 1))) + s,
    lambda x, s: x * doubled(x.shape[0]),
    lambda x, s: np.zeros(3, dtype=float) + x.astype(int).astype(complex) + np.full(3, s, int),
    lambda x, s: np.vectorize(lambda v: max(v, 0.0), otypes=[float])(x),
])
def test_numbers(function):
    check(function, X, 2.5, scale=8)


@pytest.mark.parametrize("function", [
    lambda x, s: [isinstance(x, np.ndarray), isinstance(x, (list, tuple)), isinstance(x.sum(), np.ndarray), isinstance(x.sum(), float),
                  isinstance(x.sum(), np.floating), isinstance(x.shape[0], int), isinstance(len(x), (float, int)), isinstance(3, int)],
    lambda x, s: [isinstance(s, float), isinstance(s, np.float64), isinstance(s, Number), isinstance(s * 2, float), isinstance(s, int | float),
                  isinstance(float, type), isinstance("a", str)],
    lambda x, s: [type(x) is np.ndarray, type(s) is float, type(s) == float, type(x.shape[0]) is int, type(3.0) is float,
                  type(x[0]) == np.float64, type(x) in (list, np.ndarray), type("a") is str],
    lambda x, s: [issubclass(type(x), np.ndarray), issubclass(type(x.sum()), np.floating), issubclass(int, float),
                  np.issubdtype(x.dtype, float), x.dtype == float],
])
def test_classes(function):
    assert quern.jit(function)(X, 2.5) == function(X, 2.5)


def test_a_size_from_an_extent_is_that_of_each_call():
    compiled = quern.jit(lambda x: x[:int(x.shape[0] / 2)] * 2)
    for count in (4, 7, 9, 4):
        np.testing.assert_array_equal(compiled(np.ones(count)), np.full(count // 2, 2.0))


@pytest.mark.parametrize("function, text", [
    (lambda x, s: x if s > 1 else -x, "a branch or a truth value needs the values"),
    (lambda x, s: bool(x[0] > 0), "a branch or a truth value needs the values"),
    (lambda x, s: max(x, -x), "a branch or a truth value needs the values"),
    (lambda x, s: np.zeros(int(s)), "an index or a size needs the values"),
    (lambda x, s: math.gamma(s), "float() needs the values"),
    (lambda x, s: float(x), "only 0-dimensional arrays can be converted"),
])
def test_what_needs_values(function, text):
    with pytest.raises(TypeError) as caught:
        quern.jit(function)(X, 2.5)
    assert text in str(caught.value)
