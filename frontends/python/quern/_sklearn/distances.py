"""Pairwise distances and kernels between rows [N, F] and stored rows [M, F]: results are [N, M].

Products of matrices stand where scikit-learn has them; sums over [N, M, F] elsewhere.
"""
import numpy as np

from .registry import refuse


def squared_rows(X):
    return np.sum(X * X, axis=1, keepdims=True)


def ranks(X, Y):
    """Squared Euclidean distances less |x|^2, which is the same for a whole row."""
    return np.sum(Y * Y, axis=1) - 2 * (X @ Y.T)


def squared_euclidean(X, Y):
    """As sklearn.metrics.pairwise.euclidean_distances: float32 is computed in float64."""
    kind = np.result_type(X.dtype, Y.dtype)
    wide, Y = X.astype(np.float64), Y.astype(np.float64)
    result = np.maximum(-2 * (wide @ Y.T) + squared_rows(wide) + np.sum(Y * Y, axis=1), 0.0)
    return result.astype(np.float32) if kind == np.float32 else result


def euclidean(X, Y):
    return np.sqrt(squared_euclidean(X, Y))


def centered_squares(X, Y):
    """Squared Euclidean distances, by a product of matrices around the mean of Y: less is lost where rows lie far from 0."""
    middle = Y.mean(axis=0)
    X, Y = X - middle, Y - middle
    return np.maximum(squared_rows(X) + ranks(X, Y), 0.0)


def _differences(X, Y):
    return np.abs(X[:, None, :] - Y[None])


def manhattan(X, Y):
    return np.sum(_differences(X, Y), axis=2)


def chebyshev(X, Y):
    return np.max(_differences(X, Y), axis=2)


def minkowski(X, Y, p):
    return np.sum(_differences(X, Y) ** p, axis=2) ** (1 / p)


def normalized(X):
    """Rows of length 1; rows of zeros stay."""
    norms = np.sqrt(np.sum(X * X, axis=1, keepdims=True))
    return X / np.where(norms == 0, np.ones_like(norms), norms)


def cosine(X, Y):
    return np.clip(1 - normalized(X) @ np.asarray(_normalized_array(Y)).T, 0, 2)


def _normalized_array(Y):
    norms = np.sqrt((Y * Y).sum(axis=1, keepdims=True))
    return Y / np.where(norms == 0, 1, norms)


def _ratio(above, below):
    """Of two zeros 0."""
    return above / np.where(below == 0, 1.0, below)


def canberra(X, Y):
    return np.sum(_ratio(_differences(X, Y), np.abs(X)[:, None, :] + np.abs(Y)), axis=2)


def bray_curtis(X, Y):
    return np.sum(_differences(X, Y), axis=2) / np.sum(np.abs(X[:, None, :] + Y), axis=2)


def hamming(X, Y):
    return np.mean((X[:, None, :] != Y).astype(np.float64), axis=2)


def correlation(X, Y):
    return cosine(X - np.mean(X, axis=1, keepdims=True), Y - Y.mean(axis=1, keepdims=True))


def nan_euclidean(X, Y):
    """Over the features that both rows have, scaled to all; NaN where there are none."""
    there, known = (~np.isnan(X)).astype(np.float64), ~np.isnan(Y)
    X, Y = np.where(np.isnan(X), 0.0, X), np.where(known, Y, 0.0)
    common = there @ known.T.astype(float)
    squares = (X * X) @ known.T.astype(float) + there @ (Y * Y).T - 2 * (X @ Y.T)
    scaled = np.maximum(squares, 0.0) / np.where(common > 0, common, 1.0) * float(Y.shape[1])
    return np.where(common > 0, np.sqrt(scaled), np.nan)


def of_counts(formula):
    """A metric of rows of which only matters where they are 0: `formula` of how many features of two rows are both not
    0, of those that one alone has, and of all."""
    def run(X, Y):
        X, Y = (X != 0).astype(np.float64), (Y != 0).astype(float)
        both = X @ Y.T
        first, second = np.sum(X, axis=1, keepdims=True) - both, Y.sum(axis=1) - both
        return formula(both, first, second, float(Y.shape[1]))
    return run


def _yule(both, first, second, count):
    crossed = first * second
    return _ratio(2 * crossed, both * (count - both - first - second) + crossed)


def mahalanobis(X, Y, inverse):
    difference = X[:, None, :] - Y
    return np.sqrt(np.sum((difference @ inverse) * difference, axis=2))


