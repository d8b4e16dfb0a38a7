"""XGBoost's boosters, from their own JSON, and its estimators."""
import json
import math

import numpy as np

from .._errors import UnsupportedError
from .encoders import coded
from .ensembles import BEYOND_YES, MISSING_YES, NAN_MISSING, Ensemble
from .formulas import expit, pair, softmax
from .registry import Fitted, reader
from .rows import validate


def _logit(score):
    """In float32, as XGBoost computes it."""
    score = np.clip(np.float32(score), np.float32(1e-6), np.float32(1 - 1e-6))
    return -math.log(np.float32(1) / score - np.float32(1))


def _same(value):
    return value


# What an objective makes of margins [N, K], and the margin of its base score.
_OBJECTIVES = {
    **dict.fromkeys(("binary:logistic", "reg:logistic"), (expit, _logit)),
    "binary:hinge": (lambda margin: (margin > 0).astype(np.float32), _same),
    "multi:softprob": (softmax, _same),
    "multi:softmax": (lambda margin: np.argmax(margin, axis=1)[:, None].astype(np.float32), _same),
    **dict.fromkeys("count:poisson reg:gamma reg:tweedie survival:cox survival:aft".split(), (np.exp, math.log)),
    **dict.fromkeys("reg:squarederror reg:absoluteerror reg:pseudohubererror reg:squaredlogerror reg:quantileerror "
                    "rank:pairwise rank:ndcg rank:map binary:logitraw".split(), (_same, _same)),
}


