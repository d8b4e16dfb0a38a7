"""Sums, extrema and running sums."""
import numpy as np

from . import build
from .array import Tracer, as_tracer
from .complex import ComplexValue, move
from .creation import full
from .dtypes import cast
from .errors import TraceError
from .extents import product
from .functions import implements


def _prepare(array, dtype, where, neutral):
    """The Value to reduce, in its dtype, with `neutral` where `where` says no."""
    array = as_tracer(array)
    value = array.value if dtype is None else cast(array.value, dtype)
    if where is not True:
        fill = as_tracer(np.asarray(neutral(value.dtype), value.dtype))
        value = np.where(where, Tracer(value), fill).value
    return value


def _axes(axis, rank):
    """A number has an axis too, for NumPy's reductions."""
    return () if rank == 0 and axis in (0, -1) else build.axes_of(axis, rank)


def _finish(value, axes, kind, keepdims):
    return Tracer(move(lambda part: build.reduce(part, axes, kind, keepdims), value))


def _sum_dtype(array, dtype):
    """NumPy adds bools and small integers as the platform's integers."""
    if dtype is not None:
        return np.dtype(dtype)
    kind = as_tracer(array).dtype
    if kind.kind in "bi" and kind.itemsize < 8:
        return np.dtype(np.int64)
    if kind.kind == "u" and kind.itemsize < 8:
        return np.dtype(np.uint64)
    return kind


def _with_initial(result, initial, rule):
    return result if initial is np._NoValue or initial is None else rule(result, as_tracer(initial).astype(result.dtype))


@implements(np.sum)
def sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
    value = _prepare(a, _sum_dtype(a, dtype), where, lambda kind: 0)
    result = _finish(value, _axes(axis, len(value.dims)), "sum", keepdims)
    return _with_initial(result, initial, np.add)


def _complex_product(array, axis, keepdims):
    """One factor after the other."""
    from .control import scan
    axes = _axes(axis, array.ndim)
    rest = [extent for i, extent in enumerate(array.shape) if i not in axes]
    factors = np.moveaxis(array, axes, range(len(axes))).reshape((product(array.shape[i] for i in axes), *rest))
    result, _ = scan(lambda total, factor: (total * factor, None), full(rest, 1, array.dtype), factors)
    return np.expand_dims(result, tuple(axes)) if keepdims else result


@implements(np.prod)
def prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
    value = _prepare(a, _sum_dtype(a, dtype), where, lambda kind: 1)
    if isinstance(value, ComplexValue):
        return _with_initial(_complex_product(Tracer(value), axis, keepdims), initial, np.multiply)
    result = _finish(value, _axes(axis, len(value.dims)), "prod", keepdims)
    return _with_initial(result, initial, np.multiply)


def _extremum(kind, pick):
    def reduce(a, axis=None, out=None, keepdims=False, initial=np._NoValue, where=True):
        def neutral(dtype):
            if dtype.kind == "f":
                return -np.inf if kind == "max" else np.inf
            limits = (False, True) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            return limits[0 if kind == "max" else 1]

        value = _prepare(a, None, where, neutral)
        if isinstance(value, ComplexValue):
            raise TraceError(f"numpy.{kind} of complex numbers is not supported")
        axes = _axes(axis, len(value.dims))
        if initial is np._NoValue:
            build.require_some([value.dims[one] for one in axes], value.program,
                               f"zero-size array to reduction operation {pick.__name__} which has no identity")
        return _with_initial(_finish(value, axes, kind, keepdims), initial, pick)
    return reduce


max = implements(np.max, np.amax)(_extremum("max", np.maximum))
min = implements(np.min, np.amin)(_extremum("min", np.minimum))


@implements(np.all)
def all(a, axis=None, out=None, keepdims=False, where=True, initial=np._NoValue):
    value = _prepare(np.logical_not(as_tracer(a)), None, where, lambda kind: False)
    return np.logical_not(_finish(value, _axes(axis, len(value.dims)), "max", keepdims))


@implements(np.any)
def any(a, axis=None, out=None, keepdims=False, where=True, initial=np._NoValue):
    truth = np.logical_not(np.logical_not(as_tracer(a)))
    value = _prepare(truth, None, where, lambda kind: False)
    return _finish(value, _axes(axis, len(value.dims)), "max", keepdims)


@implements(np.mean)
def mean(a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    array = as_tracer(a)
    kind = np.dtype(dtype) if dtype is not None else array.dtype if array.dtype.kind in "fc" else np.dtype(np.float64)
    if where is not True:
        total = sum(array, axis, kind, keepdims=keepdims, where=where)
        return (total / sum(np.broadcast_to(where, array.shape), axis, keepdims=keepdims)).astype(kind)
    value = cast(array.value, kind)
    return _finish(value, build.axes_of(axis, len(value.dims)), "mean", keepdims)


@implements(np.var)
def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=np._NoValue, correction=np._NoValue):
    array = as_tracer(a)
    if array.dtype.kind in "iub" and dtype is None:
        array = array.astype(np.float64)
    if dtype is not None:
        array = array.astype(dtype)
    ddof = ddof if correction is np._NoValue else correction
    axes = build.axes_of(axis, array.ndim)
    about = np.mean(array, axis=axes, keepdims=True, where=where) if mean is np._NoValue else mean
    gap = array - about
    squares = (gap * np.conjugate(gap)).real if array.dtype.kind == "c" else gap * gap
    if where is True:
        number = build.count(array.value, axes)
    else:
        number = sum(np.broadcast_to(where, array.shape), axes, keepdims=keepdims)
    rest = number - ddof
    if isinstance(rest, Tracer):
        rest = np.maximum(rest, 0)
    elif isinstance(rest, (int, float)) and rest < 0:
        rest = 0
    result = sum(squares, axes, keepdims=keepdims, where=where) / rest
    return result.astype(array.dtype if dtype is not None else squares.dtype)


