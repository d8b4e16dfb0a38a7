"""What a call gives, as arrays that programs read: the checks that scikit-learn makes of it, and which program it needs.

A kind is a tuple that decides the program: ("matrix", dtype), ("values", dtype), or ("frame", ((name, dtype), ...)). The
dtype of strings, and of objects that are strings, numbers or missing, is "str".
"""
import numpy as np

from .._errors import InputError
from .._trace.array import Tracer
from .._trace.program import ELEMENTS
from .rows import Columns


class Expected:
    """What the rows must be like: those that the estimator was fitted on. narrow: programs compute in float32."""

    def __init__(self, name, takes, count, names, narrow=False):
        self.name, self.takes, self.count, self.narrow = name, takes, count, narrow
        self.names = None if names is None else [str(one) for one in names]

    def read(self, X):
        """(kind, arrays). Raises InputError where scikit-learn raises ValueError or TypeError."""
        if hasattr(X, "tocsr"):
            raise InputError(f"{self.name} takes dense rows: X is a sparse {type(X).__name__}, use X.toarray()")
        if hasattr(X, "columns") and hasattr(X, "__getitem__") and self.takes not in ("texts", "values"):
            return self._read_frame(X)
        return KINDS[self.takes](self, X)

    def read_matrix(self, X):
        X = _array(X) if self.takes in ("categories", "columns", "named") else np.asarray(X)
        if X.dtype.kind not in "OU" or self.takes == "matrix":
            check_dtype(X.dtype)
        if X.ndim != 2:
            hint = ("" if X.ndim != 1 else ": reshape your data either using array.reshape(-1, 1) if it has a single "
                    "feature or array.reshape(1, -1) if it contains a single sample")
            raise InputError(f"Expected 2D array, got {('scalar' if X.ndim == 0 else f'{X.ndim}D')} array instead{hint}")
        self._check_count(X.shape[1])
        self._check_rows(X.shape)
        if X.dtype.kind in "OU" and self.takes != "categories":     # columns go different ways
            arrays = [_column_of(X[:, i]) for i in range(X.shape[1])]
            return ("frame", tuple((f"x{i}", kind_of(array)) for i, array in enumerate(arrays))), arrays
        return ("matrix", kind_of(X)), [X]

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
        if shape[0] == 0:
            raise InputError(f"Found array with 0 sample(s) (shape={tuple(shape)}) while a minimum of 1 is required by "
                             f"{self.name}.")

    def _check_count(self, count):
        if self.count is not None and count != self.count:
            raise InputError(f"X has {count} features, but {self.name} is expecting {self.count} features as input.")

    def _read_frame(self, frame):
        given = list(frame.columns)
        if self.takes == "named" and self.names is not None:
            present = set(given)
            wanted = [name for name in self.names if name in present]
            missing = [name for name in self.names if name not in present]
            if not wanted:
                raise InputError(f"columns are missing: {set(missing)}")
        else:
            self._check_names(given)
            wanted = given
        if len(set(given)) != len(given):
            raise InputError(f"the frame has two columns of one name, which {self.name} cannot tell apart")
        if self.takes == "matrix":
            return self.read_matrix(_frame_as_matrix(frame, wanted))
        arrays = [column(frame, name) for name in wanted]
        self._check_rows((len(arrays[0]), len(arrays)))
        return ("frame", tuple((str(name), kind_of(array)) for name, array in zip(wanted, arrays))), arrays

    def _check_names(self, given):
        """As scikit-learn: the columns' names, in their order, are those of the fit."""
        self._check_count(len(given))
        if self.names is None or list(map(str, given)) == self.names or not all(isinstance(one, str) for one in given):
            return
        unseen = sorted(set(given) - set(self.names))
        missing = sorted(set(self.names) - set(given))
        reason = (f"unseen at fit time: {', '.join(unseen)}" if unseen else
                  f"seen at fit time, yet now missing: {', '.join(missing)}" if missing else
                  "they must be in the same order as they were in fit")
        raise InputError(f"The feature names should match those that were passed during fit: {reason}")


def column(frame, name):
    """A column of a frame as an ndarray; missing values of nullable columns are NaN."""
    series = frame[name]
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return series.to_numpy()
    numpy_dtype = getattr(dtype, "numpy_dtype", None)
    if numpy_dtype is not None and numpy_dtype.kind in "biuf":     # pandas' Int64, Float32, boolean
        missing = bool(series.isna().any())
        if not missing:
            return series.to_numpy(numpy_dtype)
        return series.to_numpy(np.float32 if numpy_dtype == np.float32 else np.float64, na_value=np.nan)
    array = series.to_numpy()
    if array.dtype.kind not in "OU":
        check_dtype(array.dtype, f"column {name!r}")
    return array


def _column_of(values):
    """A column of objects as numbers where it has nothing else."""
    if values.dtype.kind == "O" and all(isinstance(one, (int, float, np.number)) for one in values):
        return values.astype(np.float64)
    return np.ascontiguousarray(values)


def _array(values):
    """Strings and numbers side by side stay objects."""
    if isinstance(values, np.ndarray):
        return values
    array = np.asarray(values)
    return array if array.dtype.kind in "biuf" else np.asarray(values, dtype=object)


def kind_of(array):
    return "str" if array.dtype.kind in "OU" else array.dtype.newbyteorder("=").name


def _frame_as_matrix(frame, names):
    if all(isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in frame.dtypes):
        return frame.to_numpy()
    arrays = [column(frame, name) for name in names]
    return np.stack(arrays, axis=1).astype(np.result_type(*arrays), copy=False) if arrays else np.empty((len(frame), 0))


def check_dtype(dtype, what="X"):
    """Refuses elements that programs do not have."""
    if dtype.kind == "c":
        raise InputError(f"Complex data not supported: {what} has dtype {dtype}")
    if dtype.newbyteorder("=").name not in ELEMENTS:
        raise InputError(f"{what} has dtype {dtype}: expected bool, an integer or a float of up to 64 bits")


KINDS = {"matrix": Expected.read_matrix, "categories": Expected.read_matrix, "columns": Expected.read_matrix,
         "named": Expected.read_matrix, "one feature": Expected.read_one_feature, "texts": Expected.read_texts, "values": Expected.read_values}


ROWS = "rows"     # the symbol of the first extent


def trace_inputs(program, kind, expected):
    """The inputs of a program for a kind: (rows, names)."""
    rows = program.facts.symbol(ROWS)
    if kind[0] == "matrix":
        return Tracer(program.input(np.dtype(kind[1]), (rows, expected.count))), ["X"]
    if kind[0] == "values":
        return Tracer(program.input(np.dtype(kind[1]), (rows,))), ["X"]
    names = [name for name, _ in kind[1]]
    return Columns(names, [Tracer(program.input(np.dtype(dtype), (rows,))) for _, dtype in kind[1]]), names
