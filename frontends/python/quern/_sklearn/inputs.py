"""What a call gives, as arrays that programs read: the checks that scikit-learn makes of it, and which program it needs.

A kind is a tuple that decides the program: ("matrix", dtype), ("values", dtype), ("frame", ((name, dtype), ...)), or
("array", ((name, dtype), ...)), columns of an array of objects. The dtype of strings, and of objects that are strings, numbers
or missing, is "str". A column of objects that are numbers or missing has the dtype "object": it is given as such a one and as
float64, since an encoder tells None from NaN.
"""
import numpy as np

from .._errors import InputError
from .._trace.array import Tracer
from . import frames
from .frames import check_dtype, element_name
from .rows import Columns, Objects


class Expected:
    """What the rows must be like: those that the estimator, a Fitted, was fitted on. narrow: programs compute in float32."""

    def __init__(self, fitted, count, names, narrow=False):
        self.name, self.takes, self.takes_none = fitted.name, fitted.takes, fitted.takes_none
        self.count, self.narrow, self.counts = count, narrow, fitted.counts
        self.names = None if names is None else [str(one) for one in names]
        self._plan = None      # of the frame before

    def read(self, X):
        """(kind, arrays). Raises InputError where scikit-learn raises ValueError or TypeError."""
        if self.counts:
            return ("values", "bool"), [np.zeros(_length(X), bool)]
        if hasattr(X, "columns") and hasattr(X, "__getitem__") and self.takes not in ("texts", "values"):
            return self._read_frame(X)     # first: a frame looks for other attributes among its columns
        if hasattr(X, "tocsr"):
            raise InputError(f"{self.name} takes dense rows: X is a sparse {type(X).__name__}, use X.toarray()")
        return KINDS[self.takes](self, X)

    def read_matrix(self, X):
        X = _array(X) if self.takes in ("categories", "columns", "named", "labelled") else np.asarray(X)
        if X.dtype.kind == "O" and self.takes == "matrix":
            X = _numbers_of(X)
        if X.dtype.kind not in "OU" or self.takes == "matrix":
            check_dtype(X.dtype)
        if X.ndim != 2:
            hint = ("" if X.ndim != 1 else ": reshape your data either using array.reshape(-1, 1) if it has a single "
                    "feature or array.reshape(1, -1) if it contains a single sample")
            raise InputError(f"Expected 2D array, got {('scalar' if X.ndim == 0 else f'{X.ndim}D')} array instead{hint}")
        self._check_count(X.shape[1])
        self._check_rows(X.shape)
        if X.dtype.kind in "OU" and self.takes != "categories":     # columns go different ways
            columns = [np.ascontiguousarray(X[:, i]) for i in range(X.shape[1])]
            return _columns_of("array", [f"x{i}" for i in range(len(columns))], columns)
        return ("matrix", kind_of(X)), [X]

    def read_labelled(self, X):
        raise InputError(f"Specifying the columns using strings is only supported for dataframes: {self.name} takes a frame, "
                         f"not a {type(X).__name__}")

    def read_one_feature(self, X):
        X = np.asarray(X)
        return self.read_matrix(X[:, None] if X.ndim == 1 else X)

    def read_values(self, y):
        """Classes of one output."""
        y = _array(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y.ravel()
        if y.ndim != 1:
            raise InputError(f"y should be a 1d array, got an array of shape {y.shape} instead.")
        if y.dtype.kind not in "OU":
            check_dtype(y.dtype, "y")
        return ("values", kind_of(y)), [y]

    def read_texts(self, X):
        if isinstance(X, str):
            raise InputError("Iterable over raw text documents expected, string object received.")
        if not isinstance(X, np.ndarray) or X.dtype.kind != "U":
            if not isinstance(X, np.ndarray):
                X = np.fromiter(X, dtype=object)
            for kind in set(map(type, X.ravel())):
                if not issubclass(kind, str):
                    raise InputError(f"{self.name} takes texts that are str, not {kind.__name__}")
        if X.ndim != 1:
            raise InputError(f"{self.name} takes a list or 1D array of texts, not an array of shape {X.shape}")
        return ("values", "str"), [X]

    def _check_rows(self, shape):
        if shape[0] == 0 and not self.takes_none:
            raise InputError(f"Found array with 0 sample(s) (shape={tuple(shape)}) while a minimum of 1 is required by "
                             f"{self.name}.")

    def _check_count(self, count):
        if self.count is not None and count != self.count:
            raise InputError(f"X has {count} features, but {self.name} is expecting {self.count} features as input.")

    def _read_frame(self, frame):
        plan = self._plan
        if plan is None or not plan.fits(frame.columns):
            by_name = self.takes in ("named", "labelled")
            if not (by_name and self.names is not None):
                self._check_count(len(frame.columns))
            plan = self._plan = frames.plan(frame, self.names, by_name)
        if self.takes == "matrix":
            return self.read_matrix(frames.matrix(frame, plan.wanted))
        arrays = frames.columns(frame, plan.wanted)
        self._check_rows((len(arrays[0]), len(arrays)))
        return _columns_of("frame", plan.names, arrays)

    def __getstate__(self):
        return {**vars(self), "_plan": None}      # it has an object of the frame's library


def _numbers_of(values):
    """Objects that are numbers, as scikit-learn makes them float64."""
    try:
        return values.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"X has objects that are no numbers: {error}") from None