@implements(np.std)
def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=np._NoValue, correction=np._NoValue):
    return np.sqrt(var(a, axis, dtype, None, ddof, keepdims, where, mean, correction))


@implements(np.ptp)
def ptp(a, axis=None, out=None, keepdims=False):
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


@implements(np.count_nonzero)
def count_nonzero(a, axis=None, *, keepdims=False):
    return sum(as_tracer(a) != 0, axis, keepdims=keepdims)


def _arg(largest):
    empty = f"attempt to get arg{'max' if largest else 'min'} of an empty sequence"

    def reduce(a, axis=None, out=None, *, keepdims=False):
        array = as_tracer(a)
        if axis is None or not array.ndim and axis in (0, -1):
            build.require_some(array.shape, array.value.program, empty)
            flat = array.reshape(-1)
            result = Tracer(build.drop_axes(build.arg_reduce(flat.value, 0, largest), [0]))
            return result.reshape([1] * array.ndim) if keepdims else result
        axis = build.normalize(axis, array.ndim)
        build.require_some([array.shape[axis]], array.value.program, empty)
        value = build.arg_reduce(array.value, axis, largest)
        return Tracer(value if keepdims else build.drop_axes(value, [axis]))
    return reduce


argmax = implements(np.argmax)(_arg(True))
argmin = implements(np.argmin)(_arg(False))


def running(kind):
    """The function of a running sum, prod, max or min."""
    def run(a, axis=None, dtype=None, out=None):
        array = as_tracer(a)
        if axis is None or not array.ndim:
            array, axis = array.reshape(-1), axis or 0
        axis = build.normalize(axis, array.ndim)
        extremum = kind in ("max", "min")
        value = cast(array.value, (dtype or array.dtype) if extremum else _sum_dtype(array, dtype))
        if isinstance(value, ComplexValue) and kind != "sum":
            raise TraceError(f"a running {kind} of complex numbers is not supported")
        return Tracer(move(lambda part: build.cumulative(part, axis, kind), value))
    return run


cumsum = implements(np.cumsum)(running("sum"))
cumprod = implements(np.cumprod)(running("prod"))


def _cumulative(run):
    def function(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        array = as_tracer(x)
        if axis is None:
            if array.ndim != 1:
                raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
            axis = 0
        result = run(array, axis, dtype)
        if not include_initial:
            return result
        axis = build.normalize(axis, array.ndim)
        first = full([1 if i == axis else extent for i, extent in enumerate(array.shape)], run is cumprod, result.dtype)
        return np.concatenate([first, result], axis=axis)
    return function


implements(np.cumulative_sum)(_cumulative(cumsum))
implements(np.cumulative_prod)(_cumulative(cumprod))


def _without_nan(name, fill):
    def reduce(a, axis=None, *args, **keywords):
        array = as_tracer(a)
        if array.dtype.kind != "f":
            return getattr(np, name)(array, axis, *args, **keywords)
        return getattr(np, name)(np.where(np.isnan(array), fill, array), axis, *args, **keywords)
    return reduce


implements(np.nansum)(_without_nan("sum", 0))
implements(np.nanprod)(_without_nan("prod", 1))
implements(np.nancumsum)(_without_nan("cumsum", 0))
implements(np.nancumprod)(_without_nan("cumprod", 1))
implements(np.nanargmax)(_without_nan("argmax", -np.inf))
implements(np.nanargmin)(_without_nan("argmin", np.inf))


@implements(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=False):
    array = as_tracer(a)
    return mean(array, axis, dtype, keepdims=keepdims, where=~np.isnan(array))


@implements(np.nanvar)
def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    array = as_tracer(a)
    return var(array, axis, dtype, ddof=ddof, keepdims=keepdims, where=~np.isnan(array))


@implements(np.nanstd)
def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return np.sqrt(nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims))


def _nan_extremum(pick, name):
    def reduce(a, axis=None, out=None, keepdims=False):
        array = as_tracer(a)
        if array.dtype.kind != "f":
            return getattr(np, name)(array, axis, keepdims=keepdims)
        fill = -np.inf if name == "max" else np.inf
        result = getattr(np, name)(np.where(np.isnan(array), fill, array), axis, keepdims=keepdims)
        return np.where(np.all(np.isnan(array), axis, keepdims=keepdims), np.array(np.nan, array.dtype), result)
    return reduce


implements(np.nanmax)(_nan_extremum(np.fmax, "max"))
implements(np.nanmin)(_nan_extremum(np.fmin, "min"))
