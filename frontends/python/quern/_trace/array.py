"""Traced arrays: what a function under trace works on in place of NumPy's."""
import math
import sys
import threading
from collections.abc import Sequence

import numpy as np

from .._errors import UnsupportedError
from . import build
from .complex import ComplexValue
from .errors import TraceError
from .extents import Extent, actual, dim_of, product
from .program import ELEMENTS, Value

_MOST_ROWS = 64    # that a loop over an array may have: each is code of its own


class Tracer(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of known dtype and rank whose values are not known while the function is traced.

    Like an ndarray it may be a view: `view` is then three functions, the view's value from that of its parent, the
    parent's new value from its old one and the view's, and the view of an ndarray, given what makes extents integers. Arrays
    that the function made of constants keep their `concrete` value, so that control flow on them is Python's own.

    What NumPy gives as a number (x.sum(), x[0]) is of rank 0 and not boxed: `+=` makes another one of it.
    """
    __array_priority__ = 1000

    def __init__(self, value, parent=None, view=None, weak=None, concrete=None, boxed=False, later=None):
        self._value, self._parent, self._view = value, parent, view
        self._weak = weak              # bool, int, float or complex: a Python number, whose dtype gives way to any array's
        self._concrete = concrete
        self._later = later            # of a number that depends on extents alone: gives it, and makes the program special to them
        self._boxed = boxed            # an array also where its rank is 0
        self._seen = None              # the parent's value that _value was read from
        self.index = None              # of a view that an index made

    @property
    def value(self):
        """The current Value."""
        if self._parent is not None:
            whole = self._parent.value
            if self._seen is not whole or not visible(self._value):
                self._seen, self._value = whole, self._view[0](whole)
            return self._value
        return self._value if self._concrete is None else constant(self._concrete)

    @property
    def concrete(self):
        """The values as an ndarray, which shares memory as the traced arrays do; None if they are not known."""
        if self._parent is None:
            return self._concrete
        whole = self._parent.concrete
        return None if whole is None else self._view[2](whole, int)

    def known(self):
        """The values as an ndarray where the trace may tell them, for what has to be a number in the program; else None."""
        if self.concrete is None and self._later:
            return np.asarray(self._later())
        return self.concrete

    def assign(self, value):
        """Makes `value` (of this dtype and these extents) the content, which views and parents see too."""
        if self._parent is not None:
            self._parent.assign(self._view[1](self._parent.value, value))
        else:
            self._value = value
            self._concrete = None

    def can_view(self, shape):
        """Whether NumPy's reshape is a view, as it is of arrays that are dense in row-major order: arguments count as such."""
        if self._parent is None or self.concrete is not None:
            return True
        shape, own = list(map(actual, shape)), self._as_laid_out()
        return None in shape or own is None or np.may_share_memory(own, own.reshape(shape))

    def _as_laid_out(self):
        """An ndarray of these strides whose elements nobody may read; None where an extent depends on data."""
        if self._parent is not None:
            whole = self._parent._as_laid_out()
            return None if whole is None else self._view[2](whole, actual)
        shape = list(map(actual, self.shape))
        if None in shape:
            return None
        strides = [math.prod(shape[axis + 1:]) * self.itemsize for axis in range(len(shape))]
        return np.lib.stride_tricks.as_strided(np.empty(1, self.dtype), shape, strides)

    def derive(self, get, put, of_ndarray, boxed=False):
        """A view."""
        return Tracer(None, self, (get, put, of_ndarray), boxed=boxed)

    #--- What NumPy's arrays have -------------------------------------------------------------

    @property
    def dtype(self):
        return (self.value if self.concrete is None else self.concrete).dtype

    @property
    def shape(self):
        if self.concrete is not None:
            return self.concrete.shape
        facts = self.value.program.facts
        return tuple(facts.extent(extent.dim) if isinstance(extent, Extent) else extent for extent in self.value.dims)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def is_number(self):
        """Whether it is one of NumPy's or Python's numbers, which nobody can write to."""
        if self._boxed or self.ndim:
            return False
        return self._parent is None or self._parent.is_number

    @property
    def size(self):
        return product(self.shape)

    @property
    def itemsize(self):
        return self.dtype.itemsize

    @property
    def nbytes(self):
        return self.size * self.itemsize

    @property
    def T(self):
        return self.transpose()

    @property
    def mT(self):
        return np.matrix_transpose(self)

    @property
    def flat(self):
        return self.reshape(-1)

    @property
    def real(self):
        return np.real(self)

    @real.setter
    def real(self, value):
        self.real[...] = value

    @property
    def imag(self):
        return np.imag(self)

    @imag.setter
    def imag(self, value):
        if self.dtype.kind != "c":
            raise TypeError("array does not have imaginary part to set")
        self.imag[...] = value

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return int(self.shape[0])

    def __iter__(self):
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        count = self.shape[0]
        if isinstance(count, Extent) and (actual(count) is None or actual(count) > _MOST_ROWS):
            raise TraceError(f"a loop over an array that may have more than {_MOST_ROWS} rows: write it with whole arrays, or "
                             "loop over range(len(x)), which compiles for each length")
        return (self[i] for i in range(int(count)))     # x, y = points.T: the program is of as many

    def __getitem__(self, index):
        from .indexing import get
        return get(self, index)

    def __setitem__(self, index, value):
        from .indexing import put
        put(self, index, value)

    def __repr__(self):
        return f"<traced {self.dtype}[{', '.join(str(dim_of(extent)) for extent in self.shape)}]>"

    __str__ = __repr__
    __hash__ = None

    #--- What needs the values ------------------------------------------------------------------

    def _refuse(self, what, instead):
        raise TraceError(f"{what} needs the values of a traced array, which are known only when the function runs: "
                         f"{instead}")

    def __bool__(self):
        if (known := self.known()) is not None:
            return bool(known)
        self._refuse("a branch or a truth value",
                     "use quern.where, quern.cond or quern.while_loop in place of Python's control flow")

    def _number(self, kind):
        if (known := self.known()) is not None:
            return kind(known)
        self._refuse(f"{kind.__name__}()", "keep it an array, or pass it to the function as a Python number")

    def __float__(self): return self._number(float)
    def __int__(self): return self._number(int)
    def __complex__(self): return self._number(complex)

    def __round__(self, ndigits=None):
        """Of NumPy's scalars; without digits it is a Python int."""
        if not self.is_number:
            raise TypeError("type numpy.ndarray doesn't define __round__ method")
        if ndigits is not None:
            result = np.round(self, ndigits)
            result._weak = self._weak
            return result
        result = np.round(self).astype(np.int64)
        result._weak = int
        return result

    def __index__(self):
        if (known := self.known()) is not None:
            return known.__index__()
        self._refuse("an index or a size", "index with the array itself, or take the number from a shape")

    def __array__(self, dtype=None, copy=None):
        if self.concrete is not None:
            return np.array(self.concrete, dtype)
        caller = sys._getframe(1)     # functions of NumPy that its protocols do not reach convert at once
        module = caller.f_globals.get("__name__", "")
        if module.partition(".")[0] == "numpy":
            raise TraceError(f"numpy's {caller.f_code.co_name} is not supported")
        self._refuse("a conversion to a NumPy array", "use functions of numpy on the traced array itself")

    def item(self, *args):
        """A Python number."""
        if self.concrete is not None:
            return self.concrete.item(*args)
        if args:
            place = args[0] if len(args) == 1 else args
            return (self[place] if isinstance(place, tuple) else self.reshape(-1)[place]).item()
        if self.ndim:
            return self.reshape(()).item()
        kind = {"b": "bool", "c": "complex128", "f": "float64"}.get(self.dtype.kind, "int64")
        return Tracer(self.astype(kind).value, weak=PYTHON_KINDS[np.dtype(kind).kind])

    def tolist(self):
        if self.concrete is not None:
            return self.concrete.tolist()
        return [row.tolist() for row in self] if self.ndim else self.item()

    #--- NumPy's protocols ----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        from .ufuncs import call
        return call(ufunc, method, inputs, keywords)

    def __array_function__(self, function, _types, args, keywords):
        from .functions import call
        return call(function, args, keywords)

    #--- NumPy's methods ------------------------------------------------------------------------

    def reshape(self, *shape, order="C"):
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes):
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
        from .dtypes import cast
        dtype = np.dtype(dtype)
        check_dtype(dtype)
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule {casting!r}")
        boxed = not self.is_number
        if self.concrete is not None:
            return Tracer(None, concrete=self.concrete.astype(dtype), boxed=boxed)
        return Tracer(cast(self.value, dtype), boxed=boxed)

    def copy(self, order="C"):
        boxed = not self.is_number
        if self.concrete is None:
            return Tracer(self.value, boxed=boxed)
        return Tracer(None, concrete=self.concrete.copy(), boxed=boxed)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def flatten(self, order="C"):
        return self.reshape(-1, order=order).copy()

    def fill(self, value):
        self[...] = value

    def dot(self, other, out=None):
        return np.dot(self, other, out=out)

    def view(self, dtype=None):
        """The same memory as another dtype of the same width."""
        kind = self.dtype if dtype is None else np.dtype(dtype)
        if kind.itemsize != self.itemsize or "c" in (kind.kind, self.dtype.kind) and kind != self.dtype:
            raise TraceError(f"view() of {self.dtype} as {kind} is not supported, only as a dtype of the same width: use astype, "
                             ".real or .imag")
        own = self.dtype
        def bits(to): return lambda value: (build.cast if "b" in (own.kind, kind.kind) else build.bitcast)(value, to)
        return self.derive(bits(kind), lambda _, value: bits(own)(value), lambda array, _: array.view(kind))

    def compress(self, condition, axis=None, out=None):
        return np.compress(condition, self, axis=axis, out=out)

    def choose(self, choices, out=None, mode="raise"):
        return np.choose(self, choices, out=out, mode=mode)


