"""Decision trees, forests of them and isolation forests."""
import numpy as np

from .._trace import build
from .._trace.array import Tracer
from .ensembles import MISSING_YES, NAN_MISSING, Ensemble
from .formulas import with_log
from .registry import reader
from .rows import Labels, Stacked, matrix, take, trace, validate

_PUBLIC = {"tree": "DecisionTree ExtraTree", "ensemble": "RandomForest ExtraTrees"}
CLASSIFIERS, REGRESSORS = ([f"sklearn.{module}.{name}{kind}" for module, names in _PUBLIC.items() for name in names.split()]
                           for kind in ("Classifier", "Regressor"))


def add_tree(ensemble, tree, values, target=0, features=None):
    """Adds a fitted sklearn.tree._tree.Tree. values: [nodes, W]. features: which of the rows' it was fitted on."""
    flags = NAN_MISSING | np.where(tree.missing_go_to_left, MISSING_YES, 0)
    feature = np.maximum(tree.feature, 0)
    ensemble.add(tree.children_left, tree.children_right, feature if features is None else np.asarray(features)[feature],
                 tree.threshold, values, flags=flags, target=target)


def rows_of_trees(X, estimator, name=None):
    """The rows as trees take them: float32, then checked."""
    return validate(matrix(X).astype(np.float32), name or type(estimator).__name__, allow_nan=takes_nan(estimator))


def takes_nan(estimator):
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


def members(estimator):
    """The Tree objects of a tree or a forest."""
    trees = getattr(estimator, "estimators_", None)
    return [estimator.tree_] if trees is None else [tree.tree_ for tree in trees]


def leaf_positions(trees):
    """A function from float32 rows to the leaf of each tree by its number in the tree, int64 [N, trees]."""
    ensemble = Ensemble(len(trees))
    for target, tree in enumerate(trees):
        add_tree(ensemble, tree, np.arange(tree.node_count), target)
    return lambda X: ensemble.sums(X).astype(np.int64)


def _with_apply(methods, estimator):
    trees, is_tree = members(estimator), not hasattr(estimator, "estimators_")
    leaves = leaf_positions(trees)

    def apply(X):
        result = leaves(rows_of_trees(X, estimator))
        return result[:, 0] if is_tree else result

    if sum(tree.node_count * tree.n_leaves for tree in trees) > _MOST_OF_PATHS:
        return {**methods, "apply": apply}
    paths, ends = [_paths(tree) for tree in trees], np.cumsum([0, *(tree.node_count for tree in trees)])

    def decision_path(X):
        found = leaves(rows_of_trees(X, estimator))
        visited = np.concatenate([take(table, take(row_of, found[:, i])) for i, (table, row_of) in enumerate(paths)], axis=1)
        return visited if is_tree else (visited, Tracer(build.constant(trace().program, ends)))

    return {**methods, "apply": apply, "decision_path": decision_path}


_MOST_OF_PATHS = 1 << 24      # elements of the tables of all trees


def _paths(tree):
    """The nodes that lead to each leaf, int64 [leaves, nodes], and the row of each leaf in it, by its number."""
    parent = np.full(tree.node_count, -1)
    inner = np.flatnonzero(tree.children_left >= 0)
    parent[tree.children_left[inner]] = parent[tree.children_right[inner]] = inner
    ends = np.flatnonzero(tree.children_left < 0)
    table, row_of = np.zeros((len(ends), tree.node_count), np.int64), np.zeros(tree.node_count, np.int64)
    row_of[ends] = np.arange(len(ends))
    for row, node in enumerate(ends):
        while node >= 0:
            table[row, node] = 1
            node = parent[node]
    return table, row_of


#--- Regression -----------------------------------------------------------------------------------

@reader(*REGRESSORS)
def regression(estimator):
    trees, outputs = members(estimator), estimator.n_outputs_
    ensemble = Ensemble(outputs)
    for tree in trees:
        add_tree(ensemble, tree, tree.value[:, :, 0])

    def predict(X):
        total = ensemble.sums(rows_of_trees(X, estimator))
        mean = total / len(trees) if hasattr(estimator, "estimators_") else total
        return mean if outputs > 1 else mean[:, 0]

    return _with_apply({"predict": predict}, estimator)


#--- Classification -------------------------------------------------------------------------------

