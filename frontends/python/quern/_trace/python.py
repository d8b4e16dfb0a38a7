"""What Python's own names mean under trace: built-in functions and classes, and the module math."""
import builtins
import functools
import math
import types

import numpy as np

from . import build
from .array import PYTHON_KINDS, Tracer, as_tracer, is_python_number
from .creation import OWN, empty, is_numpys, under_trace
from .errors import TraceError
from .extents import Extent
from .outside import Outside

_plain_type, _plain_isinstance = type, isinstance


def _is_traced(*things):
    return any(isinstance(thing, Tracer) for thing in things)


def _python_number(array, kind=None):
    """A traced number that counts as Python's."""
    array = Tracer(array.value)
    array._weak = kind or PYTHON_KINDS[array.dtype.kind]
    return array


def _scalar(thing):
    if thing.ndim:
        raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
    return thing


#--- Classes --------------------------------------------------------------------------------------

def class_of(thing):
    """The class that a thing has without a trace."""
    if isinstance(thing, Outside):
        return thing.__class__
    if isinstance(thing, Extent):
        return int
    if isinstance(thing, Tracer):
        return thing._weak or (thing.dtype.type if thing.is_number else np.ndarray)
    return _plain_type(thing)


def _plain_class(kind):
    """Python's or NumPy's own class for one that is another under trace; tuples of them likewise."""
    if isinstance(kind, tuple):
        return tuple(map(_plain_class, kind))
    if isinstance(kind, types.UnionType):
        return functools.reduce(lambda a, b: a | b, map(_plain_class, kind.__args__))
    return getattr(kind, "_stands_for", kind)


def isinstance_(thing, kinds):
    if _plain_isinstance(thing, (Tracer, Extent)):
        return issubclass(class_of(thing), _plain_class(kinds))
    return _plain_isinstance(thing, _plain_class(kinds))


def issubclass_(kind, kinds):
    return issubclass(_plain_class(kind), _plain_class(kinds))


class _Stand(type):
    """The classes below are Python's, but for what they make of traced arrays."""

    def __instancecheck__(cls, thing):
        return isinstance_(thing, cls._stands_for)

    def __subclasscheck__(cls, kind):
        return issubclass(_plain_class(kind), cls._stands_for)

    def __eq__(cls, other):
        return _plain_class(other) is cls._stands_for

    def __hash__(cls):
        return hash(cls._stands_for)

    def __getattr__(cls, name):
        return getattr(cls._stands_for, name)


class _ArrayStand(_Stand):
    def __getattr__(cls, name):
        return getattr(Tracer if hasattr(Tracer, name) else cls._stands_for, name)


class Type(type, metaclass=_Stand):
    _stands_for = type

    def __new__(meta, thing, *parts):
        if parts:
            return _plain_type(thing, *parts)
        kind = class_of(thing)
        return _STANDS.get(kind) or (under_trace(kind) if is_numpys(kind) else kind)


class Float(metaclass=_Stand):
    _stands_for, dtype = float, np.dtype(float)

    def __new__(cls, value=0.0):
        if not _is_traced(value) or value.known() is not None:
            return float(value)
        return _python_number(_scalar(value).astype(np.float64))


class Int(metaclass=_Stand):
    _stands_for, dtype = int, np.dtype(int)

    def __new__(cls, value=0, *base):
        if not _is_traced(value) or value.known() is not None:
            return int(value, *base)
        return _python_number(_scalar(value).astype(np.int64))


class Complex(metaclass=_Stand):
    _stands_for, dtype = complex, np.dtype(complex)

    def __new__(cls, real=0, imag=0):
        if not _is_traced(real, imag):
            return complex(real, imag)
        return _python_number(_scalar(as_tracer(real)) + _scalar(as_tracer(imag)) * 1j)


class Array(metaclass=_ArrayStand):
    """np.ndarray: a constructor of what may then be written to, and methods that are given their array."""
    _stands_for = np.ndarray

    def __new__(cls, shape, dtype=float, buffer=None, offset=0, strides=None, order=None):
        if buffer is not None or strides is not None:
            raise TraceError("numpy.ndarray with a buffer or strides: use numpy.frombuffer outside, or views of an array")
        return empty(shape, dtype)


