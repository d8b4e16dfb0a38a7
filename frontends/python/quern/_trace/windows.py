"""Functions of pieces of arrays: windows, blocks, diagonals, pieces of a domain."""
import operator

import numpy as np

from . import build
from .array import Tracer, as_tracer, is_concrete, plain
from .creation import arange
from .errors import TraceError
from .functions import implements
from .manipulation import read_only


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    if writeable:
        raise TraceError("numpy.lib.stride_tricks.sliding_window_view with writeable=True is not supported")
    array = as_tracer(x)
    sizes = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = tuple(range(array.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(sizes) != len(axes):
        raise ValueError(f"Must provide matching length window_shape and axis; got {len(sizes)} window_shape elements and "
                         f"{len(axes)} axes elements.")
    return array.derive(lambda whole: _windows(Tracer(whole), list(map(operator.index, sizes)), axes).value, read_only,
                        lambda whole, _: np.lib.stride_tricks.sliding_window_view(whole, window_shape, axis))


def _windows(array, sizes, axes):
    rank = array.ndim
    for size, one in zip(sizes, axes):
        if size < 0:
            raise ValueError("`window_shape` cannot contain negative values")
        place = build.normalize(one, rank)
        count = array.shape[place] - size + 1
        if count <= 0:
            raise ValueError("window shape cannot be larger than input array shape")
        array = np.take(array, arange(count)[:, None] + np.arange(size), axis=place)
        array = np.moveaxis(array, place + 1, -1)
    return array


@implements(np.block)
def block(arrays):
    def depth(thing):
        return 1 + max(map(depth, thing), default=0) if isinstance(thing, list) else 0

    levels = depth(arrays)
    rank = max([levels, *(as_tracer(leaf).ndim for leaf in _leaves(arrays))])

    def join(thing, level):
        if not isinstance(thing, list):
            leaf = as_tracer(thing)
            return leaf.reshape((1,) * (rank - leaf.ndim) + tuple(leaf.shape))
        if not thing:
            raise ValueError("List at arrays cannot be empty")
        return np.concatenate([join(item, level - 1) for item in thing], axis=-level)

    return join(arrays, levels)


def _leaves(thing):
    return [leaf for item in thing for leaf in _leaves(item)] if isinstance(thing, list) else [thing]


@implements(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    if a.ndim != 2 or wrap or np.ndim(val):
        raise TraceError("numpy.fill_diagonal is supported for two axes and a single number, without wrap")
    rows, columns = a.shape
    a[...] = np.where(arange(rows)[:, None] == arange(columns), as_tracer(val).astype(a.dtype), a)


@implements(np.piecewise)
def piecewise(x, condlist, funclist, *args, **keywords):
    """As NumPy: the functions see the elements that are theirs, and no others."""
    x = as_tracer(x)
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    if np.ndim(conditions[0]) == 0 and x.ndim:
        conditions = [condlist]
    if len(funclist) == len(conditions) + 1:
        found = conditions[0]
        for condition in conditions[1:]:
            found = found | condition
        conditions.append(~as_tracer(found))
    if len(funclist) != len(conditions):
        raise ValueError(f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions "
                         "are expected")
    result = np.zeros_like(x)
    for condition, function in zip(conditions, funclist):
        result[condition] = function(x[condition], *args, **keywords) if callable(function) else function
    return result


@implements(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * np.pi):
    array = as_tracer(p)
    gap = np.diff(array, axis=axis)
    kind = np.result_type(gap.dtype, period)
    if kind.kind != "f" or not is_concrete(period):
        raise TraceError("numpy.unwrap is supported for floats and a period that is known")
    half = plain(period) / 2
    discont = half if discont is None else discont
    steps = np.mod(gap + half, period) - half
    steps = np.where((steps == -half) & (gap > 0), half, steps)
    jumps = np.where(np.abs(gap) < discont, 0, steps - gap)
    axis = build.normalize(axis, array.ndim)
    before = (slice(None),) * axis
    first = array[before + (slice(0, 1),)].astype(kind)
    return np.concatenate([first, array[before + (slice(1, None),)] + np.cumsum(jumps, axis=axis)], axis=axis).astype(kind)
