"""Orders: sorts, the k largest, searches."""
import numpy as np

from . import build
from .array import Tracer, as_tracer
from .creation import arange
from .errors import TraceError
from .extents import Extent
from .functions import implements


def _ordered(a, axis, k=None, largest=False):
    """(values, indices) of the first k in order. Equal elements keep their order; NaNs are last."""
    array = as_tracer(a)
    if axis is None:
        array, axis = np.ravel(array), 0
    if array.dtype.kind == "c":
        raise TraceError("complex numbers are not sorted here")
    axis = build.normalize(axis, array.ndim)
    kind = array.dtype
    value = array.value if kind.kind != "b" else build.cast(array.value, np.uint8)
    values, indices = build.top_k(value, axis, array.shape[axis] if k is None else k, largest)
    return Tracer(values).astype(kind), Tracer(indices)


@implements(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    return _ordered(a, axis)[0]


@implements(np.argsort)
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    return _ordered(a, axis)[1]


@implements(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    return _ordered(a, axis)[0]


@implements(np.argpartition)
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    return _ordered(a, axis)[1]


@implements(np.lexsort)
def lexsort(keys, axis=-1):
    keys = [as_tracer(key) for key in keys]
    order = argsort(keys[0], axis)
    for key in keys[1:]:
        order = np.take_along_axis(order, argsort(np.take_along_axis(key, order, axis), axis), axis)
    return order


@implements(np.searchsorted)
def searchsorted(a, v, side="left", sorter=None):
    """By bisection, all elements of v at once; NaNs are beyond all numbers."""
    array, wanted = as_tracer(a), as_tracer(v)
    if array.ndim != 1:
        raise ValueError("object too deep for desired array")
    if sorter is not None:
        array = np.take(array, sorter)
    kind = np.result_type(array.dtype, wanted.dtype)
    array, wanted = array.astype(kind), wanted.astype(kind)
    extent = array.shape[0]
    low = np.zeros_like(wanted, dtype=np.int64)
    high = low + extent
    rounds = (int(extent) if isinstance(extent, int) else 2 ** 40).bit_length()
    if isinstance(extent, Extent):
        rounds = int(extent).bit_length()
    for _ in range(rounds):
        middle = (low + high) // 2
        probe = np.take(array, np.minimum(middle, extent - 1))
        right = probe < wanted if side == "left" else probe <= wanted
        if kind.kind == "f":
            right = right | (np.isnan(wanted) & (~np.isnan(probe) if side == "left" else True))
        right = right & (low < high)
        low, high = np.where(right, middle + 1, low), np.where(right, high, middle)
    return low[()]


@implements(np.digitize)
def digitize(x, bins, right=False):
    bins = as_tracer(bins)
    if bins.concrete is not None and bins.concrete.size > 1 and bins.concrete[0] > bins.concrete[-1]:
        return len(bins.concrete) - searchsorted(np.flip(bins), x, "left" if right else "right")
    return searchsorted(bins, x, "left" if right else "right")


@implements(np.unique)
def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, sorted=True):
    if axis is not None:
        raise TraceError("numpy.unique with axis is not supported")
    array = as_tracer(ar)
    ordered, order = _ordered(array, None)
    first = ordered[1:] != ordered[:-1]
    if ordered.dtype.kind == "f" and equal_nan:
        first = first & ~(np.isnan(ordered[1:]) & np.isnan(ordered[:-1]))
    edge = np.ones(1, bool)[:0 if build.is_zero(ordered.shape[0]) else 1]
    last, first = np.concatenate([first, edge]), np.concatenate([edge, first])
    values = ordered[first]
    results = [values]
    if return_index:
        results.append(order[first])
    if return_inverse:
        inverse = np.zeros_like(order)
        inverse[order] = np.cumsum(first) - 1
        results.append(inverse.reshape(array.shape))
    if return_counts:
        results.append(np.flatnonzero(last) - np.flatnonzero(first) + 1)
    return tuple(results) if len(results) > 1 else values


@implements(np.union1d)
def union1d(ar1, ar2):
    return unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


@implements(np.intersect1d)
def intersect1d(ar1, ar2, assume_unique=False, return_indices=False):
    if return_indices:
        raise TraceError("numpy.intersect1d with return_indices is not supported")
    first, second = as_tracer(ar1), as_tracer(ar2)
    kind = np.result_type(first.dtype, second.dtype)
    first = unique(first.astype(kind))
    return first[isin(first, second.astype(kind))]


@implements(np.setdiff1d)
def setdiff1d(ar1, ar2, assume_unique=False):
    first = np.ravel(ar1) if assume_unique else unique(ar1)
    return first[isin(first, ar2, invert=True)]


@implements(np.setxor1d)
def setxor1d(ar1, ar2, assume_unique=False):
    parts = [np.ravel(one) if assume_unique else unique(one) for one in (ar1, ar2)]
    both = np.sort(np.concatenate(parts))
    place = arange(both.shape[0])
    first, last = (both != np.roll(both, 1)) | (place == 0), (both != np.roll(both, -1)) | (place == both.shape[0] - 1)
    return both[first & last]


@implements(np.isin)
def isin(element, test_elements, assume_unique=False, invert=False, *, kind=None):
    element = as_tracer(element)
    found = np.any(element[..., None] == np.ravel(test_elements), axis=-1)
    return np.where(found, not invert, invert)
