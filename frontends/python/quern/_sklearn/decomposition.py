"""Projections on components."""
import numpy as np

from .distances import kernel
from .registry import Fitted, reader, refuse
from .rows import dense, validate, watch

_FLOATS = [np.float64, np.float32]


def linear_map(name, matrix, offset=None, dtype="numeric"):
    """transform: X @ matrix + offset, which is not finite where a row is not."""
    def transform(X):
        result = validate(X, name, dtype=dtype, watch=False) @ matrix
        return watch(result if offset is None else result + offset)
    return {"transform": transform}


def undone(name, methods, matrix, offset=None, dtype="numeric"):
    """A Fitted of methods; inverse_transform: X @ matrix + offset."""
    return Fitted(name, methods, inverse=linear_map(name, matrix, offset, dtype)["transform"])


@reader("sklearn.decomposition.PCA", "sklearn.decomposition.IncrementalPCA")
def principal(estimator):
    components = estimator.components_.T
    scale = back = 1.0
    if estimator.whiten:
        back = np.sqrt(estimator.explained_variance_)
        scale = np.maximum(back, np.finfo(back.dtype).eps)
    name = type(estimator).__name__
    methods = linear_map(name, components / scale, -(estimator.mean_ @ components) / scale, _FLOATS)
    if hasattr(estimator, "score_samples"):
        methods.update(likelihood(estimator, name))
    return undone(name, methods, (components * back).T, estimator.mean_, _FLOATS)


def likelihood(estimator, name):
    """score_samples: the logarithm of the density of a normal distribution with the estimator's covariance."""
    try:
        mean, precision = estimator.mean_, estimator.get_precision()
    except np.linalg.LinAlgError:       # scikit-learn's method raises it
        return {}
    constant = float(-0.5 * (len(precision) * np.log(2.0 * np.pi) - np.linalg.slogdet(precision)[1]))

    def samples(X):
        X = validate(X, name, dtype=_FLOATS) - mean
        return -0.5 * np.sum(X * (X @ precision), axis=1) + constant

    return {"score_samples": samples}


@reader("sklearn.decomposition.TruncatedSVD")
def truncated(estimator):
    return undone("TruncatedSVD", linear_map("TruncatedSVD", estimator.components_.T), estimator.components_)


@reader("sklearn.decomposition.FactorAnalysis")
def factors(estimator):
    scaled = estimator.components_ / estimator.noise_variance_
    covariance = np.linalg.inv(np.eye(len(scaled)) + scaled @ estimator.components_.T)
    matrix = scaled.T @ covariance
    return {**linear_map("FactorAnalysis", matrix, -(estimator.mean_ @ matrix)), **likelihood(estimator, "FactorAnalysis")}


@reader("sklearn.decomposition.FastICA")
def independent(estimator):
    matrix = estimator.components_.T
    mean = estimator.mean_ if estimator.whiten else None
    methods = linear_map("FastICA", matrix, None if mean is None else -(mean @ matrix), _FLOATS)
    return undone("FastICA", methods, estimator.mixing_.T, mean, _FLOATS)


@reader("sklearn.decomposition.SparsePCA", "sklearn.decomposition.MiniBatchSparsePCA")
def sparse_principal(estimator):
    components = estimator.components_
    gram = components @ components.T + estimator.ridge_alpha * np.eye(len(components))
    matrix, name = np.linalg.solve(gram, components).T.astype(components.dtype), type(estimator).__name__
    methods = linear_map(name, matrix, -(estimator.mean_ @ matrix), components.dtype)
    return undone(name, methods, components, estimator.mean_)


@reader("sklearn.random_projection.GaussianRandomProjection", "sklearn.random_projection.SparseRandomProjection")
def random_projection(estimator):
    components, name = dense(estimator.components_), type(estimator).__name__

    def inverse(X):
        back = estimator.inverse_components_ if estimator.compute_inverse_components else np.linalg.pinv(components)
        return linear_map(name, back.T, None, _FLOATS)["transform"](X)

    return Fitted(name, linear_map(name, components.T, None, _FLOATS), inverse=inverse)


@reader("sklearn.decomposition.KernelPCA")
def kernel_principal(estimator):
    of = (lambda X, Y: X) if estimator.kernel == "precomputed" else kernel(
        estimator, estimator.kernel, estimator.gamma_, estimator.degree, estimator.coef0)
    rows, center, values = dense(estimator.X_fit_), estimator._centerer, estimator.eigenvalues_
    used = np.flatnonzero(values)
    scaled = np.zeros_like(estimator.eigenvectors_)
    scaled[:, used] = estimator.eigenvectors_[:, used] / np.sqrt(values[used])
    center = centering(center)
    return {"transform": lambda X: center(of(validate(X, "KernelPCA"), rows)) @ scaled}


def centering(center):
    """What a KernelCenterer does to a kernel's values."""
    columns, whole = center.K_fit_rows_, center.K_fit_all_

    def run(K):
        return K - columns.astype(K.dtype) - (np.sum(K, axis=1) / float(len(columns)))[:, None] + float(whole)

    return run


@reader("sklearn.preprocessing.KernelCenterer")
def kernel_centerer(estimator):
    center = centering(estimator)
    return {"transform": lambda K: center(validate(K, "KernelCenterer", dtype=_FLOATS))}


@reader("sklearn.cross_decomposition.PLSRegression", "sklearn.cross_decomposition.PLSCanonical",
        "sklearn.cross_decomposition.CCA")
def partial_least_squares(estimator):
    name, mean, scale = type(estimator).__name__, estimator._x_mean, estimator._x_std
    coef, intercept = estimator.coef_.T, estimator.intercept_
    rotations = estimator.x_rotations_

    def predict(X):
        result = watch((validate(X, name, dtype=_FLOATS, watch=False) - mean) @ coef + intercept)
        return result[:, 0] if estimator._predict_1d else result

    methods = {"predict": predict,
               "transform": lambda X: watch((validate(X, name, dtype=_FLOATS, watch=False) - mean) / scale @ rotations)}
    return undone(name, methods, estimator.x_loadings_.T * scale, mean, _FLOATS)


@reader("sklearn.cross_decomposition.PLSSVD")
def partial_least_squares_svd(estimator):
    mean, scale, weights = estimator._x_mean, estimator._x_std, estimator.x_weights_
    return {"transform": lambda X: watch((validate(X, "PLSSVD", dtype=np.float64, watch=False) - mean) / scale @ weights)}
