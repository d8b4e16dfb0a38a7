"""Densities by kernels around stored rows."""
import math

import numpy as np

from .distances import metric
from .formulas import logsumexp
from .registry import reader
from .rows import validate


def _log_ball(features):
    return 0.5 * features * math.log(math.pi) - math.lgamma(0.5 * features + 1)


def _log_sphere(features):
    return math.log(2 * math.pi) + _log_ball(features - 1)


def _log_cosine(features):
    whole, term = 0.0, 2.0 / math.pi
    for k in range(1, features + 1, 2):
        whole += term
        term *= -(features - k) * (features - k - 1) * (2.0 / math.pi) ** 2
    return math.log(whole) + _log_sphere(features - 1)


# The logarithm of each kernel at distances u in bandwidths, where it is not 0, and of its integral over the features.
_KERNELS = {
    "gaussian": (lambda u: -0.5 * u * u, lambda features: 0.5 * features * math.log(2 * math.pi)),
    "exponential": (lambda u: -u, lambda features: _log_sphere(features - 1) + math.lgamma(features)),
    "tophat": (lambda u: np.zeros_like(u), _log_ball),
    "epanechnikov": (lambda u: np.log(1.0 - u * u), lambda features: _log_ball(features) + math.log(2.0 / (features + 2.0))),
    "linear": (lambda u: np.log(1.0 - u), lambda features: _log_ball(features) - math.log(features + 1.0)),
    "cosine": (lambda u: np.log(np.cos(0.5 * math.pi * u)), _log_cosine),
}


@reader("sklearn.neighbors.KernelDensity")
def kernel_density(estimator):
    """The sum over all stored rows, also where scikit-learn's tolerances let it leave some out."""
    tree, width = estimator.tree_, float(estimator.bandwidth_)
    rows, weights = np.asarray(tree.data), tree.sample_weight
    weights = np.ones(len(rows)) if weights is None else np.asarray(weights)
    distances = metric(estimator, estimator.metric, estimator.metric_params)
    of_kernel, of_integral = _KERNELS[estimator.kernel]
    offset = -of_integral(rows.shape[1]) - rows.shape[1] * math.log(width) - math.log(weights.sum())
    reaches_all = estimator.kernel in ("gaussian", "exponential")
    if not reaches_all and estimator.metric == "euclidean":
        distances = lambda X, Y: np.sqrt(np.sum((X[:, None, :] - Y) ** 2, axis=2))    # exact where the kernel ends
    with np.errstate(divide="ignore"):
        shares = np.log(weights)

    def samples(X):
        away = distances(validate(X, "KernelDensity").astype(np.float64), rows) / width
        if reaches_all:
            density = of_kernel(away)
        else:
            density = np.where(away < 1.0, of_kernel(np.where(away < 1.0, away, 0.0)), -np.inf)
        return logsumexp(density + shares)[:, 0] + offset

    return {"score_samples": samples}
