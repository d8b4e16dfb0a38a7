"""numpy.fft, against NumPy's transforms in the widest floats and against NumPy itself."""
import numpy as np
import pytest
import quern

KINDS = ["float32", "float64", "complex64", "complex128"]
EXTENTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 31, 32, 37, 49, 60, 64, 74, 97, 100, 105, 127, 128, 210, 243, 500, 512,
           1000, 1009, 1024, 1536, 4096, 5000, 16807]
FEW = [6, 15, 64, 100, 1009, 5000, 40000]
LONG = [16384, 32768, 40000, 65536, 100000, 99999, 65537]


def numbers(kind, *shape):
    rng = np.random.default_rng(7)
    return (rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if kind.startswith("c") else 0)).astype(kind)


def agrees(actual, expected, kind):
    """Within some units of the largest element: rounding errors spread over all of them."""
    assert actual.shape == expected.shape and actual.dtype == expected.dtype
    if expected.size:
        most = 40 * np.finfo(kind).eps * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=most)


def check(function, x):
    expected, actual = function(x), quern.jit(function)(x)
    for one, other in zip(actual, expected) if isinstance(expected, tuple) else [(actual, expected)]:
        agrees(one, other, x.dtype)


@pytest.mark.parametrize("kind, count", [(kind, count) for kind in ("float32", "complex128") for count in EXTENTS + LONG]
                         + [(kind, count) for kind in ("float64", "complex64") for count in FEW])
def test_extents(kind, count):
    def function(x):
        half = x[..., :count // 2 + 1]
        real = (np.fft.rfft(x),) if x.dtype.kind == "f" else ()
        return (np.fft.fft(x), np.fft.ifft(x), np.fft.irfft(half, count), *real)

    check(function, numbers(kind, count) if count in LONG else numbers(kind, 3, count))


@pytest.mark.parametrize("count", [64, 1000, 1009, 4096, 100000])
def test_rounding_errors(count):
    """No larger than NumPy's own, beside transforms in the widest floats."""
    x, y = numbers("complex128", count), numbers("float64", count)
    error = lambda value, exact: np.sqrt(np.mean(np.abs(value - exact) ** 2) / np.mean(np.abs(exact) ** 2))
    for function, given in (np.fft.fft, x), (np.fft.ifft, x), (np.fft.rfft, y):
        exact = function(given.astype(np.clongdouble if given is x else np.longdouble))
        assert error(quern.jit(lambda a: function(a))(given), exact) < 1.5 * error(function(given), exact) + 1e-17


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(4, 6, 10), (1, 8, 33), (16, 5, 1), (3, 37, 4), (0, 8, 4)])
def test_axes(kind, shape):
    check(lambda x: (np.fft.fft(x, axis=0) if shape[0] else x, np.fft.fft(x, axis=1), np.fft.ifft(x, axis=-2), np.fft.irfft(x, 12, axis=1)),
          numbers(kind, *shape))


def test_several_axes():
    for kind in KINDS:
        check(lambda x: (np.fft.fft2(x), np.fft.ifft2(x), np.fft.ifftn(x), np.fft.fftn(x, s=(3, 5), axes=(0, 2)), np.fft.irfft2(x), np.fft.irfftn(x)),
              numbers(kind, 4, 6, 10))
    check(lambda x: (np.fft.rfft2(x), np.fft.rfftn(x, axes=(2, 0)), np.fft.fftshift(x), np.fft.ifftshift(x, axes=1)), numbers("float64", 4, 6, 10))


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
def test_norms(norm):
    x = numbers("float64", 3, 10)
    check(lambda x: (np.fft.fft(x, norm=norm), np.fft.ifft(x, norm=norm), np.fft.rfft(x, norm=norm), np.fft.irfft(x, norm=norm),
                     np.fft.hfft(x, norm=norm), np.fft.ihfft(x, norm=norm), np.fft.fft2(x + 1j, norm=norm)), x)


@pytest.mark.parametrize("count", [1, 4, 9, 10, 11, 24])
def test_cut_and_filled(count):
    check(lambda x: (np.fft.fft(x, count), np.fft.rfft(x, count), np.fft.irfft(x, count), np.fft.fft(x + 1j, count, axis=0),
                     np.fft.hfft(x, count), np.fft.ihfft(x, count)), numbers("float64", 7, 10))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16"])
def test_other_dtypes(dtype):
    x = (numbers("float64", 3, 20) * 10).astype(dtype)
    for function in np.fft.fft, np.fft.rfft, np.fft.irfft:
        expected = function(x)
        agrees(quern.jit(lambda a: function(a))(x), expected, expected.dtype)


def test_one_program_for_all_batches():
    transform = quern.jit(lambda x: (np.fft.fft(x), np.fft.fft(x, axis=1), np.fft.irfft(np.fft.rfft(x.real))))
    for batch in (2, 3, 17, 200):
        x = numbers("complex64", batch, 16, 60)
        for actual, expected in zip(transform(x), (np.fft.fft(x), np.fft.fft(x, axis=1), x.real)):
            agrees(actual, expected, x.dtype)


def test_convolution_by_transforms():
    """Products between transforms, and pairs that are taken apart and put together again."""
    def convolve(x, y):
        return np.fft.irfft(np.fft.rfft(x, 64) * np.fft.rfft(y, 64), 64), np.fft.ifft(np.fft.fft(x + 1j * x, axis=0) * 2j, axis=0)

    x, y = numbers("float64", 5, 30), numbers("float64", 20)
    for actual, expected in zip(quern.jit(convolve)(x, y), convolve(x, y)):
        agrees(actual, expected, x.dtype)


def test_constants():
    x = numbers("float64", 60)
    check(lambda y: y[:31] * np.fft.rfft(np.blackman(60)) + np.fft.fft(np.arange(31)), x)


def test_refusals():
    with pytest.raises(ValueError, match=r"Invalid number of FFT data points \(0\)"):
        quern.jit(lambda x: np.fft.fft(x, 0))(np.ones(4))
    with pytest.raises(ValueError, match="Invalid norm value"):
        quern.jit(lambda x: np.fft.fft(x, norm="other"))(np.ones(4))