@reader(*CLASSIFIERS)
def classification(estimator):
    trees, counts = members(estimator), np.atleast_1d(estimator.n_classes_)
    ensemble, starts = Ensemble(int(counts.sum())), np.cumsum([0, *counts])
    for tree in trees:
        add_tree(ensemble, tree, np.concatenate([tree.value[:, i, :count] for i, count in enumerate(counts)], axis=1))

    def probabilities(X):
        total = ensemble.sums(rows_of_trees(X, estimator))
        mean = total / len(trees) if hasattr(estimator, "estimators_") else total
        return [mean[:, start:start + count] for start, count in zip(starts, counts)]

    classes = [estimator.classes_] if estimator.n_outputs_ == 1 else estimator.classes_

    def predict(X):
        labels = [Labels(np.argmax(one, axis=1), own) for one, own in zip(probabilities(X), classes)]
        return labels[0] if estimator.n_outputs_ == 1 else _side_by_side(labels)

    if estimator.n_outputs_ > 1:
        methods = {"predict": predict, "predict_proba": probabilities,
                   "predict_log_proba": lambda X: [np.log(one) for one in probabilities(X)]}
    else:
        methods = with_log({"predict": predict, "predict_proba": lambda X: probabilities(X)[0]})
    return _with_apply(methods, estimator)


def _side_by_side(labels):
    """Labels of several outputs, in the dtype of the first one's classes."""
    if not all(one.is_numeric for one in labels):
        return Stacked(labels)
    return np.stack([one.array().astype(labels[0].classes.dtype) for one in labels], axis=1)


@reader("sklearn.ensemble.RandomTreesEmbedding")
def embedding(estimator):
    encoder = estimator.one_hot_encoder_
    leaves = leaf_positions(members(estimator))

    def transform(X):
        found = leaves(rows_of_trees(X, estimator))
        return np.concatenate([found[:, i, None] == known for i, known in enumerate(encoder.categories_)], axis=1).astype(encoder.dtype)

    return _with_apply({"transform": transform}, estimator)


#--- Isolation forest -----------------------------------------------------------------------------

@reader("sklearn.ensemble.IsolationForest")
def isolation(estimator):
    samples = IsolationScores(estimator)

    def decision(X):
        return samples(X) - estimator.offset_

    # The offset is a score of the fit, or next to one: the last bit of ours would decide.
    shallowest = samples.least_depth(estimator.offset_)

    def predict(X):
        return np.where(samples.depths(X) < shallowest, -1, 1)

    return {"predict": predict, "decision_function": decision, "score_samples": samples}


class IsolationScores:
    """-2 ** -(mean depth / expected depth) of rows. What a tree adds is computed as scikit-learn does, for its leaves."""

    def __init__(self, estimator):
        from sklearn.ensemble._iforest import _average_path_length
        self.estimator, self.ensemble = estimator, Ensemble(1)
        lengths = zip(estimator.estimators_, estimator.estimators_features_, estimator._decision_path_lengths,
                      estimator._average_path_length_per_tree)
        for tree, features, path, average in lengths:
            add_tree(self.ensemble, tree.tree_, path + average - 1.0, features=features)
        self.denominator = len(estimator.estimators_) * float(_average_path_length([estimator._max_samples])[0])

    def depths(self, X):
        return self.ensemble.sums(validate(matrix(X).astype(np.float32), "IsolationForest", allow_nan="all"))[:, 0]

    def least_depth(self, offset):
        """The least sum of depths whose score, as scikit-learn computes it, is not below the offset."""
        def reaches(bits):
            depth = np.int64(bits).view(np.float64)
            share = depth / self.denominator if self.denominator else 1.0
            return -(2.0 ** -np.asarray([share]))[0] - offset >= 0

        low, high = -1, int(np.float64(np.inf).view(np.int64))      # bits of floats that are not negative order as they do
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return np.int64(high).view(np.float64)

    def __call__(self, X):
        depths = self.depths(X)
        if not self.denominator:
            return -np.power(2.0, -np.ones_like(depths))
        return -np.power(2.0, -(depths / self.denominator))


__all__ = ["CLASSIFIERS", "REGRESSORS", "add_tree", "leaf_positions", "members", "rows_of_trees", "takes_nan"]
