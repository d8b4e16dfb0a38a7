"""A function applied to one slice or one element after the other: numpy.apply_along_axis and numpy.vectorize."""
import numpy as np

from . import build
from .array import as_tracer
from .control import scan
from .errors import TraceError
from .extents import product
from .functions import implements


def _each(function, rows):
    """function of each x[i], stacked; what it returns may be a tuple."""
    return scan(lambda state, row: (state, function(row)), np.int64(0), rows)[1]


@implements(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **keywords):
    array = as_tracer(arr)
    axis = build.normalize(axis, array.ndim)
    lines = np.moveaxis(array, axis, -1)
    others = lines.shape[:-1]
    made = _each(lambda line: as_tracer(func1d(line, *args, **keywords)), lines.reshape((product(others), lines.shape[-1])))
    own = made.shape[1:]
    made = made.reshape((*others, *own))
    return np.moveaxis(made, range(len(others), len(others) + len(own)), range(axis, axis + len(own)))


@implements(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    result = as_tracer(a)
    for axis in build.axes_of(tuple(axes) if isinstance(axes, (tuple, list)) else axes, result.ndim):
        made = as_tracer(func(result, axis))
        result = made if made.ndim == result.ndim else np.expand_dims(made, axis)
    return result


class Vectorized:
    """numpy.vectorize under trace: the function sees traced scalars."""

    def __init__(self, pyfunc=np._NoValue, otypes=None, doc=None, excluded=None, cache=False, signature=None):
        if excluded or signature is not None:
            raise TraceError("numpy.vectorize is supported without excluded= and signature=")
        if pyfunc is np._NoValue:
            raise TraceError("numpy.vectorize as a decorator with arguments is not supported inside a traced function")
        self.pyfunc, self.otypes = pyfunc, otypes

    def __call__(self, *args):
        arrays = np.broadcast_arrays(*map(as_tracer, args))
        shape = arrays[0].shape
        made = _each(lambda row: self.pyfunc(*row), tuple(array.reshape(-1) for array in arrays))
        several = isinstance(made, tuple)
        results = [one.reshape(shape) for one in (made if several else (made,))]
        if self.otypes is not None:
            kinds = [np.dtype(kind) for kind in self.otypes]
            results = [one.astype(kind) for one, kind in zip(results, kinds)]
        return tuple(results) if several else results[0]
