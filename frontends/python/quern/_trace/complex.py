"""Complex arrays: two real Values. The graph dialect has no complex elements."""
import numpy as np

_OF = {"float32": np.dtype(np.complex64), "float64": np.dtype(np.complex128)}


class ComplexValue:
    """A pair of Values of one dtype and the same extents. `pairs` is a Value of [..., 2] that they were taken from."""
    __slots__ = ("real", "imag", "pairs")

    def __init__(self, real, imag, pairs=None):
        self.real, self.imag, self.pairs = real, imag, pairs

    @property
    def program(self):
        return self.real.program

    @property
    def dtype(self):
        return _OF[self.real.dtype.name]

    @property
    def dims(self):
        return self.real.dims


def move(function, value, *others):
    """Applies a function that moves elements and computes none; the others are moved along with the parts."""
    if isinstance(value, ComplexValue):
        real = function(value.real, *(other.real for other in others))
        imag = function(value.imag, *(other.imag for other in others))
        return value if real is value.real and imag is value.imag else ComplexValue(real, imag)
    return function(value, *others)