#--- Operators --------------------------------------------------------------------------------------

def is_python_number(thing):
    return bool(thing._weak) if isinstance(thing, Tracer) else isinstance(thing, (bool, int, float, complex, Extent))


PYTHON_KINDS = {"b": bool, "i": int, "f": float, "c": complex}


def _operator(name):
    """Operators of Python's numbers give Python's numbers."""
    of_arrays = getattr(np.lib.mixins.NDArrayOperatorsMixin, name)

    def method(self, *others):
        # Squares as NumPy has them: the dtype of those of bools is that ufunc's.
        is_square = name == "__pow__" and type(others[0]) is int and others[0] == 2
        result = np.square(self) if is_square else of_arrays(self, *others)
        if self._weak and all(map(is_python_number, others)):
            for one in result if isinstance(result, tuple) else (result,):
                if one is not NotImplemented:
                    one._weak = PYTHON_KINDS[one.dtype.kind]
        return result

    method.__name__ = name
    setattr(Tracer, name, method)


def _assignment(name):
    """`x += y` of a number makes another."""
    of_arrays = getattr(np.lib.mixins.NDArrayOperatorsMixin, f"__i{name}__")

    def method(self, other):
        return getattr(self, f"__{name}__")(other) if self.is_number else of_arrays(self, other)

    method.__name__ = f"__i{name}__"
    setattr(Tracer, method.__name__, method)


