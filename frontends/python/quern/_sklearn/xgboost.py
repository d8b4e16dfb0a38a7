"""XGBoost's boosters, from their own JSON, and its estimators."""
import json
import math

import numpy as np

from .._errors import UnsupportedError
from .ensembles import BEYOND_YES, MISSING_YES, NAN_MISSING, Ensemble
from .formulas import expit, pair, softmax
from .registry import Fitted, reader
from .rows import matrix, validate


def _logit(score):
    """In float32, as XGBoost computes it."""
    return -math.log(np.float32(1) / np.float32(score) - np.float32(1))


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
    """A booster's trees, up to round `rounds`, and what it does with their sums."""

    def __init__(self, booster, rounds=None, missing=math.nan):
        learner = json.loads(bytes(booster.save_raw("json")))["learner"]
        gradient, objective = learner["gradient_booster"], learner["objective"]["name"]
        if objective not in _OBJECTIVES:
            raise UnsupportedError(f"XGBoost's objective {objective!r} is not supported")
        weights = None
        if gradient["name"] == "dart":
            weights, gradient = gradient["weight_drop"], gradient["gbtree"]
        elif gradient["name"] != "gbtree":
            raise UnsupportedError(f"XGBoost's booster {gradient['name']!r} is not supported")
        model, parameters = gradient["model"], learner["learner_model_param"]
        if model.get("cats", {}).get("enc"):
            raise UnsupportedError("an XGBoost model with categorical columns of a frame is not supported: give it their codes "
                                   "as numbers, with feature_types")
        self.missing, self.features = missing, int(parameters["num_feature"])
        self.objective, (self._transform, to_margin) = objective, _OBJECTIVES[objective]
        self.targets = max(int(parameters["num_class"]), int(parameters["num_target"]), 1)
        scores = np.atleast_1d(json.loads(parameters["base_score"]))
        self.base = np.broadcast_to(np.array([to_margin(float(np.float32(score))) for score in scores], np.float32),
                                    (self.targets,))
        self.ensemble = Ensemble(self.targets, "lt", values=np.float32)
        count = len(model["trees"]) if rounds is None else model["iteration_indptr"][rounds]
        for number, (tree, target) in enumerate(zip(model["trees"][:count], model["tree_info"])):
            self._add(tree, target, 1 if weights is None else weights[number])

    def _add(self, tree, target, weight):
        if int(tree["tree_param"]["size_leaf_vector"]) > 1:
            raise UnsupportedError("XGBoost's trees with several outputs are not supported")
        left, condition = np.array(tree["left_children"]), np.array(tree["split_conditions"], np.float32)
        flags = np.where(np.array(tree["default_left"]) != 0, NAN_MISSING | MISSING_YES, NAN_MISSING)
        sets = np.full(len(left), -1)
        right = np.array(tree["right_children"])
        nodes, starts, sizes = (tree[f"categories_{key}"] for key in ("nodes", "segments", "sizes"))
        for node, start, size in zip(nodes, starts, sizes):
            # Categories of the set go right; yes is left, so the set's own side is `no`.
            sets[node] = self._set(np.array(tree["categories"][start:start + size], np.int64))
            flags[node] |= BEYOND_YES
        order, rank = _parents_first(left, right)
        left, right = (np.where(side[order] < 0, -1, rank[side[order]]) for side in (left, right))
        self.ensemble.add(left, right, np.array(tree["split_indices"])[order], condition[order],
                          condition[order] * np.float32(weight), flags=flags[order], sets=sets[order], target=target)

    def _set(self, categories):
        """All but these: of what the words do not hold, all goes left."""
        words = np.full(int(categories.max(initial=0)) // 32 + 1, 0xFFFFFFFF, np.uint32)
        np.bitwise_and.at(words, categories // 32, ~(np.uint32(1) << (categories % 32).astype(np.uint32)))
        return self.ensemble.add_set(words)

    def margin(self, X):
        X = X.astype(np.float32)
        if not math.isnan(self.missing):
            X = np.where(X == np.float32(self.missing), np.float32(np.nan), X)
        return self.ensemble.sums(X, self.base)

    def predict(self, X):
        """What Booster.predict gives: float32 [N, K]."""
        return self._transform(self.margin(X))


def _parents_first(left, right):
    """The nodes that the root leads to, parents before children, and the place of each among them."""
    order = [0]
    for node in order:
        if left[node] >= 0:
            order += [left[node], right[node]]
    rank = np.zeros(len(left), np.int64)
    rank[order] = np.arange(len(order))
    return np.array(order), rank


def _rows(X, estimator):
    return validate(matrix(X), type(estimator).__name__, allow_nan="all")


def _squeezed(values):
    return values[:, 0] if values.shape[1] == 1 else values


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
    return Fitted("Booster", {"predict": lambda X: _squeezed(model.predict(_rows(X, estimator)))}, features=model.features,
                  takes_none=True)


@reader("xgboost.sklearn.XGBRegressor", "xgboost.sklearn.XGBRFRegressor", "xgboost.sklearn.XGBRanker")
def regression(estimator):
    model = _model(estimator)
    return Fitted(type(estimator).__name__, {"predict": lambda X: _squeezed(model.predict(_rows(X, estimator)))},
                  takes_none=True)


@reader("xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRFClassifier")
def classification(estimator):
    model = _model(estimator)
    if model.objective == "binary:logitraw" or (model.targets > 1 and not model.objective.startswith("multi:")):
        raise UnsupportedError(f"{type(estimator).__name__} of {model.targets} targets with objective {model.objective!r} is "
                               "not supported")

    def probabilities(X):
        if model.targets > 1:
            return softmax(model.margin(_rows(X, estimator)))
        return pair(model.predict(_rows(X, estimator))[:, 0])

    def predict(X):
        if model.targets > 1:      # XGBoost gives int32 where the objective itself picks the class
            kind = np.int32 if model.objective == "multi:softmax" else np.int64
            return np.argmax(model.margin(_rows(X, estimator)), axis=1).astype(kind)
        return (model.predict(_rows(X, estimator))[:, 0] > 0.5).astype(np.int64)

    return Fitted(type(estimator).__name__, {"predict": predict, "predict_proba": probabilities}, takes_none=True)
