"""The rows that estimators get while they are traced: what scikit-learn's check_array makes of them, and results."""
import numpy as np

from .._errors import InputError
from .._trace import build
from .._trace.array import Trace, Tracer, trace


class Columns:
    """The columns of a frame: names, and a Tracer [N] for each."""

    def __init__(self, names, values):
        self.names, self.values = list(names), list(values)

    def __len__(self):
        return len(self.values)

    def select(self, positions):
        return Columns([self.names[i] for i in positions], [self.values[i] for i in positions])

    def find(self, names):
        """The positions of names. Raises as scikit-learn does where the frame lacks one."""
        missing = {name for name in names if name not in self.names}
        if missing:
            raise InputError(f"columns are missing: {missing}")
        return [self.names.index(name) for name in names]


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
    """A trace that notes what scikit-learn would check of values on the way.

    A call refuses NaN and infinity where scikit-learn does, without reading its rows once more: `watched` are values that
    are not finite if the rows are not (a linear model's scores; the rows themselves where that costs little).
    The program says whether one of them is not finite; only then are the `checks` themselves made.
    """

    def __init__(self, program):
        super().__init__(program)
        self.checks = []       # (name of the estimator, whether NaN is allowed, Tracer)
        self.watched = []      # Tracers, and whether NaN is allowed

    def watch(self, tracer, allow_nan=False):
        if tracer.dtype.kind == "f" and not any(tracer.value is other.value and allow_nan == also
                                                for other, also in self.watched):
            self.watched.append((tracer, allow_nan))

    def flag(self):
        """Whether a watched value is not finite: a bool of rank 0; None if there is nothing to watch."""
        flags = [np.any(np.isinf(tracer) if allow_nan else ~np.isfinite(tracer)) for tracer, allow_nan in self.watched]
        if not flags:
            return None
        return flags[0] if len(flags) == 1 else np.any(np.stack(flags))


def validate(X, name, dtype="numeric", allow_nan=False, watch=True):
    """The rows as check_array gives them to the estimator called `name`: a Tracer [N, F].

    dtype: "numeric" keeps it; a list keeps those in it and makes others the first.
    watch: False where the caller watches something that is cheaper; see EstimatorTrace.
    """
    X = matrix(X)
    if X.dtype.kind == "f" and allow_nan != "all":
        trace().checks.append((name, allow_nan, X))
        if watch:
            trace().watch(X, allow_nan)
    if dtype == "numeric":
        return X
    dtypes = dtype if isinstance(dtype, (list, tuple)) else [dtype]
    return X if X.dtype in dtypes else X.astype(dtypes[0])


def watch(tracer):
    """Watches a value in place of the rows, and returns it."""
    trace().watch(tracer)
    return tracer


def matrix(X):
    """Columns side by side in the dtype that holds them all."""
    if not isinstance(X, Columns):
        return X
    kind = np.result_type(*(value.dtype for value in X.values))
    return np.concatenate([value.astype(kind)[:, None] for value in X.values], axis=1)


def columns(X):
    """Rows as Columns."""
    if isinstance(X, Columns):
        return X
    return Columns([f"x{i}" for i in range(X.shape[1])], [X[:, i] for i in range(X.shape[1])])


def take(array, index, axis=0):
    """array[index] along an axis, for positions that are there."""
    program = trace().program
    array = build.constant(program, array) if isinstance(array, np.ndarray) else array.value
    return Tracer(build.gather(array, index.value, axis))


def full(X, shape, value, dtype=None):
    """An array with a first extent like that of the rows: [N, *shape] of one value."""
    first = (X.values[0] if isinstance(X, Columns) else X).value
    value = build.constant(first.program, np.asarray(value, dtype))
    return Tracer(build.broadcast(value, (first.dims[0], *shape)))
