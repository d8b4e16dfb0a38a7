"""Frames as arrays: whether their columns are those of the fit, and the values of each as programs read them.

A call on one row is as fast as what it asks of the frame, so little is asked: a frame's names are compared with those of the
frame before, and pandas gives the arrays that its columns lie in without a Series around each.
"""
import functools
from dataclasses import dataclass

import numpy as np

from .._errors import InputError
from .._trace.program import ELEMENTS


@dataclass(frozen=True)
class Plan:
    """What is read of frames that have these columns."""
    columns: object      # as the frame has them
    wanted: tuple        # (position, column, its name as a str)
    names: tuple         # the last of these

    def fits(self, columns):
        if type(columns) is not type(self.columns):      # of another library
            return False
        equals = getattr(self.columns, "equals", None)
        return equals(columns) if equals else self.columns == columns


def plan(frame, names, by_name):
    """A Plan. names: of the fit, or None; by_name: whether they are looked up in a frame that has others, too."""
    given = list(frame.columns)
    if by_name and names is not None:
        present = set(given)
        wanted = [name for name in names if name in present]
        if not wanted:
            raise InputError(f"columns are missing: {set(names)}")
    else:
        _check_names(given, names)
        wanted = given
    if len(set(given)) != len(given):
        twice = next(name for name in given if given.count(name) > 1)
        raise InputError(f"the frame has two columns named {twice!r}, which cannot be told apart")
    return Plan(frame.columns, tuple((given.index(name), name, str(name)) for name in wanted), tuple(map(str, wanted)))


def _check_names(given, names):
    """As scikit-learn: the columns' names, in their order, are those of the fit."""
    if names is None or list(map(str, given)) == names or not all(isinstance(one, str) for one in given):
        return
    unseen = sorted(set(given) - set(names))
    missing = sorted(set(names) - set(given))
    reason = (f"unseen at fit time: {', '.join(unseen)}" if unseen else
              f"seen at fit time, yet now missing: {', '.join(missing)}" if missing else
              "they must be in the same order as they were in fit")
    raise InputError(f"The feature names should match those that were passed during fit: {reason}")


def columns(frame, wanted):
    """The columns as ndarrays; missing values of nullable numbers are NaN."""
    stored = getattr(frame, "_get_column_array", None)
    return [_plain(frame[column] if stored is None else stored(position), name) for position, column, name in wanted]


def _plain(values, name):
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return values if isinstance(values, np.ndarray) else values.to_numpy()
    numpy_dtype = getattr(dtype, "numpy_dtype", None)
    if numpy_dtype is not None and numpy_dtype.kind in "biuf":     # pandas' Int64, Float32, boolean
        return values.to_numpy(np.float64, na_value=np.nan)      # as scikit-learn makes them
    array = values if isinstance(values, np.ndarray) else values.to_numpy()
    if array.dtype.kind not in "OU":
        check_dtype(array.dtype, f"column {name!r}")
    return array


def matrix(frame, wanted):
    """The columns as an ndarray [N, F]. Those of bools are float64, as scikit-learn makes them."""
    arrays = [array.astype(np.float64) if array.dtype == bool else array for array in columns(frame, wanted)]
    if not arrays:
        return np.empty((len(frame), 0))
    first = arrays[0].dtype
    if first.kind != "O" and all(array.dtype == first for array in arrays):
        whole = frame.to_numpy() if len(wanted) == len(frame.columns) else None
        if whole is not None and whole.dtype == first:      # as pandas has it, without a copy
            return whole
    joined = np.empty((len(arrays), len(arrays[0])), np.result_type(*arrays))
    for row, array in zip(joined, arrays):
        row[...] = array
    return joined.T


@functools.lru_cache
def element_name(dtype):
    """The name of a dtype in kinds: "str" for strings and objects, None for elements that programs do not have."""
    name = "str" if dtype.kind in "OU" else dtype.newbyteorder("=").name
    return name if name == "str" or name in ELEMENTS else None


def check_dtype(dtype, what="X"):
    """Refuses elements that programs do not have."""
    if dtype.kind == "c":
        raise InputError(f"Complex data not supported: {what} has dtype {dtype}")
    if dtype.kind in "OU" or element_name(dtype) is None:
        raise InputError(f"{what} has dtype {dtype}: expected bool, an integer or a float of up to 64 bits")
