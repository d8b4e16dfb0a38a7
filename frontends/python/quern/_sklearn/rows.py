"""The rows that estimators get while they are traced: what scikit-learn's check_array makes of them, and results."""
import numpy as np

from .._errors import InputError, UnsupportedError
from .._trace import build
from .._trace.array import Trace, Tracer, as_tracer, trace
from .._trace.program import STRING


def dense(array):
    """What an estimator keeps of its fit, an ndarray also where that is a sparse matrix."""
    return np.asarray(array.toarray() if hasattr(array, "toarray") else array)


class Columns:
    """The columns of a frame: names, and a Tracer [N] for each. placed: those of an array, whose names say nothing."""

    def __init__(self, names, values, placed=False):
        self.names, self.values, self.placed = list(names), list(values), placed

    def __len__(self):
        return len(self.values)

    def select(self, positions):
        return Columns([self.names[i] for i in positions], [self.values[i] for i in positions], self.placed)

    def find(self, names):
        """The positions of names. Raises as scikit-learn does where the frame lacks one."""
        missing = {name for name in names if name not in self.names}
        if missing:
            raise InputError(f"columns are missing: {missing}")
        return [self.names.index(name) for name in names]


class Objects(Tracer):
    """A column of objects that are numbers or missing, [N]: strings for what looks them up, `numbers` (float64) for what
    computes."""

    def __init__(self, strings, numbers):
        super().__init__(strings)
        self.numbers = Tracer(numbers)


class Labels:
    """Classes by their positions (a Tracer [N] of int64) in `classes` (an ndarray)."""

    def __init__(self, index, classes):
        self.index, self.classes = index, classes

    def array(self):
        """The classes themselves, where programs have their dtype."""
        return take(self.classes, self.index)

    @property
    def is_numeric(self):
        return self.classes.dtype.kind in "biuf"


class Stacked:
    """Labels of several outputs side by side: [N, len(items)]."""

    def __init__(self, items):
        self.items = items


class EstimatorTrace(Trace):
    """A trace that notes what scikit-learn would refuse on the way.

    A call refuses NaN and infinity where scikit-learn does, without reading its rows once more: `watched` are flags, bools
    that are set where the rows may have to be refused (those of a linear model's scores; of the rows themselves where that
    costs little). Only where one is set a second program makes the `checks`.
    """

    def __init__(self, program):
        super().__init__(program, scope=self)
        self.checks = []       # (a function to a bool Tracer: whether the rows are refused, why)
        self.watched = []      # functions to bool Tracers of any rank
        self._seen = set()
        self.rows_are_apart = True     # no row has to do with another
        self.reports = True            # what is refused; a saved library has data errors alone

    def reach(self, function):
        """Of a Scope: functions that are handed over are our own."""
        return function

    def watch(self, tracer, allow_nan=False):
        """Sets the flag where a value is not finite."""
        key = (id(tracer.value), allow_nan)
        if tracer.dtype.kind == "f" and key not in self._seen:
            self._seen.add(key)
            self.watched.append(lambda: np.isinf(tracer) if allow_nan else ~np.isfinite(tracer))

    def refuse(self, found, message):
        """Refuses all rows where `found` gives a bool that is set anywhere."""
        self.checks.append((found, message))
        self.watched.append(found)

    def flag(self):
        """Whether anything is set: a bool of rank 0; None if there is nothing to watch."""
        flags = [np.any(found()) for found in self.watched]
        if not flags:
            return None
        return flags[0] if len(flags) == 1 else np.any(np.stack(flags))


def validate(X, name, dtype="numeric", allow_nan=False, watch=True):
    """The rows as check_array gives them to the estimator called `name`: a Tracer [N, F].

    dtype: "numeric" keeps it; a list keeps those in it and makes others the first.
    allow_nan: True refuses infinity alone, "all" nothing.
    watch: False where the caller watches something that is cheaper; see EstimatorTrace.
    """
    X = matrix(X)
    if X.dtype.kind == "f" and allow_nan != "all":
        note_not_finite(X, name, allow_nan)
        if watch:
            trace().watch(X, allow_nan)
    if dtype == "numeric":
        return X
    dtypes = dtype if isinstance(dtype, (list, tuple)) else [dtype]
    return X if X.dtype in dtypes else X.astype(dtypes[0])


def note_not_finite(X, name, allow_nan=False):
    """The checks of values that the estimator called `name` does not take."""
    if not allow_nan:
        trace().checks.append((lambda: np.isnan(X), f"Input X contains NaN. {name} does not take missing values"))
    trace().checks.append((lambda: np.isinf(X), "Input X contains infinity or a value too large for "
                           f"dtype('{X.dtype}'). {name} does not take it"))


def call_users(function, *arguments, **keywords):
    """A function of the user's, which may compute across rows."""
    trace().rows_are_apart &= isinstance(function, np.ufunc)
    return function(*arguments, **keywords)


def watch(tracer):
    """Watches a value in place of the rows, and returns it. Each column of a matrix has something of every element of
    its row, so that all of them tell, or none does: it is enough to look at the first.
    """
    trace().watch(tracer[:, :1] if tracer.ndim == 2 else tracer)
    return tracer


def matrix(X):
    """Columns side by side in the dtype that holds them all; with bools among them float64, as scikit-learn makes frames."""
    if not isinstance(X, Columns):
        return _numbers(X, "X")
    values = [_numbers(value, name) for name, value in zip(X.names, X.values)]
    kind = np.result_type(*(np.float64 if value.dtype == bool else value.dtype for value in values))
    return np.concatenate([value.astype(kind)[:, None] for value in values], axis=1)


def side_by_side(X):
    """What a method gives: columns as a matrix of numbers or of strings."""
    if not isinstance(X, Columns) or all(value.dtype != STRING or isinstance(value, Objects) for value in X.values):
        return matrix(X) if isinstance(X, (Columns, Objects)) else X
    if any(value.dtype != STRING for value in X.values):
        raise UnsupportedError("a result of columns of texts beside columns of numbers is not supported")
    return np.concatenate([value[:, None] for value in X.values], axis=1)


def _numbers(value, name):
    if isinstance(value, Objects):
        return value.numbers
    if isinstance(value, Tracer) and value.dtype == STRING:
        raise InputError(f"could not convert string to float: column {name!r} has texts, or objects that are no numbers, where "
                         "numbers are expected")
    return value


def columns(X):
    """Rows as Columns."""
    if isinstance(X, Columns):
        return X
    return Columns([f"x{i}" for i in range(X.shape[1])], [X[:, i] for i in range(X.shape[1])])


def take(array, index, axis=0):
    """array[index] along an axis, for positions that are there."""
    array, index = as_tracer(array), as_tracer(index)
    return Tracer(build.gather(array.value, index.value, axis))


def take_columns(X, positions):
    """X[:, positions]."""
    positions = np.asarray(positions, np.int64)
    if np.array_equal(positions, np.arange(X.shape[1])):
        return X
    first, count = int(positions[0]) if len(positions) else 0, len(positions)
    if np.array_equal(positions, np.arange(first, first + count)):
        return X[:, first:first + count]
    return take(X, positions, 1)


def full(X, shape, value, dtype=None):
    """An array with a first extent like that of the rows: [N, *shape] of one value."""
    first = (X.values[0] if isinstance(X, Columns) else X).value
    value = build.constant(first.program, np.asarray(value, dtype))
    return Tracer(build.broadcast(value, (first.dims[0], *shape)))
