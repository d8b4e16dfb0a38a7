"""Several classifiers or regressors for one target, or for several."""
import numpy as np

from .cluster import nearest
from .compose import as_array
from .ensemble import takes_of
from .pairwise_votes import ovr_decision
from .registry import Fitted, read, reader
from .rows import Labels, Stacked, full, matrix, take_columns, validate


def _is_regressor(estimator):
    return getattr(estimator, "_estimator_type", None) == "regressor" or estimator.__sklearn_tags__().estimator_type == "regressor"


def _score(part, estimator, X):
    """As sklearn.multiclass._predict_binary."""
    if _is_regressor(estimator):
        return part.methods["predict"](X)
    if "decision_function" in part.methods:
        return part.methods["decision_function"](X).reshape(-1)
    return part.methods["predict_proba"](X)[:, 1]


def _threshold(part, estimator):
    return 0.0 if "decision_function" in part.methods and not _is_regressor(estimator) else 0.5


@reader("sklearn.multiclass._ConstantPredictor")
def constant_predictor(estimator):
    y = np.ravel(estimator.y_)[0]
    return {"predict": lambda X: full(X, (), y), "decision_function": lambda X: full(X, (), y),
            "predict_proba": lambda X: full(X, (2,), 0.0, np.float64) + np.array([1.0 - y, float(y)])}


@reader("sklearn.multiclass.OneVsRestClassifier")
def one_vs_rest(estimator):
    members = estimator.estimators_
    parts, classes, multilabel = [read(one) for one in members], estimator.classes_, estimator.multilabel_

    def scores(X):
        return [_score(part, one, X) for part, one in zip(parts, members)]

    def predict(X):
        if estimator.label_binarizer_.y_type_ == "multiclass":
            return Labels(np.argmax(np.stack(scores(X), axis=1), axis=1), classes)
        hits = [(score > _threshold(parts[0], members[0])).astype(np.int64) for score in scores(X)]
        return np.stack(hits, axis=1) if multilabel else Labels(hits[0], classes)

    def proba(X):
        Y = np.stack([part.methods["predict_proba"](X)[:, 1] for part in parts], axis=1)
        if len(parts) == 1:
            Y = np.concatenate([1 - Y, Y], axis=1)
        if multilabel:
            return Y
        total = np.sum(Y, axis=1, keepdims=True)
        return Y / np.where(total == 0, 1.0, total)

    def decision(X):
        made = [part.methods["decision_function"](X) for part in parts]
        return made[0] if len(made) == 1 else np.stack([one.reshape(-1) for one in made], axis=1)

    methods = {"predict": predict}
    for name, method in (("predict_proba", proba), ("decision_function", decision)):
        if all(name in part.methods for part in parts):
            methods[name] = method
    return Fitted("OneVsRestClassifier", methods, takes_of(parts))


@reader("sklearn.multiclass.OneVsOneClassifier")
def one_vs_one(estimator):
    members, classes = estimator.estimators_, estimator.classes_
    parts, indices = [read(one) for one in members], estimator.pairwise_indices_

    def decision(X):
        X = matrix(X)
        inputs = [X] * len(parts) if indices is None else [take_columns(X, one) for one in indices]
        predictions = np.stack([as_array(part.methods["predict"](own)) for part, own in zip(parts, inputs)], axis=1)
        scores = np.stack([_score(part, one, own) for part, one, own in zip(parts, members, inputs)], axis=1)
        Y = ovr_decision(predictions, scores, len(classes))
        return Y[:, 1] if len(classes) == 2 else Y

    def predict(X):
        Y = decision(X)
        if len(classes) == 2:
            return Labels((Y > _threshold(parts[0], members[0])).astype(np.int64), classes)
        return Labels(np.argmax(Y, axis=1), classes)

    return {"predict": predict, "decision_function": decision}


@reader("sklearn.multiclass.OutputCodeClassifier")
def output_code(estimator):
    members, book = estimator.estimators_, np.asarray(estimator.code_book_, float)
    parts = [read(one) for one in members]
    return {"predict": lambda X: Labels(nearest(np.stack([_score(part, one, X) for part, one in zip(parts, members)], axis=1),
                                                book), estimator.classes_)}


#--- Several targets --------------------------------------------------------------------------

@reader("sklearn.multioutput.MultiOutputClassifier")
def multi_classifier(estimator):
    parts = [read(one) for one in estimator.estimators_]

    def predict(X):
        labels = [part.methods["predict"](X) for part in parts]
        if any(isinstance(one, Labels) and not one.is_numeric for one in labels):
            return Stacked(labels)
        return np.stack([as_array(one) for one in labels], axis=1)

    methods = {"predict": predict}
    if all("predict_proba" in part.methods for part in parts):
        methods["predict_proba"] = lambda X: [part.methods["predict_proba"](X) for part in parts]
    return Fitted("MultiOutputClassifier", methods, takes_of(parts))


@reader("sklearn.multioutput.MultiOutputRegressor")
def multi_regressor(estimator):
    parts = [read(one) for one in estimator.estimators_]
    return Fitted("MultiOutputRegressor", {
        "predict": lambda X: np.stack([part.methods["predict"](X) for part in parts], axis=1)}, takes_of(parts))


def _chain(estimator, method):
    """The results of `method` of each link, in the targets' own order; each link sees what the ones before said."""
    parts, name = [read(one) for one in estimator.estimators_], type(estimator).__name__
    order = np.argsort(estimator.order_)

    def respond(part, how, X):
        made = as_array(part.methods[how](X))
        return made[:, 1] if how == "predict_proba" else made

    def run(X):
        X = validate(X, name)
        told, results = [], []
        for part in parts:
            rows = np.concatenate([X.astype(np.float64), *(one.astype(np.float64)[:, None] for one in told)], axis=1)
            told.append(respond(part, getattr(estimator, "chain_method_", "predict"), rows))
            results.append(respond(part, method, rows).astype(np.float64))
        return np.stack([results[i] for i in order], axis=1)

    return run, parts


@reader("sklearn.multioutput.ClassifierChain", "sklearn.multioutput.RegressorChain")
def chain(estimator):
    methods = {}
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        run, parts = _chain(estimator, "predict_proba" if name == "predict_log_proba" else name)
        if hasattr(estimator, name) and all(name in part.methods for part in parts):
            methods[name] = (lambda run: lambda X: np.log(run(X)))(run) if name == "predict_log_proba" else run
    return methods
