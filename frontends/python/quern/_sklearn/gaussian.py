"""Gaussian models: mixtures, discriminants, processes, outliers by covariance."""
import math

import numpy as np

from .decomposition import linear_map
from .distances import squared_euclidean
from .formulas import erf, expit, logsumexp, pair, softmax
from .linear import classifier
from .registry import reader, refuse
from .rows import Labels, full, validate


#--- Mixtures ---------------------------------------------------------------------------------

def _log_gaussian(estimator, X):
    """The logarithm of each component's density, [N, K]."""
    means, roots, kind = estimator.means_, estimator.precisions_cholesky_, estimator.covariance_type
    features = means.shape[1]
    if kind in ("full", "tied"):
        roots = list(roots) if kind == "full" else [roots] * len(means)
        squares = np.stack([np.sum(((X - mean) @ root) ** 2, axis=1) for mean, root in zip(means, roots)], axis=1)
        log_det = np.array([np.log(np.diag(root)).sum() for root in roots])
    else:
        roots = roots if kind == "diag" else np.repeat(roots[:, None], features, axis=1)
        precisions = roots ** 2
        squares = (means ** 2 * precisions).sum(axis=1) - 2.0 * (X @ (means * precisions).T) + (X * X) @ precisions.T
        log_det = np.log(roots).sum(axis=1)
    return -0.5 * (features * math.log(2 * math.pi) + squares) + log_det


def _mixture(estimator, constant):
    """The methods of a mixture; `constant` is added to the log densities."""
    name = type(estimator).__name__

    def joint(X):
        return _log_gaussian(estimator, validate(X, name)) + constant

    def proba(X):
        joined = joint(X)
        return np.exp(joined - logsumexp(joined))

    return {"predict": lambda X: np.argmax(joint(X), axis=1), "predict_proba": proba,
            "score_samples": lambda X: logsumexp(joint(X))[:, 0]}


@reader("sklearn.mixture.GaussianMixture")
def mixture(estimator):
    return _mixture(estimator, np.log(estimator.weights_))


@reader("sklearn.mixture.BayesianGaussianMixture")
def bayesian_mixture(estimator):
    """What does not depend on the rows is scikit-learn's own."""
    means = estimator.means_
    constant = (estimator._estimate_log_prob(means) - _log_gaussian(estimator, means))[0]
    return _mixture(estimator, constant + estimator._estimate_log_weights())


#--- Discriminants ----------------------------------------------------------------------------

