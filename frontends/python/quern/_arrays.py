"""Arrays that the runtime cannot read where they lie."""
import sys

import numpy as np

from ._errors import InputError


def convert(value, name, dtype):
    """A dense array of `dtype` with the elements of `value`, for the input `name`.

    Lists and numbers take the input's dtype where that loses nothing; an array must have it already, because a silent
    cast hides mistakes. bfloat16 is passed as its bits: NumPy has no such type of its own. Strings become an array of
    objects, whose elements the runtime looks at.
    """
    value = _of_torch(value)
    if dtype == "str":
        return np.require(np.asarray(value, dtype=object), requirements=["C", "A"])
    if isinstance(value, (bool, int, float, complex, list, tuple)):
        array = np.asarray(value)
        if array.dtype.kind != "O" and dtype != "bfloat16" and (
                array.size == 0 or np.can_cast(array.dtype, dtype, "same_kind") or _holds(array, dtype)):
            array = array.astype(dtype)
    else:
        array = np.asarray(value)
    if array.dtype.name == dtype and dtype == "bfloat16":
        array = array.view(np.uint16)
    elif array.dtype.name != ("uint16" if dtype == "bfloat16" else dtype):
        raise InputError(f"input {name!r} has dtype {array.dtype.name}, expected {dtype}")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return np.require(array, requirements=["C", "A"])


def _of_torch(value):
    """A tensor of PyTorch in the processor's memory as an array, whatever it says of gradients, signs and bfloat16."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor) or value.device.type != "cpu":
        return value
    value = value.detach().resolve_conj().resolve_neg()
    return (value.view(torch.uint16) if value.dtype == torch.bfloat16 else value).numpy()


def _holds(array, dtype):
    """Whether every integer of a list fits `dtype`."""
    target = np.dtype(dtype)
    if array.dtype.kind not in "iub":
        return False
    if target.kind not in "iu":
        return target.kind in "fc"
    limits = np.iinfo(target)
    return limits.min <= array.min() and array.max() <= limits.max