OWN[np.ndarray] = Array
_STANDS = {kind._stands_for: kind for kind in (Type, Float, Int, Complex, Array)}


#--- Functions ------------------------------------------------------------------------------------

def _extreme(plain, is_better):
    def choose(*args, **keywords):
        items = args if len(args) > 1 else list(args[0])
        if keywords or not _is_traced(*items) or any(as_tracer(item).ndim for item in items):
            return plain(items, **keywords)
        best = items[0]
        for item in items[1:]:
            are_pythons = is_python_number(best) and is_python_number(item)
            best = np.where(is_better(item, best), item, best)[()]
            best = _python_number(best) if are_pythons else best
        return best
    return choose


def sum_(items, /, start=0):
    """Of an array along its first axis, in the dtype that the sum of its rows has."""
    if not _is_traced(items) or not items.ndim:
        return sum(items, start)
    total = np.add.reduce(items, axis=0, dtype=(items.dtype.type(0) + 0).dtype)
    return total if isinstance(start, int) and start == 0 else total + start


def _of_one_axis(plain, function):
    """Of a traced array of rank 1 as NumPy has it; of everything else as Python has it."""
    def call(items, /, **keywords):
        if _is_traced(items) and items.ndim == 1 and not set(keywords) - {"reverse"}:
            return function(items, **keywords)
        return plain(items, **keywords)
    return call


def _sorted(array, reverse=False):
    rows = list(np.sort(array))
    return rows[::-1] if reverse else rows


BUILTINS = {"isinstance": isinstance_, "issubclass": issubclass_, "type": Type, "float": Float, "int": Int, "complex": Complex, "sum": sum_,
            "max": _extreme(max, lambda item, best: item > best), "min": _extreme(min, lambda item, best: item < best),
            "any": _of_one_axis(any, lambda array: _python_number(np.any(array))),
            "all": _of_one_axis(all, lambda array: _python_number(np.all(array))), "sorted": _of_one_axis(sorted, _sorted)}
BUILTINS = {**vars(builtins), **BUILTINS}


#--- math -----------------------------------------------------------------------------------------

def _log(x, base=None):
    return np.log(x) if base is None else np.log(x) / np.log(base)


def _to_int(function):
    return lambda x: function(x).astype(np.int64)


# Under trace what is outside of a function's domain gives NaN or infinity, as NumPy has it, where math raises.
_MATH = {name: getattr(np, other) for name, other in [
    *((name, name) for name in ("sqrt exp exp2 log2 log10 log1p expm1 sin cos tan sinh cosh tanh hypot copysign fmod degrees "
                                "radians isnan isinf isfinite cbrt fabs trunc").split()),
    ("asin", "arcsin"), ("acos", "arccos"), ("atan", "arctan"), ("atan2", "arctan2"), ("asinh", "arcsinh"), ("acosh", "arccosh"),
    ("atanh", "arctanh"), ("pow", "power")]}
_MATH |= {"log": _log, "floor": _to_int(np.floor), "ceil": _to_int(np.ceil), "trunc": _to_int(np.trunc), "fsum": np.sum,
          "erf": lambda x: Tracer(build.unary("erf", x.value)),
          "isclose": lambda a, b, *, rel_tol=1e-9, abs_tol=0.0: abs(a - b) <= np.maximum(rel_tol * np.maximum(abs(a), abs(b)), abs_tol)}


def of_math(name):
    """What a function gets for something of the module math."""
    plain, function = getattr(math, name), _MATH.get(name)
    if function is None:
        return plain

    def traced(*args, **keywords):
        if not _is_traced(*args) or all(not _is_traced(arg) or arg.known() is not None for arg in args):
            return plain(*args, **keywords)
        args = [as_tracer(arg) for arg in args]
        if name != "fsum":
            args = list(map(_scalar, args))
        return _python_number(function(*(arg.astype(np.float64) for arg in args), **keywords)[()])
    return traced


class Math:
    """The module math under trace."""

    def __getattr__(self, name):
        return of_math(name)