for _name in ("lt le eq ne gt ge neg pos abs invert add sub mul truediv floordiv mod divmod pow lshift rshift and xor or "
              "radd rsub rmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor ror").split():
    _operator(f"__{_name}__")
for _name in "add sub mul matmul truediv floordiv mod pow lshift rshift and xor or".split():
    _assignment(_name)


#--- Methods ----------------------------------------------------------------------------------------

def _method(name, function=None):
    function = function or getattr(np, name)

    def method(self, *args, **keywords):
        return function(self, *args, **keywords)

    method.__name__ = name
    method.__doc__ = f"numpy.{function.__name__} of this array."
    setattr(Tracer, name, method)


for _name in ("all any argmax argmin argsort clip cumprod cumsum diagonal max mean min nonzero prod ravel repeat round "
              "searchsorted squeeze std sum swapaxes take trace var argpartition").split():
    _method(_name)


def _conjugate(array):
    """Of real numbers it is the array itself, as NumPy's method has it."""
    return np.conjugate(array) if array.dtype.kind == "c" else array


_method("conj", _conjugate)
_method("conjugate", _conjugate)


def _in_place(name):
    def method(self, *args, **keywords):
        self[...] = getattr(np, name)(self, *args, **keywords)

    method.__name__ = name
    setattr(Tracer, name, method)


for _name in ("sort", "partition"):
    _in_place(_name)


#--- Making them ----------------------------------------------------------------------------------

