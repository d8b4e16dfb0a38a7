"""Shapes, joins, rolls, choices: what moves elements."""
import operator

import numpy as np

from . import build, creation
from .array import Tracer, as_tracer
from .complex import ComplexValue, move
from .creation import arange
from .dtypes import cast, result_type
from .errors import TraceError
from .extents import Extent, actual, dim_of, is_negative, product, same
from .functions import implements


def _shape(shape):
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def _sized(shape, size):
    """The extents of a reshape with its -1 filled in."""
    shape = [extent if isinstance(extent, Extent) else int(extent) for extent in _shape(shape)]
    unknown = [axis for axis, extent in enumerate(shape) if not isinstance(extent, Extent) and extent == -1]
    if len(unknown) > 1:
        raise ValueError("can only specify one unknown dimension")
    rest = product(extent for axis, extent in enumerate(shape) if axis not in unknown)
    if unknown:
        if isinstance(size, int) and isinstance(rest, int):
            if rest == 0 or size % rest:
                raise ValueError(f"cannot reshape array of size {size} into shape {tuple(shape)}")
            shape[unknown[0]] = size // rest
        else:
            shape[unknown[0]] = _quotient(size, rest, shape)
    elif not same(rest, size):
        if actual(rest) != actual(size):
            raise ValueError(f"cannot reshape array of size {actual(size)} into shape {tuple(map(actual, shape))}")
        (rest if isinstance(rest, Extent) else size).facts.equate(rest, size)
    return shape


def _quotient(size, rest, shape):
    facts = (size if isinstance(size, Extent) else rest).facts
    exact = dim_of(size).divided_by(dim_of(rest))
    if exact is not None:
        return facts.extent(exact)
    number, parts = actual(size), actual(rest)
    if number is None or parts is None:
        raise TraceError("a reshape with -1 of an array whose size depends on values does not divide evenly")
    if parts == 0 or number % parts:
        raise ValueError(f"cannot reshape array of size {number} into shape {tuple(map(actual, shape))}")
    if isinstance(rest, Extent):
        return int(size) // int(rest)
    quotient = size // rest
    facts.equate(quotient * rest, size)
    return quotient


@implements(np.reshape)
def reshape(a, /, shape=None, order="C", *, newshape=None, copy=None):
    array = as_tracer(a)
    shape = newshape if shape is None else shape
    if order == "F":
        sized = _sized(shape, array.size)
        return transpose(reshape(transpose(array), sized[::-1]))
    if order not in ("C", "A", "K"):
        raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    own, dims = array.shape, _sized(shape, array.size)
    if not array.can_view(dims):
        return Tracer(move(lambda part: build.reshape(part, dims), array.value), boxed=True)
    return array.derive(lambda whole: move(lambda part: build.reshape(part, dims), whole),
                        lambda whole, new: move(lambda part: build.reshape(part, own), new),
                        lambda whole, number: whole.reshape([number(extent) for extent in dims]))


@implements(np.ravel)
def ravel(a, order="C"):
    return reshape(a, -1, order if order in "CF" else "C")


@implements(np.transpose)
def transpose(a, axes=None):
    array = as_tracer(a)
    order = tuple(reversed(range(array.ndim))) if axes is None else build.axes_of(tuple(axes), array.ndim)
    if len(order) != array.ndim:
        raise ValueError("axes don't match array")
    back = [order.index(axis) for axis in range(len(order))]
    return array.derive(lambda whole: move(lambda part: build.transpose(part, order), whole),
                        lambda whole, new: move(lambda part: build.transpose(part, back), new),
                        lambda whole, _: whole.transpose(order))


