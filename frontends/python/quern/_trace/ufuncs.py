"""NumPy's ufuncs on traced arrays. The loop's dtypes are NumPy's own answer; loops.py says how each computes."""
import numpy as np

from . import analytic, build, loops
from .array import Tracer, as_tracer, plain, wrap
from .complex import ComplexValue
from .dtypes import cast, sample
from .errors import TraceError


def call(ufunc, method, inputs, keywords):
    """Tracer.__array_ufunc__."""
    out = keywords.pop("out", None)
    if out is not None:
        out = out if isinstance(out, tuple) else (out,)
    if method == "__call__":
        results = apply(ufunc, list(map(as_tracer, inputs)), **keywords)
    elif method in _METHODS:
        results = _METHODS[method](ufunc, *inputs, **keywords)
    else:
        raise TraceError(f"numpy.{ufunc.__name__}.{method} is not supported")
    if out is None:
        return results
    for target, result in zip(out, results if isinstance(results, tuple) else (results,)):
        if target is not None:
            store(target, result, keywords.get("where", True))
    return out[0] if len(out) == 1 else out


def store(target, result, where=True):
    """Writes a result to an `out` argument."""
    if not isinstance(target, Tracer):
        raise TraceError("out= (or what a statement changes in place) is an array that the trace does not see: make a copy of it by "
                         "numpy.array inside the function, or pass it as an argument")
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise TypeError(f"Cannot cast output from {result.dtype!r} to {target.dtype!r} with casting rule 'same_kind'")
    if where is not True:
        result = np.where(where, result, target)
    target[...] = result


def apply(ufunc, tracers, dtype=None, casting="same_kind", where=True, **keywords):
    """One call of a ufunc: a traced array, or a tuple of them."""
    for name in keywords:
        if name not in ("order", "subok"):
            raise TraceError(f"numpy.{ufunc.__name__}: the argument {name} is not supported")
    if all(tracer.concrete is not None for tracer in tracers) and where is True:
        options = {} if dtype is None else {"dtype": dtype}
        return wrap(ufunc(*map(plain, tracers), casting=casting, **options))
    rule = loops.RULES.get(ufunc.__name__) if type(ufunc) is np.ufunc else None
    if rule is None or ufunc.signature is not None:
        return _generalized(ufunc, tracers)
    if ufunc in _COMPARISONS and (answer := _beyond(ufunc, tracers)) is not None:
        return answer
    dtypes = _loop(ufunc, tracers, dtype, casting)
    if ufunc is np.power and dtypes[0].kind in "iu" and tracers[1].concrete is not None and np.any(tracers[1].concrete < 0):
        raise ValueError("Integers to negative integer powers are not allowed.")
    values = [cast(tracer.value, kind) for tracer, kind in zip(tracers, dtypes)]
    if any(isinstance(value, ComplexValue) for value in values):
        rule = analytic.RULES.get(ufunc.__name__)
        if rule is None:
            raise TraceError(f"numpy.{ufunc.__name__} of complex numbers is not supported")
    results = rule(*values)
    results = results if isinstance(results, tuple) else (results,)
    results = tuple(Tracer(cast(result, kind)) for result, kind in zip(results, dtypes[ufunc.nin:]))
    if len(results) == 1 and all(tracer.concrete is not None or tracer._later for tracer in tracers):
        results[0]._later = lambda: ufunc(*(plain(tracer) if tracer.concrete is not None else tracer._later() for tracer in tracers))
    return results[0] if len(results) == 1 else results


def _loop(ufunc, tracers, dtype, casting):
    """The dtypes of inputs and outputs that NumPy's loop has."""
    kinds = tuple(type(sample(tracer)) if tracer._weak else tracer.dtype for tracer in tracers)
    if any(tracer._weak is bool for tracer in tracers):
        kinds = tuple(np.dtype(bool) if kind is bool else kind for kind in kinds)
    if all(isinstance(kind, type) for kind in kinds):    # Python numbers only: arrays of their own dtypes
        kinds = tuple(tracer.dtype for tracer in tracers)
    options = {} if dtype is None else {"signature": (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout}
    for tracer, kind in zip(tracers, kinds):
        if kind is int and tracer.concrete is not None:
            _check_fits(tracer, [other for other in kinds if isinstance(other, np.dtype)], ufunc)
    return ufunc.resolve_dtypes(kinds + (None,) * ufunc.nout, casting=casting, **options)


_COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)


def _holds(kind, number):
    return np.iinfo(kind).min <= number <= np.iinfo(kind).max


def _beyond(ufunc, tracers):
    """The comparison of integers with a Python integer that their dtype cannot hold: of all of them as of 0."""
    for tracer, other in (tracers, tracers[::-1]):
        if tracer._weak is int and tracer.concrete is not None and other.dtype.kind in "iu" and not other._weak and \
                not _holds(other.dtype, int(tracer.concrete)):
            pair = [0 if one is other else int(tracer.concrete) for one in tracers]
            return Tracer(build.broadcast(build.constant(other.value.program, ufunc(*pair)), other.shape))
    return None


