"""Nearest neighbors: all distances, and the k least of each row."""
import numpy as np

from .._trace import build
from .._trace.array import Tracer
from .distances import metric, ranks
from .formulas import with_log
from .registry import read, reader, refuse
from .rows import Labels, Stacked, call_users, dense, take, trace, validate, watch


def k_least(X, k):
    """(values, positions) of the k least of each row, in order; equal ones by position."""
    values, positions = build.top_k(X.value, 1, k, False)
    return Tracer(values), Tracer(positions)


def stored(estimator):
    """The rows that the estimator was fitted on, float64."""
    return dense(estimator._fit_X).astype(np.float64)


def effective_metric(estimator):
    name, parameters = estimator.effective_metric_, estimator.effective_metric_params_
    if callable(name) or name == "precomputed":
        refuse(estimator, "metric")
    return name, metric(estimator, name, parameters)


def is_euclidean(estimator, name):
    return name in ("euclidean", "l2") or name == "minkowski" and estimator.effective_metric_params_.get("p", 2) == 2


def search_positions(X, rows, k):
    """The positions of the k nearest stored rows by Euclidean distance, int64 [N, k]."""
    middle = rows.mean(axis=0)
    return k_least(ranks(X - middle, rows - middle), k)[1]


def search(estimator, count=None):
    """A function from rows to the distances and positions of their neighbors, [N, k] each.

    Euclidean neighbors are found by a product of matrices; the distances of those that were found are sums of squared
    differences, so that they are exact near 0.
    """
    name, of = effective_metric(estimator)
    if estimator.n_neighbors is None:
        refuse(estimator, "n_neighbors")
    rows, k = stored(estimator), int(count or estimator.n_neighbors)

    def find(X, exact=True):
        X = validate(X, type(estimator).__name__, dtype=np.float64, allow_nan="all" if name == "nan_euclidean" else False)
        if not is_euclidean(estimator, name) and name != "sqeuclidean":
            return k_least(of(X, rows), k)
        positions = search_positions(X, rows, k)
        if not exact:
            return None, positions
        squares = np.sum((take(rows, positions) - X[:, None, :]) ** 2, axis=2)
        squares, order = k_least(squares, k)
        return (squares if name == "sqeuclidean" else np.sqrt(squares)), np.take_along_axis(positions, order, axis=1)

    return find


def weights_of(estimator):
    """A function from distances [N, k] to weights, or None: all count the same."""
    if estimator.weights in (None, "uniform"):
        return None
    if callable(estimator.weights):
        return lambda distances: call_users(estimator.weights, distances)

    def inverse(distances):
        zero = distances == 0
        any_zero = np.any(zero, axis=1, keepdims=True)
        return np.where(any_zero, zero.astype(np.float64), 1.0 / np.where(zero, 1.0, distances))

    return inverse


def _targets(estimator):
    y = np.asarray(estimator._y)
    return y.reshape(len(y), -1)


@reader("sklearn.neighbors.KNeighborsClassifier")
def k_classifier(estimator):
    find, weights, y = search(estimator), weights_of(estimator), _targets(estimator)
    outputs = estimator.classes_ if estimator.outputs_2d_ else [estimator.classes_]
    members = [np.eye(len(classes))[y[:, i]] for i, classes in enumerate(outputs)]     # [M, K] of each output

    def votes(X):
        distances, positions = find(X, exact=weights is not None)
        picked = [take(table, positions) for table in members]
        if weights is None:
            return [np.sum(one, axis=1) for one in picked]
        share = weights(distances)[:, :, None]
        return [np.sum(one * share, axis=1) for one in picked]

    return _classifier(estimator, outputs, votes)


def _classifier(estimator, outputs, votes):
    """predict and predict_proba from the votes for each class, a list of [N, K]."""
    def predict(X):
        labels = [Labels(np.argmax(one, axis=1), classes) for one, classes in zip(votes(X), outputs)]
        return _side_by_side(labels) if estimator.outputs_2d_ else labels[0]

    def proba(X):
        shares = [one / np.sum(one, axis=1, keepdims=True) for one in votes(X)]
        return shares if estimator.outputs_2d_ else shares[0]

    methods = {"predict": predict, "predict_proba": proba}
    return {**methods, "kneighbors": search(estimator)} if hasattr(estimator, "kneighbors") else methods