class _Traces(threading.local):
    """Those under way in this thread, the innermost last."""

    def __init__(self):
        self.stack = []


_TRACES = _Traces()


class Trace:
    """The trace under way in this thread of Python code."""

    def __init__(self, program, scope=None):
        self.program, self.scope = program, scope

    def __enter__(self):
        _TRACES.stack.append(self)
        return self

    def __exit__(self, *_):
        _TRACES.stack.pop()


def trace():
    if not _TRACES.stack:
        raise RuntimeError("a traced array was used after the function that it belongs to had been traced")
    return _TRACES.stack[-1]


def is_tracing():
    return bool(_TRACES.stack)


def wrap(thing):
    """What NumPy made of constants, as a traced array where it is an array."""
    if isinstance(thing, (np.ndarray, np.generic)):
        check_array(thing)
        return Tracer(None, concrete=np.array(thing), boxed=isinstance(thing, np.ndarray))
    if isinstance(thing, (tuple, list)) and type(thing) in (tuple, list):
        return type(thing)(map(wrap, thing))
    return thing


def constant(array):
    """The Value of an ndarray."""
    program = trace().program
    if array.dtype.kind == "c":
        return ComplexValue(program.constant(array.real), program.constant(array.imag))
    return program.constant(array)


def visible(value):
    """Whether ops made now may use the value."""
    part = value.real if isinstance(value, ComplexValue) else value
    return part.program.is_visible(part)


def check_array(array):
    """Refuses arrays that programs do not have: other dtypes, and classes with rules of their own."""
    masked = sys.modules.get("numpy.ma")    # not imported: no array is masked
    if isinstance(array, np.matrix) or masked and isinstance(array, masked.MaskedArray):
        raise UnsupportedError(f"an array of class {type(array).__name__} is not supported: its operators mean something "
                               "else than an ndarray's")
    check_dtype(array.dtype)


def check_dtype(dtype):
    """Refuses dtypes that programs do not have."""
    if dtype.name not in ELEMENTS and dtype.name not in ("complex64", "complex128"):
        raise UnsupportedError(f"dtype {dtype} is not supported: expected bool, an integer, a float or complex of up to 64 "
                               "bits a part")


def weak_scalar(number):
    """A Python number, or an extent, as a traced array whose dtype gives way."""
    if isinstance(number, Extent):
        return Tracer(build.extents(trace().program, [number], scalar=True), weak=int, later=lambda: int(number))
    if isinstance(number, bool):
        return Tracer(None, concrete=np.asarray(number))
    return Tracer(None, weak=type(number), concrete=np.asarray(number))


def as_tracer(thing):
    """Anything that NumPy takes for an array, as a traced one."""
    if isinstance(thing, Tracer):
        return thing
    if isinstance(thing, (Value, ComplexValue)):
        return Tracer(thing)
    if isinstance(thing, (np.ndarray, np.generic)):
        return wrap(thing)
    if isinstance(thing, (bool, int, float, complex, Extent)):
        return weak_scalar(thing)
    if is_sequence(thing):
        if not _has_tracer(thing):
            return wrap(np.asarray(thing))
        return np.stack([as_tracer(item) for item in thing])
    raise TraceError(f"a {type(thing).__name__} cannot be used with traced arrays")


def is_sequence(thing):
    """Whether NumPy takes the thing's items for the rows of an array: a list, a tuple, a range, a deque, ..."""
    return isinstance(thing, Sequence) and not isinstance(thing, (str, bytes, bytearray))


def _has_tracer(items):
    return any(isinstance(item, (Tracer, Extent)) or is_sequence(item) and _has_tracer(item) for item in items)


def is_concrete(thing):
    return not isinstance(thing, Extent) and (not isinstance(thing, Tracer) or thing.concrete is not None)


def all_concrete(things):
    return all(all_concrete(thing) if isinstance(thing, (tuple, list)) else is_concrete(thing) for thing in things)


def plain(thing):
    """A concrete tracer as NumPy sees it: a weak one as the Python number that it was."""
    if isinstance(thing, Tracer):
        return thing.concrete.item() if thing._weak else thing.concrete
    if isinstance(thing, (tuple, list)) and type(thing) in (tuple, list):
        return type(thing)(map(plain, thing))
    return thing