class Model:
    """A booster up to round `rounds`: its trees or weights, and what it does with their sums."""

    def __init__(self, booster, rounds=None, missing=math.nan):
        learner = json.loads(bytes(booster.save_raw("json")))["learner"]
        gradient, objective = learner["gradient_booster"], learner["objective"]["name"]
        if objective not in _OBJECTIVES:
            raise UnsupportedError(f"XGBoost's objective {objective!r} is not supported")
        weights = None
        if gradient["name"] == "dart":
            weights, gradient = gradient["weight_drop"], gradient["gbtree"]
        elif gradient["name"] not in ("gbtree", "gblinear"):
            raise UnsupportedError(f"XGBoost's booster {gradient['name']!r} is not supported")
        model, parameters = gradient["model"], learner["learner_model_param"]
        self.categories = _categories(model.get("cats", {}).get("enc") or [])
        self.missing, self.features = missing, int(parameters["num_feature"])
        self.names = learner["feature_names"] or None
        self.objective, (self._transform, to_margin) = objective, _OBJECTIVES[objective]
        self.targets = max(int(parameters["num_class"]), int(parameters["num_target"]), 1)
        scores = np.atleast_1d(json.loads(parameters["base_score"]))
        self.base = np.broadcast_to(np.array([to_margin(float(np.float32(score))) for score in scores], np.float32),
                                    (self.targets,))
        if gradient["name"] == "gblinear":
            table = np.array(model["weights"], np.float32).reshape(self.features + 1, self.targets)
            self.weights, self.base = table[:-1], self.base[0] + table[-1]     # XGBoost adds the first target's to all
            return
        self.weights = None
        self.ensemble, self.leaves = Ensemble(self.targets, "lt", values=np.float32), Ensemble(1, "lt")
        count = len(model["trees"]) if rounds is None else model["iteration_indptr"][rounds]
        for number, (tree, target) in enumerate(zip(model["trees"][:count], model["tree_info"])):
            self._add(tree, target, 1 if weights is None else weights[number])

    def _add(self, tree, target, weight):
        left, condition = np.array(tree["left_children"]), np.array(tree["split_conditions"], np.float32)
        flags = np.where(np.array(tree["default_left"]) != 0, NAN_MISSING | MISSING_YES, NAN_MISSING)
        sets = np.full(len(left), -1)
        right = np.array(tree["right_children"])
        nodes, starts, sizes = (tree[f"categories_{key}"] for key in ("nodes", "segments", "sizes"))
        for node, start, size in zip(nodes, starts, sizes):
            # Categories of the set go right; yes is left, so the set's own side is `no`.
            chosen = self._set(np.array(tree["categories"][start:start + size], np.int64))
            sets[node] = chosen
            flags[node] |= BEYOND_YES
        order, rank = _parents_first(left, right)
        values = condition
        if "leaf_weights" in tree:      # of leaves with several outputs, by the number that stands for their right child
            table = np.array(tree["leaf_weights"], np.float32).reshape(-1, self.targets)
            values, target = table[np.where(left < 0, right, 0)], 0
        left, right = (np.where(left[order] < 0, -1, rank[np.maximum(side[order], 0)]) for side in (left, right))
        node = left, right, np.array(tree["split_indices"])[order], condition[order]
        self.ensemble.add(*node, values[order] * np.float32(weight), flags=flags[order], sets=sets[order], target=target)
        self.leaves.add_places(*node, order, flags=flags[order], sets=self.leaves.copy_sets(self.ensemble, sets[order]))

    def _set(self, categories):
        """All but these: of what the words do not hold, all goes left."""
        words = np.full(int(categories.max(initial=0)) // 32 + 1, 0xFFFFFFFF, np.uint32)
        np.bitwise_and.at(words, categories // 32, ~(np.uint32(1) << (categories % 32).astype(np.uint32)))
        return self.ensemble.add_set(words)

    def rows(self, X, name):
        """Rows as trees read them: float32, NaN where they are missing."""
        X = validate(coded(X, self.categories, required=True), name, allow_nan="all").astype(np.float32)
        return X if math.isnan(self.missing) else np.where(X == np.float32(self.missing), np.float32(np.nan), X)

    def margin(self, X):
        if self.weights is None:
            return self.ensemble.sums(X, self.base)
        return np.where(np.isnan(X), np.float32(0), X) @ self.weights + self.base

    def predict(self, X):
        """What Booster.predict gives: float32 [N, K]."""
        return self._transform(self.margin(X))


def _categories(encodings):
    """feature -> the categories of a frame's column, as numbers or strings. Texts lie in one array of bytes."""
    found = {}
    for feature, one in enumerate(encodings):
        if "offsets" not in one:
            found[feature] = np.array(one["values"])
        elif one["values"]:
            if min(one["values"]) < 0:
                raise UnsupportedError(f"categories of XGBoost's feature {feature} have letters that are not ASCII, which XGBoost's "
                                       "model keeps the first bytes of: give it their codes as numbers, with feature_types")
            text, ends = bytes(one["values"]), one["offsets"]
            found[feature] = np.array([text[start:end].decode() for start, end in zip(ends, ends[1:])], object)
    return found


def _parents_first(left, right):
    """The nodes that the root leads to, parents before children, and the place of each among them."""
    order = [0]
    for node in order:
        if left[node] >= 0:
            order += [left[node], right[node]]
    rank = np.zeros(len(left), np.int64)
    rank[order] = np.arange(len(order))
    return np.array(order), rank


def _squeezed(values):
    return values[:, 0] if values.shape[1] == 1 else values


def _read(estimator, model, methods, name=None):
    """A Fitted of functions of float32 rows."""
    name = name or type(estimator).__name__

    def of_rows(function):
        return lambda X: function(model.rows(X, name))

    keywords = {("predict", "output_margin"): of_rows(lambda X: _squeezed(model.margin(X)))}
    if model.weights is None:
        leaves = of_rows(lambda X: model.leaves.places(X).astype(np.float32))
        if hasattr(estimator, "apply"):
            methods["apply"] = lambda X: model.leaves.places(X).astype(np.float32)
        else:
            keywords["predict", "pred_leaf"] = leaves
    return Fitted(name, {method: of_rows(function) for method, function in methods.items()},
                  "columns" if model.categories else "matrix", model.features, True, names=model.names, keywords=keywords)


def _model(estimator):
    """Of an estimator: up to the best round where the fit stopped early."""
    booster = estimator.get_booster()
    try:
        rounds = booster.best_iteration + 1
    except AttributeError:
        rounds = None
    return Model(booster, rounds, float(estimator.missing))


@reader("xgboost.core.Booster")
def booster(estimator):
    model = Model(estimator)
    return _read(estimator, model, {"predict": lambda X: _squeezed(model.predict(X))})


@reader("xgboost.sklearn.XGBRegressor", "xgboost.sklearn.XGBRFRegressor", "xgboost.sklearn.XGBRanker")
def regression(estimator):
    model = _model(estimator)
    return _read(estimator, model, {"predict": lambda X: _squeezed(model.predict(X))})


@reader("xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRFClassifier")
def classification(estimator):
    model = _model(estimator)
    is_multiclass = model.objective.startswith("multi:")

    def probabilities(X):
        if is_multiclass:
            return softmax(model.margin(X))
        found = model.predict(X)
        return found if model.targets > 1 else pair(found[:, 0])

    def predict(X):
        if is_multiclass:      # XGBoost gives int32 where the objective itself picks the class
            kind = np.int32 if model.objective == "multi:softmax" else np.int64
            return np.argmax(model.margin(X), axis=1).astype(kind)
        if model.targets > 1:      # of each target whether it is there
            return (model.predict(X) > 0.5).astype(np.float64)
        return (model.predict(X)[:, 0] > 0.5).astype(np.int64)

    return _read(estimator, model, {"predict": predict, "predict_proba": probabilities})
