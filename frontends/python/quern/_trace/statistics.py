"""Averages, quantiles, counts, interpolation."""
import operator

import numpy as np

from . import build
from .array import Tracer, as_tracer
from .dtypes import cast, result_type
from .errors import TraceError
from .extents import Extent, actual
from .functions import implements


@implements(np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=np._NoValue):
    array = as_tracer(a)
    options = {} if keepdims is np._NoValue else {"keepdims": keepdims}
    if weights is None:
        result = np.mean(array, axis=axis, **options)
        total = array.size / result.size
    else:
        weights = as_tracer(weights)
        if weights.ndim != array.ndim:
            if axis is None:
                raise TypeError("Axis must be specified when shapes of a and weights differ.")
            axes = build.axes_of(axis, array.ndim)
            weights = weights.reshape([extent if i in axes else 1 for i, extent in enumerate(array.shape)])
        kind = result_type(array, weights)
        kind = np.result_type(kind, np.float64) if kind.kind in "iub" else kind
        weights = np.broadcast_to(weights.astype(kind), array.shape)
        total = np.sum(weights, axis=axis, **options)
        result = np.sum(array.astype(kind) * weights, axis=axis, **options) / total
    return (result, np.broadcast_to(total, result.shape).copy()) if returned else result


def _quantile(ignores_nan, a, q, axis, method, keepdims, weights):
    """Between the two elements in order around q (n - 1), of n elements or, where NaNs are ignored, of n that are none."""
    name = "nanquantile" if ignores_nan else "quantile"
    if method not in ("linear", "median") or weights is not None:
        raise TraceError(f"numpy.{name} is supported with method='linear' and without weights")
    array, q = as_tracer(a), as_tracer(q)
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    q = q.astype(array.dtype)
    axes = build.axes_of(axis, array.ndim)
    array = np.moveaxis(array, axes, range(-len(axes), 0))
    array = array.reshape((*array.shape[:array.ndim - len(axes)], -1))
    ordered = np.sort(array, axis=-1)     # NaNs are last
    if ignores_nan:
        count = np.sum(~np.isnan(array), axis=-1, keepdims=True)
        place = q.reshape(-1) * (np.maximum(count, 1) - 1).astype(array.dtype)
        low = np.floor(place)
        index = low.astype(np.int64)
        first = np.take_along_axis(ordered, index, axis=-1)
        second = np.take_along_axis(ordered, np.minimum(index + 1, np.maximum(count, 1) - 1), axis=-1)
    else:
        extent = array.shape[-1]
        place = q.reshape(-1) * (extent - 1)
        low = np.floor(place)
        index = low.astype(np.int64)
        first = np.take(ordered, index, axis=-1)
        second = np.take(ordered, np.minimum(index + 1, extent - 1), axis=-1)
    part = place - low
    if method == "median":      # the mean of two, also of infinities
        result = np.where(part == 0, first, (first + second) / 2)
    else:
        result = np.where(part < 0.5, first + (second - first) * part, second - (second - first) * (1 - part))
    if not ignores_nan:
        result = np.where(np.any(np.isnan(array), axis=-1, keepdims=True), np.array(np.nan, array.dtype), result)
    result = np.moveaxis(result, -1, 0).reshape((*q.shape, *result.shape[:-1]))
    return np.expand_dims(result, tuple(axis + q.ndim for axis in axes)) if keepdims else result


def _percent(q):
    return (q if isinstance(q, Tracer) else np.asarray(q)) / 100


def _family(ignores_nan):
    """median, quantile and percentile."""
    def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
        return _quantile(ignores_nan, a, 0.5, axis, "median", keepdims, None)

    def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
        _check_share(q, 1, "Quantiles must be in the range [0, 1]")
        return _quantile(ignores_nan, a, q, axis, method, keepdims, weights)

    def percentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
        _check_share(q, 100, "Percentiles must be in the range [0, 100]")
        return _quantile(ignores_nan, a, _percent(q), axis, method, keepdims, weights)

    return median, quantile, percentile


