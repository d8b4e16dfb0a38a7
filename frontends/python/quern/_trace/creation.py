"""Arrays from nothing, and the `numpy` that a function under trace sees."""
import operator
import types
from collections.abc import Hashable

import numpy as np

from . import build
from .array import Tracer, all_concrete, as_tracer, check_dtype, is_concrete, is_python_number, plain, trace, wrap
from .dtypes import cast, result_type
from .errors import TraceError
from .extents import Extent
from .functions import call, find, implements, run_source, source, unboxed


def _symbolic(shape):
    return any(isinstance(extent, Extent) for extent in (shape if isinstance(shape, (tuple, list)) else (shape,)))


def full(shape, fill_value, dtype=None, order="C", *, device=None, like=None):
    value = as_tracer(fill_value)
    kind = np.dtype(dtype) if dtype is not None else value.dtype
    check_dtype(kind)
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    shape = tuple(extent if isinstance(extent, Extent) else operator.index(extent) for extent in shape)
    if value.concrete is not None and not _symbolic(shape):
        return wrap(np.full(shape, value.concrete, kind))
    from .indexing import fit
    return Tracer(fit(cast(value.value, kind), shape), boxed=True)


def zeros(shape, dtype=float, order="C", *, device=None, like=None):
    return full(shape, np.zeros((), dtype)[()], dtype)


def ones(shape, dtype=None, order="C", *, device=None, like=None):
    dtype = float if dtype is None else dtype
    return full(shape, np.ones((), dtype)[()], dtype)


def empty(shape, dtype=float, order="C", *, device=None, like=None):
    return zeros(shape, dtype)


def arange(start, stop=None, step=None, dtype=None, *, device=None, like=None):
    start, stop = (0, start) if stop is None else (start, stop)
    step = 1 if step is None else step
    parts = (start, stop, step)
    if all(is_concrete(part) for part in parts):
        return wrap(np.arange(*map(plain, parts), dtype=dtype))
    if any(isinstance(part, Tracer) and part.concrete is None for part in parts) or not isinstance(step, int):
        raise TraceError("numpy.arange with bounds that are values of a traced array: its extent would depend on them")
    count = stop - start if step == 1 else (stop - start + (step - (1 if step > 0 else -1))) // step
    index = Tracer(build.iota(trace().program, (count,), 0)) * step + as_tracer(start)
    return index.astype(np.dtype(dtype) if dtype is not None else np.int64)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    if is_concrete(start) and is_concrete(stop) and is_concrete(num):
        return wrap(np.linspace(plain(start), plain(stop), plain(num), endpoint, retstep, dtype, axis))
    count = num - 1 if endpoint else num
    start, stop = as_tracer(start), as_tracer(stop)
    kind = result_type(start * 1.0, stop * 1.0)
    step = (stop - start) / count
    index = arange(num).astype(kind)
    shape = (-1, *[1] * max(start.ndim, stop.ndim))
    result = np.reshape(index, shape) * step + start
    if endpoint and not isinstance(num, Extent) and num > 1:
        result[-1] = stop
    result = np.moveaxis(result, 0, axis).astype(kind if dtype is None else dtype)
    return (result, step) if retstep else result


def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    result = np.power(base if is_python_number(base) else np.expand_dims(as_tracer(base), axis), exponents)
    return result if dtype is None else result.astype(dtype)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    if all_concrete((start, stop, num)):
        return wrap(np.geomspace(plain(start), plain(stop), plain(num), endpoint, dtype, axis))
    start, stop = as_tracer(start), as_tracer(stop)
    if result_type(start, stop).kind == "c":
        raise TraceError("numpy.geomspace of complex numbers is not supported")
    start, stop = start.astype(np.float64), stop.astype(np.float64)
    sign = np.sign(start)
    start, stop = start * sign, stop * sign
    result = logspace(np.log10(start), np.log10(stop), num, endpoint)
    if num > 0:
        result[0] = start
        if num > 1 and endpoint:
            result[-1] = stop
    result = np.moveaxis(result * sign, 0, axis)
    return result if dtype is None else result.astype(dtype)


def eye(N, M=None, k=0, dtype=float, order="C", *, device=None, like=None):
    if not isinstance(N, Extent) and not isinstance(M, Extent):
        return wrap(np.eye(plain(N), plain(M), plain(k), dtype))
    M = N if M is None else M
    program = trace().program
    rows, columns = Tracer(build.iota(program, (N, 1), 0)), Tracer(build.iota(program, (1, M), 1))
    return (columns - rows == k).astype(dtype)


def identity(n, dtype=None, *, like=None):
    return eye(n, dtype=float if dtype is None else dtype)


