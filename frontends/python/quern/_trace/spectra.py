"""Eigenvalues of Hermitian matrices and singular values, by Jacobi's rotations, all matrices of a stack at once.

A round rotates disjoint pairs of rows, a sweep of rounds every pair once; sweeps go on until the pairs are orthogonal (Golub
and Van Loan, Matrix Computations, 8.5 and 8.6.3). Vectors have signs of their own, as those of every method do."""
import numpy as np

from . import build
from .array import as_tracer
from .control import scan, while_loop
from .creation import arange
from .functions import implements
from .systems import _matrix, inv, qr

_SWEEPS = 40      # at most; some eight are enough

# What NumPy's functions return, tuples with names.
_EighResult, _SVDResult = type(np.linalg.eigh(np.eye(1))), type(np.linalg.svd(np.eye(1)))


def _partners(count, number):
    """Whom each of `count` players meets in a round of a tournament in which all meet once; itself where it rests."""
    players = count + count % 2
    last, i = players - 1, arange(count)
    other = np.remainder(number - i, last)
    other = np.where(other == i, last, other)
    other = np.where(i == last, np.remainder(number * (players // 2), last), other)
    return np.where(other < count, other, i)


def _rotation(mine, others, shared, partners):
    """(cosine, sine) such that row_i cosine_i - row_partner sine_i are rows without a shared part. For each row: its square
    and its partner's, and the product of the two."""
    rows = arange(partners.shape[0])
    size = np.where(rows == partners, np.zeros((), mine.dtype), np.abs(shared))
    nonzero = np.where(size == 0, np.ones((), size.dtype), size)
    slope = (others - mine) / (2 * nonzero)
    sign = np.where(rows < partners, 1, -1).astype(size.dtype)
    tangent = np.where(slope == 0, sign, np.sign(slope)) / (np.abs(slope) + np.sqrt(1 + slope * slope))
    tangent = np.where(size == 0, np.zeros((), size.dtype), tangent)
    cosine = 1 / np.sqrt(1 + tangent * tangent)
    return cosine, cosine * tangent * (shared / nonzero)


def _sweeps(rotate, coupling, state, count):
    """Sweeps of rounds until the largest `coupling` of two rows is that of rounding."""
    rounds = arange(count + count % 2 - 1)
    tolerance = np.finfo(state[0].dtype).eps

    def sweep(carried):
        state, number = carried
        return scan(lambda state, k: (rotate(state, _partners(count, k)), None), state, rounds)[0], number + 1

    state, _ = while_loop(lambda carried: (np.max(coupling(carried[0]), initial=0) > tolerance) & (carried[1] < _SWEEPS), sweep,
                          (state, np.int64(0)))
    return state


def _identity(like, count):
    rows = arange(count)
    return np.broadcast_to((rows[:, None] == rows).astype(like.dtype), (*like.shape[:-2], count, count))


def _off_diagonal(a):
    rows = arange(a.shape[-1])
    return np.where(rows[:, None] == rows, np.zeros((), a.dtype), a)


def _hermitian(a, triangle):
    """(eigenvalues in order, eigenvectors)"""
    a = _matrix(a)
    count = a.shape[-1]
    if build.is_zero(count):
        return np.real(np.diagonal(a, 0, -2, -1)), a
    half = np.tril(a, -1) if triangle == "L" else np.triu(a, 1)
    a = half + np.conjugate(np.swapaxes(half, -1, -2)) + (a - _off_diagonal(a)).real

    def rotate(state, partners):
        a, v = state
        square, rows = np.real(np.diagonal(a, 0, -2, -1)), arange(count)
        shared = a[..., np.minimum(rows, partners), np.maximum(rows, partners)]      # the halves differ by rounding
        shared = np.where(rows < partners, shared, np.conjugate(shared))
        cosine, sine = _rotation(square, np.take(square, partners, -1), shared, partners)
        a = cosine[..., None] * a - sine[..., None] * np.take(a, partners, -2)
        cosine, sine = cosine[..., None, :], np.conjugate(sine)[..., None, :]
        return cosine * a - sine * np.take(a, partners, -1), cosine * v - sine * np.take(v, partners, -1)

    def coupling(state):
        size = np.abs(state[0])
        return _off_diagonal(size) / (np.max(size, axis=(-1, -2), keepdims=True) + np.finfo(size.dtype).tiny)

    a, v = _sweeps(rotate, coupling, (a, _identity(a, count)), count)
    values = np.real(np.diagonal(a, 0, -2, -1))
    order = np.argsort(values, axis=-1)
    return np.take_along_axis(values, order, -1), np.take_along_axis(v, order[..., None, :], -1)


@implements(np.linalg.eigh)
def eigh(a, UPLO="L"):
    return _EighResult(*_hermitian(a, UPLO.upper()))


@implements(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    return _hermitian(a, UPLO.upper())[0]


def _thin(a):
    """u, s, vh of stacks of matrices; columns of u whose singular value is zero but for rounding are zero."""
    a = _matrix(a, square=False)
    is_wide = a.shape[-2] < a.shape[-1]
    x = a if is_wide else np.swapaxes(a, -1, -2)
    count = x.shape[-2]

    def rotate(state, partners):
        x, v = state
        other = np.take(x, partners, -2)
        square = np.sum(np.real(x * np.conjugate(x)), axis=-1)
        cosine, sine = _rotation(square, np.take(square, partners, -1), np.sum(x * np.conjugate(other), axis=-1), partners)
        cosine, sine = cosine[..., None], sine[..., None]
        return cosine * x - sine * other, cosine * v - sine * np.take(v, partners, -2)

    def coupling(state):
        size = np.sqrt(np.sum(np.real(state[0] * np.conjugate(state[0])), axis=-1))
        unit = state[0] / np.maximum(size, np.finfo(size.dtype).eps * np.max(size, axis=-1, keepdims=True, initial=0)
                                     + np.finfo(size.dtype).tiny)[..., None]
        return _off_diagonal(np.abs(unit @ np.conjugate(np.swapaxes(unit, -1, -2)))) / 4

    if not build.is_zero(count):
        x, v = _sweeps(rotate, coupling, (x, _identity(x, count)), count)
    else:
        v = x[..., :0]
    size = np.sqrt(np.sum(np.real(x * np.conjugate(x)), axis=-1))
    order = np.argsort(-size, axis=-1)
    size = np.take_along_axis(size, order, -1)
    x, v = (np.take_along_axis(one, order[..., None], -2) for one in (x, np.conjugate(v)))
    known = (size > _negligible(a, size))[..., None]
    x = np.where(known, x / np.where(known, size[..., None], np.ones((), size.dtype)), np.zeros((), x.dtype))
    return (np.swapaxes(v, -1, -2), size, x) if is_wide else (np.swapaxes(x, -1, -2), size, v)


def _negligible(a, size):
    """What a singular value has of rounding alone."""
    longest = a.shape[-2] if a.shape[-2] > a.shape[-1] else a.shape[-1]
    return np.max(size, axis=-1, keepdims=True, initial=0) * (longest * np.finfo(size.dtype).eps)


def _completed(u, count):
    """Orthonormal columns from those of u that are not zero, `count` of them."""
    width = u.shape[-1]
    q, r = qr(u, "complete" if count != width else "reduced")
    sign = np.real(np.diagonal(r, 0, -2, -1))
    known = np.where(np.abs(sign) < 0.5, np.ones((), sign.dtype), sign)[..., None, :]
    own = np.where(np.any(u != 0, axis=-2, keepdims=True), u, q[..., :width] * known)
    return np.concatenate([own, q[..., width:]], axis=-1) if count != width else own


@implements(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    u, s, vh = _thin(a)
    if not compute_uv:
        return s
    height, width = u.shape[-2], vh.shape[-1]
    u = _completed(u, height if full_matrices else s.shape[-1])
    vh = np.swapaxes(_completed(np.swapaxes(vh, -1, -2), width if full_matrices else s.shape[-1]), -1, -2)
    return _SVDResult(u, s, vh)


@implements(np.linalg.svdvals)
def svdvals(x, /):
    return _thin(x)[1]


def _inverse(a, relative):
    """vh^H s^-1 u^H, the rank and s."""
    u, s, vh = _thin(a)
    cutoff = np.asarray(relative)[..., None] * np.max(s, axis=-1, keepdims=True, initial=0)
    large = s > cutoff
    inverse = np.where(large, 1 / np.where(large, s, np.ones((), s.dtype)), np.zeros((), s.dtype))
    left = np.conjugate(np.swapaxes(vh, -1, -2)) * inverse[..., None, :]
    return left @ np.conjugate(np.swapaxes(u, -1, -2)), np.sum(large, axis=-1), s


@implements(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, *, rtol=np._NoValue):
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
    a = _matrix(a, square=False)
    if rcond is None:
        rcond = max(*map(int, a.shape[-2:])) * np.finfo(a.dtype).eps
    return _inverse(a, rcond)[0].astype(a.dtype)


@implements(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    a, b = _matrix(a, square=False), as_tracer(b)
    if a.ndim != 2:
        raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be two-dimensional")
    if b.ndim not in (1, 2) or int(a.shape[0]) != int(b.shape[0]):
        raise np.linalg.LinAlgError("Incompatible dimensions")
    kind = np.result_type(a.dtype, b.dtype if b.dtype.kind in "fc" else np.float64)
    a, b = a.astype(kind), b.astype(kind)
    height, width = map(int, a.shape)
    inverse, rank, s = _inverse(a, np.finfo(kind).eps * max(height, width) if rcond is None else
                                np.finfo(kind).eps if rcond == -1 else rcond)
    x = inverse @ b
    gaps = (b - a @ x).reshape((height, -1))
    residuals = np.sum(np.real(gaps * np.conjugate(gaps)), axis=0)
    program = residuals.value.program
    if height <= width:
        residuals = residuals[:0]
    elif program.may_assume():       # that the columns are independent; otherwise there are none
        program.doubts.append((rank != width).value)
    else:
        count = np.where(rank == width, residuals.shape[0], 0)
        residuals = residuals[:build.read_extent(count.value, f"residuals{program.count}")]
    return x, residuals, rank.astype(np.int32), s


@implements(np.linalg.matrix_rank)
def matrix_rank(A, tol=None, hermitian=False, *, rtol=None):
    a = as_tracer(A)
    if a.ndim < 2:
        return np.any(a != 0).astype(np.int64)
    s = svdvals(a)
    if tol is None:
        tol = _negligible(a, s) if rtol is None else np.asarray(rtol)[..., None] * np.max(s, axis=-1, keepdims=True)
    else:
        tol = np.asarray(tol)[..., None]
    return np.count_nonzero(s > tol, axis=-1)


@implements(np.linalg.cond)
def cond(x, p=None):
    x = _matrix(x, square=False)
    if p in (None, 2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(inv(x), p, axis=(-2, -1))
