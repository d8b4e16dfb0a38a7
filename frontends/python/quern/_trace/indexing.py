"""x[index] and x[index] = value, by NumPy's rules: basic indices make views, the rest copies."""
import numpy as np

from . import build
from .array import Tracer, as_tracer, is_concrete, is_sequence, plain, trace
from .complex import move
from .dtypes import cast
from .errors import TraceError
from .extents import Extent, actual, is_negative, larger, same, smaller


def get(array, index):
    index = _items(index)
    if array.concrete is not None and all(map(is_concrete, index)) and not _has_extents(index):
        return _get_concrete(array, tuple(map(_plain, index)))
    mask = _only_mask(index)
    if mask is not None and 1 < mask.ndim == array.ndim:      # elements in their order: one place finds each
        _agree(array, mask, 0)
        return get(Tracer(array.value).reshape(-1), mask.reshape(-1))
    parts = _expand(array, index)
    if all(kind != "array" for kind, _ in parts):
        view = _BasicView(array.shape, parts)
        if all(kind == "integer" for kind, _ in parts) and not any(item is Ellipsis for item in index):
            return Tracer(view.get(array.value))      # a number, not a view
        part = array.derive(view.get, view.put, lambda whole, number: whole[_numbers(index, number)])
        part.index = parts
        return part
    return Tracer(_Advanced(array, parts).get())


def put(array, index, value):
    index = _items(index)
    value = as_tracer(value)
    known = all(map(is_concrete, index)) and not _has_extents(index)
    if known and array.concrete is not None and value.concrete is not None:
        array.concrete[tuple(map(_plain, index))] = value.concrete
        return
    mask = _only_mask(index)
    if mask is not None and 0 < mask.ndim <= array.ndim and value.ndim == 0 and value.dtype.kind in "biuf":
        _agree(array, mask, 0)
        inside = build.add_axes(mask.value, range(mask.ndim, array.ndim))
        number = cast(value.value, array.dtype)
        array.assign(move(lambda whole, new: build.select(inside, new, whole), array.value, number))
        return
    parts = _expand(array, index)
    if value.index is not None and value._parent is array and _are_same(value.index, parts):
        return      # x[i] += y has written to the view x[i] already
    whole = array.value
    if not np.can_cast(value.dtype, array.dtype, "same_kind") and array.dtype.kind != "c" and value.dtype.kind == "c":
        raise TypeError("complex values cannot be written to an array of reals")
    new = cast(value.value, array.dtype)
    if all(kind != "array" for kind, _ in parts):
        view = _BasicView(array.shape, parts)
        array.assign(view.put(whole, fit(new, view.shape)))
    else:
        array.assign(_Advanced(array, parts).put(new))


def scatter(array, index, new, ufunc, kind):
    """ufunc.at: `kind` is the ufunc's name for graph.scatter_nd."""
    parts = _expand(array, _items(index))
    if all(part != "array" for part, _ in parts):      # no element is named twice
        array[index] = ufunc(array[index], Tracer(new))
    else:
        array.assign(_Advanced(array, parts).put(new, kind))


def _are_same(index, other):
    def text(one):
        return str(one.dim) if isinstance(one, Extent) else repr(one)

    def key(parts):
        return [(kind, [text(one) for one in (item.start, item.stop, item.step)] if kind == "slice" else text(item))
                for kind, item in parts]

    return key(index) == key(other)


def _plain(item):
    return plain(item) if isinstance(item, Tracer) else item


def _numbers(index, number):
    """The index with integers for extents."""
    def known(item):
        if isinstance(item, slice):
            return slice(*(known(_plain(one)) for one in (item.start, item.stop, item.step)))
        return number(item) if isinstance(item, Extent) else _plain(item)

    return tuple(map(known, index))


def _items(index):
    items = index if isinstance(index, tuple) else (index,)
    return list(map(_item, items))


def _item(item):
    if is_sequence(item):
        return as_tracer(item if len(item) else np.asarray(item).astype(np.intp))    # an empty list makes an array of floats
    return as_tracer(item) if isinstance(item, np.ndarray) else item


def _has_extents(index):
    return any(isinstance(item, slice) and any(isinstance(one, Extent) for one in (item.start, item.stop, item.step))
               for item in index)


def _get_concrete(array, index):
    result = array.concrete[index]
    if isinstance(result, np.ndarray) and np.shares_memory(result, array.concrete):
        return array.derive(lambda whole: get(Tracer(whole), index).value,
                            lambda whole, new: _put_in(whole, index, new), lambda whole, _: whole[index])
    return Tracer(None, concrete=np.array(result))


def _put_in(whole, index, new):
    target = Tracer(whole)
    put(target, index, Tracer(new))
    return target.value


