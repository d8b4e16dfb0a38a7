"""Numbers made of digits: bits in bytes, places in shapes."""
import numpy as np

from . import build
from .array import all_concrete, as_tracer, plain, wrap
from .creation import arange
from .extents import product
from .functions import implements


def _weights(bitorder):
    if bitorder not in ("big", "little"):
        raise ValueError("'order' must be either 'little' or 'big'")
    shifts = np.arange(8, dtype=np.uint8)
    return shifts[::-1] if bitorder == "big" else shifts


@implements(np.packbits)
def packbits(a, /, axis=None, bitorder="big"):
    array = as_tracer(a)
    if array.dtype.kind not in "biu":
        raise TypeError("Expected an input array of integer or boolean data type")
    if axis is None:
        array, axis = array.reshape(-1), 0
    bits = np.moveaxis(array != 0, build.normalize(axis, array.ndim), -1)
    missing = -int(bits.shape[-1]) % 8
    if missing:
        bits = np.concatenate([bits, np.zeros((*bits.shape[:-1], missing), bool)], axis=-1)
    groups = bits.reshape((*bits.shape[:-1], -1, 8)).astype(np.uint8) << _weights(bitorder)
    return np.moveaxis(np.sum(groups, axis=-1, dtype=np.uint8), -1, axis)


@implements(np.unpackbits)
def unpackbits(a, /, axis=None, count=None, bitorder="big"):
    array = as_tracer(a)
    if array.dtype != np.uint8:
        raise TypeError("Expected an input array of unsigned byte data type")
    if axis is None:
        array, axis = array.reshape(-1), 0
    array = np.moveaxis(array, build.normalize(axis, array.ndim), -1)
    bits = (array[..., None] >> _weights(bitorder)) & np.uint8(1)
    extent = array.shape[-1] * 8
    bits = bits.reshape((*array.shape[:-1], extent))
    if count is not None and count >= 0 and count > int(extent):
        bits = np.concatenate([bits, np.zeros((*bits.shape[:-1], count - int(extent)), np.uint8)], axis=-1)
    return np.moveaxis(bits if count is None else bits[..., :count], -1, axis)


@implements(np.unravel_index)
def unravel_index(indices, shape, order="C"):
    """Places outside are not looked for."""
    rest = as_tracer(indices)
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    digits = []
    for extent in shape[::-1] if order == "C" else shape:
        digits.append(rest % extent)
        rest = rest // extent
    return tuple(digits[::-1] if order == "C" else digits)


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index, dims, mode="raise", order="C"):
    if all_concrete(multi_index) and all_concrete(dims if np.iterable(dims) else (dims,)):
        return wrap(np.ravel_multi_index(tuple(map(plain, multi_index)), plain(dims), mode, order))
    dims = tuple(dims) if np.iterable(dims) else (dims,)
    modes = mode if isinstance(mode, tuple) else (mode,) * len(dims)
    total = 0
    for axis, (index, extent, mode) in enumerate(zip(multi_index, dims, modes)):
        index = as_tracer(index).astype(np.int64)
        if mode == "wrap":
            index = index % extent
        elif mode == "clip":
            index = np.clip(index, 0, extent - 1)
        else:    # the places of an axis, where one that is outside is a data error; so is what NumPy would count from the end
            index = arange(extent)[np.where(index < 0, extent, index)]
        total = total + index * product(dims[axis + 1:] if order == "C" else dims[:axis])
    return total
