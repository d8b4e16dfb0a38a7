"""Pooling."""
import numpy as np

from ..._trace import build, neural
from ..refusal import Refusal
from .contraction import is_float
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
    kernel, dilation, padding = _full(kernel, rank), _full(dilation, rank), _full(padding, rank)
    strides = _full(stride, rank) if stride else kernel
    if any(user.args[1] == 1 for user in c.node.users):
        return _max_with_places(c, x, dims(0), kernel, strides, dilation, padding)
    return _pool(x, dims(0), "max", kernel, strides, dilation, padding, ceil_mode, False), None


def _max_with_places(c, x, dims, kernel, strides, dilation, padding):
    """By the windows' elements side by side; places count in the flat image."""
    extents = x.dims[2:]
    if not all(isinstance(extent, int) for extent in (*extents, *dims[2:])):
        raise Refusal("the places of maxima in images of sizes that vary are not supported")
    rows = [np.arange(count)[:, None] * s - p + np.arange(k)[None] * d                     # along each axis [windows, elements]
            for count, s, p, k, d in zip(dims[2:], strides, padding, kernel, dilation)]
    rank = len(rows)
    place, inside = np.zeros([1] * 2 * rank, np.int64), np.ones([1] * 2 * rank, bool)
    for axis, (row, extent) in enumerate(zip(rows, extents)):
        row = row.reshape([row.shape[0] if i == axis else row.shape[1] if i == rank + axis else 1 for i in range(2 * rank)])
        place, inside = place * extent + row, inside & (row >= 0) & (row < extent)
    shape = (int(np.prod(dims[2:])), int(np.prod(kernel)))
    place, inside = np.where(inside, place, 0).reshape(shape), inside.reshape(shape)
    windows = build.gather(build.reshape(x, [*x.dims[:2], int(np.prod(extents))]), build.constant(c.program, place), 2)
    lowest = -np.inf if is_float(x.dtype) else np.iinfo(x.dtype).min
    windows = build.select(build.constant(c.program, inside), windows, build.like(windows, lowest))
    first = build.arg_reduce(windows, 3, True)
    found = build.gather_elements(build.broadcast(build.constant(c.program, place), windows.dims), first, 3)
    return tuple(build.reshape(part, dims) for part in (build.gather_elements(windows, first, 3), found))


def _averages(c, extent, count, dtype):
    """[extent, count]: column i averages the elements from floor(i * extent / count) to ceil((i + 1) * extent / count)."""
    place, i = build.iota(c.program, [extent, 1], 0), build.iota(c.program, [1, count], 1)
    extent, count = c.tensor(extent, np.int64), c.tensor(count, np.int64)

    def bound(number, over):
        return build.binary("div", build.binary("add", build.binary("mul", number, extent), over), count)

    one = build.like(i, 1)
    first = bound(i, build.like(i, 0))
    last = bound(build.binary("add", i, one), build.binary("sub", count, one))
    inside = build.binary("and", build.compare("ge", place, first), build.compare("lt", place, last))
    width = build.cast(build.binary("sub", last, first), dtype)
    return build.binary("div", build.cast(inside, dtype), width)


@lowers("_adaptive_avg_pool2d.default", "_adaptive_avg_pool3d.default")
@_batched
def adaptive_avg_pool(c, x, dims, rank, size):
    """Windows of one size where the extents divide; else a product with the averages of each axis."""
    wide, size = c.wide(x), _full(size, rank)
    if all(isinstance(count, int) and count == 1 for count in size):
        return c.tensor(build.reduce(wide, range(2, rank + 2), "mean", keep=True), c.dtype())
    extents = wide.dims[2:]
    if all(isinstance(part, int) for part in (*extents, *size)) and all(n % count == 0 for n, count in zip(extents, size)):
        kernel = [extent // count for extent, count in zip(extents, size)]
        y = _pool(wide, dims(), "average", kernel, kernel, [1] * rank, [0] * rank, False, False)
        return c.tensor(y, c.dtype())
    for axis, (extent, count) in enumerate(zip(extents, size), start=2):
        order = [i for i in range(rank + 2) if i != axis] + [axis]
        averaged = build.matmul(build.transpose(wide, order), _averages(c, extent, count, wide.dtype))
        wide = build.transpose(averaged, [order.index(i) for i in range(rank + 2)])
    return c.tensor(wide, c.dtype())