@reader("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
def linear_discriminant(estimator):
    proba = (lambda scores: pair(expit(scores))) if len(estimator.classes_) == 2 else softmax
    name = "LinearDiscriminantAnalysis"
    methods = classifier(name, estimator.coef_, estimator.intercept_, estimator.classes_, proba)
    if estimator.solver == "lsqr":
        return methods
    scalings = estimator.scalings_[:, :estimator._max_components]
    offset = -(estimator.xbar_ @ scalings) if estimator.solver == "svd" else None
    return {**methods, **linear_map(name, scalings, offset)}


def discriminant(scores, classes):
    """The methods of a classifier by its log posterior but for a constant, [N, K]."""
    def decision(X):
        result = scores(X)
        return result[:, 1] - result[:, 0] if len(classes) == 2 else result

    def log_proba(X):
        result = scores(X)
        return result - logsumexp(result)

    return {"predict": lambda X: Labels(np.argmax(scores(X), axis=1), classes), "decision_function": decision,
            "predict_proba": lambda X: np.exp(log_proba(X)), "predict_log_proba": log_proba}


@reader("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
def quadratic_discriminant(estimator):
    means = estimator.means_
    turns = [rotation * scaling ** -0.5 for rotation, scaling in zip(estimator.rotations_, estimator.scalings_)]
    constant = np.log(estimator.priors_) - 0.5 * np.array([np.log(scaling).sum() for scaling in estimator.scalings_])

    def scores(X):
        X = validate(X, "QuadraticDiscriminantAnalysis")
        return np.stack([np.sum(((X - mean) @ turn) ** 2, axis=1) for mean, turn in zip(means, turns)], axis=1) * -0.5 + constant

    return discriminant(scores, estimator.classes_)


#--- Outliers ---------------------------------------------------------------------------------

@reader("sklearn.covariance.EllipticEnvelope")
def envelope(estimator):
    location, precision, offset = estimator.location_, estimator.get_precision(), estimator.offset_

    def samples(X):
        away = validate(X, "EllipticEnvelope").astype(np.float64) - location
        return -np.sum(away @ precision * away, axis=1)

    return {"predict": lambda X: np.where(samples(X) - offset >= 0, 1, -1),
            "decision_function": lambda X: samples(X) - offset, "score_samples": samples}


#--- Processes --------------------------------------------------------------------------------

def _process_kernel(estimator, kernel):
    """(a function of (X, Y), a function of X to its diagonal) for a kernel object of sklearn.gaussian_process."""
    name = type(kernel).__name__
    if name in ("Sum", "Product"):
        (first, first_diagonal), (second, second_diagonal) = (_process_kernel(estimator, one) for one in (kernel.k1, kernel.k2))
        if name == "Sum":
            return (lambda X, Y: first(X, Y) + second(X, Y)), (lambda X: first_diagonal(X) + second_diagonal(X))
        return (lambda X, Y: first(X, Y) * second(X, Y)), (lambda X: first_diagonal(X) * second_diagonal(X))
    if name not in _PROCESS_KERNELS:
        refuse(estimator, "kernel", name)
    return _PROCESS_KERNELS[name](kernel)


def _one(X):
    return full(X, (), 1.0, np.float64)


def _matern(kernel):
    scale, nu = np.asarray(kernel.length_scale, float), kernel.nu
    of_distance = {0.5: lambda d: np.exp(-d), 1.5: lambda d: (1.0 + d * np.sqrt(3)) * np.exp(-d * np.sqrt(3)),
                   2.5: lambda d: (1.0 + d * np.sqrt(5) + d * d * 5 / 3) * np.exp(-d * np.sqrt(5)),
                   np.inf: lambda d: np.exp(-d * d / 2)}.get(nu)
    if of_distance is None:
        refuse(kernel, "nu")
    return (lambda X, Y: of_distance(np.sqrt(squared_euclidean(X / scale, Y / scale)))), _one


def _exponential_sine(kernel):
    def of(X, Y):
        distance = np.sqrt(squared_euclidean(X, Y))
        return np.exp(-2 * (np.sin(np.pi / kernel.periodicity * distance) / kernel.length_scale) ** 2)
    return of, _one


_PROCESS_KERNELS = {
    "ConstantKernel": lambda k: ((lambda X, Y: k.constant_value), lambda X: full(X, (), k.constant_value, np.float64)),
    "WhiteKernel": lambda k: ((lambda X, Y: 0.0), lambda X: full(X, (), k.noise_level, np.float64)),
    "RBF": lambda k: ((lambda X, Y: np.exp(-0.5 * squared_euclidean(X / k.length_scale, Y / k.length_scale))), _one),
    "Matern": _matern,
    "RationalQuadratic": lambda k: ((lambda X, Y: (1 + squared_euclidean(X, Y) / (2 * k.alpha * k.length_scale ** 2)) ** -k.alpha),
                                    _one),
    "ExpSineSquared": _exponential_sine,
    "DotProduct": lambda k: ((lambda X, Y: X @ Y.T + k.sigma_0 ** 2), lambda X: np.sum(X * X, axis=1) + k.sigma_0 ** 2),
}


def _whole(values, X, Y):
    """A kernel that is one number for all pairs, as a matrix."""
    return values if getattr(values, "ndim", 0) else full(X, (len(Y),), float(values))


@reader("sklearn.gaussian_process.GaussianProcessRegressor")
def process_regressor(estimator):
    of, _ = _process_kernel(estimator, estimator.kernel_)
    rows, alpha = estimator.X_train_, estimator.alpha_
    scale, mean = estimator._y_train_std, estimator._y_train_mean

    def predict(X):
        X = validate(X, "GaussianProcessRegressor")
        result = scale * (_whole(of(X, rows), X, rows) @ alpha) + mean
        return result[:, 0] if result.ndim > 1 and result.shape[1] == 1 else result

    return {"predict": predict}


_LAMBDAS = np.array([0.41, 0.4, 0.37, 0.44, 0.39])[:, None]
_COEFS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])[:, None]


def _binary_process(estimator, base):
    of, diagonal = _process_kernel(estimator, base.kernel_)
    rows, slope, root, cholesky = base.X_train_, base.y_train_ - base.pi_, base.W_sr_, base.L_
    solved = np.linalg.solve(cholesky, np.diag(root))      # [M, M]: L^-1 W^(1/2)

    def latent(X):
        return _whole(of(X, rows), X, rows) @ slope

    def proba(X):
        K = _whole(of(X, rows), X, rows)
        mean, v = K @ slope, K @ solved.T
        variance = diagonal(X) - np.sum(v * v, axis=1)
        alpha = 1 / (2 * variance)
        gamma = _LAMBDAS * mean
        integrals = np.sqrt(np.pi / alpha) * erf(gamma * np.sqrt(alpha / (alpha + _LAMBDAS ** 2))) / (
            2 * np.sqrt(variance * 2 * np.pi))
        positive = np.sum(_COEFS * integrals, axis=0) + 0.5 * _COEFS.sum()
        return pair(positive)

    return latent, proba


@reader("sklearn.gaussian_process.GaussianProcessClassifier")
def process_classifier(estimator):
    classes, base = estimator.classes_, estimator.base_estimator_

    def checked(X):
        return validate(X, "GaussianProcessClassifier").astype(np.float64)

    if len(classes) == 2:
        latent, proba = _binary_process(estimator, base)
        return {"predict": lambda X: Labels((latent(checked(X)) > 0).astype(np.int64), classes),
                "predict_proba": lambda X: proba(checked(X))}
    if estimator.multi_class != "one_vs_rest":
        refuse(estimator, "multi_class")
    members = [_binary_process(estimator, one) for one in base.estimators_]

    def shares(X):
        X = checked(X)
        return np.stack([proba(X)[:, 1] for _, proba in members], axis=1)

    def proba(X):
        Y = shares(X)
        return Y / np.sum(Y, axis=1, keepdims=True)

    return {"predict": lambda X: Labels(np.argmax(shares(X), axis=1), classes), "predict_proba": proba}
