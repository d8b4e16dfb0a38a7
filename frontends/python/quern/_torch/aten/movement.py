"""Operators that move elements and compute none."""
import math

import numpy as np

from ..._trace import build
from ..._trace.extents import Extent, dim_of, same
from ..._trace.loops import RULES
from ..refusal import Refusal
from .elementwise import BOOL
from .table import lowers


def axis_of(x, dim):
    return dim % len(x.dims) if x.dims else 0


@lowers("view.default", "_unsafe_view.default", "unsqueeze.default", "squeeze.dim", "squeeze.dims", "squeeze.default")
def view(c, x, *_):
    return build.reshape(x, c.dims())


@lowers("view.dtype")
def view_dtype(c, x, dtype):
    if x.dtype.itemsize != c.dtype().itemsize or BOOL in (x.dtype, c.dtype()):
        raise Refusal(f"bits of {x.dtype} as {c.dtype()} are not supported")
    return build.bitcast(x, c.dtype())


@lowers("expand.default")
def expand(c, x, sizes, implicit=False):
    return build.broadcast(x, c.dims())


@lowers("permute.default")
def permute(c, x, dims):
    return build.transpose(x, [axis % len(x.dims) for axis in dims])


@lowers("t.default")
def t(c, x):
    return build.transpose(x, range(len(x.dims))[::-1])


@lowers("transpose.int")
def transpose(c, x, a, b):
    order = list(range(len(x.dims)))
    if order:
        a, b = axis_of(x, a), axis_of(x, b)
        order[a], order[b] = b, a
    return build.transpose(x, order)


@lowers("repeat.default")
def repeat(c, x, repeats):
    """[.., n, ..] becomes [.., r, n, ..] stretched, and flat again."""
    lead = [1] * (len(repeats) - len(x.dims))
    dims = [*lead, *x.dims]
    split = build.reshape(x, [part for extent in dims for part in (1, extent)])
    spread = build.broadcast(split, [part for r, extent in zip(repeats, dims) for part in (r, extent)])
    return build.reshape(spread, c.dims())


def _is_nothing(value):
    """A vector of no elements, which PyTorch joins to tensors of any rank."""
    return len(value.dims) == 1 and same(value.dims[0], 0)


@lowers("cat.default")
def cat(c, tensors, dim=0):
    parts = [c.tensor(part, c.dtype()) for part in tensors if not _is_nothing(part)]
    if not parts:
        return build.reshape(c.tensor(tensors[0], c.dtype()), c.dims())
    return build.concat(parts, axis_of(parts[0], dim))


@lowers("flip.default")
def flip(c, x, dims):
    axes = {axis_of(x, dim) for dim in dims}
    starts = [extent - 1 if axis in axes else 0 for axis, extent in enumerate(x.dims)]
    return build.slice(x, starts, [-1 if axis in axes else 1 for axis in range(len(x.dims))], x.dims) if axes else x


#--- Parts ----------------------------------------------------------------------------------------

def clamped(c, index, extent, default):
    """A bound of a slice inside [0, extent], as an extent."""
    if index is None:
        return default
    if isinstance(index, int) and index >= 2 ** 62:
        return extent
    if isinstance(index, int) and isinstance(extent, int):
        return min(max(index + extent if index < 0 else index, 0), extent)
    facts = next(part.facts for part in (index, extent) if isinstance(part, Extent))
    if c.symbols.is_negative(index):
        index = extent + index
    low = dim_of(index).max(dim_of(0), dim_of(index))
    return facts.extent(low.min(low, dim_of(extent)))


@lowers("slice.Tensor")
def slice_(c, x, dim=0, start=None, end=None, step=1):
    axis = axis_of(x, dim)
    starts, steps = [0] * len(x.dims), [1] * len(x.dims)
    starts[axis], steps[axis] = clamped(c, start, x.dims[axis], 0), step
    return build.slice(x, starts, steps, c.dims())


@lowers("select.int")
def select(c, x, dim, index):
    axis = axis_of(x, dim)
    if c.symbols.is_negative(index):
        index = x.dims[axis] + index
    return build.drop_axes(build.slice_axis(x, axis, index, 1), [axis])


@lowers("split_with_sizes.default")
def split_with_sizes(c, x, sizes, dim=0):
    axis, at, parts = axis_of(x, dim), 0, []
    for size in sizes:
        parts.append(build.slice_axis(x, axis, at, size))
        at = at + size
    return tuple(parts)


@lowers("split.Tensor")
def split(c, x, size, dim=0):
    axis, at, parts = axis_of(x, dim), 0, []
    for i in range(len(c.value)):
        extent = c.dims(i)[axis]
        parts.append(build.slice_axis(x, axis, at, extent))
        at = at + extent
    return tuple(parts)


