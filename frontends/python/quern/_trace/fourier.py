"""numpy.fft: transforms of extents that the program is compiled for, as products with small matrices.

An extent with a divisor is taken apart by it (Cooley and Tukey): small transforms along one axis, factors, the rest along
the other. A large prime becomes a convolution whose extent is a power of two (Bluestein)."""
import math

import numpy as np

from . import build
from .array import as_tracer
from .functions import implements

_MOST_DIRECT = 64       # extent of a transform that is one product
_MOST_PRIME = 256       # above, a prime costs less as a convolution


def _real(dtype):
    return np.float32 if dtype.name in ("float16", "float32", "complex64") else np.float64


def _roots(exponents, count, sign, kind):
    """exp(sign 2 pi i e / count). The exponents are reduced first, in integers: angles stay small."""
    angles = sign * 2 * math.pi * (np.asarray(exponents) % count) / count
    return (np.cos(angles) + 1j * np.sin(angles)).astype(np.complex64 if kind == np.float32 else np.complex128)


def _divisor(count):
    """The largest one that is transformed directly; 1 if there is none."""
    return max(part for part in range(1, _MOST_DIRECT + 1) if count % part == 0)


def _transform(x, sign):
    """Along the last axis, of `count` elements; complex, without a scale."""
    count, kind = int(x.shape[-1]), _real(x.dtype)
    part = _divisor(count)
    if count <= _MOST_DIRECT or part == 1 and count <= _MOST_PRIME:
        steps = np.arange(count)
        return x @ _roots(np.outer(steps, steps), count, sign, kind)
    if part == 1:
        return _chirp(x, count, sign, kind)
    rest = count // part
    inside, outside = np.arange(part), np.arange(rest)
    x = x.reshape((*x.shape[:-1], part, rest))
    x = _roots(np.outer(inside, inside), part, sign, kind) @ x
    x = _transform(x * _roots(np.outer(inside, outside), count, sign, kind), sign)
    return np.swapaxes(x, -1, -2).reshape((*x.shape[:-2], count))


def _chirp(x, count, sign, kind):
    """j k = (j^2 + k^2 - (k - j)^2) / 2: a convolution with squares, which a transform of any extent computes."""
    length = 1 << (2 * count - 1).bit_length()
    squares = np.array([n * n % (2 * count) for n in range(count)])
    chirp = _roots(squares, 2 * count, sign, kind)
    filter_ = np.zeros(length, chirp.dtype)
    filter_[:count] = chirp.conj()
    filter_[length - count + 1:] = chirp.conj()[:0:-1]
    spectrum = np.fft.fft(filter_).astype(chirp.dtype)
    padded = np.concatenate([x * chirp, np.zeros((*x.shape[:-1], length - count), chirp.dtype)], axis=-1)
    result = _transform(_transform(padded, -1) * spectrum, 1) * kind(1 / length)
    return result[..., :count] * chirp


def _fitted(array, count, axis):
    """The array with its axis last, cut or filled with zeros to `count` elements."""
    axis = build.normalize(axis, array.ndim)
    array = np.moveaxis(array, axis, -1)
    extent = int(array.shape[-1])
    count = extent if count is None else int(count)
    if count < 1:
        raise ValueError(f"Invalid number of FFT data points ({count}) specified.")
    if count < extent:
        return array[..., :count], count
    if count > extent:
        array = np.concatenate([array, np.zeros((*array.shape[:-1], count - extent), array.dtype)], axis=-1)
    return array, count


def _scale(count, norm, inverse):
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    if norm == "ortho":
        return 1 / math.sqrt(count)
    return 1 / count if (norm == "forward") != inverse else 1


def _scaled(x, factor):
    return x if factor == 1 else x * x.real.dtype.type(factor)


def _floats(a):
    array = as_tracer(a)
    return array.astype(np.float32) if array.dtype == np.float16 else array if array.dtype.kind in "fc" else array.astype(float)