def _side_by_side(labels):
    if all(one.is_numeric for one in labels):
        return np.stack([one.array() for one in labels], axis=1)
    return Stacked(labels)


@reader("sklearn.neighbors.KNeighborsRegressor")
def k_regressor(estimator):
    find, weights, y = search(estimator), weights_of(estimator), _targets(estimator)
    flat = estimator._y.ndim == 1

    def predict(X):
        distances, positions = find(X, exact=weights is not None)
        picked = take(y, positions)
        if weights is None:
            result = np.mean(picked, axis=1)
        else:
            share = weights(distances)[:, :, None]
            result = np.sum(picked * share, axis=1) / np.sum(share, axis=1)
        return result[:, 0] if flat else result

    return {"predict": predict, "kneighbors": find}


@reader("sklearn.neighbors.NearestNeighbors")
def nearest(estimator):
    return {"kneighbors": search(estimator)}


@reader("sklearn.neighbors.KNeighborsTransformer")
def k_transformer(estimator):
    """The graph as a matrix that has zeros where rows are no neighbors."""
    is_distance, count = estimator.mode == "distance", estimator.n_samples_fit_
    find = search(estimator, estimator.n_neighbors + is_distance)

    def transform(X):
        distances, positions = find(X)
        graph = None
        for i in range(positions.shape[1]):
            edge = np.where(positions[:, i, None] == np.arange(count), distances[:, i, None] if is_distance else 1.0, 0.0)
            graph = edge if graph is None else graph + edge
        return graph

    return {"transform": transform, "kneighbors": search(estimator)}


@reader("sklearn.neighbors.RadiusNeighborsTransformer")
def radius_transformer(estimator):
    name, of = effective_metric(estimator)
    rows, radius = stored(estimator), _radius(estimator)
    if is_euclidean(estimator, name):
        of = lambda X, Y: np.sqrt(np.sum((X[:, None, :] - Y) ** 2, axis=2))    # exact near 0

    def transform(X):
        distances = of(validate(X, "RadiusNeighborsTransformer", dtype=np.float64), rows)
        return np.where(distances <= radius, distances if estimator.mode == "distance" else 1.0, 0.0)

    return {"transform": transform}


def _radius(estimator):
    if estimator.radius is None:
        refuse(estimator, "radius")
    return estimator.radius


@reader("sklearn.manifold.Isomap")
def isomap(estimator):
    """New rows lie as far from the stored ones as over the nearest of their neighbors."""
    if estimator.n_neighbors is None:
        refuse(estimator, "n_neighbors")
    find, known = search(estimator.nbrs_), np.asarray(estimator.dist_matrix_, np.float64)
    embed = read(estimator.kernel_pca_).methods["transform"]

    def transform(X):
        distances, positions = find(X)
        away = np.min(take(known, positions) + distances[:, :, None], axis=1)
        return embed(away * away * -0.5)

    return {"transform": transform}


@reader("sklearn.neighbors.LocalOutlierFactor")
def outlier_factor(estimator):
    if not estimator.novelty:
        refuse(estimator, "novelty")
    find, density = search(estimator), np.asarray(estimator._lrd, np.float64)
    reach, offset = estimator._distances_fit_X_[:, estimator.n_neighbors_ - 1], estimator.offset_

    def samples(X):
        distances, positions = find(X)
        local = 1.0 / (np.mean(np.maximum(distances, take(reach, positions)), axis=1) + 1e-10)
        return -np.mean(take(density, positions) / local[:, None], axis=1)

    return {"predict": lambda X: np.where(samples(X) - offset < 0, -1, 1),
            "decision_function": lambda X: samples(X) - offset, "score_samples": samples,
            "kneighbors": find}


#--- Within a radius --------------------------------------------------------------------------