def tri(N, M=None, k=0, dtype=float, *, like=None):
    M = N if M is None else M
    if not isinstance(N, Extent) and not isinstance(M, Extent):
        return wrap(np.tri(plain(N), plain(M), plain(k), dtype))
    program = trace().program
    rows, columns = Tracer(build.iota(program, (N, 1), 0)), Tracer(build.iota(program, (1, M), 1))
    return (columns <= rows + k).astype(dtype)


def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, like=None):
    result = as_tracer(object)
    result = result.copy() if dtype is None else result.astype(dtype)
    result._weak, result._boxed = None, True
    return result.reshape((*[1] * (ndmin - result.ndim), *result.shape)) if result.ndim < ndmin else result


def asarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    result = as_tracer(a)
    if result.is_number:
        result = result.copy()
        result._weak, result._boxed = None, True
    return result if dtype is None or result.dtype == dtype else result.astype(dtype)


def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    arrays = [np.ravel(as_tracer(one)) for one in xi]
    rank = len(arrays)
    order = list(range(rank))
    if indexing == "xy" and rank > 1:
        order[0], order[1] = 1, 0
    grids = [one.reshape([-1 if i == axis else 1 for i in range(rank)]) for one, axis in zip(arrays, order)]
    grids = grids if sparse else np.broadcast_arrays(*grids)
    return tuple(grid.copy() if copy else grid for grid in grids)


def indices(dimensions, dtype=int, sparse=False):
    if not _symbolic(dimensions):
        return wrap(np.indices(plain(dimensions), dtype, sparse))
    program = trace().program
    grids = [Tracer(build.iota(program, tuple(dimensions), axis)).astype(dtype) for axis in range(len(dimensions))]
    return tuple(grids) if sparse else np.stack(grids)


CREATION = {"full": full, "zeros": zeros, "ones": ones, "empty": empty, "arange": arange, "linspace": linspace,
            "logspace": logspace, "geomspace": geomspace, "eye": eye, "identity": identity, "tri": tri, "array": array,
            "asarray": asarray, "asanyarray": asarray, "ascontiguousarray": asarray, "meshgrid": meshgrid, "indices": indices}


#--- Like another array -----------------------------------------------------------------------------

def _like(function):
    def make(a, *args, dtype=None, order="K", subok=True, shape=None, device=None):
        a = as_tracer(a)
        return function(a.shape if shape is None else shape, *args, dtype=a.dtype if dtype is None else dtype)
    return make


@implements(np.ix_)
def ix_(*args):
    grids = [np.nonzero(one)[0] if one.dtype.kind == "b" else one for one in map(as_tracer, args)]
    return tuple(one.reshape([-1 if i == axis else 1 for i in range(len(grids))]) for axis, one in enumerate(grids))


implements(np.zeros_like)(_like(zeros))
implements(np.ones_like)(_like(ones))
implements(np.empty_like)(_like(empty))
implements(np.full_like)(_like(full))
implements(np.meshgrid)(meshgrid)
implements(np.linspace)(linspace)


def _triangle(keep):
    def take(m, k=0):
        a = as_tracer(m)
        mask = keep(tri(*a.shape[-2:], k=k, dtype=bool), tri(*a.shape[-2:], k=k - 1, dtype=bool))
        return np.where(mask, a, np.zeros((), a.dtype))
    return take


implements(np.tril)(_triangle(lambda low, _: low))
implements(np.triu)(_triangle(lambda _, below: np.logical_not(below)))


#--- Rounding and repair ----------------------------------------------------------------------------

@implements(np.round, np.around)
def round(a, decimals=0, out=None):
    array = as_tracer(a)
    if array.dtype.kind in "iub" and decimals >= 0:
        return array.copy()
    if array.dtype.kind == "c":
        raise TraceError("numpy.round of complex numbers is not supported")
    if decimals == 0:
        return np.rint(array)
    scale = 10.0 ** abs(decimals)
    if decimals < 0:
        return (np.rint(array / scale) * scale).astype(array.dtype)
    return np.rint(array * scale) / scale


@implements(np.fix)
def fix(x, out=None):
    return np.trunc(x)


