"""Ensembles of any estimators: votes, stacks, bags, boosts. Those of trees alone are read elsewhere."""
import numpy as np

from .compose import as_array
from .formulas import softmax, with_log
from .registry import Fitted, read, reader
from .rows import Labels, full, matrix, take, take_columns


def positions(result, classes):
    """The positions in `classes` of predicted classes, int64 [N]."""
    if isinstance(result, Labels):
        if np.array_equal(result.classes, classes):
            return result.index
        return take(np.searchsorted(classes, result.classes), result.index)
    return np.argmax(result[:, None] == np.asarray(classes), axis=1)


def one_hot(index, count):
    return (index[:, None] == np.arange(count)).astype(np.float64)


def average(parts, weights=None):
    """As numpy.average over the parts."""
    if weights is None:
        return sum(parts[1:], parts[0]) / float(len(parts))
    weights = np.asarray(weights, float)
    parts = [part * float(weight) for part, weight in zip(parts, weights)]
    return sum(parts[1:], parts[0]) / float(weights.sum())


def takes_of(parts):
    return next((part.takes for part in parts if part.takes != "matrix"), "matrix")


@reader("sklearn.ensemble.VotingClassifier")
def voting_classifier(estimator):
    parts, classes = [read(one) for one in estimator.estimators_], estimator.classes_
    weights, count = estimator._weights_not_none, len(estimator.classes_)

    def probas(X):
        return [part.methods["predict_proba"](X) for part in parts]

    def proba(X):
        return average(probas(X), weights)

    def labels(X):
        return [as_array(part.methods["predict"](X)) for part in parts]

    def counts(X):
        shares = weights or [1.0] * len(parts)
        return sum(one_hot(label, count) * float(share) for label, share in zip(labels(X), shares))

    if estimator.voting == "hard":
        methods = {"predict": lambda X: Labels(np.argmax(counts(X), axis=1), classes),
                   "transform": lambda X: np.stack(labels(X), axis=1)}
    else:
        methods = {"predict": lambda X: Labels(np.argmax(proba(X), axis=1), classes), "predict_proba": proba,
                   "transform": lambda X: (np.concatenate(probas(X), axis=1) if estimator.flatten_transform
                                           else np.stack(probas(X)))}
    return Fitted("VotingClassifier", methods, takes_of(parts))


@reader("sklearn.ensemble.VotingRegressor")
def voting_regressor(estimator):
    parts = [read(one) for one in estimator.estimators_]

    def predictions(X):
        return [part.methods["predict"](X) for part in parts]

    return Fitted("VotingRegressor", {"predict": lambda X: average(predictions(X), estimator._weights_not_none),
                                      "transform": lambda X: np.stack(predictions(X), axis=1)}, takes_of(parts))


@reader("sklearn.ensemble.StackingClassifier", "sklearn.ensemble.StackingRegressor")
def stacking(estimator):
    parts, final = [read(one) for one in estimator.estimators_], read(estimator.final_estimator_)
    stack, binary = list(estimator.stack_method_), len(getattr(estimator, "classes_", ())) == 2
    kept = [method for method, (_, one) in zip(stack, estimator.estimators) if not isinstance(one, str)] \
        if len(stack) != len(parts) else stack

    def transform(X):
        columns = []
        for part, method in zip(parts, kept):
            made = part.methods[method](X)
            for one in made if isinstance(made, list) else [made]:
                one = as_array(one)
                if isinstance(made, list) or method == "predict_proba" and binary:
                    one = one[:, 1:]
                columns.append(one[:, None] if one.ndim == 1 else one)
        if estimator.passthrough:
            columns.append(matrix(X))
        return np.concatenate(columns, axis=1) if len(columns) > 1 else columns[0]

    def after(method):
        return lambda X: method(transform(X))

    def labels(X):
        predicted = final.methods["predict"](transform(X))
        return Labels(as_array(predicted), estimator.classes_)     # the last estimator learnt positions

    methods = {name: after(method) for name, method in final.methods.items()
               if name in ("predict", "predict_proba", "decision_function") and hasattr(estimator, name)}
    if hasattr(estimator, "classes_") and not isinstance(estimator.classes_, list):
        methods["predict"] = labels
    return Fitted(type(estimator).__name__, {**methods, "transform": transform}, takes_of(parts))


