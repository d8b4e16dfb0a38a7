"""Systems of linear equations and factors of matrices: loops over the columns, all matrices of a stack at once.

NumPy raises LinAlgError for a singular matrix; here the call fails, as with any value that a program cannot take."""
import numpy as np

from . import build
from .array import as_tracer
from .control import scan
from .creation import arange, full
from .errors import TraceError
from .functions import implements
from .reductions import prod


# What NumPy's functions return, tuples with names.
_SlogdetResult, _QRResult = type(np.linalg.slogdet(np.eye(1))), type(np.linalg.qr(np.eye(1)))


def _matrix(a, square=True):
    """At least float32, as LAPACK's routines take them."""
    a = as_tracer(a)
    if a.ndim < 2:
        raise ValueError(f"{a.ndim}-dimensional array given. Array must be at least two-dimensional")
    if square:
        def complain(rows, columns):
            raise ValueError(f"Last 2 dimensions of the array must be square, got {rows} rows and {columns} columns")
        build.agree(a.shape[-2], a.shape[-1], a.value.program, complain)
    if a.dtype == np.float16:
        raise TypeError("array type float16 is unsupported in linalg")
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


def eliminate(matrix, count):
    """Gauss and Jordan's elimination with row pivots on the first `count` columns; gives the rest of the columns and, along
    a new first axis, the pivots, whose product is the determinant."""
    if build.is_zero(count):
        return matrix, full((0, *matrix.shape[:-2]), 1, matrix.dtype)
    rows = arange(count)

    def step(matrix, k):
        column = np.take(matrix, k, axis=-1)
        place = np.argmax(np.where(rows >= k, np.abs(column), -1), axis=-1)[..., None, None]
        top = np.take_along_axis(matrix, place, axis=-2)
        pivot = np.take(top, k, axis=-1)[..., None]
        top = top / np.where(pivot == 0, np.ones((), pivot.dtype), pivot)
        swapped = np.where(rows[:, None] == place, np.take(matrix, k, axis=-2)[..., None, :], matrix)
        rest = swapped - np.take(swapped, k, axis=-1)[..., None] * top
        signed = np.where(place == k, pivot, -pivot)
        return np.where(rows[:, None] == k, top, rest), signed[..., 0, 0]

    matrix, pivots = scan(step, matrix, rows)
    return matrix[..., count:], pivots


def _solve(a, b):
    """a^-1 b of stacks of matrices."""
    dims = build.broadcast_dims([a.shape[:-2], b.shape[:-2]], a.value.program)
    a, b = (np.broadcast_to(one, (*dims, *one.shape[-2:])) for one in (a, b))
    solution, pivots = eliminate(np.concatenate([a, b], axis=-1), a.shape[-1])
    build.require(np.all(pivots != 0).value, "Singular matrix")
    return solution


@implements(np.linalg.solve)
def solve(a, b):
    a, b = _matrix(a), as_tracer(b)
    kind = np.result_type(a.dtype, b.dtype if b.dtype.kind in "fc" else np.float64)
    a, b = a.astype(kind), b.astype(kind)
    return _solve(a, b[:, None])[..., 0] if b.ndim == 1 else _solve(a, b)


@implements(np.linalg.inv)
def inv(a):
    a = _matrix(a)
    rows = arange(a.shape[-1])
    return _solve(a, (rows[:, None] == rows).astype(a.dtype))


def _pivots(a):
    a = _matrix(a)
    return eliminate(a, a.shape[-1])[1]


@implements(np.linalg.det)
def det(a):
    return prod(_pivots(a), axis=0)


@implements(np.linalg.slogdet)
def slogdet(a):
    pivots = _pivots(a)
    return _SlogdetResult(prod(np.sign(pivots), axis=0), np.sum(np.log(np.abs(pivots)), axis=0))


def factor(a):
    """The lower factor of a stack of matrices, and along a new first axis the squares of its diagonal, which are positive."""
    rows = arange(a.shape[-1])

    def step(rest, k):
        column = np.take(rest, k, axis=-1)
        square = np.real(np.take(column, k, axis=-1))[..., None]
        column = np.where(rows >= k, column / np.sqrt(square), np.zeros((), a.dtype))
        return rest - column[..., :, None] * np.conjugate(column)[..., None, :], (column, square[..., 0])

    _, (columns, squares) = scan(step, a, rows)
    return np.moveaxis(columns, 0, -1), squares


@implements(np.linalg.cholesky)
def cholesky(a, /, *, upper=False):
    a = _matrix(a)
    lower, squares = factor(np.conjugate(np.swapaxes(a, -1, -2)) if upper else a)
    build.require(np.all(squares > 0).value, "Matrix is not positive definite")
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
