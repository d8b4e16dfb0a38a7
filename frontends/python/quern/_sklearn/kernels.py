"""Kernel machines and maps that approximate kernels."""
import numpy as np

from .distances import kernel, rbf
from .neighbors import search_positions
from .registry import reader, refuse
from .rows import Labels, dense, full, take, trace, validate

_FLOATS = [np.float64, np.float32]


@reader("sklearn.kernel_ridge.KernelRidge")
def ridge(estimator):
    rows, dual = dense(estimator.X_fit_), estimator.dual_coef_
    of = kernel(estimator, estimator.kernel, estimator.gamma, estimator.degree, estimator.coef0, rows.shape[1])
    return {"predict": lambda X: of(validate(X, "KernelRidge"), rows) @ dual}


@reader("sklearn.kernel_approximation.Nystroem")
def nystroem(estimator):
    rows, matrix = dense(estimator.components_), estimator.normalization_.T
    given = {name: getattr(estimator, name) for name in ("gamma", "degree", "coef0") if getattr(estimator, name) is not None}
    of = kernel(estimator, estimator.kernel, features=rows.shape[1], parameters={**(estimator.kernel_params or {}), **given})
    return {"transform": lambda X: of(validate(X, "Nystroem"), rows) @ matrix}


@reader("sklearn.kernel_approximation.RBFSampler")
def random_features(estimator):
    weights, offset = estimator.random_weights_, estimator.random_offset_
    scale = (2.0 / estimator.n_components) ** 0.5
    return {"transform": lambda X: np.cos(validate(X, "RBFSampler") @ weights + offset) * scale}


@reader("sklearn.kernel_approximation.PolynomialCountSketch")
def count_sketch(estimator):
    features, count = estimator.indexHash_.shape[1], estimator.n_components
    sketches = np.zeros((estimator.degree, features, count))
    for degree, (places, signs) in enumerate(zip(estimator.indexHash_, estimator.bitHash_)):
        sketches[degree, np.arange(features), places] = signs

    def transform(X):
        X = validate(X, "PolynomialCountSketch")
        X = X.astype(np.float64) * float(np.sqrt(estimator.gamma))
        if estimator.coef0 != 0:
            X = np.concatenate([X, full(X, (1,), float(np.sqrt(estimator.coef0)))], axis=1)
        spectrum = None
        for sketch in sketches:
            one = np.fft.fft(X @ sketch, axis=1)
            spectrum = one if spectrum is None else spectrum * one
        return np.real(np.fft.ifft(spectrum, axis=1))

    return {"transform": transform}


@reader("sklearn.kernel_approximation.SkewedChi2Sampler")
def skewed(estimator):
    weights, offset, skew = estimator.random_weights_, estimator.random_offset_, estimator.skewedness
    scale = np.sqrt(2.0) / np.sqrt(estimator.n_components)

    def transform(X):
        X = validate(X, "SkewedChi2Sampler", dtype=_FLOATS)
        trace().refuse(lambda: X <= -skew, "X may not contain entries smaller than -skewedness.")
        return np.cos(np.log(X + skew) @ weights + offset) * scale

    return {"transform": transform}


@reader("sklearn.kernel_approximation.AdditiveChi2Sampler")
def additive(estimator):
    steps = estimator.sample_steps
    interval = estimator.sample_interval if estimator.sample_interval is not None else {1: 0.8, 2: 0.5, 3: 0.4}[steps]

    def transform(X):
        X = validate(X, "AdditiveChi2Sampler")
        trace().refuse(lambda: X < 0, "Negative values in data passed to X in AdditiveChi2Sampler.transform.")
        nonzero = X != 0
        safe = np.where(nonzero, X, np.ones_like(X))
        parts = [np.sqrt(X * interval)]
        for j in range(1, steps):
            factor = np.sqrt(2 * safe * interval / np.cosh(np.pi * j * interval))
            angle = j * interval * np.log(safe)
            parts += [np.where(nonzero, factor * np.cos(angle), 0.0), np.where(nonzero, factor * np.sin(angle), 0.0)]
        return np.concatenate(parts, axis=1).astype(X.dtype)

    return {"transform": transform}


@reader("sklearn.semi_supervised.LabelPropagation", "sklearn.semi_supervised.LabelSpreading")
def propagation(estimator):
    name, rows, shares, classes = (type(estimator).__name__, dense(estimator.X_), estimator.label_distributions_,
                                   estimator.classes_)
    if callable(estimator.kernel):
        refuse(estimator, "kernel")

    def proba(X):
        X = validate(X, name)
        if estimator.kernel == "knn":
            Y = np.sum(take(shares, search_positions(X.astype(np.float64), rows, estimator.n_neighbors)), axis=1)
        else:
            Y = rbf(X, rows, estimator.gamma) @ shares
        return Y / np.sum(Y, axis=1, keepdims=True)

    return {"predict": lambda X: Labels(np.argmax(proba(X), axis=1), classes), "predict_proba": proba}
