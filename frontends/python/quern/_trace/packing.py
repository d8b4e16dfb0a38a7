"""Numbers made of digits: bits in bytes, places in shapes."""
import numpy as np

from . import build
from .array import as_tracer, is_concrete, plain
from .errors import TraceError
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
    if mode not in ("wrap", "clip") and any(not is_concrete(index) for index in multi_index):
        raise TraceError("numpy.ravel_multi_index is supported with mode='wrap' or mode='clip': an error would depend on values")
    dims = tuple(dims) if np.iterable(dims) else (dims,)
    total = 0
    for axis, (index, extent) in enumerate(zip(multi_index, dims)):
        index = index % extent if mode == "wrap" else np.clip(index, 0, extent - 1) if mode == "clip" else plain(index)
        total = total + index * product(dims[axis + 1:] if order == "C" else dims[:axis])
    return total
