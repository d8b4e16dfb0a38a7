"""Orders."""
import numpy as np

from ..._trace import build
from ..refusal import Refusal
from .elementwise import BOOL
from .movement import axis_of
from .table import lowers


def _ordered(c, x, k, dim, largest):
    if not x.dims:
        return x, build.constant(c.program, 0, np.int64)
    wide = build.cast(x, np.uint8) if x.dtype == BOOL else c.wide(x)
    values, indices = build.top_k(wide, axis_of(x, dim), k, largest)
    return c.tensor(values, x.dtype), indices


@lowers("topk.default")
def topk(c, x, k, dim=-1, largest=True, sorted=True):
    return _ordered(c, x, k, dim, largest)


@lowers("sort.default")
def sort(c, x, dim=-1, descending=False):
    return _ordered(c, x, x.dims[axis_of(x, dim)] if x.dims else 1, dim, descending)


@lowers("sort.stable")
def sort_stable(c, x, *, stable=None, dim=-1, descending=False):
    return sort(c, x, dim, descending)


@lowers("searchsorted.Tensor", "bucketize.Tensor")
def search(c, *arguments, **_options):
    """For each value how many of the bounds, or of those in its row, are before it: the bounds are few."""
    named = "searchsorted" in str(c.node.target)
    bounds, values = arguments if named else arguments[::-1]
    right = bool(c.node.kwargs.get("right", False)) or c.node.kwargs.get("side") == "right"
    if c.node.kwargs.get("sorter") is not None:
        raise Refusal("bounds that are not sorted are not supported")
    wide = np.result_type(c.wide(bounds).dtype, c.wide(values).dtype)
    bounds, values = build.cast(bounds, wide), build.cast(values, wide)
    extent = bounds.dims[-1]
    rows = build.reshape(bounds, [*([1] * len(values.dims) if len(bounds.dims) == 1 else [*bounds.dims[:-1], 1]), extent])
    before = build.compare("le" if right else "lt", rows, build.add_axes(values, [len(values.dims)]))
    count = build.reduce(build.cast(before, np.int64), [len(values.dims)], "sum")
    if wide.kind == "f":      # NaN is behind all
        last = build.broadcast(c.tensor(extent, np.int64), count.dims)
        count = build.select(build.predicate("is_nan", values), last, count)
    return c.tensor(count, c.dtype())
