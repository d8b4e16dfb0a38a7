"""NumPy's functions on traced arrays: one table from NumPy's function to ours, with NumPy's own signatures."""
import importlib
import types

import numpy as np

from .array import Tracer, all_concrete, plain, trace, wrap
from .errors import TraceError

TABLE = {}


def _named(text):
    return {getattr(np, name) for name in text.split()}


# The functions whose results share memory with their arguments.
_VIEWS = _named("reshape ravel transpose matrix_transpose moveaxis rollaxis swapaxes squeeze expand_dims atleast_1d atleast_2d "
                "atleast_3d broadcast_to broadcast_arrays real imag diagonal flip fliplr flipud rot90 split array_split hsplit "
                "vsplit dsplit unstack") | {np.lib.stride_tricks.sliding_window_view}
# Those whose results are arrays also where their rank is 0; the others give numbers there.
_BOXED = _VIEWS | _named("where select isin copy pad roll unique tensordot zeros_like ones_like full_like empty_like")


def implements(*functions):
    """Registers the implementation of NumPy's functions."""
    def register(implementation):
        for function in functions:
            TABLE[function] = implementation
        return implementation
    return register


# Families that few functions need, by NumPy's module: they enter the table when one of them is called.
_LATE = {"numpy.fft": ["fourier"], "numpy.linalg": ["systems", "spectra"]}


def find(function):
    """The implementation of one of NumPy's functions, or None."""
    for late in () if function in TABLE else _LATE.get(getattr(function, "__module__", None), ()):
        importlib.import_module(f".{late}", __package__)
    return TABLE.get(function)


def call(function, args, keywords):
    """Tracer.__array_function__."""
    if function not in _VIEWS and all_concrete(args) and all_concrete(keywords.values()):
        return wrap(function(*map(plain, args), **{key: plain(value) for key, value in keywords.items()}))
    implementation = find(function)
    if implementation is None:
        return run_source(function, args, keywords)
    out = keywords.pop("out", None)
    try:
        result = implementation(*args, **keywords)
    except TypeError as error:
        if isinstance(error, TraceError) or not _is_signature(error, implementation):
            raise
        raise TraceError(f"numpy.{function.__name__}: {error}") from None
    if out is None:
        return result if function in _BOXED else unboxed(result)
    from .ufuncs import store
    store(out, result)
    return out


# NumPy's functions whose own Python code can be traced: it asks for no values, and hides no error by `except Exception`.
_TRACEABLE = _named("astype i0 poly unique_all unique_counts unique_inverse unique_values")


def source(function):
    """The Python code of one of NumPy's functions, where that can be traced, or None."""
    if function in _TRACEABLE or f"{function.__module__}.".startswith("numpy.polynomial."):
        function = getattr(function, "__wrapped__", function)
        return function if isinstance(function, types.FunctionType) else None
    return None


def run_source(function, args, keywords):
    """Traces NumPy's own code, as that of the user's functions."""
    python = source(function)
    if python is None:
        raise TraceError(f"{getattr(function, '__module__', 'numpy')}.{function.__name__} is not supported")
    return trace().scope.bind(python)(*args, **keywords)


def unboxed(result):
    """Arrays of rank 0 as numbers."""
    if isinstance(result, Tracer):
        return result if result.ndim or result.is_number else Tracer(result.value)
    return tuple(map(unboxed, result)) if type(result) is tuple else result


def _is_signature(error, implementation):
    return f"{implementation.__name__}() got an unexpected" in str(error)


def load():
    """Fills the table."""
    from . import (creation, histograms, linalg, manipulation, mapping, packing, polynomials, reductions,    # noqa: F401
                   sorting, statistics, windows)
    creation.OWN[np.vectorize] = mapping.Vectorized
