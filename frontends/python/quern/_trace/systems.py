"""Systems of linear equations and factors of matrices: loops over the columns, all matrices of a stack at once.

Of a singular matrix the call raises an error that is NumPy's LinAlgError, too (_errors.py knows it by its text)."""
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
        raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be at least two-dimensional")
    if square:
        def complain(rows, columns):
            raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
        build.agree(a.shape[-2], a.shape[-1], a.value.program, complain)
    if a.dtype == np.float16:
        raise TypeError("array type float16 is unsupported in linalg")
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


WIDTHS = (32, 8, 1)     # columns that are eliminated before the others follow: by a product, inside them again, one by one
LEAST = 64              # smaller systems have no use for that


def eliminate(matrix, count):
    """Gauss and Jordan's elimination with row pivots on the first `count` columns; gives the rest of the columns and, along
    a new first axis, the pivots, whose product is the determinant."""
    if build.is_zero(count):
        return matrix, full((0, *matrix.shape[:-2]), 1, matrix.dtype)
    if count <= LEAST:
        return _eliminate_columns(matrix, count)
    matrix, _, pivots, size = _invert_blocks(matrix, count)
    return matrix[..., :count, size:], pivots


def _eliminate_columns(matrix, count):
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


def _widen(a, count, multiple):
    """Stacks of square matrices with ones on the diagonal behind their own, to a multiple of rows; and that."""
    size = (count + (multiple - 1)) // multiple * multiple
    rows = arange(size)
    wide = np.pad(a, [*[(0, 0)] * (a.ndim - 2), (0, size - count), (0, size - count)])
    return np.where((rows[:, None] == rows) & (rows >= count), np.ones((), a.dtype), wide), size


def _invert_blocks(matrix, count):
    """The same for many columns, in whose place stands what the elimination does to a row: factors of rows of the matrix in
    another order, which are the inverse's columns. Gives the matrix, `size` columns before the rest, the order, the
    pivots, and `size`."""
    first, size = _widen(matrix[..., :count], count, WIDTHS[0])
    none = [(0, 0)] * (matrix.ndim - 2)
    matrix = np.concatenate([first, np.pad(matrix[..., count:], [*none, (0, size - count), (0, 0)])], axis=-1)
    order = np.broadcast_to(arange(size), matrix.shape[:-1])
    (matrix, order), pivots = _invert_columns(matrix, order, 0, size, WIDTHS)
    return matrix, order, pivots, size


def _invert_columns(matrix, order, start, count, widths):
    """`count` columns, whose pivots belong to the rows from `start` on."""
    width, *inner = widths
    rows, columns = arange(matrix.shape[-2]), arange(matrix.shape[-1])

    def step(state, offset):
        matrix, order = state
        own = start + offset
        if inner:
            lanes = arange(width)
            panel = np.take(matrix, offset + lanes, axis=-1)
            (panel, swap), pivots = _invert_columns(panel, np.broadcast_to(rows, order.shape), own, width, inner)
            matrix, order = np.take_along_axis(matrix, swap[..., None], axis=-2), np.take_along_axis(order, swap, axis=-1)
            is_own = (columns >= offset) & (columns < offset + width)
            top = np.where(is_own, (columns == offset + lanes[:, None]).astype(matrix.dtype),
                           np.take(matrix, own + lanes, axis=-2))
            rest = np.where(((rows >= own) & (rows < own + width))[:, None] | is_own, np.zeros((), matrix.dtype), matrix)
            return (rest + panel @ top, order), pivots
        column = np.take(matrix, offset, axis=-1)
        place = np.argmax(np.where(rows >= own, np.abs(column), -1), axis=-1)[..., None]
        swap = np.where(rows == place, own, np.where(rows == own, place, rows))
        matrix, order = np.take_along_axis(matrix, swap[..., None], axis=-2), np.take_along_axis(order, swap, axis=-1)
        column = np.take(matrix, offset, axis=-1)[..., None]
        pivot = np.take(column, own, axis=-2)[..., None, :]
        is_own = rows[:, None] == own
        top = np.where(columns == offset, np.ones((), matrix.dtype), np.take(matrix, own, axis=-2)[..., None, :])
        top = top / np.where(pivot == 0, np.ones((), pivot.dtype), pivot)
        rest = np.where(columns == offset, np.zeros((), matrix.dtype), matrix) - column * top
        signed = np.where(place == own, pivot[..., 0], -pivot[..., 0])[..., 0]
        return (np.where(is_own, top, rest), order), signed

    state, pivots = scan(step, (matrix, order), arange(count // width) * width)
    return state, pivots.reshape((count, *matrix.shape[:-2]))


def _solve(a, b):
    """a^-1 b of stacks of matrices."""
    dims = build.broadcast_dims([a.shape[:-2], b.shape[:-2]], a.value.program)
    a, b = (np.broadcast_to(one, (*dims, *one.shape[-2:])) for one in (a, b))
    solution, pivots = eliminate(np.concatenate([a, b], axis=-1), a.shape[-1])
    _require_pivots(pivots)
    return solution


def _require_pivots(pivots):
    build.require(np.all(pivots != 0).value, "Singular matrix")


@implements(np.linalg.solve)
def solve(a, b):
    a, b = _matrix(a), as_tracer(b)
    kind = np.result_type(a.dtype, b.dtype if b.dtype.kind in "fc" else np.float64)
    a, b = a.astype(kind), b.astype(kind)
    return _solve(a, b[:, None])[..., 0] if b.ndim == 1 else _solve(a, b)


@implements(np.linalg.inv)
def inv(a):
    a = _matrix(a)
    count = a.shape[-1]
    if not build.is_zero(count) and count > LEAST:
        inverse, order, pivots, _ = _invert_blocks(a, count)
        _require_pivots(pivots)
        return np.take_along_axis(inverse, np.argsort(order, axis=-1)[..., None, :count], axis=-1)[..., :count, :]
    rows = arange(count)
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
    count = a.shape[-1]
    if not build.is_zero(count) and count > LEAST:
        return _factor_blocks(a, count)
    rows = arange(count)

    def step(rest, k):
        column = np.take(rest, k, axis=-1)
        square = np.real(np.take(column, k, axis=-1))[..., None]
        column = np.where(rows >= k, column / np.sqrt(square), np.zeros((), a.dtype))
        return rest - column[..., :, None] * np.conjugate(column)[..., None, :], (column, square[..., 0])

    _, (columns, squares) = scan(step, a, rows)
    return np.moveaxis(columns, 0, -1), squares


def _factor_blocks(a, count):
    """The same by blocks of columns: what a block takes from the others is a product."""
    width = WIDTHS[0]
    a, size = _widen(a, count, width)
    rows, lanes = arange(size), arange(width)

    def factor_block(rest, start):
        def step(panel, lane):
            column = np.take(panel, lane, axis=-1)
            square = np.real(np.take(column, start + lane, axis=-1))[..., None]
            column = np.where(rows >= start + lane, column / np.sqrt(square), np.zeros((), a.dtype))
            row = np.conjugate(np.take(column, start + lanes, axis=-1))
            return panel - column[..., :, None] * row[..., None, :], (column, square[..., 0])

        _, (columns, squares) = scan(step, np.take(rest, start + lanes, axis=-1), lanes)
        block = np.moveaxis(columns, 0, -1)
        return rest - block @ np.conjugate(np.swapaxes(block, -1, -2)), (block, squares)

    _, (blocks, squares) = scan(factor_block, a, arange(size // width) * width)
    lower = np.moveaxis(blocks, 0, -2).reshape(a.shape)
    return lower[..., :count, :count], squares.reshape((size, *a.shape[:-2]))


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