@reader("sklearn.ensemble.BaggingClassifier")
def bagging_classifier(estimator):
    members, classes = _bag(estimator), estimator.classes_
    count = len(classes)

    def share(part, own, X):
        """[N, K] of one member, whose classes are positions."""
        if "predict_proba" not in part.methods:
            return one_hot(as_array(part.methods["predict"](X)), count)
        made = part.methods["predict_proba"](X)
        if len(own) == count:
            return made
        return made @ np.eye(count)[np.asarray(own, np.int64)]

    def proba(X):
        X = matrix(X)
        return average([share(part, own, take_columns(X, features)) for part, own, features in members])

    methods = with_log({"predict": lambda X: Labels(np.argmax(proba(X), axis=1), classes), "predict_proba": proba})
    if all("decision_function" in part.methods for part, _, _ in members):
        methods["decision_function"] = lambda X: average([
            part.methods["decision_function"](take_columns(matrix(X), features)) for part, _, features in members])
    return methods


def _bag(estimator):
    return [(read(one), getattr(one, "classes_", None), features)
            for one, features in zip(estimator.estimators_, estimator.estimators_features_)]


@reader("sklearn.ensemble.BaggingRegressor")
def bagging_regressor(estimator):
    members = _bag(estimator)
    return {"predict": lambda X: average([part.methods["predict"](take_columns(matrix(X), features))
                                          for part, _, features in members])}


@reader("sklearn.ensemble.AdaBoostClassifier")
def boosted_classifier(estimator):
    parts, classes = [read(one) for one in estimator.estimators_], estimator.classes_
    weights, count = np.asarray(estimator.estimator_weights_, float), len(estimator.classes_)

    def decision(X):
        if count == 1:
            return full(X, (1,), 0.0, np.float64)
        total = None
        for part, weight in zip(parts, weights):
            hit = positions(part.methods["predict"](X), classes)[:, None] == np.arange(count)
            term = np.where(hit, float(weight), float(-1 / (count - 1) * weight))
            total = term if total is None else total + term
        total = total / float(weights.sum())
        return total[:, 1] - total[:, 0] if count == 2 else total

    def proba(X):
        if count == 1:
            return full(X, (1,), 1.0, np.float64)
        scores = decision(X)
        return softmax(np.stack([-scores, scores], axis=1) / 2 if count == 2 else scores / float(count - 1))

    def predict(X):
        scores = decision(X)
        return Labels((scores > 0).astype(np.int64) if count == 2 else np.argmax(scores, axis=1), classes)

    methods = {"predict": predict, "decision_function": decision, "predict_proba": proba}
    return Fitted("AdaBoostClassifier", with_log(methods), takes_of(parts))


@reader("sklearn.ensemble.AdaBoostRegressor")
def boosted_regressor(estimator):
    parts, weights = [read(one) for one in estimator.estimators_], np.asarray(estimator.estimator_weights_, float)
    weights = weights[:len(parts)]

    def predict(X):
        values = np.stack([part.methods["predict"](X) for part in parts], axis=1)
        order = np.argsort(values, axis=1)
        cumulative = np.cumsum(take(weights, order), axis=1)
        above = cumulative >= 0.5 * cumulative[:, -1:]
        middle = np.argmax(above, axis=1)[:, None]
        return np.take_along_axis(values, np.take_along_axis(order, middle, axis=1), axis=1)[:, 0]

    return Fitted("AdaBoostRegressor", {"predict": predict}, takes_of(parts))