@implements(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    array = as_tracer(x)
    if array.dtype.kind != "f":
        return array.copy()
    limits = np.finfo(array.dtype)
    high = np.array(limits.max if posinf is None else posinf, array.dtype)
    low = np.array(limits.min if neginf is None else neginf, array.dtype)
    result = np.where(np.isnan(array), np.array(nan, array.dtype), array)
    return np.where(result == np.inf, high, np.where(result == -np.inf, low, result))


@implements(np.sinc)
def sinc(x):
    y = np.pi * np.where(as_tracer(x) == 0, 1.0e-20, x)
    return np.sin(y) / y


implements(np.isposinf)(lambda x, out=None: as_tracer(x) == np.inf)
implements(np.isneginf)(lambda x, out=None: as_tracer(x) == -np.inf)


#--- The namespace ----------------------------------------------------------------------------------

class Namespace:
    """`numpy`, or a module of it, inside a function under trace. Functions that make arrays make traced ones, so that what
    follows is seen; the rest is NumPy, which calls the traced arrays back."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        return under_trace(getattr(self._module, name))

    def __repr__(self):
        return f"<{self._module.__name__} under trace>"


def is_numpys(thing):
    """Whether it is a module of NumPy's or one that such a module defines."""
    module = thing.__name__ if isinstance(thing, types.ModuleType) else getattr(thing, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] == "numpy"


def refuse_random(thing):
    """Raises for a generator of random numbers, and for a module or a function of one."""
    owner = getattr(thing, "__self__", None)
    owner = thing if owner is None else owner
    module = owner.__name__ if isinstance(owner, types.ModuleType) else type(owner).__module__
    if module == "random" or isinstance(module, str) and f"{module}.".startswith("numpy.random."):
        name = getattr(thing, "__name__", type(thing).__name__)
        raise TraceError(f"random numbers ({name}) would be the same at every call of the compiled function: draw them outside and "
                         "pass them as an argument")


def under_trace(thing):
    """What a function under trace gets for something of NumPy's, whichever name it has there."""
    refuse_random(thing)
    own = OWN.get(thing) if isinstance(thing, Hashable) else None
    if own is not None:
        return own
    if isinstance(thing, np.ufunc):
        return thing
    if isinstance(thing, type) and issubclass(thing, np.generic) and not thing.__subclasses__():
        return _Scalar(thing)
    if isinstance(thing, types.ModuleType) and is_numpys(thing):
        return Namespace(thing)
    is_function = callable(thing) and hasattr(thing, "__name__") and not isinstance(thing, type)
    return _function(thing) if is_function else thing


def _function(function):
    """A function of NumPy that sees traced arrays in every place, and whose results are traced."""
    def traced(*args, **keywords):
        if find(function) or all_concrete(args) and all_concrete(keywords.values()):
            return call(function, args, keywords)
        return run_source(function, args, keywords) if source(function) else function(*args, **keywords)

    traced.__name__ = getattr(function, "__name__", "function")
    return traced


class _Scalar:
    """np.float32 and its like: a dtype, and a cast."""

    def __init__(self, kind):
        self._stands_for = kind
        self.dtype = np.dtype(kind)

    def __call__(self, value=0):
        if is_concrete(value) and not isinstance(value, (list, tuple)):
            return wrap(self._stands_for(plain(value)))
        array = as_tracer(value)
        return array if array.ndim and array.dtype == self.dtype else unboxed(array.astype(self.dtype))

    def __eq__(self, other):
        return self.dtype == other

    def __hash__(self):
        return hash(self._stands_for)

    def __getattr__(self, name):
        return getattr(self._stands_for, name)


class _Joined:
    """np.r_ and np.c_ of traced arrays: ranges and arrays, one after the other."""

    def __init__(self, columns):
        self.columns = columns

    def __getitem__(self, key):
        parts = []
        for part in key if isinstance(key, tuple) else (key,):
            if isinstance(part, str):
                raise TraceError("numpy.r_ and numpy.c_ with a text are not supported")
            parts.append(as_tracer(_line(part) if isinstance(part, slice) else part))
        kind = result_type(*parts)
        parts = [np.atleast_1d(part.astype(kind)) for part in parts]
        return np.column_stack(parts) if self.columns else np.concatenate(parts)


class _Grid:
    """np.mgrid and np.ogrid, whose bounds may be extents."""

    def __init__(self, sparse):
        self.sparse = sparse

    def __getitem__(self, key):
        if not isinstance(key, tuple):
            return _line(key)
        lines = [_line(part) for part in key]
        kind = result_type(*lines)
        grids = meshgrid(*(line.astype(kind) for line in lines), indexing="ij", sparse=self.sparse)
        return grids if self.sparse else np.stack(grids)


def _line(part):
    """The numbers of a slice: a complex step is how many of them there are, from the start to the stop."""
    start, step = 0 if part.start is None else part.start, 1 if part.step is None else part.step
    return linspace(start, part.stop, int(abs(step))) if isinstance(step, complex) else arange(start, part.stop, step)


# NumPy's things that are others under trace.
OWN = {getattr(np, name): function for name, function in CREATION.items()}
OWN |= {np: Namespace(np), np.r_: _Joined(False), np.c_: _Joined(True), np.mgrid: _Grid(False),
        np.ogrid: _Grid(True)}