def fit(value, dims):
    """`value` broadcast to the extents of the place that it goes to."""
    shape = value.dims
    while len(shape) > len(dims) and build.is_one(shape[0]):
        shape = shape[1:]
    value = move(lambda part: build.reshape(part, shape), value)
    program = value.program

    def complain(*_):
        raise ValueError(f"could not broadcast input array from shape {tuple(map(actual, shape))} into shape "
                         f"{tuple(map(actual, dims))}")

    if len(shape) > len(dims):
        complain()
    for extent, wanted in zip(reversed(shape), reversed(dims)):
        if not build.is_one(extent):
            build.agree(extent, wanted, program, complain)
    return move(lambda part: build.broadcast(part, dims), value)


def _expand(array, index):
    """(kind, item) in the order of the index: new axis, integer, slice, array (a mask is one array an axis)."""
    rank = array.ndim
    taken = sum(item.ndim if isinstance(item, Tracer) and item.dtype.kind == "b" else 1
                for item in index if item is not None and item is not Ellipsis)
    if taken > rank:
        raise IndexError(f"too many indices for array: array is {rank}-dimensional, but {taken} were indexed")
    if not any(item is Ellipsis for item in index):
        index = [*index, Ellipsis]
    parts = []
    for item in index:
        if item is Ellipsis:
            parts += [("slice", slice(None))] * (rank - taken)
        elif item is None:
            parts.append(("new", None))
        elif isinstance(item, slice):
            parts.append(("slice", slice(*map(_bound, (item.start, item.stop, item.step)))))
        elif isinstance(item, Extent) or (isinstance(item, (int, np.integer)) and not isinstance(item, bool)):
            parts.append(("integer", item if isinstance(item, Extent) else int(item)))
        elif isinstance(item, (bool, np.bool_)):
            parts.append(("mask", as_tracer(bool(item))))
        elif isinstance(item, Tracer) and item.dtype.kind == "b":
            parts += [("array", one) for one in _of_mask(array, item, sum(kind != "new" for kind, _ in parts))]
        elif isinstance(item, Tracer) and item.dtype.kind in "iu":
            if item.concrete is not None and item.ndim == 0:
                parts.append(("integer", int(item.concrete)))
            else:
                parts.append(("array", Tracer(cast(item.value, np.int64))))
        else:
            raise IndexError("only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
                             "boolean arrays are valid indices")
    if any(kind == "mask" for kind, _ in parts):
        raise TraceError("a single truth value as an index is not supported: use numpy.where")
    extents = iter(array.shape)
    return [part if part[0] == "new" else _checked(part, next(extents)) for part in parts]


def _checked(part, extent):
    """An integer along an extent that depends on data is an array of rank 0, which the run checks."""
    kind, item = part
    if kind != "integer" or actual(extent) is not None:
        return part
    place = item + extent if item < 0 else item
    return "array", Tracer(build.extents(trace().program, [place], scalar=True))


def _bound(item):
    if isinstance(item, Tracer):
        if item.concrete is None:
            raise TraceError("the bounds of a slice cannot be values of a traced array: its extent would depend on them; "
                             "use numpy.take, numpy.roll or a mask")
        return int(item.concrete)
    return item


def _of_mask(array, mask, axis):
    """One array of indices for each axis of a mask."""
    if mask.ndim == 0:
        raise TraceError("a single truth value as an index is not supported: use numpy.where")
    _agree(array, mask, axis)
    found = build.nonzero(mask.value)
    count = found.dims[1]
    return [Tracer(build.reshape(build.slice_axis(found, 0, i, 1), (count,))) for i in range(mask.ndim)]


def _only_mask(index):
    """The mask that is all of an index; None if it is another."""
    only = index[0] if len(index) == 1 else None
    return only if isinstance(only, Tracer) and only.dtype.kind == "b" else None


def _agree(array, mask, axis):
    """A mask has the extents of the axes from `axis` on."""
    def complain(first, second):
        raise IndexError(f"boolean index did not match indexed array along axis {axis}; size of axis is {first} but "
                         f"size of corresponding boolean axis is {second}")

    for own, theirs in zip(array.shape[axis:], mask.shape):
        build.agree(own, theirs, mask.value.program, complain)


