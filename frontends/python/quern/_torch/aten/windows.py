"""Pooling."""
import numpy as np

from ..._trace import build, neural
from ..refusal import Refusal
from .table import lowers


def _batched(rule):
    """For operators that also take one image without a batch."""
    def on(c, x, *arguments, **keywords):
        rank = int(next(digit for digit in str(c.node.target) if digit.isdigit()))
        if len(x.dims) == rank + 2:
            return rule(c, x, c.dims, rank, *arguments, **keywords)
        y = rule(c, build.add_axes(x, [0]), lambda *i: (1, *c.dims(*i)), rank, *arguments, **keywords)
        return tuple(part and build.drop_axes(part, [0]) for part in y) if isinstance(y, tuple) else build.drop_axes(y, [0])
    return on


def _full(value, rank):
    value = [value] if isinstance(value, int) else list(value)
    return value * rank if len(value) == 1 else value


def _pool(x, dims, kind, kernel, strides, dilations, pads, ceil, count_padding):
    """graph.pool, without the window that starts beyond the input where partial windows count."""
    y, dims = neural.pool(x, kind, kernel, strides, dilations, pads, ceil, count_padding, dims[2:])
    return build.slice(y, [0] * len(dims), [1] * len(dims), dims)


@lowers("avg_pool1d.default", "avg_pool2d.default", "avg_pool3d.default")
@_batched
def avg_pool(c, x, dims, rank, kernel, stride=(), padding=0, ceil_mode=False, count_include_pad=True,
             divisor_override=None):
    kernel = _full(kernel, rank)
    strides, pads = _full(stride, rank) if stride else kernel, _full(padding, rank)
    if divisor_override is not None and ceil_mode:
        raise Refusal("a divisor for windows of which some are partial is not supported")
    wide = c.wide(x)
    y = _pool(wide, dims(), "average", kernel, strides, [1] * rank, pads, ceil_mode,
              count_include_pad or divisor_override is not None)
    if divisor_override is not None:
        y = build.binary("mul", y, build.like(y, float(np.prod(kernel)) / divisor_override))
    return c.tensor(y, c.dtype())


@lowers("max_pool2d_with_indices.default", "max_pool3d_with_indices.default")
@_batched
def max_pool(c, x, dims, rank, kernel, stride=(), padding=0, dilation=1, ceil_mode=False):
    if any(user.args[1] == 1 for user in c.node.users):
        raise Refusal("the places of maxima are not supported")
    kernel = _full(kernel, rank)
    strides = _full(stride, rank) if stride else kernel
    y = _pool(x, dims(0), "max", kernel, strides, _full(dilation, rank), _full(padding, rank), ceil_mode, False)
    return y, None


def _averages(extent, count):
    """[count, extent]: row i averages the elements from floor(i * extent / count) to ceil((i + 1) * extent / count)."""
    matrix = np.zeros((count, extent))
    for i in range(count):
        first, last = i * extent // count, -(-(i + 1) * extent // count)
        matrix[i, first:last] = 1 / (last - first)
    return matrix


@lowers("_adaptive_avg_pool2d.default", "_adaptive_avg_pool3d.default")
@_batched
def adaptive_avg_pool(c, x, dims, rank, size):
    """Windows of one size where the extents divide; else a product with the averages of each axis."""
    wide, size = c.wide(x), _full(size, rank)
    if all(count == 1 for count in size):
        return c.tensor(build.reduce(wide, range(2, rank + 2), "mean", keep=True), c.dtype())
    extents = wide.dims[2:]
    if not all(isinstance(extent, int) for extent in extents):
        raise Refusal(f"the extents {list(extents)} are averaged to {size}, expected numbers")
    if all(extent % count == 0 for extent, count in zip(extents, size)):
        kernel = [extent // count for extent, count in zip(extents, size)]
        y = _pool(wide, dims(), "average", kernel, kernel, [1] * rank, [0] * rank, False, False)
        return c.tensor(y, c.dtype())
    for axis, (extent, count) in enumerate(zip(extents, size), start=2):
        order = [i for i in range(rank + 2) if i != axis] + [axis]
        averaged = build.matmul(build.transpose(wide, order), build.constant(c.program, _averages(extent, count).T, wide.dtype))
        wide = build.transpose(averaged, [order.index(i) for i in range(rank + 2)])
    return c.tensor(wide, c.dtype())
