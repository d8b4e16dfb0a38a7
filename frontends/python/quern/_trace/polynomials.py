"""Polynomials of numpy's first interface; those of numpy.polynomial run NumPy's own code."""
import numpy as np

from .array import as_tracer
from .errors import TraceError
from .functions import implements


@implements(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """Least squares on columns of norm 1, as NumPy has it; that the fit is badly conditioned is not told."""
    x, y = as_tracer(x) + 0.0, as_tracer(y) + 0.0
    if x.ndim != 1 or y.ndim not in (1, 2):
        raise TypeError("expected 1D vector for x" if x.ndim != 1 else "expected 1D or 2D array for y")
    left, weights = np.vander(x, int(deg) + 1), None if w is None else as_tracer(w) + 0.0
    if weights is not None:
        left, y = left * weights[:, None], y * (weights[:, None] if y.ndim == 2 else weights)
    scale = np.sqrt((left * left).sum(axis=0))
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    found, residuals, rank, singular = np.linalg.lstsq(left / scale, y, rcond)
    coefficients = (found.T / scale).T
    if full:
        return coefficients, residuals, rank, singular, rcond
    if not cov:
        return coefficients
    base = np.linalg.inv(left.T @ left)
    factor = 1 if cov == "unscaled" else residuals / (len(x) - int(deg) - 1)
    return coefficients, base * factor if y.ndim == 1 else base[:, :, None] * factor


@implements(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    array = as_tracer(filt)
    if array.ndim != 1:
        raise TraceError("numpy.trim_zeros of more than one axis is not supported")
    full = array != 0
    ahead = np.logical_or.accumulate(full) if "f" in trim.lower() else np.ones_like(full)
    behind = np.logical_or.accumulate(full[::-1])[::-1] if "b" in trim.lower() else np.ones_like(full)
    return array[ahead & behind]