def bounds(item, extent):
    """(start, step, size) of a slice along an axis."""
    step = 1 if item.step is None else int(item.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if item.start is None and item.stop is None and step == 1:     # whole, also where the extent depends on data
        return 0, 1, extent
    if not any(isinstance(one, Extent) for one in (extent, item.start, item.stop)):
        start, stop, step = item.indices(extent)
        return start, step, len(range(start, stop, step))
    if step > 0:
        start, stop = _clamp(item.start, extent, 0, 0), _clamp(item.stop, extent, extent, 0)
        size = stop - start if step == 1 else (stop - start + (step - 1)) // step
    else:
        start, stop = _clamp(item.start, extent, extent - 1, -1), _clamp(item.stop, extent, -1, -1)
        size = (start - stop + (-step - 1)) // -step
    return start, step, larger(size, 0)


def _clamp(bound, extent, missing, least):
    """A bound of a slice inside the axis. Which side of it a bound is on is taken from this call, or left to the run."""
    if bound is None:
        return missing
    if is_negative(bound):
        return larger(bound + extent, least)
    return smaller(bound, extent + least)


class _BasicView:
    """The part of an array that a basic index means."""

    def __init__(self, shape, parts):
        self.starts, self.steps, self.sizes, self.shape, self.dropped = [], [], [], [], []
        extents = iter(shape)
        axis = 0
        for kind, item in parts:
            if kind == "new":
                self.shape.append(1)
                continue
            extent = next(extents)
            if kind == "integer":
                start, step, size = _position(item, extent, axis), 1, 1
            else:
                start, step, size = bounds(item, extent)
                self.shape.append(size)
            self.starts.append(start if isinstance(start, Extent) else max(start, 0))
            self.steps.append(step)
            self.sizes.append(size)
            axis += 1
        self.whole = shape

    def get(self, value):
        return move(lambda part: build.reshape(build.slice(part, self.starts, self.steps, self.sizes), self.shape), value)

    def put(self, whole, new):
        """The array with the part replaced."""
        if all(map(same, self.sizes, self.whole)) and all(step == 1 for step in self.steps):
            return move(lambda part: build.reshape(part, self.whole), new)
        return move(self._put, whole, new)

    def _put(self, whole, new):
        new = build.reshape(new, self.sizes)
        if any(step != 1 for step in self.steps):
            return self._scatter(whole, new)
        low, rest = self.starts, [extent - start - size for extent, start, size in zip(self.whole, self.starts, self.sizes)]
        return build.pad(new, low, rest, whole)

    def _scatter(self, whole, new):
        """Steps leave gaps: the elements go to their places one by one."""
        program, rank = whole.program, len(self.sizes)
        indices = []
        for axis, (start, step) in enumerate(zip(self.starts, self.steps)):
            places = build.iota(program, self.sizes, axis)
            places = build.binary("mul", places, build.like(places, step))
            indices.append(build.binary("add", places, build.extents(program, [start], scalar=True)))
        tuples = build.concat([build.add_axes(index, [rank]) for index in indices], rank)
        return build.scatter_nd(whole, tuples, new)


def _position(item, extent, axis):
    if isinstance(item, Extent) or isinstance(extent, Extent):
        wrong = item >= extent or item < extent * -1
    else:
        wrong = not -extent <= item < extent
    if wrong:
        raise IndexError(f"index {actual(item)} is out of bounds for axis {axis} with size {actual(extent)}")
    return item + extent if item < 0 else item


class _Advanced:
    """An index with arrays: they broadcast together; their axes stand first, unless they are neighbours."""

    def __init__(self, array, parts):
        program = array.value.program
        # Integers beside arrays count as arrays.
        basic = [("slice", slice(None)) if kind in ("array", "integer") else (kind, item) for kind, item in parts]
        self.array, self.view = array, _BasicView(array.shape, basic)
        arrays, self.axes = [], []
        axis, places = 0, []
        for place, (kind, item) in enumerate(parts):
            if kind in ("array", "integer"):
                extent = self.view.shape[axis]
                arrays.append(item.value if kind == "array" else
                              build.extents(program, [_position(item, extent, axis)], scalar=True))
                self.axes.append(axis)
                places.append(place)
            axis += 1
        self.dims = build.broadcast_dims([value.dims for value in arrays], program)
        self.arrays = arrays
        together = places == list(range(places[0], places[0] + len(places)))
        self.front = self.axes[0] if together else 0

    def _tuples(self):
        """The index tuples, [..., number of arrays]."""
        rank = len(self.dims)
        columns = []
        for value, axis in zip(self.arrays, self.axes):
            columns.append(build.add_axes(build.broadcast(value, self.dims), [rank]))
        return build.concat(columns, rank)

    def _order(self, rank):
        """Brings the indexed axes to the front."""
        return self.axes + [axis for axis in range(rank) if axis not in self.axes]

    def get(self):
        return move(self._get, self.array.value)

    def _get(self, value):
        value = self.view.get(value)
        if len(self.axes) == 1:
            return build.gather(value, self.arrays[0], self.axes[0])
        value = build.transpose(value, self._order(len(value.dims)))
        value = build.gather_nd(value, self._tuples())
        count = len(self.dims)
        rest = [count + i for i in range(len(value.dims) - count)]
        return build.transpose(value, rest[:self.front] + list(range(count)) + rest[self.front:])

    def put(self, new, kind="none"):
        whole = self.array.value
        part = self.view.get(whole)
        rest = [extent for axis, extent in enumerate(part.dims) if axis not in self.axes]
        new = fit(new, [*rest[:self.front], *self.dims, *rest[self.front:]])
        part = move(lambda one, other: self._put(one, other, kind), part, new)
        return self.view.put(whole, part)

    def _put(self, part, new, kind):
        order = self._order(len(part.dims))
        count = len(self.dims)
        indices = list(range(self.front, self.front + count))
        new = build.transpose(new, indices + [axis for axis in range(len(new.dims)) if axis not in indices])
        value = build.scatter_nd(build.transpose(part, order), self._tuples(), new, kind)
        return build.transpose(value, [order.index(axis) for axis in range(len(order))])
