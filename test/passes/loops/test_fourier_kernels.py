"""Kernels of Fourier transforms at every level, beside NumPy's in the widest floats."""
import numpy as np
import pytest
from kernels import RUNNABLE, kernel, run, tensor

DTYPES = ["float32", "float64"]
# Every radix, whole and broken vectors, and passes narrower than a vector.
EXTENTS = [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 19, 23, 29, 31, 36, 60, 77, 93, 128, 243, 256, 1024, 4096]
random = np.random.default_rng(0)


def pairs(shape, dtype):
    return random.standard_normal((*shape, 2)).astype(dtype)


def complex_of(array):
    wide = array.astype(np.longdouble)
    return wide[..., 0] + 1j * wide[..., 1]


def apply(level, op, attributes, x, shape, dims=()):
    """The result of one op of which the first axis of operand and result is d0 where there are `dims`."""
    types = [tensor([*(["d0"] if dims else extents[:1]), *extents[1:]], x.dtype) for extents in (x.shape, shape)]
    text = kernel("fourier", {}, types[:1], f"  %result = graph.{op} %a0 {{{attributes}}} : ({types[0]}) -> {types[1]}", types[1],
                  dims=len(dims))
    actual, report = run(text, level, [x], shape, x.dtype.name, dims=dims)
    assert report["code"] == 0
    return actual


def check(actual, exact):
    """Within some units of the elements' root mean square, which rounding errors are spread over."""
    unit = np.finfo(actual.dtype).eps
    given = actual.astype(np.longdouble) if np.isrealobj(exact) else complex_of(actual)
    assert given.shape == exact.shape
    if exact.size:
        scale = np.sqrt(np.mean(np.abs(exact) ** 2))
        assert np.max(np.abs(given - exact)) < 12 * unit * scale


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extent", EXTENTS)
def test_rows(level, dtype, extent):
    x = pairs((3, extent), dtype)
    text = f"axis = 1 : i64, inverse = {'true' if extent % 2 else 'false'}, scale = 0.5 : f64"
    exact = np.fft.ifft(complex_of(x), norm="forward") if extent % 2 else np.fft.fft(complex_of(x))
    check(apply(level, "fourier", text, x, x.shape, dims=[3]), exact / 2)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extent, inner", [(1, 3), (6, 1), (31, 5), (60, 16), (64, 33), (93, 1)])
def test_columns(level, dtype, extent, inner):
    x = pairs((2, extent, inner), dtype)
    text = "axis = 1 : i64, inverse = false, scale = 1.0 : f64"
    check(apply(level, "fourier", text, x, x.shape, dims=[2]), np.fft.fft(complex_of(x), axis=1))


@pytest.mark.parametrize("level", RUNNABLE)
def test_columns_of_any_number(level):
    for count in (0, 1, 7, 16, 30):
        x = pairs((12, count), "float64")
        types = tensor([12, "d0", 2], "float64")
        text = kernel("fourier", {}, [types], "  %result = graph.fourier %a0 {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : "
                      f"({types}) -> {types}", types, dims=1)
        actual, _ = run(text, level, [x], x.shape, "float64", dims=[count])
        check(actual, np.fft.fft(complex_of(x), axis=0))


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows, columns", [(16, 16), (20, 50), (50, 31), (3, 4), (1024, 90)])
@pytest.mark.parametrize("inverse", [True, False])
def test_parts_of_a_long_one(level, dtype, rows, columns, inverse):
    """Rows and columns together are the transform of all."""
    x = pairs((2, rows, columns), dtype)
    text = f"inverse = {str(inverse).lower()}, scale = 1.0 : f64"
    turned = apply(level, "fourier", f"axis = 1 : i64, {text}, turned", x, x.shape, dims=[2])
    result = apply(level, "fourier", f"axis = 2 : i64, {text}, transposed", turned, (2, columns, rows, 2), dims=[2])
    whole = complex_of(x).reshape(2, -1)
    exact = np.fft.ifft(whole, norm="forward") if inverse else np.fft.fft(whole)
    check(result.reshape(2, -1, 2), exact)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extent", [1, 2, 3, 4, 6, 7, 9, 16, 30, 31, 62, 105, 256, 600])
def test_real_numbers(level, dtype, extent):
    x, half = random.standard_normal((3, extent)).astype(dtype), extent // 2 + 1
    exact = np.fft.fft(x.astype(np.longdouble))
    for bins in {half, extent}:
        check(apply(level, "fourier_from_real", "scale = 2.0 : f64", x, (3, bins, 2), dims=[3]), 2 * exact[:, :bins])
    y = pairs((3, half), dtype)
    exact = np.fft.irfft(complex_of(y), extent, norm="forward")
    check(apply(level, "fourier_to_real", "scale = 2.0 : f64", y, (3, extent), dims=[3]), 2 * exact)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("extent", [2, 4, 6, 16, 32, 34, 66, 100, 4000, 40000])
def test_packed(level, dtype, extent):
    """Beside the transform of pairs of neighbours."""
    x, half = random.standard_normal((2, extent)).astype(dtype), extent // 2
    exact, neighbours = np.fft.fft(x.astype(np.longdouble)), np.fft.fft(complex_of(x.reshape(2, half, 2)))
    given = np.stack([neighbours.real, neighbours.imag], axis=-1).astype(dtype)
    for bins in {half + 1, extent}:
        check(apply(level, "fourier_from_real", "packed, scale = 1.0 : f64", given, (2, bins, 2), dims=[2]), exact[:, :bins])
    bins = exact[:, :half + 1]
    y = np.stack([bins.real, bins.imag], axis=-1).astype(dtype)
    y[:, [0, half], 1] = 5     # counts as 0
    check(apply(level, "fourier_to_real", "packed, scale = 1.0 : f64", y, (2, half, 2), dims=[2]), 2 * neighbours)
