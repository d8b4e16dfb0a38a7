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


def metric(estimator, name, parameters):
    """A function of (X, Y) for a metric by its name in scikit-learn."""
    parameters = dict(parameters or {})
    if name == "minkowski":
        p = parameters.pop("p", 2)
        name = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}.get(p, "minkowski")
    if name not in _METRICS or parameters.get("w") is not None:
        refuse(estimator, "metric", name)
    return _METRICS[name] if name != "minkowski" else lambda X, Y: minkowski(X, Y, p)


_METRICS = {"euclidean": lambda X, Y: np.sqrt(centered_squares(X, Y)), "sqeuclidean": centered_squares,
            "manhattan": manhattan, "chebyshev": chebyshev, "cosine": cosine, "minkowski": minkowski}
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
    return kernels[name]


def additive_chi2(X, Y):
    X, Y = X[:, None, :], Y[None]
    total = X + Y
    return -np.sum(np.where(total != 0, (X - Y) ** 2 / np.where(total != 0, total, 1.0), 0.0), axis=2)
