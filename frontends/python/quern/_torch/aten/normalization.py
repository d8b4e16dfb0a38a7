"""Softmax and the norms."""
import torch

from ..._trace import build, neural
from ..refusal import Refusal
from .elementwise import result
from .movement import axis_of
from .reduction import moments
from .table import lowers


def _softmax(log):
    def rule(c, x, dim, half_to_float=False):
        x = c.wide(x, c.dtype())
        if not x.dims:
            return build.like(x, 0 if log else 1)
        return result(c, neural.softmax(x, axis_of(x, dim), log))
    return rule


lowers("_softmax.default")(_softmax(False))
lowers("_log_softmax.default")(_softmax(True))


@lowers("_safe_softmax.default")
def safe_softmax(c, x, dim, dtype=None):
    """Rows that are -inf throughout are 0."""
    y = neural.softmax(c.wide(x, c.dtype()), axis_of(x, dim))
    return result(c, build.select(build.predicate("is_nan", y), build.like(y, 0), y))


def _affine(y, weight, bias, place=lambda parameter: parameter):
    if weight is not None:
        y = build.binary("mul", y, place(build.cast(weight, y.dtype)))
    return y if bias is None else build.binary("add", y, place(build.cast(bias, y.dtype)))


@lowers("native_layer_norm.default")
def native_layer_norm(c, x, shape, weight, bias, epsilon):
    wide = c.wide(x)
    axis = len(x.dims) - len(shape)
    y = result(_Result(c, 0), _affine(neural.layer_norm(wide, axis, epsilon), weight, bias))
    return y, *_statistics(c, wide, list(range(axis, len(x.dims))), epsilon)


def _statistics(c, wide, axes, epsilon):
    """Mean and 1 / deviation, where something reads them."""
    if not _is_read(c.node, 1) and not _is_read(c.node, 2):
        return None, None
    middle, variance = moments(c, wide, axes, 0, True)
    root = build.unary("sqrt", build.binary("add", variance, build.like(variance, epsilon)))
    inverse = build.binary("div", build.like(root, 1), root)
    return tuple(build.reshape(c.tensor(part, c.dtype(i + 1)), c.dims(i + 1)) for i, part in enumerate((middle, inverse)))


def _is_read(node, i):
    return any(user.args[1] == i for user in node.users)


class _Result:
    """One result of a call that has several."""

    def __init__(self, call, i):
        self.tensor = call.tensor
        self.dims, self.dtype = (lambda: call.dims(i)), (lambda: call.dtype(i))


@lowers("_fused_rms_norm.default")
def fused_rms_norm(c, x, shape, weight, epsilon):
    wide = c.wide(x)
    axis = len(x.dims) - len(shape)
    epsilon = torch.finfo(c.value[0].dtype).eps if epsilon is None else epsilon
    y = result(_Result(c, 0), _affine(neural.layer_norm(wide, axis, epsilon, centered=False), weight, None))
    if not _is_read(c.node, 1):
        return y, None
    mean = build.reduce(build.binary("mul", wide, wide), range(axis, len(x.dims)), "mean", keep=True)
    root = build.unary("sqrt", build.binary("add", mean, build.like(mean, epsilon)))
    return y, c.tensor(build.binary("div", build.like(root, 1), root), c.dtype(1))


def _by_channel(x):
    """Puts a vector of channels along axis 1."""
    return lambda parameter: build.reshape(parameter, [1, parameter.dims[0], *[1] * (len(x.dims) - 2)])


@lowers("_native_batch_norm_legit_no_training.default")
def batch_norm(c, x, weight, bias, mean, variance, momentum, epsilon):
    """One product and one sum, whose factors fold into a convolution before them."""
    wide = c.wide(x)
    mean, variance = build.cast(mean, wide.dtype), build.cast(variance, wide.dtype)
    root = build.unary("sqrt", build.binary("add", variance, build.like(variance, epsilon)))
    scale = build.binary("div", build.like(root, 1) if weight is None else build.cast(weight, wide.dtype), root)
    shift = build.unary("neg", build.binary("mul", mean, scale))
    if bias is not None:
        shift = build.binary("add", build.cast(bias, wide.dtype), shift)
    y = result(_Result(c, 0), _affine(wide, scale, shift, _by_channel(x)))
    return y, *(build.broadcast(c.tensor(0, c.dtype(i)), [0]) for i in (1, 2))      # the statistics of a batch: there are none


@lowers("_native_batch_norm_legit.no_stats")
def batch_norm_of_batch(c, x, weight, bias, training, momentum, epsilon):
    wide = c.wide(x)
    if isinstance(x.dims[0], int) and x.dims[0] == 1 and len(x.dims) > 2:       # of one image: rows of memory
        y = neural.layer_norm(wide, 2, epsilon)
        y = result(_Result(c, 0), _affine(y, weight, bias, _by_channel(x)))
        return y, *_statistics(c, wide, list(range(2, len(x.dims))), epsilon)
    axes = [0, *range(2, len(x.dims))]
    middle, variance = moments(c, wide, axes, 0, True)
    root = build.unary("sqrt", build.binary("add", variance, build.like(variance, epsilon)))
    y = build.binary("div", build.binary("sub", wide, middle), root)
    y = result(_Result(c, 0), _affine(y, weight, bias, _by_channel(x)))
    inverse = build.binary("div", build.like(root, 1), root)
    return y, *(build.reshape(c.tensor(part, c.dtype(i)), c.dims(i)) for i, part in ((1, middle), (2, inverse)))


@lowers("native_group_norm.default")
def native_group_norm(c, x, weight, bias, batch, channels, spatial, groups, epsilon):
    """The layer norm of each group's channels and all their places."""
    wide = c.wide(x)
    by_group = build.reshape(wide, [batch, groups, channels // groups * spatial])
    y = build.reshape(neural.layer_norm(by_group, 2, epsilon), x.dims)
    y = result(_Result(c, 0), _affine(y, weight, bias, _by_channel(x)))
    return y, *_statistics(c, by_group, [2], epsilon)