def _scaled(name, parameters):
    """A metric with a matrix or vector of its own; None where that was not given."""
    if name == "seuclidean" and "V" in parameters:
        scale = np.sqrt(np.asarray(parameters["V"], np.float64))
        return lambda X, Y: np.sqrt(centered_squares(X / scale, Y / scale))
    if name == "mahalanobis" and ("VI" in parameters or "V" in parameters):
        inverse = np.asarray(parameters["VI"]) if "VI" in parameters else np.linalg.inv(parameters["V"])
        return lambda X, Y: mahalanobis(X, Y, inverse)
    return None


def metric(estimator, name, parameters):
    """A function of (X, Y) for a metric by its name in scikit-learn."""
    parameters = dict(parameters or {})
    if scaled := _scaled(name, parameters):
        return scaled
    name = "minkowski" if name == "p" else name
    if name == "minkowski":
        p = parameters.pop("p", 2)
        name = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}.get(p, "minkowski")
    if name not in _METRICS or parameters.get("w") is not None:
        refuse(estimator, "metric", name)
    return _METRICS[name] if name != "minkowski" else lambda X, Y: minkowski(X, Y, p)


_METRICS = {"euclidean": lambda X, Y: np.sqrt(centered_squares(X, Y)), "sqeuclidean": centered_squares,
            "manhattan": manhattan, "chebyshev": chebyshev, "cosine": cosine, "minkowski": minkowski, "canberra": canberra,
            "braycurtis": bray_curtis, "hamming": hamming, "correlation": correlation, "nan_euclidean": nan_euclidean,
            "jaccard": of_counts(lambda both, a, b, count: _ratio(a + b, both + a + b)),
            "dice": of_counts(lambda both, a, b, count: (a + b) / (2 * both + a + b)),
            "rogerstanimoto": of_counts(lambda both, a, b, count: 2 * (a + b) / (count + a + b)),
            "russellrao": of_counts(lambda both, a, b, count: (count - both) / count),
            "sokalsneath": of_counts(lambda both, a, b, count: (a + b) / (0.5 * both + a + b)), "yule": of_counts(_yule)}
for _alias, _name in (("l2", "euclidean"), ("l1", "manhattan"), ("cityblock", "manhattan"), ("infinity", "chebyshev")):
    _METRICS[_alias] = _METRICS[_name]


#--- Kernels ----------------------------------------------------------------------------------

def integer_power(X, degree):
    """X ** degree by squaring where the degree is a small integer, as libsvm does."""
    if degree != int(degree) or not 0 < degree <= 64:
        return X ** degree
    result, factor, degree = None, X, int(degree)
    while degree:
        if degree & 1:
            result = factor if result is None else result * factor
        degree >>= 1
        factor = factor * factor if degree else factor
    return result


def rbf(X, Y, gamma):
    return np.exp(centered_squares(X, Y) * -gamma)


def kernel(estimator, name, gamma=None, degree=3, coef0=1, features=None, parameters=None):
    """A function of (X, Y) for a kernel by its name in sklearn.metrics.pairwise. gamma None: one over the features."""
    if callable(name):
        refuse(estimator, "kernel", name)
    parameters = dict(parameters or {})
    gamma, degree = parameters.pop("gamma", gamma), parameters.pop("degree", degree)
    coef0 = parameters.pop("coef0", coef0)
    if parameters:
        refuse(estimator, "kernel_params", parameters)
    if gamma is None and name != "chi2":
        gamma = 1.0 / features
    kernels = {
        "linear": lambda X, Y: X @ Y.T,
        "rbf": lambda X, Y: rbf(X, Y, gamma),
        "poly": lambda X, Y: integer_power(X @ Y.T * gamma + coef0, degree),
        "sigmoid": lambda X, Y: np.tanh(X @ Y.T * gamma + coef0),
        "cosine": lambda X, Y: normalized(X) @ _normalized_array(Y).T,
        "laplacian": lambda X, Y: np.exp(manhattan(X, Y) * -gamma),
        "chi2": lambda X, Y: np.exp(additive_chi2(X, Y) * (1.0 if gamma is None else gamma)),
        "additive_chi2": additive_chi2,
    }
    kernels["polynomial"] = kernels["poly"]
    if name not in kernels:
        refuse(estimator, "kernel", name)
    return lambda X, Y: kernels[name](*_floats(X, Y))


def _floats(X, Y):
    """Both in the dtype that scikit-learn's check_pairwise_arrays gives them: products of bools and small integers are no sums."""
    kind = np.float32 if X.dtype == Y.dtype == np.float32 else np.float64
    return X.astype(kind), Y.astype(kind)


def additive_chi2(X, Y):
    X, Y = X[:, None, :], Y[None]
    total = X + Y
    return -np.sum(np.where(total != 0, (X - Y) ** 2 / np.where(total != 0, total, 1.0), 0.0), axis=2)
