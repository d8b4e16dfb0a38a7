"""Missing values: what stands for them, and where they are."""
import numpy as np

from .._errors import InputError
from .missing_strings import fill_strings
from .neighbors import k_least
from .registry import Fitted, reader, refuse
from .rows import Columns, full, matrix, take, take_columns, trace, validate

_FLOATS = [np.float64, np.float32, np.float16]


def missing(X, value):
    """Where rows have the value that stands for a missing one."""
    if value is None or not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return np.isnan(X) if np.isnan(value) else X == value


def _mask(estimator, X):
    found = missing(X, estimator.missing_values)
    if found is None:
        refuse(estimator, "missing_values")
    return found


def _allows_nan(estimator):
    value = estimator.missing_values
    return isinstance(value, float) and np.isnan(value)


def with_indicator(estimator, result, mask):
    """The imputed rows, and beside them the columns of the estimator's MissingIndicator."""
    if not estimator.add_indicator:
        return result
    features = np.asarray(estimator.indicator_.features_, np.int64)
    return np.concatenate([result, take_columns(mask, features).astype(result.dtype)], axis=1) if len(features) else result


@reader("sklearn.impute.SimpleImputer")
def simple(estimator):
    try:
        if any(isinstance(one, str) for one in estimator.statistics_):
            return fill_strings(estimator)
        statistics = np.asarray(estimator.statistics_).astype(np.float64)
    except (TypeError, ValueError):
        return fill_strings(estimator)
    floats = estimator.strategy in ("mean", "median")
    kept = np.arange(len(statistics)) if estimator.keep_empty_features else np.flatnonzero(~np.isnan(statistics))
    fill = np.where(np.isnan(statistics), 0.0, statistics) if estimator.keep_empty_features else statistics[kept]

    def transform(X):
        if not floats and all(column.dtype == bool for column in (X.values if isinstance(X, Columns) else [X])):
            raise InputError(f"SimpleImputer(strategy={estimator.strategy!r}) does not support data with dtype bool")
        X = validate(X, "SimpleImputer", dtype=_FLOATS if floats else "numeric", allow_nan=_allows_nan(estimator))
        _check_fill(estimator, X.dtype)
        mask = _mask(estimator, X)
        inside = take_columns(X, kept)
        return with_indicator(estimator, np.where(take_columns(mask, kept), fill.astype(X.dtype), inside), mask)

    def inverse(X):
        found = np.asarray(estimator.indicator_.features_, np.int64)
        X = matrix(X)
        places, marks = np.full(len(statistics), len(kept)), np.full(len(statistics), len(found))
        places[kept], marks[found] = np.arange(len(kept)), np.arange(len(found))
        none = full(X, (1,), 0.0, np.float64)
        known = take_columns(np.concatenate([X[:, :len(kept)].astype(np.float64), none], axis=1), places)
        absent = take_columns(np.concatenate([X[:, len(kept):].astype(np.float64), none], axis=1), marks)
        return np.where(absent != 0, float(estimator.missing_values), known)

    return Fitted("SimpleImputer", {"transform": transform}, inverse=inverse if estimator.add_indicator else None)


def _check_fill(estimator, dtype):
    """As scikit-learn refuses rows that cannot hold the constant."""
    fill = estimator._fill_dtype
    if estimator.strategy == "constant" and estimator._fit_dtype.kind != "O" and not np.can_cast(fill, dtype, "same_kind"):
        raise InputError(f"SimpleImputer(strategy='constant'): the dtype of the filling value, {fill}, cannot be cast to that of "
                         f"the rows, {dtype}")


@reader("sklearn.impute.MissingIndicator")
def indicator(estimator):
    features = np.asarray(estimator.features_, np.int64)

    def transform(X):
        X = validate(X, "MissingIndicator", allow_nan=_allows_nan(estimator))
        mask = _mask(estimator, X)
        others = np.setdiff1d(np.arange(X.shape[1]), features)
        if estimator.error_on_new and len(others):
            trace().refuse(lambda: take_columns(mask, others), f"The features {others} have missing values in transform but "
                           "have no missing values in fit.")
        return take_columns(mask, features)

    return {"transform": transform}


@reader("sklearn.impute.KNNImputer")
def by_neighbors(estimator):
    if estimator.metric != "nan_euclidean" or callable(estimator.weights):
        refuse(estimator, "metric" if estimator.metric != "nan_euclidean" else "weights")
    rows, absent, valid = np.asarray(estimator._fit_X, float), estimator._mask_fit_X, np.asarray(estimator._valid_mask)
    there, values = (~absent).astype(float), np.where(absent, 0.0, rows)

    def distances(X, mask):
        """Squared distances over the features that both rows have, scaled to all; infinite where there are none."""
        own, filled = (~mask).astype(np.float64), np.where(mask, 0.0, X)
        common = own @ there.T
        squares = (filled * filled) @ there.T + own @ (values * values).T - 2 * (filled @ values.T)
        scaled = np.maximum(squares, 0.0) / np.where(common > 0, common, 1.0) * float(X.shape[1])
        return np.where(common > 0, scaled, np.inf)

    def column(X, gaps, feature):
        donors = np.flatnonzero(~absent[:, feature])
        near, positions = k_least(take_columns(gaps, donors), min(estimator.n_neighbors, len(donors)))
        known = near < np.inf
        weight = known.astype(np.float64)
        if estimator.weights == "distance":
            zero = near == 0
            any_zero = np.any(zero, axis=1, keepdims=True)
            weight = np.where(any_zero, zero.astype(np.float64),
                              np.where(known, 1.0 / np.sqrt(np.where(zero | ~known, 1.0, near)), 0.0))
        total = np.sum(weight, axis=1)
        mean = np.sum(take(rows[donors, feature], positions) * weight, axis=1) / np.where(total > 0, total, 1.0)
        return np.where(total > 0, mean, rows[donors, feature].mean())

    def transform(X):
        X = validate(X, "KNNImputer", dtype=_FLOATS, allow_nan=_allows_nan(estimator))
        mask = _mask(estimator, X)
        wide = X.astype(np.float64)
        gaps = distances(wide, mask)
        columns = []
        for feature in range(len(valid)):
            if not valid[feature]:
                if estimator.keep_empty_features:
                    columns.append(full(X, (), 0.0, X.dtype))
                continue
            filled = column(wide, gaps, feature).astype(X.dtype)
            columns.append(np.where(mask[:, feature], filled, X[:, feature]))
        return with_indicator(estimator, np.stack(columns, axis=1), mask)

    return {"transform": transform}
