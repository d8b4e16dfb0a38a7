"""Systems of linear equations and factors of matrices, by those of quern.jit."""
import numpy as np

from ..._trace import build, systems
from ..._trace.control import scan
from ..._trace.creation import arange
from ..refusal import Refusal
from ..traced import traced
from .table import lowers


def _first_only(c, *numbers):
    """Refuses a node of which these results are read."""
    if any(user.args[1] in numbers for user in c.node.users):
        raise Refusal("the factors of a matrix and their order are not supported")


def _info(bad):
    """The number of the first bad column, counted from 1, as LAPACK has it; [.., columns] -> [..]."""
    first = np.argmax(bad, axis=-1) + 1
    return np.where(np.any(bad, axis=-1), first, 0).astype(np.int32)


def _t(x):
    return np.swapaxes(x, -1, -2)


@lowers("_linalg_check_errors.default")
def check_errors(c, info, api_name, *, is_matrix):
    def check(info):
        build.require(np.all(info == 0).value, f"{api_name}: the matrix is singular or not positive-definite")
        return info
    traced(c, check, info)


@lowers("linalg_inv_ex.default")
def inv_ex(c, a, check_errors=False):
    def inverse(a):
        factors, _, order = systems.lu(a)
        return systems.inverse_factored(factors, order), _info(systems.pivots(factors) == 0)
    return traced(c, inverse, a)


@lowers("_linalg_solve_ex.default")
def solve_ex(c, a, b, left=True, check_errors=False):
    _first_only(c, 1, 2)

    def solve(a, b):
        vector = b.ndim == a.ndim - 1
        a, b = (a, b[..., None] if vector else b) if left else (_t(a), _t(b))
        factors, _, order = systems.lu(a)
        solution = systems.solve_factored(factors, order, b)
        solution = solution if left else _t(solution)
        return solution[..., 0] if vector else solution, _info(systems.pivots(factors) == 0)
    solution, info = traced(c, solve, a, b)
    return solution, None, None, info


@lowers("linalg_lu_factor_ex.default")
def lu_factor_ex(c, a, *, pivot=True, check_errors=False):
    _require_pivoting(pivot)

    def factor(a):
        factors, exchanges, _ = systems.lu(a)
        return factors, (exchanges + 1).astype(np.int32), _info(systems.pivots(factors) == 0)
    return traced(c, factor, a)


@lowers("linalg_lu.default")
def lu(c, a, *, pivot=True):
    _require_pivoting(pivot)

    def factor(a):
        factors, _, order = systems.lu(a)
        rows = arange(a.shape[-1])
        permutation = (rows[:, None] == order[..., None, :]).astype(a.dtype)
        return permutation, np.tril(factors, -1) + (rows[:, None] == rows).astype(a.dtype), np.triu(factors)
    return traced(c, factor, a)


def _require_pivoting(pivot):
    if not pivot:
        raise Refusal("the factors of a matrix without pivots are not supported")


@lowers("linalg_lu_solve.default")
def lu_solve(c, factors, exchanges, b, *, left=True, adjoint=False):
    def solve(factors, exchanges, b):
        if adjoint:
            b = np.conjugate(b)
        rows = arange(factors.shape[-1])

        def exchange(order, step):
            k, other = step
            other = other[..., None] - 1
            return np.where(rows == k, np.take_along_axis(order, other, axis=-1),
                            np.where(rows == other, np.take(order, k, axis=-1)[..., None], order)), None

        start = np.broadcast_to(rows, exchanges.shape)
        order, _ = scan(exchange, start, (rows, np.moveaxis(exchanges.astype(np.int64), -1, 0)))
        if left != adjoint:
            x = systems.solve_factored(factors, order, b if left else _t(b))
        else:
            half = systems.substitute(factors, b if left else _t(b), lower=False, transpose=True)
            half = systems.substitute(factors, half, lower=True, transpose=True, unit=True)
            places = np.broadcast_to(np.argsort(order, axis=-1), (*half.shape[:-2], half.shape[-2]))
            x = np.take_along_axis(half, places[..., None], axis=-2)
        x = x if left else _t(x)
        return np.conjugate(x) if adjoint else x
    return traced(c, solve, factors, exchanges, b)


@lowers("_linalg_det.default")
def det(c, a):
    _first_only(c, 1, 2)
    return traced(c, np.linalg.det, a), None, None


@lowers("_linalg_slogdet.default")
def slogdet(c, a):
    _first_only(c, 2, 3)
    return *traced(c, lambda a: tuple(np.linalg.slogdet(a)), a), None, None


@lowers("linalg_cholesky_ex.default")
def cholesky_ex(c, a, *, upper=False, check_errors=False):
    def factor(a):
        lower = systems.factor(_t(a) if upper else a)
        return _t(lower) if upper else lower, _info(np.logical_not(systems.pivots(lower) > 0))
    return traced(c, factor, a)


@lowers("linalg_solve_triangular.default")
def solve_triangular(c, a, b, *, upper, left=True, unitriangular=False):
    def solve(a, b):
        if left:
            return systems.substitute(a, b, lower=not upper, unit=unitriangular)
        return _t(systems.substitute(a, _t(b), lower=not upper, transpose=True, unit=unitriangular))
    return traced(c, solve, a, b)


@lowers("triangular_solve.default")
def old_solve_triangular(c, b, a, upper=True, transpose=False, unitriangular=False):
    _first_only(c, 1)
    return traced(c, lambda a, b: systems.substitute(a, b, lower=not upper, transpose=transpose, unit=unitriangular), a, b), None


def _solve_positive(factor, b, upper):
    half = systems.substitute(factor, b, lower=not upper, transpose=upper)
    return systems.substitute(factor, half, lower=not upper, transpose=not upper)


@lowers("cholesky_solve.default")
def cholesky_solve(c, b, factor, upper=False):
    return traced(c, lambda b, factor: _solve_positive(factor, b, upper), b, factor)


@lowers("cholesky_inverse.default")
def cholesky_inverse(c, factor, upper=False):
    def inverse(factor):
        rows = arange(factor.shape[-1])
        return _solve_positive(factor, (rows[:, None] == rows).astype(factor.dtype), upper)
    return traced(c, inverse, factor)


@lowers("linalg_qr.default")
def qr(c, a, mode="reduced"):
    if mode == "r":
        raise Refusal("QR without its first factor is not supported")
    return traced(c, lambda a: tuple(np.linalg.qr(a, mode)), a)


#--- Eigenvalues and singular values --------------------------------------------------------------

_MOST = 32      # rows or columns; of more, rotations of pairs take far longer than what LAPACK does


def _check_size(a):
    if not all(isinstance(extent, int) and extent <= _MOST for extent in a.dims[-2:]):
        raise Refusal(f"the spectrum of matrices of more than {_MOST} rows or columns is not supported")


@lowers("_linalg_eigh.default")
def eigh(c, a, triangle="L", compute_v=True):
    _check_size(a)
    values, vectors = traced(c, lambda a: tuple(np.linalg.eigh(a, triangle)), a)
    return values, vectors if compute_v else build.reshape(build.slice_axis(vectors, 0, 0, 0), [0])


@lowers("_linalg_svd.default")
def svd(c, a, full_matrices=False, compute_uv=True, driver=None):
    _check_size(a)
    if not compute_uv:
        nothing = build.constant(c.program, np.zeros(0, a.dtype), a.dtype)
        return nothing, traced(c, np.linalg.svdvals, a), nothing
    return traced(c, lambda a: tuple(np.linalg.svd(a, full_matrices)), a)
