"""Quern compiles machine-learning models into native code.

    model = quern.compile("model.onnx")
    y = model(x)
    model.save("model.so")
"""
from numpy import where

from ._benchmark import Benchmark, Measurement
from ._compile import compile
from ._errors import (DataError, FileError, InputError, InternalError, ModelError, QuernError, UnsupportedError,
                      UsageError)
from ._jit import Jitted, jit
from ._model import CompiledModel, Kernel, Value, load
from ._session import InferenceSession
from ._sklearn.estimator import CompiledEstimator
from ._trace.control import cond, scan, while_loop
from ._trace.errors import TraceError

__version__ = "0.1.0"
__all__ = ["Benchmark", "CompiledEstimator", "CompiledModel", "DataError", "FileError", "InferenceSession", "InputError",
           "InternalError", "Jitted", "Kernel", "Measurement", "ModelError", "QuernError", "TraceError", "UnsupportedError",
           "UsageError", "Value", "compile", "cond", "jit", "load", "scan", "where", "while_loop"]