@lowers("unbind.int")
def unbind(c, x, dim=0):
    axis = axis_of(x, dim)
    return tuple(build.drop_axes(build.slice_axis(x, axis, i, 1), [axis]) for i in range(len(c.value)))


@lowers("diagonal.default")
def diagonal(c, x, offset=0, dim1=0, dim2=1):
    """The two axes last and flat: every (columns + 1)th element from the first on."""
    a, b = axis_of(x, dim1), axis_of(x, dim2)
    rest = [axis for axis in range(len(x.dims)) if axis not in (a, b)]
    x = build.transpose(x, [*rest, a, b])
    *lead, rows, columns = x.dims
    count = c.dims()[-1]
    if same(count, 0):
        return build.broadcast(build.like(x, 0), c.dims())
    flat = build.reshape(x, [*lead, rows * columns])
    start = offset if offset >= 0 else columns * -offset
    step = columns + 1
    if isinstance(step, int):
        return build.slice(flat, [0] * len(lead) + [start], [1] * len(lead) + [step], c.dims())
    places = build.iota(c.program, [count], 0)
    places = build.binary("add", build.binary("mul", places, c.tensor(step, np.int64)), c.tensor(start, np.int64))
    return build.gather(flat, places, len(lead))


def _strided_index(c, sizes, strides, offset):
    """Of each element of a strided view in the flat storage."""
    index = c.tensor(offset, np.int64)
    for axis, (size, stride) in enumerate(zip(sizes, strides)):
        along = [1] * len(sizes)
        along[axis] = size
        step = build.binary("mul", build.iota(c.program, along, axis), c.tensor(stride, np.int64))
        index = build.binary("add", index, step)
    return build.broadcast(index, sizes)


def _in_memory(c, x):
    """The elements of the operator's tensor in the order in which PyTorch has them in memory, and where they begin there."""
    value = c.node.args[0].meta["val"]
    axes = [axis for axis, size in enumerate(value.shape) if not (isinstance(size, int) and size == 1)]
    order, step = sorted(axes, key=lambda axis: -value.stride(axis)), 1
    for axis in reversed(order):
        if value.stride(axis) != step:
            raise Refusal("a view by strides of a tensor that is not dense in memory")
        step = step * value.shape[axis]
    order += [axis for axis in range(value.dim()) if axis not in axes]
    x = x if order == sorted(order) else build.transpose(x, order)
    return build.reshape(x, [build.count(x, range(len(x.dims)))]), value.storage_offset()


@lowers("as_strided.default")
def as_strided(c, x, sizes, strides, storage_offset=None):
    """Of a tensor that is dense: what makes its own views becomes the operators above."""
    flat, first = _in_memory(c, x)
    start = 0 if storage_offset is None else storage_offset - first
    return build.gather(flat, _strided_index(c, c.dims(), strides, start), 0)


@lowers("unfold.default")
def unfold(c, x, dim, size, step):
    axis, dims = axis_of(x, dim), c.dims()
    starts = build.binary("mul", build.iota(c.program, [dims[axis], 1], 0), c.tensor(step, np.int64))
    places = build.binary("add", starts, build.iota(c.program, [1, size], 1))
    taken = build.gather(x, places, axis)                                   # [.., n, size, ..]
    order = [i for i in range(len(taken.dims)) if i != axis + 1]
    return build.transpose(taken, [*order, axis + 1])


#--- Written into others --------------------------------------------------------------------------

def _inside(c, dims, axis, start, end, step):
    """Where along an axis a slice lies, of the rank of `dims`, and the position of each element in the slice."""
    along = [1] * len(dims)
    along[axis] = dims[axis]
    place = build.binary("sub", build.iota(c.program, along, axis), c.tensor(start, np.int64))
    within = build.binary("and", build.compare("ge", place, build.like(place, 0)),
                          build.compare("lt", build.binary("add", place, c.tensor(start, np.int64)), c.tensor(end, np.int64)))
    if step != 1:
        on = build.compare("eq", build.binary("mod", place, build.like(place, step), truncated="false"), build.like(place, 0))
        within = build.binary("and", within, on)
        place = build.binary("div", place, build.like(place, step))
    return within, place


