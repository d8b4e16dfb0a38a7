"""Systems of linear equations and factors of matrices.

Of a singular matrix the call raises an error that is NumPy's LinAlgError, too (_errors.py knows it by its text)."""
import numpy as np

from . import build
from .array import Tracer, as_tracer
from .complex import ComplexValue
from .control import scan
from .creation import arange
from .errors import TraceError
from .functions import implements
from .reductions import prod


# What NumPy's functions return, tuples with names.
_SlogdetResult, _QRResult = type(np.linalg.slogdet(np.eye(1))), type(np.linalg.qr(np.eye(1)))


def _matrix(a, square=True):
    """At least float32, as LAPACK's routines take them."""
    a = as_tracer(a)
    if a.ndim < 2:
        raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be at least two-dimensional")
    if square:
        def complain(rows, columns):
            raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
        build.agree(a.shape[-2], a.shape[-1], a.value.program, complain)
    if a.dtype == np.float16:
        raise TypeError("array type float16 is unsupported in linalg")
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


def _parts(array):
    value = array.value
    return [value.real, value.imag] if isinstance(value, ComplexValue) else [value]


def _array(parts):
    return Tracer(ComplexValue(*parts) if len(parts) == 2 else parts[0])


def lu(a):
    """The factors of a stack of matrices, in one; the exchanges of their rows, step by step; and their order afterwards."""
    factors, exchanges, order = build.lu(_parts(a))
    return _array(factors), Tracer(exchanges), Tracer(order)


def substitute(a, b, *, lower, transpose=False, unit=False):
    """a^-1 b of stacks of triangular matrices, or a^-T b."""
    lead = build.broadcast_dims([a.shape[:-2], b.shape[:-2]], a.value.program)
    b = np.broadcast_to(b, (*lead, *b.shape[-2:]))
    if all(map(build.is_one, a.shape[:-2])):
        a = a.reshape((*[1] * len(lead), *a.shape[-2:]))
    else:
        a = np.broadcast_to(a, (*lead, *a.shape[-2:]))
    return _array(build.triangular_solve(_parts(a), _parts(b), lower, transpose, unit))


def solve_factored(factors, order, b):
    """a^-1 b by what lu(a) gives."""
    lead = build.broadcast_dims([order.shape[:-1], b.shape[:-2]], b.value.program)
    b, order = np.broadcast_to(b, (*lead, *b.shape[-2:])), np.broadcast_to(order, (*lead, order.shape[-1]))
    b = np.take_along_axis(b, order[..., None], axis=-2)
    return substitute(factors, substitute(factors, b, lower=True, unit=True), lower=False)


def inverse_factored(factors, order):
    rows = arange(order.shape[-1])
    b = (order[..., None] == rows).astype(factors.dtype)
    return substitute(factors, substitute(factors, b, lower=True, unit=True), lower=False)


def _require_pivots(factors):
    build.require(np.all(pivots(factors) != 0).value, "Singular matrix")


def pivots(factors):
    return np.diagonal(factors, axis1=-2, axis2=-1)


@implements(np.linalg.solve)
def solve(a, b):
    a, b = _matrix(a), as_tracer(b)
    kind = np.result_type(a.dtype, b.dtype if b.dtype.kind in "fc" else np.float64)
    a, b = a.astype(kind), b.astype(kind)
    factors, _, order = lu(a)
    _require_pivots(factors)
    return solve_factored(factors, order, b[:, None])[..., 0] if b.ndim == 1 else solve_factored(factors, order, b)


@implements(np.linalg.inv)
def inv(a):
    factors, _, order = lu(_matrix(a))
    _require_pivots(factors)
    return inverse_factored(factors, order)


def _determinant_parts(a):
    """Numbers whose product is the determinant: the pivots, and the sign of the order of the rows."""
    factors, exchanges, _ = lu(_matrix(a))
    moved = exchanges != arange(exchanges.shape[-1])
    return pivots(factors), prod(np.where(moved, -1, 1).astype(factors.dtype), axis=-1)


@implements(np.linalg.det)
def det(a):
    factors, sign = _determinant_parts(a)
    return prod(factors, axis=-1) * sign


@implements(np.linalg.slogdet)
def slogdet(a):
    factors, sign = _determinant_parts(a)
    return _SlogdetResult(prod(np.sign(factors), axis=-1) * sign, np.sum(np.log(np.abs(factors)), axis=-1))


def factor(a):
    """The lower factor of a stack of matrices, whose diagonal is positive if they are positive definite."""
    return _array(build.cholesky(_parts(a)))


@implements(np.linalg.cholesky)
def cholesky(a, /, *, upper=False):
    a = _matrix(a)
    lower = factor(np.conjugate(np.swapaxes(a, -1, -2)) if upper else a)
    build.require(np.all(np.real(pivots(lower)) > 0).value, "Matrix is not positive definite")
    return np.conjugate(np.swapaxes(lower, -1, -2)) if upper else lower


@implements(np.linalg.qr)
def qr(a, mode="reduced"):
    """Householder's reflections, with LAPACK's signs."""
    if mode not in ("reduced", "complete", "r"):
        raise TraceError(f"numpy.linalg.qr with mode={mode!r} is not supported")
    a = _matrix(a, square=False)
    height, width = int(a.shape[-2]), int(a.shape[-1])
    count = min(height, width)
    rows = arange(height)
    whole = np.broadcast_to(np.eye(height, dtype=a.dtype), (*a.shape[:-1], height))
    zero = np.zeros((), a.dtype)

    def step(state, k):
        r, q = state
        column = np.where(rows >= k, np.take(r, k, axis=-1), zero)
        first = np.take(column, k, axis=-1)[..., None]
        size = np.sqrt(np.sum(np.real(column * np.conjugate(column)), axis=-1, keepdims=True))
        is_done = np.all(np.where(rows > k, column, zero) == 0, axis=-1, keepdims=True) & (np.imag(first) == 0)
        target = -np.copysign(size, np.real(first))      # what becomes of the first element, a real number
        gap = first - target
        vector = np.where(is_done, zero, np.where(rows == k, gap, column))
        scaled = np.conjugate(vector) / np.where(is_done, 1, -target * np.conjugate(gap))
        adjoint = np.conjugate(scaled)[..., :, None]
        r = r - adjoint * (np.conjugate(vector)[..., None, :] @ r)
        q = q - (q @ vector[..., :, None]) * scaled[..., None, :]
        return (r, q), None

    (r, q), _ = scan(step, (a, whole), np.arange(count))
    r = np.triu(r)
    if mode == "r":
        return r[..., :count, :]
    if mode == "reduced":
        r, q = r[..., :count, :], q[..., :, :count]
    return _QRResult(q, r)
