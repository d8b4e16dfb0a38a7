"""Gradient boosting of scikit-learn: by trees, and by histograms."""
import numpy as np

from .._errors import UnsupportedError
from .ensembles import BEYOND_YES, MISSING_YES, NAN_MISSING, Ensemble
from .formulas import expit, pair, softmax, with_log
from .registry import public_name, read, reader, refuse
from .rows import Labels, validate
from .trees import add_tree, leaf_positions, rows_of_trees

#--- What raw sums mean ---------------------------------------------------------------------------

_INVERSE_LINKS = {"IdentityLink": lambda raw: raw, "LogLink": np.exp, "LogitLink": expit,
                  "HalfLogitLink": lambda raw: expit(2 * raw)}


def inverse_link(estimator):
    link = type(estimator._loss.link).__name__
    if link not in _INVERSE_LINKS:
        refuse(estimator, "loss")
    return _INVERSE_LINKS[link]


def classifier(estimator, raw, pick):
    """Methods of raw sums [N, K]; `pick` says whether one sum [N] means the second class."""
    is_binary = len(estimator.classes_) == 2
    positive = inverse_link(estimator) if is_binary else None

    def decision(X):
        sums = raw(X)
        return sums[:, 0] if is_binary else sums

    def probabilities(X):
        return pair(positive(decision(X))) if is_binary else softmax(raw(X))

    def predict(X):
        index = pick(decision(X)).astype(np.int64) if is_binary else np.argmax(raw(X), axis=1)
        return Labels(index, estimator.classes_)

    return {"predict": predict, "predict_proba": probabilities, "decision_function": decision}


#--- By trees -------------------------------------------------------------------------------------

def _stages(estimator):
    """A function from rows to the raw sums [N, K], and one to the leaves [N, stages, K]."""
    stages = estimator.estimators_
    init, start = estimator.init_, None
    base = np.zeros(stages.shape[1])
    if public_name(type(init)) in ("sklearn.dummy.DummyClassifier", "sklearn.dummy.DummyRegressor"):
        base = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))[0]
    elif not isinstance(init, str):      # "zero"
        start = _start(estimator, read(init))
    ensemble = Ensemble(stages.shape[1])
    for stage in stages:
        for target, tree in enumerate(stage):
            add_tree(ensemble, tree.tree_, estimator.learning_rate * tree.tree_.value[:, 0, 0], target)
    leaves = leaf_positions([tree.tree_ for tree in stages.ravel()])
    name, first = type(estimator).__name__, stages[0, 0]

    def apply(X):
        found = leaves(rows_of_trees(X, first, name)).astype(np.float64)
        return found.reshape(-1, *stages.shape)

    def raw(X):
        X = rows_of_trees(X, estimator, name)
        sums = ensemble.sums(X, base)
        return sums if start is None else start(X) + sums

    return raw, apply


_LINKS = {"IdentityLink": lambda mean: mean, "LogLink": np.log, "LogitLink": lambda mean: np.log(mean / (1 - mean)),
          "HalfLogitLink": lambda mean: 0.5 * np.log(mean / (1 - mean)),
          "MultinomialLogit": lambda mean: np.log(mean) - np.mean(np.log(mean), axis=1, keepdims=True)}


def _start(estimator, init):
    """A function from rows to what the estimator `init` makes of them, as raw sums [N, K]."""
    link, epsilon = _LINKS[type(estimator._loss.link).__name__], float(np.finfo(np.float64).eps)

    def run(X):
        if not hasattr(estimator, "classes_"):
            return link(init.methods["predict"](X).astype(np.float64)).reshape(-1, 1)
        shares = np.clip(init.methods["predict_proba"](X).astype(np.float64), epsilon, 1 - epsilon)
        return link(shares if estimator._loss.is_multiclass else shares[:, 1:])

    return run


