"""Fourier transforms, by those of quern.jit."""
import math

import numpy as np

from ..traced import traced
from .table import lowers


def _scale(c, value, normalization, count):
    """normalization: 0 leaves the sums as they are, 1 divides by the root of how many there are, 2 by how many."""
    if normalization == 0:
        return value
    return value * value.real.dtype.type(1 / (math.sqrt(count) if normalization == 1 else count))


def _count(array, dims):
    return math.prod(int(array.shape[dim]) for dim in dims)


@lowers("_fft_r2c.default")
def r2c(c, x, dims, normalization, onesided):
    def transform(x):
        count = _count(x, dims)
        *others, last = dims
        y = np.fft.rfft(x, axis=last) if onesided else np.fft.fft(x, axis=last)
        for dim in others:
            y = np.fft.fft(y, axis=dim)
        return _scale(c, y, normalization, count)
    return traced(c, transform, x)


@lowers("_fft_c2c.default")
def c2c(c, x, dims, normalization, forward):
    def transform(x):
        y = x
        for dim in dims:
            y = np.fft.fft(y, axis=dim) if forward else np.fft.ifft(y, axis=dim, norm="forward")
        return _scale(c, y, normalization, _count(x, dims))
    return traced(c, transform, x)


@lowers("_fft_c2r.default")
def c2r(c, x, dims, normalization, last_size):
    def transform(x):
        *others, last = dims
        y = x
        for dim in others:
            y = np.fft.ifft(y, axis=dim, norm="forward")
        y = np.fft.irfft(y, n=int(last_size), axis=last, norm="forward")
        return _scale(c, y, normalization, _count(x, others) * int(last_size))
    return traced(c, transform, x)