def _full(inverse):
    def transform(a, n=None, axis=-1, norm=None, out=None):
        x, count = _fitted(_floats(a), n, axis)
        return np.moveaxis(_scaled(_transform(x, 1 if inverse else -1), _scale(count, norm, inverse)), -1, axis)
    return transform


fft, ifft = implements(np.fft.fft)(_full(False)), implements(np.fft.ifft)(_full(True))


def _half(x, count):
    return x[..., :count // 2 + 1]


@implements(np.fft.rfft)
def rfft(a, n=None, axis=-1, norm=None, out=None):
    array = _floats(a)
    if array.dtype.kind == "c":
        raise TypeError("ufunc 'rfft_n_even' did not contain a loop with signature matching types")
    x, count = _fitted(array, n, axis)
    return np.moveaxis(_scaled(_half(_transform(x, -1), count), _scale(count, norm, False)), -1, axis)


@implements(np.fft.irfft)
def irfft(a, n=None, axis=-1, norm=None, out=None):
    array = _floats(a)
    count = 2 * (int(array.shape[axis]) - 1) if n is None else int(n)
    x, _ = _fitted(array, count // 2 + 1, axis)
    ends = np.real(x) + 0 * x      # the first, and in an even extent the middle one, are real
    ends = np.concatenate([ends[..., :1], x[..., 1:(count + 1) // 2], ends[..., (count + 1) // 2:]], axis=-1)
    mirrored = np.conjugate(x[..., 1:(count + 1) // 2])[..., ::-1]
    result = np.real(_transform(np.concatenate([ends, mirrored], axis=-1), 1))
    return np.moveaxis(_scaled(result, _scale(count, norm, True)), -1, axis)


implements(np.fft.hfft)(lambda a, n=None, axis=-1, norm=None, out=None: irfft(
    np.conjugate(a), n, axis, _opposite(norm)))
implements(np.fft.ihfft)(lambda a, n=None, axis=-1, norm=None, out=None: np.conjugate(rfft(a, n, axis, _opposite(norm))))


def _opposite(norm):
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)


def _axes(array, s, axes):
    """Pairs of an axis and its extent, None for the array's own."""
    if axes is None:
        axes = range(array.ndim) if s is None else range(-len(s), 0)
    sizes = [None] * len(axes) if s is None else [None if size == -1 else size for size in s]
    if len(sizes) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return list(zip(axes, sizes))


def _along(transform, default):
    """One axis after the other."""
    def transforms(a, s=None, axes=default, norm=None, out=None):
        array = _floats(a)
        for axis, size in reversed(_axes(array, s, axes)):
            array = transform(array, size, axis, norm)
        return array
    return transforms


implements(np.fft.fft2)(_along(fft, (-2, -1)))
implements(np.fft.ifft2)(_along(ifft, (-2, -1)))
implements(np.fft.fftn)(_along(fft, None))
implements(np.fft.ifftn)(_along(ifft, None))


def _real_along(inverse, default):
    """The last axis is that of the real transform."""
    def transforms(a, s=None, axes=default, norm=None, out=None):
        array = _floats(a)
        *others, (axis, size) = _axes(array, s, axes)
        if not inverse:
            array = rfft(array, size, axis, norm)
        for other, extent in others if inverse else reversed(others):
            array = (ifft if inverse else fft)(array, extent, other, norm)
        return irfft(array, size, axis, norm) if inverse else array
    return transforms


implements(np.fft.rfft2)(_real_along(False, (-2, -1)))
implements(np.fft.irfft2)(_real_along(True, (-2, -1)))
implements(np.fft.rfftn)(_real_along(False, None))
implements(np.fft.irfftn)(_real_along(True, None))


def _shift(direction):
    def shift(x, axes=None):
        array = as_tracer(x)
        axes = range(array.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
        for axis in axes:
            extent = int(array.shape[axis])
            array = np.roll(array, extent // 2 if direction > 0 else -(extent // 2), axis)
        return array
    return shift


implements(np.fft.fftshift)(_shift(1))
implements(np.fft.ifftshift)(_shift(-1))