@reader("sklearn.ensemble.GradientBoostingRegressor")
def boosted_regression(estimator):
    raw, apply = _stages(estimator)
    return {"predict": lambda X: raw(X)[:, 0], "apply": lambda X: apply(X)[:, :, 0]}


@reader("sklearn.ensemble.GradientBoostingClassifier")
def boosted_classification(estimator):
    raw, apply = _stages(estimator)
    return {**with_log(classifier(estimator, raw, lambda sums: sums >= 0)), "apply": apply}


#--- By histograms --------------------------------------------------------------------------------

class Histograms:
    """A function from rows to the raw sums [N, K]."""

    def __init__(self, estimator):
        self.estimator = estimator
        rounds = estimator._predictors
        self.base = np.ravel(estimator._baseline_prediction)
        self.ensemble = Ensemble(estimator.n_trees_per_iteration_, dtype=np.float64)
        known, positions = estimator._bin_mapper.make_known_categories_bitsets()
        for trees in rounds:
            for target, tree in enumerate(trees):
                self._add(tree, target, known, positions)
        self.encoder = estimator._preprocessor and estimator._preprocessor.named_transformers_["encoder"]
        if self.encoder is not None and any(one.dtype.kind not in "biuf" for one in self.encoder.categories_):
            raise UnsupportedError(f"{type(estimator).__name__} has a categorical feature of texts, which is not supported: "
                                   "encode it with an OrdinalEncoder before")

    def _add(self, tree, target, known, positions):
        """Categories that the fit did not see are missing: where those go left, all do that are not known to go right."""
        nodes, sets = tree.nodes, None
        yes = nodes["missing_go_to_left"] != 0
        flags = np.where(yes, NAN_MISSING | MISSING_YES, NAN_MISSING)
        if nodes["is_categorical"].any():
            sets = np.full(len(nodes), -1)
            for i in np.flatnonzero(nodes["is_categorical"]):
                left = tree.raw_left_cat_bitsets[nodes["bitset_idx"][i]]
                right = known[positions[nodes["feature_idx"][i]]] & ~left
                sets[i] = self.ensemble.add_set(~right if yes[i] else left)
            flags = flags | np.where(yes, BEYOND_YES, 0)
        self.ensemble.add(nodes["left"], nodes["right"], nodes["feature_idx"], nodes["num_threshold"], nodes["value"],
                          is_leaf=nodes["is_leaf"] != 0, flags=flags, sets=sets, target=target)

    def __call__(self, X):
        X = validate(X, type(self.estimator).__name__, allow_nan="all")
        if self.encoder is not None:
            X = self._encoded(X)
        return self.ensemble.sums(X, self.base)

    def _encoded(self, X):
        """Categorical features first, by their positions among the categories."""
        is_categorical = self.estimator.is_categorical_
        validate(X[:, np.flatnonzero(is_categorical)], "OrdinalEncoder", allow_nan=True)
        codes = [_code(X[:, feature], categories)
                 for feature, categories in zip(np.flatnonzero(is_categorical), self.encoder.categories_)]
        rest = X[:, np.flatnonzero(~is_categorical)].astype(np.float64)
        return np.concatenate([np.stack(codes, axis=1), rest], axis=1)


def _code(column, categories):
    """Positions of values among the categories, NaN where they are none."""
    categories = categories[~np.isnan(categories)] if categories.dtype.kind == "f" else categories
    equal = column[:, None] == categories[None, :].astype(np.float64)
    return np.where(np.any(equal, axis=1), np.argmax(equal, axis=1).astype(np.float64), np.nan)


@reader("sklearn.ensemble.HistGradientBoostingRegressor")
def histogram_regression(estimator):
    raw, inverse = Histograms(estimator), inverse_link(estimator)
    return {"predict": lambda X: inverse(raw(X)[:, 0])}


@reader("sklearn.ensemble.HistGradientBoostingClassifier")
def histogram_classification(estimator):
    return classifier(estimator, Histograms(estimator), lambda sums: sums > 0)
