"""Operators that take elements from places that are data, and put them there."""
import numpy as np

from ..._trace import build
from ..._trace.extents import same
from ..._trace.loops import RULES
from ..refusal import Refusal
from .elementwise import BOOL, result
from .movement import axis_of
from .table import lowers


@lowers("embedding.default")
def embedding(c, weight, indices, *_):
    return build.gather(weight, indices, 0)


@lowers("index_select.default")
def index_select(c, x, dim, index):
    if not x.dims:
        return x
    return build.gather(x, build.reshape(index, [index.dims[0] if index.dims else 1]), axis_of(x, dim))


@lowers("gather.default")
def gather(c, x, dim, index, sparse_grad=False):
    if not x.dims or not index.dims:
        return build.broadcast(x, c.dims())
    return build.gather_elements(x, index, axis_of(x, dim))


@lowers("take.default")
def take(c, x, index):
    return build.gather(build.reshape(x, [build.count(x, range(len(x.dims)))]), index, 0)


#--- x[i, :, j] -----------------------------------------------------------------------------------

class _Places:
    """Index tensors on some axes of x: x with these axes first, and one tuple of indices for each place."""

    def __init__(self, c, x, indices):
        indices = list(indices) + [None] * (len(x.dims) - len(indices))
        self.axes = [axis for axis, index in enumerate(indices) if index is not None]
        given = [indices[axis] for axis in self.axes]
        if any(index.dtype in (BOOL, np.uint8) for index in given):
            raise Refusal("how many elements a mask takes is known only from values")
        self.rest = [axis for axis in range(len(x.dims)) if axis not in self.axes]
        self.order = [*self.axes, *self.rest]
        self.dims = build.broadcast_dims([index.dims for index in given], c.program)
        given = [build.broadcast(c.tensor(index, np.int64), self.dims) for index in given]
        self.tuples = build.concat([build.add_axes(index, [len(self.dims)]) for index in given], len(self.dims))
        self.single = given[0] if len(given) == 1 else None
        adjacent = self.axes[-1] - self.axes[0] == len(self.axes) - 1
        self.front = self.axes[0] if adjacent else 0      # where the axes of the places are in the result

    def result_order(self):
        """From [places, rest] to the result's axes."""
        count = len(self.dims)
        rest = list(range(count, count + len(self.rest)))
        return [*rest[:self.front], *range(count), *rest[self.front:]]


@lowers("index.Tensor", "_unsafe_index.Tensor")
def index(c, x, indices):
    places = _Places(c, x, indices)
    if places.single is not None:
        return build.gather(x, places.single, places.axes[0])
    taken = build.gather_nd(build.transpose(x, places.order), places.tuples)
    return build.transpose(taken, places.result_order())


@lowers("index_put.default", "_unsafe_index_put.default")
def index_put(c, x, indices, values, accumulate=False):
    given = [index for index in indices if index is not None]
    if len(given) == 1 and given[0].dtype == BOOL and indices[0] is given[0] and not accumulate:
        return _put_mask(c, x, given[0], values)
    places = _Places(c, x, indices)
    order = places.result_order()
    rest = [x.dims[axis] for axis in places.rest]
    dims = [*places.dims, *rest]
    spread = build.broadcast(c.tensor(values, x.dtype), [dims[axis] for axis in order])
    updates = build.transpose(spread, [order.index(axis) for axis in range(len(order))])
    written = build.scatter_nd(build.transpose(x, places.order), places.tuples, updates, "add" if accumulate else "none")
    return build.transpose(written, [places.order.index(axis) for axis in range(len(x.dims))])


def _put_mask(c, x, mask, values):
    """One number wherever the mask holds."""
    if not all(same(extent, 1) for extent in values.dims):
        raise Refusal("how many elements a mask takes is known only from values")
    mask = build.add_axes(mask, range(len(mask.dims), len(x.dims)))
    return build.select(mask, build.reshape(c.tensor(values, x.dtype), []), x)


#--- Along one axis -------------------------------------------------------------------------------

def _scatter(c, x, dim, index, updates, kind="none"):
    if not x.dims:
        x, index, updates = (build.reshape(value, [1]) for value in (x, index, updates))
        return build.reshape(_scatter(c, x, 0, index, updates, kind), [])
    updates = build.slice(updates, [0] * len(index.dims), [1] * len(index.dims), index.dims)
    return build.scatter_elements(x, index, updates, axis_of(x, dim), kind)


@lowers("scatter.src")
def scatter(c, x, dim, index, source):
    return _scatter(c, x, dim, index, source)


@lowers("scatter.value")
def scatter_value(c, x, dim, index, value):
    return _scatter(c, x, dim, index, build.broadcast(c.tensor(value, x.dtype), index.dims))


@lowers("scatter_add.default")
def scatter_add(c, x, dim, index, source):
    return result(c, _scatter(c, c.wide(x), dim, index, c.wide(source), "add"))


_REDUCTIONS = {"sum": ("add", 0), "prod": ("mul", 1), "amax": ("max", None), "amin": ("min", None), "mean": ("add", 0)}


def _neutral(name, dtype):
    if name in ("amax", "amin"):
        limits = np.iinfo(dtype) if dtype.kind in "iu" else None
        low, high = (limits.min, limits.max) if limits else (-np.inf, np.inf)
        return low if name == "amax" else high
    return _REDUCTIONS[name][1]


@lowers("scatter_reduce.two")
def scatter_reduce(c, x, dim, index, source, reduce, *, include_self=True):
    wide, source = c.wide(x), c.wide(source)
    if wide.dtype == BOOL:
        raise Refusal("reductions of bools at places are not supported")
    def fill(number): return build.broadcast(build.like(wide, number), index.dims)
    start = wide if include_self else _scatter(c, wide, dim, index, fill(_neutral(reduce, wide.dtype)))
    y = _scatter(c, start, dim, index, source, _REDUCTIONS[reduce][0])
    if reduce == "mean":
        ones = build.broadcast(build.like(wide, 1), x.dims)
        first = ones if include_self else _scatter(c, ones, dim, index, fill(0))
        count = _scatter(c, first, dim, index, fill(1), "add")
        count = build.binary("max", count, build.like(count, 1))
        y = RULES["divide" if wide.dtype.kind == "f" else "floor_divide"](y, count)
    return result(c, y)


@lowers("masked_scatter.default")
def masked_scatter(c, x, mask, source):
    """The k-th true place takes the k-th element of the source."""
    x, mask = build.broadcast(x, c.dims()), build.broadcast(mask, c.dims())
    size = build.count(x, range(len(x.dims)))
    number = build.cumulative(build.cast(build.reshape(mask, [size]), np.int64), 0, "sum")
    last = c.tensor(build.count(source, range(len(source.dims))) - 1, np.int64)
    place = build.binary("sub", number, build.like(number, 1))
    place = build.binary("min", build.binary("max", place, build.like(place, 0)), last)
    taken = build.gather(build.reshape(source, [build.count(source, range(len(source.dims)))]), place, 0)
    return build.select(mask, build.reshape(taken, x.dims), x)