@lowers("slice_scatter.default")
def slice_scatter(c, x, source, dim=0, start=None, end=None, step=1):
    axis = axis_of(x, dim)
    start, end = clamped(c, start, x.dims[axis], 0), clamped(c, end, x.dims[axis], x.dims[axis])
    source = c.tensor(source, x.dtype)
    if step == 1:                     # what is before, the new part, what is behind
        end = start + source.dims[axis]
        parts = [(0, start), None, (end, x.dims[axis] - end)]
        parts = [source if part is None else build.slice_axis(x, axis, *part) for part in parts
                 if part is None or not same(part[1], 0)]
        return build.concat(parts, axis)
    if same(source.dims[axis], 0):
        return x
    within, place = _inside(c, x.dims, axis, start, end, step)
    bound = c.tensor(source.dims[axis] - 1, np.int64)
    place = build.binary("max", build.binary("min", place, bound), build.like(place, 0))
    spread = build.gather(source, build.reshape(place, [x.dims[axis]]), axis)
    return build.select(within, spread, x)


@lowers("select_scatter.default")
def select_scatter(c, x, source, dim, index):
    axis = axis_of(x, dim)
    if isinstance(index, int) and index < 0:
        index = x.dims[axis] + index
    source = build.add_axes(c.tensor(source, x.dtype), [axis])
    return slice_scatter(c, x, source, axis, index, index + 1)


@lowers("diagonal_scatter.default")
def diagonal_scatter(c, x, source, offset=0, dim1=0, dim2=1):
    a, b = axis_of(x, dim1), axis_of(x, dim2)
    order = [axis for axis in range(len(x.dims)) if axis not in (a, b)] + [a, b]
    dims = [x.dims[axis] for axis in order]
    row = build.iota(c.program, [*[1] * (len(dims) - 2), dims[-2], 1], len(dims) - 2)
    column = build.iota(c.program, [*[1] * (len(dims) - 1), dims[-1]], len(dims) - 1)
    on = build.compare("eq", build.binary("sub", column, row), build.like(row, offset))
    place = row if offset >= 0 else column
    last = c.tensor(source.dims[-1] - 1, np.int64)
    flat = build.reshape(build.binary("min", place, last), [dims[-2] if offset >= 0 else dims[-1]])
    spread = build.gather(c.tensor(source, x.dtype), flat, len(dims) - 2)
    spread = build.add_axes(spread, [len(dims) - 1 if offset >= 0 else len(dims) - 2])
    back = [order.index(axis) for axis in range(len(order))]
    return build.transpose(build.select(on, spread, build.transpose(x, order)), back)


@lowers("tril.default", "triu.default")
def triangle(c, x, diagonal=0):
    rank = len(x.dims)
    row = build.iota(c.program, [*[1] * (rank - 2), x.dims[-2], 1], rank - 2)
    column = build.iota(c.program, [*[1] * (rank - 1), x.dims[-1]], rank - 1)
    lower = "tril" in str(c.node.target)
    kept = build.compare("le" if lower else "ge", build.binary("sub", column, row), build.like(row, diagonal))
    return build.select(kept, x, build.like(x, False if x.dtype == BOOL else 0))


#--- Padding --------------------------------------------------------------------------------------

def _pairs(x, pads):
    """PyTorch's list of pads, the last axis first, as low and high for each axis."""
    low, high = [0] * len(x.dims), [0] * len(x.dims)
    for i in range(len(pads) // 2):
        low[-1 - i], high[-1 - i] = pads[2 * i], pads[2 * i + 1]
    return low, high


@lowers("constant_pad_nd.default")
def constant_pad_nd(c, x, pads, value=0):
    low, high = _pairs(x, pads)
    crop_low, crop_high = ([-p if isinstance(p, int) and p < 0 else 0 for p in side] for side in (low, high))
    x = build.slice(x, crop_low, [1] * len(low), [extent - a - b for extent, a, b in zip(x.dims, crop_low, crop_high)])
    low, high = ([0 if isinstance(p, int) and p < 0 else p for p in side] for side in (low, high))
    return build.pad(x, low, high, c.tensor(value, x.dtype))


@lowers("reflection_pad1d.default", "reflection_pad2d.default", "reflection_pad3d.default")
def reflection_pad(c, x, pads):
    return build.pad(x, *_pairs(x, pads), mode="reflect")


@lowers("replication_pad1d.default", "replication_pad2d.default", "replication_pad3d.default")
def replication_pad(c, x, pads):
    return build.pad(x, *_pairs(x, pads), mode="edge")


@lowers("roll.default")
def roll(c, x, shifts, dims=()):
    if not dims:
        flat = build.reshape(x, [math.prod(x.dims)])
        return build.reshape(_roll(c, flat, shifts[0], 0), x.dims)
    for shift, dim in zip(shifts, dims):
        x = _roll(c, x, shift, axis_of(x, dim))
    return x


def _roll(c, x, shift, axis):
    if same(x.dims[axis], 0):
        return x
    places = build.binary("sub", build.iota(c.program, [x.dims[axis]], 0), c.tensor(shift, np.int64))
    return build.gather(x, RULES["remainder"](places, c.tensor(x.dims[axis], np.int64)), axis)
