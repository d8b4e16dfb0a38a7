"""Clusterings: the nearest of stored centers."""
import numpy as np

from .distances import euclidean, ranks
from .registry import Fitted, reader
from .rows import call_users, full, take, take_columns, validate, watch

_FLOATS = [np.float64, np.float32]


def nearest(X, centers):
    """The position of the nearest center, int64 [N]; the first of equal ones."""
    return np.argmin(ranks(X, centers), axis=1)


def nearest_of_rows(X, name, centers, dtype="numeric"):
    """The same of the estimator's rows, which are watched in their distances."""
    X = validate(X, name, dtype=dtype, watch=False)
    return np.argmin(watch(ranks(X, centers)), axis=1)


@reader("sklearn.cluster.KMeans", "sklearn.cluster.MiniBatchKMeans")
def k_means(estimator):
    name, centers = type(estimator).__name__, estimator.cluster_centers_
    return {"predict": lambda X: nearest_of_rows(X, name, centers, _FLOATS).astype(np.int32),
            "transform": lambda X: euclidean(validate(X, name, dtype=_FLOATS), centers)}


@reader("sklearn.cluster.BisectingKMeans")
def bisecting(estimator):
    mean = getattr(estimator, "_X_mean", 0.0)

    def descend(X, node):
        if node.left is None:
            return full(X, (), node.label, np.int32)
        centers = np.stack([node.left.center, node.right.center]) + mean
        return np.where(nearest(X, centers) == 0, descend(X, node.left), descend(X, node.right))

    return {"predict": lambda X: descend(validate(X, "BisectingKMeans", dtype=_FLOATS), estimator._bisecting_tree),
            "transform": lambda X: euclidean(validate(X, "BisectingKMeans", dtype=_FLOATS), estimator.cluster_centers_)}


@reader("sklearn.cluster.Birch")
def birch(estimator):
    centers, labels = estimator.subcluster_centers_, np.array(estimator.subcluster_labels_)
    return {"predict": lambda X: take(labels, nearest_of_rows(X, "Birch", centers)),
            "transform": lambda X: euclidean(validate(X, "Birch"), centers)}


@reader("sklearn.cluster.MeanShift", "sklearn.cluster.AffinityPropagation")
def centers(estimator):
    name, centers = type(estimator).__name__, estimator.cluster_centers_
    if hasattr(centers, "toarray"):
        centers = centers.toarray()
    if len(centers) == 0:
        return {"predict": lambda X: full(validate(X, name), (), -1, np.int64)}
    return {"predict": lambda X: nearest_of_rows(X, name, centers)}


@reader("sklearn.cluster.FeatureAgglomeration")
def agglomeration(estimator):
    labels = np.asarray(estimator.labels_)
    if estimator.pooling_func is not np.mean:
        def pool(X):
            return np.stack([call_users(estimator.pooling_func, X[:, labels == label], axis=1) for label in np.unique(labels)], axis=1)
    else:
        shares = (labels[:, None] == np.unique(labels)) / np.bincount(labels)

        def pool(X):
            return X.astype(np.float64) @ shares
    group = np.unique(labels, return_inverse=True)[1]
    return Fitted("FeatureAgglomeration", {"transform": lambda X: pool(validate(X, "FeatureAgglomeration"))},
                  inverse=lambda X: take_columns(X, group))
