"""numpy.fft: transforms of extents that the program is compiled for. How they are computed is the compiler's choice
(passes/graph/SplitFourier.cpp, passes/loops/EmitFourier.cpp)."""
import math

import numpy as np

from . import build, complexes
from .array import Tracer, as_tracer
from .functions import implements


def _fitted(array, count, axis):
    """The array cut or filled with zeros to `count` elements along an axis, both as numbers."""
    axis = build.normalize(axis, array.ndim)
    extent = int(array.shape[axis])
    count = extent if count is None else int(count)
    if count < 1:
        raise ValueError(f"Invalid number of FFT data points ({count}) specified.")
    before = (slice(None),) * axis
    if count < extent:
        return array[(*before, slice(count))], count, axis
    if count > extent:
        zeros = np.zeros((*array.shape[:axis], count - extent, *array.shape[axis + 1:]), array.dtype)
        array = np.concatenate([array, zeros], axis=axis)
    return array, count, axis


def _scale(count, norm, inverse):
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    if norm == "ortho":
        return 1 / math.sqrt(count)
    return 1 / count if (norm == "forward") != inverse else 1.0


def _floats(a):
    array = as_tracer(a)
    return array.astype(np.float32) if array.dtype == np.float16 else array if array.dtype.kind in "fc" else array.astype(float)


def _from_real(x, axis, bins, scale):
    pairs = build.fourier_from_real(np.moveaxis(x, axis, -1).value, bins, scale)
    return np.moveaxis(Tracer(complexes.unstack(pairs)), -1, axis)


def _full(inverse):
    def transform(a, n=None, axis=-1, norm=None, out=None):
        x, count, axis = _fitted(_floats(a), n, axis)
        scale = _scale(count, norm, inverse)
        if x.dtype.kind == "f":
            result = _from_real(x, axis, count, scale)
            return np.conjugate(result) if inverse else result
        return Tracer(complexes.unstack(build.fourier(complexes.stack(x.value), axis, inverse, scale)))
    return transform


fft, ifft = implements(np.fft.fft)(_full(False)), implements(np.fft.ifft)(_full(True))


@implements(np.fft.rfft)
def rfft(a, n=None, axis=-1, norm=None, out=None):
    array = _floats(a)
    if array.dtype.kind == "c":
        raise TypeError("ufunc 'rfft_n_even' did not contain a loop with signature matching types")
    x, count, axis = _fitted(array, n, axis)
    return _from_real(x, axis, count // 2 + 1, _scale(count, norm, False))


@implements(np.fft.irfft)
def irfft(a, n=None, axis=-1, norm=None, out=None):
    array = _floats(a)
    axis = build.normalize(axis, array.ndim)
    count = 2 * (int(array.shape[axis]) - 1) if n is None else int(n)
    if count < 1:
        raise ValueError(f"Invalid number of FFT data points ({count}) specified.")
    x, _, _ = _fitted(array if array.dtype.kind == "c" else array + 0j, count // 2 + 1, axis)
    pairs = complexes.stack(np.moveaxis(x, axis, -1).value)
    result = np.moveaxis(Tracer(build.fourier_to_real(pairs, count, _scale(count, norm, True))), -1, axis)
    return result.astype(np.float16) if as_tracer(a).dtype == np.float16 else result


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
