"""Systems of equations, factors and transforms, against NumPy's."""
import numpy as np
import pytest
import quern
from differential import check

KINDS = ["float32", "float64", "complex128"]


def matrix(dtype, *shape, seed=0):
    rng = np.random.default_rng(seed)
    real = rng.standard_normal(shape)
    return (real + 1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else real).astype(dtype)


@pytest.mark.parametrize("dtype", KINDS)
def test_systems(dtype):
    a, b = matrix(dtype, 2, 5, 5), matrix(dtype, 2, 5, 3, seed=1)
    check(lambda a, b: (np.linalg.solve(a, b), np.linalg.solve(a, b[0, :, 0]), np.linalg.inv(a), np.linalg.det(a)), a, b, scale=1000)
    check(lambda a: tuple(np.linalg.slogdet(a)), a, scale=1000)


@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_extents(count):
    compiled = check(lambda a: (np.linalg.inv(a), np.linalg.det(a), a @ np.linalg.inv(a)), matrix("float64", count, count), scale=1e4)
    assert compiled is not None


def test_pivots_are_needed():
    a = np.array([[0.0, 1, 2], [1, 0, 3], [4, -3, 8]])
    check(lambda a: (np.linalg.inv(a), np.linalg.det(a), np.linalg.det(a[[1, 0, 2]])), a, scale=100)
    check(lambda a: np.linalg.det(a), np.ones((3, 3)))
    check(lambda a: np.linalg.solve(a, np.arange(3)), np.array([[2, 1, 0], [0, 3, 1], [1, 1, 1]]), scale=100)


def test_errors_of_matrices():
    with pytest.raises(ValueError, match="Singular matrix"):
        quern.jit(lambda a: np.linalg.inv(a))(np.ones((3, 3)))
    with pytest.raises(ValueError, match="not positive definite"):
        quern.jit(lambda a: np.linalg.cholesky(a))(-np.eye(3))
    with pytest.raises(ValueError, match="must be square, got 2 rows and 3 columns"):
        quern.jit(lambda a: np.linalg.inv(a))(np.ones((2, 3)))


@pytest.mark.parametrize("dtype", KINDS)
def test_cholesky(dtype):
    a = matrix(dtype, 3, 6, 6)
    a = a @ a.conj().swapaxes(-1, -2) + np.eye(6, dtype=dtype)
    check(lambda a: (np.linalg.cholesky(a), np.linalg.cholesky(a, upper=True)), a, scale=1000)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 4, 3), (1, 1)])
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
def test_qr(shape, mode):
    check(lambda a: np.linalg.qr(a, mode) if mode == "r" else tuple(np.linalg.qr(a, mode)), matrix("float64", *shape), scale=1000)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 12, 64, 67, 100, 128, 263, 514, 1000])
def test_fourier(count):
    x = matrix("complex128", 2, count)
    check(lambda x: (np.fft.fft(x), np.fft.ifft(x), np.fft.rfft(x.real), np.fft.irfft(x, count)), x, scale=1000)


def test_fourier_of_axes():
    x = matrix("float32", 4, 6, 10)
    check(lambda x: (np.fft.fft(x, axis=1, norm="ortho"), np.fft.fft2(x), np.fft.ifftn(x), np.fft.rfftn(x), np.fft.irfft2(np.fft.rfft2(x)),
                     np.fft.rfft(x, 7, norm="forward"), np.fft.fft(x, 12), np.fft.hfft(x), np.fft.ihfft(x),
                     np.fft.fftshift(x), np.fft.ifftshift(x, axes=1), np.fft.fftn(x, s=(3, 5), axes=(0, 2))), x, scale=1000)
    check(lambda x: np.fft.irfft(x, 9), matrix("complex64", 5), scale=100)


def test_packed_bits():
    x = np.random.default_rng(0).integers(0, 2, (3, 13)).astype(bool)
    check(lambda x: (np.packbits(x), np.packbits(x, axis=1, bitorder="little"), np.unpackbits(np.packbits(x, axis=0), axis=0, count=3)), x)
    check(lambda i: (np.unravel_index(i, (3, 4, 5)), np.unravel_index(i, (3, 4), order="F"),
                     np.ravel_multi_index((i, i + 1), (3, 70), mode="wrap")), np.arange(12))


def test_quantiles_without_nan():
    x = np.random.default_rng(0).standard_normal((4, 9))
    x[0, 3:] = x[2] = np.nan
    check(lambda x: (np.nanmedian(x, axis=1), np.nanquantile(x, [0.1, 0.5, 0.9], axis=0), np.nanpercentile(x, 30), np.nanmedian(x)), x,
          scale=10)


def test_cumulative_with_a_start():
    x = np.arange(1.0, 7).reshape(2, 3)
    check(lambda x: (np.cumulative_sum(x, axis=1, include_initial=True), np.cumulative_prod(x, axis=0, include_initial=True),
                     np.cumulative_sum(x[0])), x)