def _check_fits(tracer, dtypes, ufunc):
    """A Python integer that the arrays' dtype cannot hold is an error."""
    kind = np.result_type(*dtypes) if dtypes else None
    if kind is not None and kind.kind in "iu" and not _holds(kind, int(tracer.concrete)):
        raise OverflowError(f"Python integer {int(tracer.concrete)} out of bounds for {kind}")


#--- Reductions and other methods -------------------------------------------------------------------

def _generalized(ufunc, tracers):
    from . import linalg
    rule = linalg.GENERALIZED.get(ufunc.__name__)
    if rule is None:
        raise TraceError(f"numpy.{ufunc.__name__} is not supported")
    return rule(*tracers)


def _reduce_logaddexp(array, axis, keepdims, initial, where):
    """About the largest element, so that none overflows; infinities are no place to be about."""
    array = as_tracer(array)
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    least = array.dtype.type(-np.inf)
    if where is not True:
        array = np.where(where, array, least)
    about = np.max(array, axis=axis, keepdims=True, initial=least)
    about = np.where(np.isfinite(about), about, array.dtype.type(0))
    result = np.log(np.sum(np.exp(array - about), axis=axis, keepdims=True)) + about
    if initial is not np._NoValue and initial is not None:
        result = np.logaddexp(result, initial).astype(array.dtype)
    axes = tuple(build.axes_of(axis, array.ndim))
    return result if keepdims else np.squeeze(result, axes)


_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all",
               "logical_or": "any"}


def _reduce(ufunc, array, axis=0, dtype=None, keepdims=False, initial=np._NoValue, where=True):
    if ufunc is np.logaddexp and dtype is None:
        return _reduce_logaddexp(array, axis, keepdims, initial, where)
    name = _REDUCTIONS.get(ufunc.__name__)
    if name is None:
        raise TraceError(f"numpy.{ufunc.__name__}.reduce is not supported")
    from . import reductions
    keywords = {} if dtype is None else {"dtype": dtype}
    return getattr(reductions, name)(array, axis=axis, keepdims=keepdims, initial=initial, where=where, **keywords)


def _accumulate(ufunc, array, axis=0, dtype=None):
    from . import reductions
    if ufunc in (np.logical_or, np.logical_and):
        truths = (array != 0).astype(np.uint8)
        return reductions.running("max" if ufunc is np.logical_or else "min")(truths, axis).astype(bool)
    if ufunc in (np.maximum, np.minimum):
        return reductions.running(_REDUCTIONS[ufunc.__name__])(array, axis, dtype)
    name = {"add": "cumsum", "multiply": "cumprod"}.get(ufunc.__name__)
    if name is None:
        raise TraceError(f"numpy.{ufunc.__name__}.accumulate is not supported")
    return getattr(np, name)(array, axis=axis, dtype=dtype)


def _outer(ufunc, a, b, **keywords):
    from .creation import asarray
    a, b = asarray(a), asarray(b)    # Python numbers have their own dtypes here
    a = a.reshape((*a.shape, *[1] * b.ndim))
    return apply(ufunc, [a, b], **keywords)


def _at(ufunc, array, indices, values=None):
    """Unbuffered in-place: an element that is named twice counts twice."""
    from . import indexing
    if values is None:
        raise TraceError(f"numpy.{ufunc.__name__}.at is not supported")
    values = as_tracer(values)
    if ufunc is np.subtract:
        ufunc, values = np.add, -values
    kind = {"add": "add", "multiply": "mul", "maximum": "max", "minimum": "min"}.get(ufunc.__name__)
    if kind is None or array.dtype.kind == "c" and kind != "add":
        raise TraceError(f"numpy.{ufunc.__name__}.at of {array.dtype} is not supported")
    result = _loop(ufunc, [array, values], None, "same_kind")[-1]
    if not np.can_cast(result, array.dtype, "same_kind"):
        raise TypeError(f"Cannot cast ufunc {ufunc.__name__!r} output from {result!r} to {array.dtype!r} with casting rule "
                        "'same_kind'")
    indexing.scatter(array, indices, cast(values.value, array.dtype), ufunc, kind)


def _reduceat(ufunc, array, indices, axis=0, dtype=None):
    """A reduction for each part between two places; the one element there where the next place is not behind it."""
    places = as_tracer(indices).known()
    if places is None:
        raise TraceError(f"numpy.{ufunc.__name__}.reduceat at places that are values of a traced array: how many elements each "
                         "part has would depend on them; use numpy.add.at, or numpy.bincount with weights")
    array = np.moveaxis(as_tracer(array), axis, 0)
    ends = [*map(int, places[1:]), None]
    parts = [array[start:end] if end is None or end > start else array[start:start + 1]
             for start, end in zip(map(int, places), ends)]
    for start in places:
        if start < 0:
            raise IndexError(f"index {start} out-of-bounds in {ufunc.__name__}.reduceat")
        array[int(start)]    # too large a one is refused here
    return np.moveaxis(np.stack([_reduce(ufunc, part, dtype=dtype) for part in parts]), 0, axis)


_METHODS = {"reduce": _reduce, "accumulate": _accumulate, "outer": _outer, "at": _at, "reduceat": _reduceat}