def _inside(estimator):
    """A function from rows to the weights of all stored rows, [N, M]: 0 beyond the radius."""
    name, of = effective_metric(estimator)
    rows, radius, weights = stored(estimator), _radius(estimator), weights_of(estimator)
    if callable(estimator.weights):
        refuse(estimator, "weights")
    if weights and is_euclidean(estimator, name):
        of = lambda X, Y: np.sqrt(np.sum((X[:, None, :] - Y) ** 2, axis=2))    # exact near 0, where weights are large

    def run(X):
        distances = of(validate(X, type(estimator).__name__, dtype=np.float64), rows)
        near = distances <= radius
        if weights is None:
            return near.astype(np.float64)
        return np.where(near, weights(np.where(near, distances, np.inf)), 0.0)

    return run


@reader("sklearn.neighbors.RadiusNeighborsRegressor")
def radius_regressor(estimator):
    inside, y = _inside(estimator), _targets(estimator)
    if y.dtype.kind in "iu":
        refuse(estimator, "y", "integers: rows without neighbors have no value")
    flat = estimator._y.ndim == 1

    def predict(X):
        share = inside(X)
        result = share @ y / np.sum(share, axis=1, keepdims=True)
        return result[:, 0] if flat else result

    return {"predict": predict}


@reader("sklearn.neighbors.RadiusNeighborsClassifier")
def radius_classifier(estimator):
    inside, y = _inside(estimator), _targets(estimator)
    outputs = estimator.classes_ if estimator.outputs_2d_ else [estimator.classes_]
    members = [np.eye(len(classes))[y[:, i]] for i, classes in enumerate(outputs)]
    outliers = estimator.outlier_label_ or [None] * len(outputs)
    for classes, label in zip(outputs, outliers):
        if label is not None and not (classes == label).any():
            refuse(estimator, "outlier_label", label)

    def votes(X):
        share = inside(X)
        lone = ~np.any(share > 0, axis=1, keepdims=True)
        if outliers[0] is None:
            trace().refuse(lambda: lone, "No neighbors found for some rows: give the RadiusNeighborsClassifier an outlier_label, "
                           "or remove them from X")
            return [share @ table for table in members]
        return [np.where(lone, (classes == label).astype(np.float64), share @ table)
                for classes, label, table in zip(outputs, outliers, members)]

    return _classifier(estimator, outputs, votes)


#--- Centroids ----------------------------------------------------------------------------------

@reader("sklearn.neighbors.NearestCentroid")
def nearest_centroid(estimator):
    name, classes, centers = "NearestCentroid", estimator.classes_, np.asarray(estimator.centroids_)
    if estimator.metric not in ("euclidean", "manhattan"):
        refuse(estimator, "metric")
    of = metric(estimator, estimator.metric, None)
    spread = np.where(estimator.within_class_std_dev_ != 0, estimator.within_class_std_dev_, 1.0)
    scaled, prior = centers / spread, 2.0 * np.log(estimator.class_prior_)

    def scores(X):
        return prior - of(validate(X, name, dtype=np.float64) / spread, scaled) ** 2

    def decision(X):
        result = scores(X)
        return result[:, 1] - result[:, 0] if len(classes) == 2 else result

    def proba(X):
        result = scores(X)
        result = np.exp(result - np.max(result, axis=1, keepdims=True))
        return result / np.sum(result, axis=1, keepdims=True)

    def predict(X):
        if np.isclose(estimator.class_prior_, 1 / len(classes)).all():
            return Labels(np.argmin(of(validate(X, name), centers), axis=1), classes)
        return Labels(np.argmax(scores(X), axis=1), classes)

    methods = {"predict": predict}
    if estimator.metric == "euclidean":
        methods = with_log({**methods, "decision_function": decision, "predict_proba": proba})
    return methods


@reader("sklearn.neighbors.NeighborhoodComponentsAnalysis")
def neighborhood_components(estimator):
    matrix = estimator.components_.T
    return {"transform": lambda X: watch(validate(X, "NeighborhoodComponentsAnalysis", watch=False) @ matrix)}