def _columns_of(kind, names, columns):
    """(kind, arrays) of columns by their names."""
    dtypes, arrays = [], []
    for column in columns:
        dtypes.append(_dtype_of(column))
        arrays += [column, column.astype(np.float64)] if dtypes[-1] == "object" else [column]
    return (kind, tuple(zip(names, dtypes))), arrays


def _dtype_of(column):
    """Of a column in a kind."""
    if column.dtype.kind == "O" and all(issubclass(kind, _NUMBERS) for kind in set(map(type, column))):
        return "object"
    return kind_of(column)


_NUMBERS = (int, float, np.number, np.bool_, type(None))


def _length(X):
    try:
        return len(X) if getattr(X, "shape", None) is None else X.shape[0]
    except (TypeError, IndexError):
        raise InputError(f"Expected sequence or array-like, got {type(X).__name__}") from None


def _array(values):
    """Strings and numbers side by side stay objects."""
    if isinstance(values, np.ndarray):
        return values
    array = np.asarray(values)
    return array if array.dtype.kind in "biuf" else np.asarray(values, dtype=object)


def kind_of(array):
    return element_name(array.dtype)


KINDS = {"matrix": Expected.read_matrix, "categories": Expected.read_matrix, "columns": Expected.read_matrix,
         "named": Expected.read_matrix, "labelled": Expected.read_labelled, "one feature": Expected.read_one_feature, "texts": Expected.read_texts, "values": Expected.read_values}


ROWS = "rows"     # the symbol of the first extent


def trace_inputs(program, kind, expected):
    """The inputs of a program for a kind: (rows, names)."""
    rows = program.facts.symbol(ROWS)
    if kind[0] == "matrix":
        return Tracer(program.input(np.dtype(kind[1]), (rows, expected.count))), ["X"]
    if kind[0] == "values":
        return Tracer(program.input(np.dtype(kind[1]), (rows,))), ["X"]
    values, inputs = [], []
    for name, dtype in kind[1]:
        column = program.input(np.dtype("str" if dtype == "object" else dtype), (rows,))
        inputs.append(name)
        if dtype == "object":
            inputs.append(f"{name} as numbers")
            values.append(Objects(column, program.input(np.dtype(np.float64), (rows,))))
        else:
            values.append(Tracer(column))
    return Columns([name for name, _ in kind[1]], values, placed=kind[0] == "array"), inputs
