"""Operators that combine elements along axes."""
import numpy as np

from ..._trace import build
from .elementwise import BOOL, result
from .table import lowers


def axes_of(x, dim):
    """The axes that PyTorch's `dim` means: None and an empty list are all of them."""
    if dim is None or dim == []:
        return list(range(len(x.dims)))
    return sorted(axis % max(len(x.dims), 1) for axis in ([dim] if isinstance(dim, int) else dim) if x.dims)


def _reduce(c, x, dim, kind, keep):
    return build.reduce(x, axes_of(x, dim), kind, keep)


def _widest(c, x):
    """Sums of integers are int64 and those of narrow floats float32, whatever is reduced."""
    return c.wide(x, c.dtype())


@lowers("sum.dim_IntList", "sum.default")
def sum_(c, x, dim=None, keepdim=False, dtype=None):
    return result(c, _reduce(c, _widest(c, x), dim, "sum", keepdim))


@lowers("mean.dim", "mean.default")
def mean(c, x, dim=None, keepdim=False, dtype=None):
    return result(c, _reduce(c, _widest(c, x), dim, "mean", keepdim))


@lowers("prod.dim_int", "prod.default")
def prod(c, x, dim=None, keepdim=False, dtype=None):
    return result(c, _reduce(c, _widest(c, x), dim, "prod", keepdim))


def _extremum(kind):
    def rule(c, x, dim=None, keepdim=False):
        if x.dtype == BOOL:
            return result(c, _reduce(c, x, dim, kind, keepdim))
        return result(c, _reduce(c, c.wide(x), dim, kind, keepdim))
    return rule


lowers("amax.default", "max.default")(_extremum("max"))
lowers("amin.default", "min.default")(_extremum("min"))


def _quantified(kind):
    def rule(c, x, dim=None, keepdim=False):
        truth = x if x.dtype == BOOL else build.compare("ne", c.wide(x), build.like(c.wide(x), 0))
        return result(c, _reduce(c, truth, dim, kind, keepdim))
    return rule


lowers("any.default", "any.dim", "any.dims")(_quantified("max"))
lowers("all.default", "all.dim", "all.dims")(_quantified("min"))


#--- Positions ------------------------------------------------------------------------------------

def _position(c, x, dim, largest, keep):
    x = build.cast(x, np.uint8) if x.dtype == BOOL else c.wide(x)
    if dim is None:
        x, dim = build.reshape(x, [build.count(x, range(len(x.dims)))]), 0
        keep = False
    if not x.dims:
        return x, build.constant(c.program, 0, np.int64)
    axis = dim % len(x.dims)
    index = build.arg_reduce(x, axis, largest)
    value = build.reduce(x, [axis], "max" if largest else "min", keep=True)
    return tuple(part if keep else build.drop_axes(part, [axis]) for part in (value, index))


@lowers("argmax.default")
def argmax(c, x, dim=None, keepdim=False):
    return build.broadcast(_position(c, x, dim, True, keepdim)[1], c.dims())


@lowers("argmin.default")
def argmin(c, x, dim=None, keepdim=False):
    return build.broadcast(_position(c, x, dim, False, keepdim)[1], c.dims())


@lowers("max.dim")
def max_dim(c, x, dim, keepdim=False):
    value, index = _position(c, x, dim, True, keepdim)
    return c.tensor(value, c.dtype(0)), index


@lowers("min.dim")
def min_dim(c, x, dim, keepdim=False):
    value, index = _position(c, x, dim, False, keepdim)
    return c.tensor(value, c.dtype(0)), index


#--- Spread ---------------------------------------------------------------------------------------

def moments(c, x, dim, correction, keep):
    """Mean and variance about it. Both passes are over the whole axes, as PyTorch's are."""
    axes = axes_of(x, dim)
    middle = build.reduce(x, axes, "mean", keep=True)
    gap = build.binary("sub", x, middle)
    total = build.reduce(build.binary("mul", gap, gap), axes, "sum", keep=True)
    count = c.tensor(build.count(x, axes), x.dtype)
    divisor = build.binary("sub", count, build.like(x, correction))
    variance = build.binary("div", total, build.binary("max", divisor, build.like(x, 0)))
    return [part if keep else build.drop_axes(part, axes) for part in (middle, variance)]


@lowers("var.correction")
def var(c, x, dim=None, correction=1, keepdim=False):
    return result(c, moments(c, c.wide(x), dim, 1 if correction is None else correction, keepdim)[1])


@lowers("var_mean.correction")
def var_mean(c, x, dim=None, correction=1, keepdim=False):
    middle, variance = moments(c, c.wide(x), dim, 1 if correction is None else correction, keepdim)
    return c.tensor(variance, c.dtype(0)), c.tensor(middle, c.dtype(1))


#--- Running --------------------------------------------------------------------------------------

def _running(kind):
    def rule(c, x, dim, dtype=None):
        x = _widest(c, x)
        return result(c, build.cumulative(x, dim % len(x.dims), kind) if x.dims else x)
    return rule


lowers("cumsum.default")(_running("sum"))
lowers("cumprod.default")(_running("prod"))


#--- Distances ------------------------------------------------------------------------------------

@lowers("_cdist_forward.default")
def cdist(c, a, b, p, compute_mode):
    """The p-norm of the differences of all rows of a and b."""
    rank = max(len(a.dims), len(b.dims))
    rows, columns = build.add_axes(c.wide(a), [len(a.dims) - 1]), build.add_axes(c.wide(b), [len(b.dims) - 2])
    gap = build.unary("abs", build.binary("sub", rows, columns))
    if p in (0, float("inf")):
        if p == 0:
            gap = build.cast(build.compare("ne", gap, build.like(gap, 0)), gap.dtype)
        return result(c, build.reduce(gap, [rank], "sum" if p == 0 else "max"))
    powers = gap if p == 1 else build.binary("pow", gap, build.like(gap, p))
    total = build.reduce(powers, [rank], "sum")
    return result(c, total if p == 1 else build.binary("pow", total, build.like(total, 1 / p)))
