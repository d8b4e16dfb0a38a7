"""LightGBM's boosters, from the text of their models, and its estimators."""
import re

import numpy as np

from .._errors import UnsupportedError
from .encoders import coded
from .ensembles import MISSING_YES, NAN_MISSING, ZERO_MISSING, Ensemble
from .formulas import expit, pair, softmax
from .registry import Fitted, reader, refuse
from .rows import Columns, Labels, take, validate

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
        whole = booster.model_to_string()
        head, *trees = whole.partition("\nend of trees")[0].split("\nTree=")
        fields = _fields(head)
        self.classes = int(fields["num_tree_per_iteration"])
        self.features = int(fields["max_feature_idx"]) + 1
        objective, *options = fields.get("objective", "").split() or [""]
        if objective not in _TRANSFORMS:
            raise UnsupportedError(f"LightGBM's objective {objective!r} is not supported")
        self.objective = objective
        self.options = dict(option.partition(":")[::2] for option in options)
        self.ensemble, self.leaves = Ensemble(self.classes, dtype=np.float64), Ensemble(1, dtype=np.float64)
        self.linear = []        # of each tree that is linear: (its number, its target, its leaves)
        self.categorical = np.zeros(self.features, bool)
        for number, text in enumerate(trees):
            self._add(_fields(text.partition("\n")[2]), number % self.classes)
        self.rounds = len(trees) // self.classes if "average_output" in head.split("\n") else 0
        self.categories = _categories(booster, whole)

    def _add(self, tree, target):
        leaves = int(tree["num_leaves"])
        inner = leaves - 1
        values = _array(tree["leaf_value"], float)
        if int(tree.get("is_linear", 0)):
            self.linear.append((len(self.linear), target, LinearLeaves(tree, values, self.features)))
            values = np.zeros(leaves)
        value = np.concatenate([np.zeros(inner), values])
        numbers = np.concatenate([np.zeros(inner), np.arange(leaves)])
        if not inner:
            self.ensemble.add([-1], [-1], [0], [0.0], value, target=target)
            self.leaves.add_places([-1], [-1], [0], [0.0], numbers)
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
        node = np.append(left, none), np.append(right, none), np.append(feature, none), np.append(threshold, none)
        flags, sets = np.append(flags, none), np.append(sets, none)
        self.ensemble.add(*node, value, flags=flags, sets=sets, target=target)
        self.leaves.add_places(*node, numbers, flags=flags, sets=self.leaves.copy_sets(self.ensemble, sets))

    def _set(self, tree, number):
        start, end = _array(tree["cat_boundaries"], np.int64)[number:number + 2]
        return self.ensemble.add_set(_array(tree["cat_threshold"], np.uint32)[start:end])

    def rows(self, X, name):
        """Rows that are float32, float64 or, as LightGBM converts them, something else."""
        if isinstance(X, Columns):
            X = coded(X, self.categories)
            X = X.astype(np.result_type(X.dtype, np.float32))
        X = validate(X, name, allow_nan="all")
        X = X if X.dtype.kind == "f" and X.dtype.itemsize >= 4 else X.astype(np.float32)
        return np.where(self.categorical, np.trunc(X), X) if self.categorical.any() else X   # -0.5 is category 0

    def raw(self, X):
        """Raw sums [N, K]."""
        sums = self.ensemble.sums(X)
        if not self.linear:
            return sums
        leaves, wide = self.leaves.places(X), X.astype(np.float64)
        columns = [sums[:, target] for target in range(self.classes)]
        for number, target, tree in self.linear:
            columns[target] = columns[target] + tree.values(wide, leaves[:, number])
        return np.stack(columns, axis=1)

    def predict(self, X):
        """What Booster.predict gives: [N, K]."""
        raw = self.raw(X)
        return _TRANSFORMS[self.objective](raw / self.rounds if self.rounds else raw, self.options)


class LinearLeaves:
    """The leaves of a tree that are linear functions: a constant where a feature of theirs is missing."""

    def __init__(self, tree, values, features):
        self.constants, self.offsets = values, _array(tree["leaf_const"], float)
        counts = _array(tree["num_features"], np.int64)
        leaf, feature = np.repeat(np.arange(len(counts)), counts), _array(tree["leaf_features"], np.int64)
        self.weights = np.zeros((len(counts), features))
        self.weights[leaf, feature] = _array(tree["leaf_coeff"], float)
        self.uses = np.zeros((len(counts), features), bool)
        self.uses[leaf, feature] = True

    def values(self, X, leaf):
        """[N] of float64 rows and the numbers of their leaves."""
        gaps = np.any(take(self.uses, leaf) & np.isnan(X), axis=1)
        sums = np.sum(take(self.weights, leaf) * np.where(np.isnan(X), 0.0, X), axis=1)
        return np.where(gaps, take(self.constants, leaf), take(self.offsets, leaf) + sums)


def _categories(booster, text):
    """feature -> the categories of a frame's column. The model says them in the order of the categorical features."""
    known = booster.pandas_categorical or ()
    if not known:
        return {}
    places = re.search(r"\[categorical_feature: ([\d,]*)\]", text)
    places = [int(one) for one in places[1].split(",") if one] if places else []
    if len(places) != len(known):
        raise UnsupportedError(f"a LightGBM model of {len(known)} columns of a frame with categories, of which {len(places)} are "
                               "categorical_feature, is not supported: give it their codes as numbers")
    return {place: np.array(own, object) for place, own in zip(places, known)}


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


def _squeezed(values, count):
    return values[:, 0] if count == 1 else values


def _read(estimator, model, methods, **options):
    """A Fitted of functions of rows."""
    name = type(estimator).__name__

    def of_rows(function):
        return lambda X: function(model.rows(X, name))

    keywords = {"raw_score": lambda X: _squeezed(model.raw(X), model.classes), "pred_leaf": lambda X: model.leaves.places(X).astype(np.int32)}
    return Fitted(name, {method: of_rows(function) for method, function in methods.items()}, "columns",
                  keywords={("predict", keyword): of_rows(function) for keyword, function in keywords.items()}, **options)


@reader("lightgbm.basic.Booster")
def booster(estimator):
    model = Model(estimator)
    return _read(estimator, model, {"predict": lambda X: _squeezed(model.predict(X), model.classes)}, features=model.features,
                 takes_none=True)


@reader("lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMRanker")
def regression(estimator):
    model = Model(estimator.booster_)
    return _read(estimator, model, {"predict": lambda X: _squeezed(model.predict(X), model.classes)})


@reader("lightgbm.sklearn.LGBMClassifier")
def classification(estimator):
    if callable(estimator._objective):
        refuse(estimator, "objective")
    model = Model(estimator.booster_)

    def probabilities(X):
        found = model.predict(X)
        return pair(found[:, 0]) if model.classes == 1 else found

    methods = {"predict": lambda X: Labels(np.argmax(probabilities(X), axis=1), estimator.classes_),
               "predict_proba": probabilities}
    if hasattr(estimator, "decision_function"):
        methods["decision_function"] = lambda X: _squeezed(model.raw(X), model.classes)
    return _read(estimator, model, methods)
