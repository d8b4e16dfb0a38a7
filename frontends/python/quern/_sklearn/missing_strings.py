"""Missing values among strings, replaced."""
import numpy as np

from .._trace import build, strings
from .._trace.array import Tracer
from .._trace.program import STRING
from .registry import Fitted, refuse
from .rows import Columns, trace


def fill_strings(estimator):
    """A SimpleImputer that was fitted on strings."""
    fills = [strings.string_key(one) for one in np.asarray(estimator.statistics_, object).tolist()]
    gap = strings.string_key(estimator.missing_values)
    if estimator.add_indicator:
        refuse(estimator, "add_indicator")
    if gap is None or any(fill in (None, strings.NONE, strings.NAN) for fill in fills):
        refuse(estimator, "strategy", f"{estimator.strategy}, of columns without values")

    def filled(value, columns):
        """Strings [N], or [N, F] with a fill for each column."""
        absent = strings.lookup(value, strings.Table(value.program, [[gap]]))
        if gap != strings.NAN:
            trace().refuse(lambda: Tracer(strings.lookup(value, strings.Table(value.program, [[strings.NAN]]))) >= 0,
                           "Input X contains NaN, which SimpleImputer(missing_values=None) does not take")
        zero = build.like(absent, 0)
        numbers = build.select(build.compare("eq", absent, zero), build.constant(value.program, columns, np.int64), absent)
        return strings.pick_strings(numbers, strings.Table(value.program, [fills]), value)

    def transform(X):
        if isinstance(X, Columns):
            return Columns(X.names, [Tracer(filled(column.value, place)) if column.dtype == STRING else number(column, place)
                                     for place, column in enumerate(X.values)], X.placed)
        return Tracer(filled(X.value, np.arange(len(fills))))

    def number(column, place):
        """A column of numbers beside those of strings: it stays one."""
        value = estimator.statistics_[place]
        if column.dtype.kind != "f" or gap != strings.NAN:
            return column
        if isinstance(value, str):
            refuse(estimator, "fill_value", f"{value}, of a column of numbers")
        return np.where(np.isnan(column), np.asarray(value, column.dtype), column)

    return Fitted("SimpleImputer", {"transform": transform}, "categories")