def _check_share(q, most, message):
    """What depends on data is the caller's."""
    known = as_tracer(q).concrete
    if known is not None and not np.all((known >= 0) & (known <= most)):
        raise ValueError(message)


for _names, _functions in (((np.median, np.quantile, np.percentile), _family(False)),
                           ((np.nanmedian, np.nanquantile, np.nanpercentile), _family(True))):
    for _name, _function in zip(_names, _functions):
        implements(_name)(_function)


@implements(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    if fweights is not None or aweights is not None:
        raise TraceError("numpy.cov with weights is not supported")
    x = np.atleast_2d(as_tracer(m))
    x = x if rowvar or as_tracer(m).ndim == 1 else x.T
    if y is not None:
        other = np.atleast_2d(as_tracer(y))
        x = np.concatenate([x, other if rowvar else other.T])
    x = x.astype(np.result_type(x.dtype, np.float64) if dtype is None else dtype)
    x = x - np.mean(x, axis=1, keepdims=True)
    ddof = (0 if bias else 1) if ddof is None else ddof
    return np.squeeze(x @ np.conjugate(x).T / (x.shape[1] - ddof))


@implements(np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    return np.clip(c / deviation[:, None] / deviation[None, :], -1, 1)


@implements(np.bincount)
def bincount(x, /, weights=None, minlength=0):
    x = as_tracer(x)
    if x.dtype.kind not in "biu":
        raise TypeError(f"Cannot cast array data from {x.dtype!r} to dtype('int64') according to the rule 'safe'")
    x = x.astype(np.int64)
    if x.ndim != 1:
        raise ValueError("object too deep for desired array" if x.ndim else "object of too small depth for desired array")
    size = operator.index(minlength) if not isinstance(minlength, Extent) else minlength
    program = x.value.program
    if isinstance(size, int) and size < 0:
        raise ValueError("'minlength' must not be negative")
    if program.may_assume() and actual(size):       # that all values have a place: the extent is known
        if not build.is_zero(x.shape[0]):
            program.doubts.append(np.any((x >= size) | (x < 0)).value)
            x = np.minimum(x, size - 1)
    else:
        build.require(np.all(x >= 0).value, "'list' argument must have no negative elements")
        most = np.max(x, initial=-1)
        size = build.read_extent(np.maximum(most + 1, size).value, f"bins{program.count}")
    return count_values(x, weights, size)


def count_values(x, weights, size):
    """Of values below `size`."""
    updates = np.ones_like(x) if weights is None else as_tracer(weights).astype(np.float64)
    start = build.broadcast(build.like(updates.value, 0), (size,))
    return Tracer(build.scatter_nd(start, build.add_axes(x.value, [1]), updates.value, "add"))


def _equal_bins(array, count, limits):
    """The edges of `count` bins of one width, and the bin of each element: computed, and corrected where that rounds it to
    the other side of an edge. Elements outside have bin `count`."""
    if limits is None and build.is_zero(array.shape[0]):
        limits = (0, 1)
    elif limits is None and actual(array.shape[0]) is None:      # there may be no elements
        real = array.astype(np.result_type(array.dtype, np.float32))
        first, last = np.min(real, initial=np.inf), np.max(real, initial=-np.inf)
        limits = np.where(first > last, 0, first).astype(array.dtype), np.where(first > last, 1, last).astype(array.dtype)
    elif limits is None:
        limits = np.min(array), np.max(array)
    first, last = map(as_tracer, limits)
    kind = result_type(first, last, array)
    kind = kind if kind.kind == "f" else np.dtype(np.float64)
    first, last, array = first.astype(kind), last.astype(kind), array.astype(kind)
    half = kind.type(0.5)
    first, last = np.where(first == last, first - half, first), np.where(first == last, last + half, last)
    edges = np.linspace(first, last, count + 1, dtype=kind)
    inside = (array >= first) & (array <= last)
    array = np.where(inside, array, first)
    place = np.minimum(((array - first) / (last - first) * kind.type(count)).astype(np.int64), count - 1)
    place = place - (array < np.take(edges, place))
    place = place + ((array >= np.take(edges, place + 1)) & (place != count - 1))
    return edges, np.where(inside, place, count)


def bins_of_edges(array, edges):
    places = np.searchsorted(edges, array, "right") - 1
    count = edges.shape[0] - 1
    places = np.where(array == edges[-1], count - 1, places)
    return np.where((places >= 0) & (places < count), places, count)


@implements(np.histogram)
def histogram(a, bins=10, range=None, density=None, weights=None):
    array = np.ravel(a)
    if isinstance(bins, (int, np.integer)):
        edges, places = _equal_bins(array, int(bins), range)
    else:
        edges = as_tracer(bins)
        places = bins_of_edges(array, edges)
    weights = None if weights is None else np.ravel(weights)
    counts = count_values(places, weights, edges.shape[0])[:-1]
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a, bins=10, range=None, weights=None):
    if not isinstance(bins, (int, np.integer)):
        return as_tracer(bins)
    return _equal_bins(np.ravel(a), int(bins), range)[0]


@implements(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    if period is not None:
        raise TraceError("numpy.interp with period= is not supported")
    x, xp, fp = (as_tracer(one).astype(np.float64) for one in (x, xp, fp))
    def complain(*_):
        raise ValueError("fp and xp are not of the same length.")

    build.agree(xp.shape[0], fp.shape[0], xp.value.program, complain)
    place = np.clip(np.searchsorted(xp, x, "right") - 1, 0, xp.shape[0] - 2)
    x0, x1 = np.take(xp, place), np.take(xp, place + 1)
    y0, y1 = np.take(fp, place), np.take(fp, place + 1)
    result = (y1 - y0) / (x1 - x0) * (x - x0) + y0
    result = np.where(x == x1, y1, result)
    result = np.where(x < xp[0], fp[0] if left is None else left, result)
    result = np.where(x > xp[-1], fp[-1] if right is None else right, result)
    return np.where(np.isnan(x), x, result)


@implements(np.convolve)
def convolve(a, v, mode="full"):
    for name, signal in (("a", a), ("v", v)):
        if build.is_zero(as_tracer(signal).shape[0] if as_tracer(signal).ndim else 1):
            raise ValueError(f"{name} cannot be empty")
    return correlate(a, np.conjugate(np.flip(v)), mode)


@implements(np.correlate)
def correlate(a, v, mode="valid"):
    a, v = as_tracer(a), as_tracer(v)
    n, m = a.shape[0], int(v.shape[0])
    if n < m:
        a, v, n, m = np.conjugate(np.flip(v)), np.conjugate(np.flip(a)), m, int(n)
    kind = result_type(a, v)
    a, v = a.astype(kind), np.conjugate(v.astype(kind))
    if mode != "valid":
        a = np.pad(a, (m - 1, m - 1)) if mode == "full" else np.pad(a, (m // 2, (m - 1) // 2))
        n = a.shape[0]
    total = None
    for i in range(m):
        part = a[i:n - (m - 1) + i] * v[i]
        total = part if total is None else total + part
    return total


@implements(np.gradient)
def gradient(f, *spacing, axis=None, edge_order=1):
    f = as_tracer(f)
    if f.dtype.kind not in "fc":
        f = f.astype(np.float64)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    axes = build.axes_of(axis, f.ndim)
    steps = list(spacing) * len(axes) if len(spacing) == 1 else list(spacing) or [1.0] * len(axes)
    if len(steps) != len(axes):
        raise TypeError("invalid number of arguments")
    results = [_slope(f, one, step, edge_order).astype(f.dtype) for one, step in zip(axes, steps)]
    return results[0] if len(results) == 1 else tuple(results)


def _slope(f, axis, step, order):
    """Of the parabola through three neighbours; at the ends of the line through two where `order` is 1. step: a number, or
    the places along the axis."""
    if f.shape[axis] < order + 1:
        raise ValueError("Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are "
                         "required.")

    def at(start, stop):
        return f[(slice(None),) * axis + (slice(start, stop),)]

    gaps = None
    if np.ndim(step):
        gaps = np.diff(as_tracer(step)).reshape([-1 if i == axis else 1 for i in range(f.ndim)])

    def gap(start, stop):
        return step if gaps is None else gaps[(slice(None),) * axis + (slice(start, stop),)]

    if gaps is None:
        inside = (at(2, None) - at(None, -2)) / (2.0 * step)
    else:
        left, right = gap(None, -1), gap(1, None)
        inside = (-right / (left * (left + right)) * at(None, -2) + (right - left) / (left * right) * at(1, -1)
                  + left / (right * (left + right)) * at(2, None))
    if order == 1:
        first, last = (at(1, 2) - at(0, 1)) / gap(0, 1), (at(-1, None) - at(-2, -1)) / gap(-1, None)
    else:
        a, b = gap(0, 1), gap(1, 2)
        first = -(2 * a + b) / (a * (a + b)) * at(0, 1) + (a + b) / (a * b) * at(1, 2) - a / (b * (a + b)) * at(2, 3)
        a, b = gap(-2, -1), gap(-1, None)
        last = b / (a * (a + b)) * at(-3, -2) - (a + b) / (a * b) * at(-2, -1) + (2 * b + a) / (b * (a + b)) * at(-1, None)
    return np.concatenate([first, inside, last], axis)


@implements(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    y = np.moveaxis(as_tracer(y), axis, -1)
    if x is not None:
        x = as_tracer(x)
        dx = np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1))
    return np.sum(dx * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


@implements(np.polyval)
def polyval(p, x):
    p = as_tracer(p)
    result = np.zeros_like(as_tracer(x))
    for i in range(int(p.shape[0])):
        result = result * x + p[i]
    return result


def _coefficients(p):
    return np.atleast_1d(as_tracer(p))


@implements(np.polyadd)
def polyadd(a1, a2):
    a, b = _coefficients(a1), _coefficients(a2)
    count = max(int(a.shape[0]), int(b.shape[0]))
    return np.add(*(np.pad(one, (count - int(one.shape[0]), 0)) for one in (a, b)))


@implements(np.polysub)
def polysub(a1, a2):
    return polyadd(a1, np.negative(_coefficients(a2)))


@implements(np.polyder)
def polyder(p, m=1):
    p = _coefficients(p)
    for _ in range(m):
        p = p[:-1] * np.arange(int(p.shape[0]) - 1, 0, -1)
    return p


@implements(np.polyint)
def polyint(p, m=1, k=None):
    p = _coefficients(p)
    constants = np.zeros(m) if k is None else np.broadcast_to(np.atleast_1d(k), (m,))
    for one in range(m):
        p = np.concatenate([p / np.arange(int(p.shape[0]), 0, -1), constants[one:one + 1]])
    return p


@implements(np.vander)
def vander(x, N=None, increasing=False):
    x = as_tracer(x)
    x = x.astype(np.promote_types(x.dtype, int))
    count = int(x.shape[0] if N is None else N)
    columns = [np.ones_like(x)]
    for _ in range(count - 1):
        columns.append(columns[-1] * x)
    return np.stack(columns if increasing else columns[::-1], -1)


def _truth(answer):
    """A Python bool."""
    answer._weak = bool
    return answer


@implements(np.allclose)
def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    return _truth(np.all(isclose(a, b, rtol, atol, equal_nan)))


@implements(np.isclose)
def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    a, b = as_tracer(a), as_tracer(b)
    near = (np.abs(a - b) <= atol + rtol * np.abs(b)) & np.isfinite(b) | (a == b)
    return near | (np.isnan(a) & np.isnan(b)) if equal_nan else near


@implements(np.array_equiv)
def array_equiv(a1, a2):
    a, b = as_tracer(a1), as_tracer(a2)
    try:
        np.broadcast_shapes(tuple(map(int, a.shape)), tuple(map(int, b.shape)))
    except ValueError:
        return False
    return _truth(np.all(a == b))


@implements(np.array_equal)
def array_equal(a1, a2, equal_nan=False):
    a, b = as_tracer(a1), as_tracer(a2)
    if a.ndim != b.ndim or not all(x == y for x, y in zip(a.shape, b.shape)):
        return False
    same = a == b
    return _truth(np.all(same | (np.isnan(a) & np.isnan(b)) if equal_nan else same))
