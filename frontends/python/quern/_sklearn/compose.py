"""Estimators made of others: pipelines, columns, unions."""
import numpy as np

from .._errors import InputError
from .registry import Fitted, read, reader, refuse
from .rows import Columns, Labels, full, matrix, take_columns, validate


def _is_nothing(step):
    return step is None or (isinstance(step, str) and step in ("passthrough", "drop"))


@reader("sklearn.pipeline.Pipeline")
def pipeline(estimator):
    steps = [step for _, step in estimator.steps if not _is_nothing(step)]
    final = estimator.steps[-1][1]
    if not steps:
        return {"transform": lambda X: X}
    parts = [read(step) for step in steps]
    before, last = (parts, None) if _is_nothing(final) else (parts[:-1], parts[-1])

    def through(X):
        for part in before:
            X = part.methods["transform"](X)
        return X

    def after(method):
        return lambda X: method(through(X))

    methods = {"transform": through} if last is None else {
        name: after(method) for name, method in last.methods.items() if hasattr(estimator, name)}

    def undo(X):
        for part in reversed(parts):
            X = part.inverse(X)
        return X

    return Fitted("Pipeline", methods, parts[0].takes, inverse=undo if all(part.inverse for part in parts) else None)


def side_by_side(parts):
    """Results of transformers as one matrix."""
    parts = [part[:, None] if part.ndim == 1 else part for part in map(matrix, parts)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def weighted(part, weights, name):
    weight = (weights or {}).get(name)
    return part if weight is None else matrix(part) * weight


@reader("sklearn.compose.ColumnTransformer", takes="named")
def columns(estimator):
    places, parts = estimator._transformer_to_input_indices, []
    for name, step, wanted in estimator.transformers_:
        indices = np.asarray(places.get(name, ()), np.int64)
        if (isinstance(step, str) and step == "drop") or not len(indices):
            continue
        single = isinstance(wanted, str) or isinstance(wanted, (int, np.integer)) and not isinstance(wanted, bool)
        parts.append((name, None if _is_nothing(step) else read(step), indices, single))
    labelled = any(isinstance(one, str) for _, step, wanted in estimator.transformers_
                   if not isinstance(wanted, slice) for one in np.atleast_1d(np.asarray(wanted, object)))
    names = getattr(estimator, "feature_names_in_", None)

    def pick(X, indices, single):
        if isinstance(X, Columns):
            if names is not None and not X.placed:
                indices = X.find([str(names[i]) for i in indices])
            return X.values[indices[0]] if single else X.select(indices)
        return X[:, int(indices[0])] if single else take_columns(X, indices)

    def transform(X):
        results = []
        for name, part, indices, single in parts:
            chosen = pick(X, indices, single)
            made = chosen if part is None else part.methods["transform"](chosen)
            results.append(weighted(made, estimator.transformer_weights, name))
        return side_by_side(results) if results else full(X, (0,), 0.0)

    return Fitted("ColumnTransformer", {"transform": transform}, "labelled" if labelled else "named")


@reader("sklearn.pipeline.FeatureUnion")
def union(estimator):
    parts = [(name, None if _is_nothing(step) else read(step)) for name, step in estimator.transformer_list
             if not (isinstance(step, str) and step == "drop")]
    takes = next((part.takes for _, part in parts if part is not None and part.takes != "matrix"), "matrix")

    def transform(X):
        return side_by_side([weighted(X if part is None else part.methods["transform"](X), estimator.transformer_weights, name)
                             for name, part in parts])

    return Fitted("FeatureUnion", {"transform": transform}, takes)


@reader("sklearn.compose.TransformedTargetRegressor")
def transformed_target(estimator):
    inner, outer = read(estimator.regressor_), read(estimator.transformer_)
    if outer.inverse is None:
        refuse(estimator, "transformer")

    def predict(X):
        result = inner.methods["predict"](X)
        result = outer.inverse(result[:, None] if result.ndim == 1 else result)
        return result[:, 0] if estimator._training_dim == 1 and result.shape[1] == 1 else result

    return Fitted("TransformedTargetRegressor", {"predict": predict}, inner.takes)


#--- Selections of columns ------------------------------------------------------------------------

@reader(*(f"sklearn.feature_selection.{name}" for name in (
    "GenericUnivariateSelect SelectFdr SelectFpr SelectFromModel SelectFwe SelectKBest SelectPercentile "
    "SequentialFeatureSelector VarianceThreshold").split()))
def selection(estimator):
    chosen, name = np.flatnonzero(estimator.get_support()), type(estimator).__name__
    allow_nan = "all" if _allows_nan(estimator) else False    # what takes NaN takes infinity

    def transform(X):
        return take_columns(validate(X, name, allow_nan=allow_nan), chosen)

    places = np.full(estimator.n_features_in_, len(chosen))
    places[chosen] = np.arange(len(chosen))

    def inverse(X):
        if not len(chosen):
            raise InputError(f"Found array with 0 feature(s) while a minimum of 1 is required by {name}: it keeps no feature")
        X = validate(X, name)
        return take_columns(np.concatenate([X, full(X, (1,), 0, X.dtype)], axis=1), places)

    return Fitted(name, {"transform": transform}, inverse=inverse)


def _allows_nan(estimator):
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


@reader("sklearn.feature_selection.RFE", "sklearn.feature_selection.RFECV")
def elimination(estimator):
    chosen = selection(estimator)
    transform = chosen.methods["transform"]
    inner = read(estimator.estimator_)

    def after(method):
        return lambda X: method(transform(X))

    methods = {name: after(method) for name, method in inner.methods.items() if name in (
        "predict", "predict_proba", "predict_log_proba", "decision_function")}
    return Fitted(chosen.name, {**methods, "transform": transform}, inverse=chosen.inverse)


def as_array(result):
    """Labels as numbers, where a caller computes with them."""
    return result.array() if isinstance(result, Labels) else result