@implements(np.matrix_transpose)
def matrix_transpose(x, /):
    return swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(a, axis1, axis2):
    order = list(range(as_tracer(a).ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(a, order)


@implements(np.moveaxis)
def moveaxis(a, source, destination):
    rank = as_tracer(a).ndim
    source, destination = build.axes_of(source, rank), build.axes_of(destination, rank)
    order = [axis for axis in range(rank) if axis not in source]
    for to, axis in sorted(zip(destination, source)):
        order.insert(to, axis)
    return transpose(a, order)


@implements(np.rollaxis)
def rollaxis(a, axis, start=0):
    rank = as_tracer(a).ndim
    axis, start = axis % rank, start + rank if start < 0 else start
    return moveaxis(a, axis, start - 1 if axis < start else start)


@implements(np.squeeze)
def squeeze(a, axis=None):
    array = as_tracer(a)
    if axis is None:
        axes = [i for i, extent in enumerate(array.shape) if build.is_one(extent)]
    else:
        axes = build.axes_of(axis, array.ndim)
        if not all(build.is_one(array.shape[one]) for one in axes):
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return reshape(array, [extent for i, extent in enumerate(array.shape) if i not in axes])


@implements(np.expand_dims)
def expand_dims(a, axis):
    array = as_tracer(a)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = build.axes_of(tuple(axes), array.ndim + len(axes))
    rest = iter(array.shape)
    return reshape(array, [1 if i in axes else next(rest) for i in range(array.ndim + len(axes))])


@implements(np.atleast_1d)
def atleast_1d(*arrays):
    return _each(arrays, lambda a: a if a.ndim else a.reshape(1))


@implements(np.atleast_2d)
def atleast_2d(*arrays):
    return _each(arrays, lambda a: a if a.ndim >= 2 else a.reshape((1, *(a.shape or (1,)))))


@implements(np.atleast_3d)
def atleast_3d(*arrays):
    def raised(a):
        return a if a.ndim >= 3 else a[..., None] if a.ndim == 2 else a.reshape((1, *(a.shape or (1,)), 1))

    return _each(arrays, raised)


def _each(arrays, function):
    results = tuple(function(as_tracer(array)) for array in arrays)
    return results[0] if len(results) == 1 else results


def read_only(*_):
    """The writing of views that NumPy lets nobody write to."""
    raise ValueError("assignment destination is read-only")


@implements(np.broadcast_to)
def broadcast_to(array, shape, subok=False):
    array, shape = as_tracer(array), _shape(shape)
    from .indexing import fit
    view = array.derive(lambda whole: fit(whole, shape), read_only,
                        lambda whole, number: np.broadcast_to(whole, [number(extent) for extent in shape]), boxed=True)
    view.ndim      # refuses what does not fit, also where nobody reads it
    return view


@implements(np.broadcast_arrays)
def broadcast_arrays(*arrays, subok=False):
    arrays = [as_tracer(array) for array in arrays]
    dims = build.broadcast_dims([array.shape for array in arrays], arrays[0].value.program)
    is_done = all(len(array.shape) == len(dims) and all(map(same, array.shape, dims)) for array in arrays)
    return tuple(array if is_done else broadcast_to(array, dims) for array in arrays)


#--- Joins and parts ------------------------------------------------------------------------------

def _same_kind(arrays, dtype=None):
    arrays = [as_tracer(array) for array in arrays]
    if not arrays:
        raise ValueError("need at least one array to concatenate")
    kind = np.dtype(dtype) if dtype is not None else result_type(*arrays)
    return [cast(array.value, kind) for array in arrays]


@implements(np.concatenate)
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    values = _same_kind(arrays, dtype)
    if axis is None:
        values = [reshape(Tracer(value), -1).value for value in values]
        axis = 0
    rank = len(values[0].dims)
    if rank == 0:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    axis = build.normalize(axis, rank)

    def complain(first, second):
        raise ValueError("all the input array dimensions except for the concatenation axis must match exactly, but they "
                         f"are {first} and {second}")

    for value in values[1:]:
        if len(value.dims) != rank:
            complain(f"{rank} axes", f"{len(value.dims)} axes")
        for i in range(rank):
            if i != axis:
                build.agree(values[0].dims[i], value.dims[i], value.program, complain)
    if isinstance(values[0], ComplexValue):
        return Tracer(ComplexValue(build.concat([value.real for value in values], axis),
                                   build.concat([value.imag for value in values], axis)))
    return Tracer(build.concat(values, axis))


@implements(np.stack)
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = [as_tracer(array) for array in arrays]
    axis = axis if axis >= 0 else arrays[0].ndim + 1 + axis
    return concatenate([expand_dims(array, axis) for array in arrays], axis, dtype=dtype)


@implements(np.hstack)
def hstack(arrays, *, dtype=None, casting="same_kind"):
    arrays = [atleast_1d(array) for array in arrays]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, dtype=dtype)


@implements(np.vstack)
def vstack(arrays, *, dtype=None, casting="same_kind"):
    return concatenate([atleast_2d(array) for array in arrays], 0, dtype=dtype)


@implements(np.dstack)
def dstack(arrays):
    return concatenate([atleast_3d(array) for array in arrays], 2)


@implements(np.column_stack)
def column_stack(arrays):
    arrays = [as_tracer(array) for array in arrays]
    return concatenate([array if array.ndim >= 2 else array.reshape((-1, 1)) for array in arrays], 1)


@implements(np.append)
def append(arr, values, axis=None):
    if axis is None:
        return concatenate([ravel(arr), ravel(values)])
    return concatenate([arr, values], axis)


@implements(np.array_split)
def array_split(a, indices_or_sections, axis=0):
    array = as_tracer(a)
    axis = build.normalize(axis, array.ndim)
    extent = array.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        extent, sections = int(extent), int(indices_or_sections)
        sizes = [extent // sections + (i < extent % sections) for i in range(sections)]
        cuts = np.cumsum(sizes)[:-1].tolist()
    else:
        cuts = [int(cut) for cut in indices_or_sections]
    places = [slice(start, stop) for start, stop in zip([None, *cuts], [*cuts, None])]
    return [array[(slice(None),) * axis + (place,)] for place in places]


@implements(np.split)
def split(a, indices_or_sections, axis=0):
    if isinstance(indices_or_sections, (int, np.integer)) and int(as_tracer(a).shape[axis]) % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(a, indices_or_sections, axis)


implements(np.hsplit)(lambda a, parts: split(a, parts, 0 if as_tracer(a).ndim == 1 else 1))
implements(np.vsplit)(lambda a, parts: split(a, parts, 0))
implements(np.dsplit)(lambda a, parts: split(a, parts, 2))


@implements(np.unstack)
def unstack(x, /, *, axis=0):
    array = moveaxis(x, axis, 0)
    return tuple(array[i] for i in range(int(array.shape[0])))


#--- Rearrangements -------------------------------------------------------------------------------

@implements(np.flip)
def flip(m, axis=None):
    array = as_tracer(m)
    axes = build.axes_of(axis, array.ndim)
    return array[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(array.ndim))]


implements(np.fliplr)(lambda m: flip(m, 1))
implements(np.flipud)(lambda m: flip(m, 0))


@implements(np.rot90)
def rot90(m, k=1, axes=(0, 1)):
    first, second = build.axes_of(tuple(axes), as_tracer(m).ndim)
    k %= 4
    if k == 0:
        return as_tracer(m)[...]
    if k == 2:
        return flip(flip(m, first), second)
    turned = swapaxes(m, first, second)
    return flip(turned, first) if k == 1 else flip(turned, second)


@implements(np.roll)
def roll(a, shift, axis=None):
    array = as_tracer(a)
    if axis is None:
        return roll(ravel(array), shift, 0).reshape(array.shape)
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    axes = axes * len(shifts) if len(axes) == 1 else axes
    for amount, one in zip(shifts, axes):
        array = _roll(array, amount, build.normalize(one, array.ndim))
    return array


def _roll(array, amount, axis):
    extent = array.shape[axis]
    if build.is_zero(extent):
        return array
    if isinstance(amount, Tracer) and amount.concrete is None or actual(extent) is None:
        places = np.remainder(Tracer(build.iota(array.value.program, (extent,), 0)) - amount, extent)
        return np.take(array, places, axis)
    amount = int(amount)
    cut = amount % extent if isinstance(extent, int) else amount
    if isinstance(extent, Extent):
        while cut < 0:
            cut = cut + extent
        if cut > extent:
            cut = cut % extent
    before = (slice(None),) * axis
    return concatenate([array[before + (slice(extent - cut, None),)], array[before + (slice(None, extent - cut),)]], axis)


@implements(np.tile)
def tile(A, reps):
    array = as_tracer(A)
    reps = _shape(reps)
    rank = max(array.ndim, len(reps))
    array = array.reshape((*[1] * (rank - array.ndim), *array.shape))
    reps = (*[1] * (rank - len(reps)), *reps)
    own = array.shape
    spread = [extent for pair in zip([1] * rank, own) for extent in pair]
    wide = [extent for pair in zip(reps, own) for extent in pair]
    value = move(lambda part: build.broadcast(build.reshape(part, spread), wide), array.value)
    return reshape(Tracer(value), [count * extent for count, extent in zip(reps, own)])


@implements(np.resize)
def resize(a, new_shape):
    flat, dims = ravel(a), _shape(new_shape)
    if build.is_zero(flat.shape[0]):
        return np.zeros(dims, flat.dtype)
    return np.take(flat, arange(product(dims)) % flat.shape[0]).reshape(dims)


@implements(np.repeat)
def repeat(a, repeats, axis=None):
    array = as_tracer(a)
    if axis is None:
        array, axis = ravel(array), 0
    axis = build.normalize(axis, array.ndim)
    if isinstance(repeats, Tracer) and repeats.concrete is not None:
        repeats = repeats.concrete
    if not isinstance(repeats, (int, np.integer, Extent)):
        counts = np.asarray(repeats)
        if counts.size == 1:
            return repeat(array, int(counts.ravel()[0]), axis)
        return np.take(array, np.repeat(np.arange(int(array.shape[axis])), counts), axis)
    if not isinstance(repeats, Extent) and repeats < 0:
        raise ValueError("repeats may not contain negative values.")
    own = array.shape
    dims = (*own[:axis + 1], repeats, *own[axis + 1:])
    value = move(lambda part: build.broadcast(build.add_axes(part, [axis + 1]), dims), array.value)
    return reshape(Tracer(value), (*own[:axis], own[axis] * repeats, *own[axis + 1:]))


@implements(np.pad)
def pad(array, pad_width, mode="constant", **keywords):
    array = as_tracer(array)
    widths = np.asarray(pad_width, dtype=object)
    if not all(isinstance(width, (int, np.integer, Extent)) for width in widths.ravel()):
        raise TypeError("`pad_width` must be of integral type.")
    if any(is_negative(width) for width in widths.ravel()):
        raise ValueError("index can't contain negative values")
    widths = np.broadcast_to(widths, (array.ndim, 2)).tolist()
    low, high = [before for before, _ in widths], [after for _, after in widths]
    if mode == "symmetric" and not keywords:
        return _mirror(array, low, high)
    modes = {"constant": "constant", "edge": "edge", "reflect": "reflect", "wrap": "wrap"}
    if mode not in modes:
        raise TraceError(f"numpy.pad with mode={mode!r} is not supported")
    fill = keywords.pop("constant_values", 0)
    if keywords:
        raise TraceError(f"numpy.pad: the argument {next(iter(keywords))} is not supported")
    if mode != "constant":
        return Tracer(move(lambda part: build.pad(part, low, high, None, modes[mode]), array.value), boxed=True)
    fill = as_tracer(fill).astype(array.dtype)
    if not fill.ndim:
        return _pad_with(array, low, high, fill)
    fill = np.broadcast_to(fill, (array.ndim, 2))
    for axis in range(array.ndim):
        one = [int(i == axis) for i in range(array.ndim)]
        none = [0] * array.ndim
        array = _pad_with(array, [low[axis] * here for here in one], none, fill[axis, 0])
        array = _pad_with(array, none, [high[axis] * here for here in one], fill[axis, 1])
    return array


def _pad_with(array, low, high, fill):
    return Tracer(move(lambda part, filler: build.pad(part, low, high, filler), array.value, fill.value), boxed=True)


def _mirror(array, low, high):
    """Every element of the edge twice: a period is two extents."""
    for axis, (before, after) in enumerate(zip(low, high)):
        if before == 0 and after == 0:
            continue
        extent = array.shape[axis]
        if build.is_zero(extent):
            raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
        place = np.mod(arange(-before, extent + after), 2 * extent)
        array = np.take(array, np.where(place < extent, place, 2 * extent - 1 - place), axis)
    return array


@implements(np.diff)
def diff(a, n=1, axis=-1, prepend=np._NoValue, append=np._NoValue):
    array = as_tracer(a)
    axis = build.normalize(axis, array.ndim)
    parts = [part if np.ndim(part) else np.broadcast_to(part, [1 if i == axis else e for i, e in enumerate(array.shape)])
             for part in (prepend, array, append) if part is not np._NoValue]
    array = concatenate(parts, axis) if len(parts) > 1 else array
    before = (slice(None),) * axis
    for _ in range(n):
        op = np.not_equal if array.dtype.kind == "b" else np.subtract
        array = op(array[before + (slice(1, None),)], array[before + (slice(None, -1),)])
    return array


@implements(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    steps = diff(ravel(ary))
    parts = [steps]
    for name, more in (("to_begin", to_begin), ("to_end", to_end)):
        if more is None:
            continue
        if not np.can_cast((more := ravel(more)).dtype, steps.dtype, "same_kind"):
            raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
        parts.insert(0 if name == "to_begin" else len(parts), more.astype(steps.dtype))
    return concatenate(parts) if len(parts) > 1 else steps


#--- Choices --------------------------------------------------------------------------------------

@implements(np.where)
def where(condition, x=None, y=None, /):
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    condition, x, y = as_tracer(condition), as_tracer(x), as_tracer(y)
    if condition.dtype.kind != "b":
        condition = condition != 0
    kind = result_type(x, y)
    a, b = cast(x.value, kind), cast(y.value, kind)
    return Tracer(move(lambda first, second: build.select(condition.value, first, second), a, b), boxed=True)


@implements(np.select)
def select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = where(condition, choice, result)
    return result


@implements(np.choose)
def choose(a, choices, out=None, mode="raise"):
    index = as_tracer(a)
    choices = [as_tracer(choice) for choice in choices]
    if mode == "clip":
        index = np.clip(index, 0, len(choices) - 1)
    elif mode == "wrap":
        index = index % len(choices)
    result = choices[-1]
    for number in reversed(range(len(choices) - 1)):
        result = where(index == number, choices[number], result)
    return result


@implements(np.clip)
def clip(a, a_min=np._NoValue, a_max=np._NoValue, out=None, *, min=np._NoValue, max=np._NoValue, dtype=None):
    low = a_min if a_min is not np._NoValue else min
    high = a_max if a_max is not np._NoValue else max
    result = as_tracer(a).copy()
    if low is not np._NoValue and _binds(low, result.dtype, operator.gt, "min"):
        result = np.maximum(result, low)
    if high is not np._NoValue and _binds(high, result.dtype, operator.lt, "max"):
        result = np.minimum(result, high)
    return result if dtype is None else result.astype(dtype)


def _binds(bound, dtype, passes, end):
    """Whether a bound of numpy.clip can matter: an integer out of the dtype's range on its own side does not."""
    is_integer = isinstance(bound, int) and not isinstance(bound, bool) and dtype.kind in "iu"
    return bound is not None and (not is_integer or passes(bound, getattr(np.iinfo(dtype), end)))


@implements(np.nonzero)
def nonzero(a):
    array = as_tracer(a)
    mask = array if array.dtype.kind == "b" else array != 0
    found = build.nonzero(mask.value)
    count = found.dims[1]
    return tuple(Tracer(build.reshape(build.slice_axis(found, 0, i, 1), (count,))) for i in range(array.ndim))


implements(np.flatnonzero)(lambda a: nonzero(ravel(a))[0])
implements(np.argwhere)(lambda a: transpose(stack(nonzero(a))))


@implements(np.take)
def take(a, indices, axis=None, out=None, mode="raise"):
    array, indices = as_tracer(a), as_tracer(indices)
    if axis is None:
        array, axis = ravel(array), 0
    axis = build.normalize(axis, array.ndim)
    extent = array.shape[axis]
    index = indices.astype(np.int64)
    if mode == "clip":
        index = np.clip(index, 0, extent - 1)
    elif mode == "wrap":
        index = np.remainder(index, extent)
    return Tracer(move(lambda part: build.gather(part, index.value, axis), array.value))


@implements(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    array, indices = as_tracer(arr), as_tracer(indices)
    if axis is None:
        array, axis = ravel(array), 0
    axis = build.normalize(axis, array.ndim)
    dims = build.broadcast_dims([[1 if i == axis else e for i, e in enumerate(one.shape)] for one in (array, indices)],
                                indices.value.program)
    def spread(one):
        return broadcast_to(one, [one.shape[i] if i == axis else e for i, e in enumerate(dims)])
    array, indices = spread(array), spread(indices.astype(np.int64))
    return Tracer(move(lambda part: build.gather_elements(part, indices.value, axis), array.value))


@implements(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    indices = as_tracer(indices).astype(np.int64)
    if axis is None:
        raise TraceError("numpy.put_along_axis without an axis is not supported")
    axis = build.normalize(axis, arr.ndim)
    updates = cast(broadcast_to(values, indices.shape).value, arr.dtype)
    arr.assign(build.scatter_elements(arr.value, indices.value, updates, axis))


@implements(np.compress)
def compress(condition, a, axis=None, out=None):
    array = as_tracer(a)
    if axis is None:
        array, axis = ravel(array), 0
    return take(array, flat_nonzero(condition), axis)


def flat_nonzero(condition):
    return nonzero(ravel(condition))[0]


implements(np.extract)(lambda condition, arr: take(ravel(arr), flat_nonzero(condition)))


@implements(np.delete)
def delete(arr, obj, axis=None):
    array = as_tracer(arr)
    if axis is None:
        array, axis = ravel(array), 0
    if isinstance(obj, Tracer) and obj.concrete is None:
        raise TraceError("numpy.delete at places that depend on values is not supported")
    kept = np.delete(np.arange(int(array.shape[axis])), obj.concrete if isinstance(obj, Tracer) else obj)
    return take(array, kept, axis)


@implements(np.insert)
def insert(arr, obj, values, axis=None):
    array = as_tracer(arr)
    if axis is None:
        array, axis = ravel(array), 0
    if not isinstance(obj, (int, np.integer)):
        raise TraceError("numpy.insert at more than one place is not supported")
    axis = build.normalize(axis, array.ndim)
    extent = array.shape[axis]
    if obj > extent or obj < extent * -1:
        raise IndexError(f"index {obj} is out of bounds for axis {axis} with size {actual(extent)}")
    place = int(obj) + (extent if obj < 0 else 0)
    values = as_tracer(values).astype(array.dtype)
    rows = [extent for i, extent in enumerate(array.shape) if i != axis]
    if values.ndim < array.ndim:
        values = expand_dims(broadcast_to(values, rows), axis)
    before = (slice(None),) * axis
    return concatenate([array[before + (slice(None, place),)], values, array[before + (slice(place, None),)]], axis)


@implements(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    from .ufuncs import store
    store(dst, broadcast_to(src, dst.shape), where)


@implements(np.place)
def place(arr, mask, vals):
    raise TraceError("numpy.place is not supported: use numpy.where or numpy.putmask")


@implements(np.put)
def put(a, ind, v, mode="raise"):
    if mode != "raise":
        raise TraceError(f"numpy.put with mode={mode!r} is not supported")
    places = np.ravel(ind)
    places = np.where(places < 0, places + a.size, places)
    a[np.unravel_index(places, a.shape)] = np.resize(v, places.shape)


@implements(np.putmask)
def putmask(a, mask, values):
    a[...] = where(mask, values, a)


@implements(np.copy)
def copy(a, order="K", subok=False):
    return creation.array(a)


@implements(np.real)
def real(val):
    array = as_tracer(val)
    if array.dtype.kind != "c":
        return array
    return array.derive(lambda whole: whole.real, lambda whole, new: ComplexValue(new, whole.imag),
                        lambda whole, _: whole.real)


@implements(np.imag)
def imag(val):
    array = as_tracer(val)
    if array.dtype.kind != "c":
        return np.zeros_like(array)[()] if array.is_number else np.zeros_like(array)
    return array.derive(lambda whole: whole.imag, lambda whole, new: ComplexValue(whole.real, new),
                        lambda whole, _: whole.imag)


@implements(np.angle)
def angle(z, deg=False):
    array = as_tracer(z)
    result = np.arctan2(imag(array), real(array))
    return result * (180 / np.pi) if deg else result


implements(np.isreal)(lambda x: imag(x) == 0)
implements(np.iscomplex)(lambda x: imag(x) != 0)
implements(np.iscomplexobj)(lambda x: as_tracer(x).dtype.kind == "c")
implements(np.isrealobj)(lambda x: as_tracer(x).dtype.kind != "c")
implements(np.shape)(lambda a: as_tracer(a).shape)
implements(np.ndim)(lambda a: as_tracer(a).ndim)
implements(np.size)(lambda a, axis=None: as_tracer(a).size if axis is None else as_tracer(a).shape[axis])
implements(np.result_type)(lambda *things: np.result_type(*(t.dtype if isinstance(t, Tracer) else t for t in things)))


@implements(np.may_share_memory, np.shares_memory)
def shares_memory(a, b, **_):
    raise TraceError("whether arrays share memory is not known while tracing")
