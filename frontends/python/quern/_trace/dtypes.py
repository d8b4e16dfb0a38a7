"""dtypes as NumPy 2 has them: casts, and what Python's numbers give way to."""
import numpy as np

from . import build
from .complex import ComplexValue


def result_type(*tracers):
    """NumPy's promotion; Python numbers are weak."""
    return np.result_type(*(sample(tracer) for tracer in tracers))


def sample(tracer):
    """What np.result_type takes for a tracer."""
    if tracer._weak:
        return tracer._weak(0)
    return tracer.dtype


def cast(value, dtype):
    """As ndarray.astype: complex to real drops the imaginary part."""
    dtype = np.dtype(dtype)
    if value.dtype == dtype:
        return value
    if dtype.kind == "c":
        part = np.dtype(dtype.type(0).real.dtype)
        if isinstance(value, ComplexValue):
            return ComplexValue(cast(value.real, part), cast(value.imag, part))
        real = cast(value, part)
        return ComplexValue(real, build.broadcast(build.like(real, 0), real.dims))
    if isinstance(value, ComplexValue):
        if dtype.kind == "b":
            return build.binary("or", cast(value.real, dtype), cast(value.imag, dtype))
        return cast(value.real, dtype)
    if value.dtype.kind == "f" and dtype.kind in "iu" and dtype.itemsize < 8:
        # NumPy goes through the widest integer, whose low bits stay; the op itself saturates.
        return build.cast(build.cast(value, np.int64), dtype)
    return build.cast(value, dtype)
