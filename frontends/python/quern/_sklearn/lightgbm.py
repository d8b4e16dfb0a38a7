"""LightGBM's boosters, from the text of their models, and its estimators."""
import numpy as np

from .._errors import UnsupportedError
from .ensembles import MISSING_YES, NAN_MISSING, ZERO_MISSING, Ensemble
from .formulas import expit, pair, softmax
from .registry import Fitted, reader, refuse
from .rows import Labels, matrix, validate

# What decision_type says of a node (include/LightGBM/tree.h).
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_MISSING = np.array([0, ZERO_MISSING, NAN_MISSING])      # None, Zero, NaN

# What an objective makes of raw sums [N, K], by its name and parameters.
_TRANSFORMS = {
    "binary": lambda raw, options: expit(raw * float(options.get("sigmoid", 1))),
    "multiclassova": lambda raw, options: expit(raw * float(options.get("sigmoid", 1))),
    "cross_entropy": lambda raw, options: expit(raw),
    "cross_entropy_lambda": lambda raw, options: np.log1p(np.exp(raw)),
    "multiclass": lambda raw, options: softmax(raw),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), lambda raw, options: np.exp(raw)),
    **dict.fromkeys("regression regression_l1 huber fair quantile mape".split(),
                    lambda raw, options: np.sign(raw) * raw * raw if "sqrt" in options else raw),
    **dict.fromkeys(("lambdarank", "rank_xendcg", "custom", ""), lambda raw, options: raw),
}


class Model:
    """The text of a booster: its trees and what it does with their sums."""

    def __init__(self, booster):
        head, *trees = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
        fields = _fields(head)
        self.classes = int(fields["num_tree_per_iteration"])
        self.features = int(fields["max_feature_idx"]) + 1
        objective, *options = fields.get("objective", "").split() or [""]
        if objective not in _TRANSFORMS:
            raise UnsupportedError(f"LightGBM's objective {objective!r} is not supported")
        self.objective = objective
        self.options = dict(option.partition(":")[::2] for option in options)
        self.ensemble = Ensemble(self.classes, dtype=np.float64)
        self.categorical = np.zeros(self.features, bool)
        for number, text in enumerate(trees):
            self._add(_fields(text.partition("\n")[2]), number % self.classes)
        self.rounds = len(trees) // self.classes if "average_output" in head.split("\n") else 0

    def _add(self, tree, target):
        if int(tree.get("is_linear", 0)):
            raise UnsupportedError("LightGBM's linear trees are not supported")
        leaves = int(tree["num_leaves"])
        inner = leaves - 1
        value = np.concatenate([np.zeros(inner), _array(tree["leaf_value"], float)])
        if not inner:
            self.ensemble.add([-1], [-1], [0], [0.0], value, target=target)
            return
        left, right = (_places(_array(tree[side], np.int64), inner) for side in ("left_child", "right_child"))
        kind, feature = _array(tree["decision_type"], np.int64), _array(tree["split_feature"], np.int64)
        threshold = _of_zeros(_array(tree["threshold"], float))
        flags = _MISSING[kind >> _MISSING_SHIFT & 3] | np.where(kind & _DEFAULT_LEFT, MISSING_YES, 0)
        sets = np.full(inner, -1)
        for node in np.flatnonzero(kind & _CATEGORICAL):
            sets[node] = self._set(tree, int(threshold[node]))
            flags[node] = NAN_MISSING      # goes right, as categories do that are not in the set
            self.categorical[feature[node]] = True
        none = np.full(leaves, -1)
        self.ensemble.add(np.append(left, none), np.append(right, none), np.append(feature, none),
                          np.append(threshold, none), value, flags=np.append(flags, none), sets=np.append(sets, none),
                          target=target)

    def _set(self, tree, number):
        start, end = _array(tree["cat_boundaries"], np.int64)[number:number + 2]
        return self.ensemble.add_set(_array(tree["cat_threshold"], np.uint32)[start:end])

    def raw(self, X):
        """Raw sums [N, K] of rows that are float32, float64 or, as LightGBM converts them, something else."""
        X = X if X.dtype.kind == "f" and X.dtype.itemsize >= 4 else X.astype(np.float32)
        if self.categorical.any():      # a category is cut to an integer, so -0.5 is category 0
            X = np.where(self.categorical, np.trunc(X), X)
        return self.ensemble.sums(X)

    def predict(self, X):
        """What Booster.predict gives: [N, K]."""
        raw = self.raw(X)
        return _TRANSFORMS[self.objective](raw / self.rounds if self.rounds else raw, self.options)


def _of_zeros(thresholds):
    """LightGBM reads rows up to 1e-35f as 0: of thresholds among those, all of them are on the side of 0."""
    zero = float(np.float32(1e-35))
    return np.where(np.abs(thresholds) <= zero, np.where(thresholds < 0, np.nextafter(-zero, -1), zero), thresholds)


def _fields(text):
    return dict(line.partition("=")[::2] for line in text.split("\n") if "=" in line)


def _array(text, dtype):
    return np.array(text.split(), dtype)


def _places(children, inner):
    """Leaves, ~c in the text, stand behind the inner nodes here."""
    return np.where(children < 0, inner + ~children, children)


def _rows(X, estimator):
    return validate(matrix(X), type(estimator).__name__, allow_nan="all")


def _squeezed(values, count):
    return values[:, 0] if count == 1 else values


@reader("lightgbm.basic.Booster")
def booster(estimator):
    _refuse_categories_of_frames(estimator)
    model = Model(estimator)
    return Fitted("Booster", {"predict": lambda X: _squeezed(model.predict(_rows(X, estimator)), model.classes)},
                  features=model.features, takes_none=True)


@reader("lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMRanker")
def regression(estimator):
    _refuse_categories_of_frames(estimator.booster_)
    model = Model(estimator.booster_)
    return {"predict": lambda X: _squeezed(model.predict(_rows(X, estimator)), model.classes)}


@reader("lightgbm.sklearn.LGBMClassifier")
def classification(estimator):
    if callable(estimator._objective):
        refuse(estimator, "objective")
    _refuse_categories_of_frames(estimator.booster_)
    model = Model(estimator.booster_)

    def probabilities(X):
        found = model.predict(_rows(X, estimator))
        return pair(found[:, 0]) if model.classes == 1 else found

    methods = {"predict": lambda X: Labels(np.argmax(probabilities(X), axis=1), estimator.classes_),
               "predict_proba": probabilities}
    if hasattr(estimator, "decision_function"):
        methods["decision_function"] = lambda X: _squeezed(model.raw(_rows(X, estimator)), model.classes)
    return methods


def _refuse_categories_of_frames(booster):
    if any(booster.pandas_categorical or ()):
        raise UnsupportedError("a LightGBM model with categorical columns of a frame is not supported: give it their codes as "
                               "numbers, with categorical_feature")
