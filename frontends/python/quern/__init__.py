"""Quern compiles machine-learning models into native code.

    model = quern.compile("model.onnx")
    y = model(x)
    model.save("model.so")
"""
import importlib

from numpy import where

from ._compile import compile
from ._errors import (DataError, FileError, InputError, InternalError, ModelError, QuernError, UnsupportedError,
                      UsageError)
from ._jit import Jitted, jit
from ._model import CompiledModel, Kernel, Value, load
from ._trace.control import cond, scan, while_loop
from ._trace.errors import TraceError

__version__ = "0.1.0"
__all__ = ["Benchmark", "CompiledEstimator", "CompiledModel", "DataError", "FileError", "InferenceSession", "InputError",
           "InternalError", "Jitted", "Kernel", "Measurement", "ModelError", "QuernError", "TraceError", "UnsupportedError",
           "UsageError", "Value", "compile", "cond", "jit", "load", "scan", "where", "while_loop"]
_LATER = {"Benchmark": "_benchmark", "CompiledEstimator": "_sklearn.estimator", "InferenceSession": "_session",
          "Measurement": "_benchmark"}


def __getattr__(name):
    """What few programs need is imported when it is first named: an import is part of everybody's first call."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = thing = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    return thing


def __dir__():
    return sorted({*globals(), *_LATER})
