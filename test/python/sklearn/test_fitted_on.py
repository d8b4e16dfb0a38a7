"""Estimators that were fitted on other things than dense float64 rows."""
import numpy as np
import pytest
import scipy.sparse
from estimator_differential import compare, expected
from sklearn import decomposition, kernel_approximation, kernel_ridge, linear_model, mixture, neighbors, semi_supervised, svm
from sklearn.feature_extraction.text import TfidfTransformer

import quern

METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform", "kneighbors")


def agrees(estimator, rows, tolerance=1e-7):
    compiled = quern.compile(estimator)
    for method in METHODS:
        if hasattr(compiled, method):
            compare(getattr(compiled, method)(rows), expected(estimator, method, rows), tolerance, f"{estimator}: {method}")


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "laplacian", "cosine", "sigmoid", "chi2", "additive_chi2"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8])
def test_kernels_of_small_integers(kernel, dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2 if dtype is bool else 100, (40, 4)).astype(dtype)
    agrees(kernel_ridge.KernelRidge(alpha=10, kernel=kernel, gamma=0.01, degree=2).fit(X, rng.normal(size=40)), X, 1e-6)


@pytest.mark.parametrize("estimator", [
    linear_model.LinearRegression(fit_intercept=False), linear_model.LassoLars(0.01, fit_intercept=False),
    linear_model.BayesianRidge(fit_intercept=False), linear_model.Ridge(fit_intercept=False), linear_model.SGDOneClassSVM(),
    decomposition.SparsePCA(2, random_state=0, max_iter=20),
    *(mixture.GaussianMixture(2, covariance_type=one, random_state=0) for one in ("full", "tied", "diag", "spherical"))], ids=str)
def test_float32(estimator):
    """Results have the dtype that scikit-learn's have, for rows of any dtype."""
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    estimator.fit(X, X[:, 0])
    agrees(estimator, X)
    agrees(estimator, X.astype(np.float64), 1e-6)


@pytest.mark.parametrize("estimator", [
    kernel_ridge.KernelRidge(), semi_supervised.LabelSpreading(), semi_supervised.LabelPropagation(kernel="knn"),
    neighbors.KNeighborsClassifier(), neighbors.KNeighborsRegressor(), neighbors.NearestNeighbors(),
    neighbors.RadiusNeighborsClassifier(9.0), svm.SVC(), kernel_approximation.Nystroem(n_components=5),
    decomposition.KernelPCA(2, kernel="rbf"), decomposition.TruncatedSVD(2)], ids=str)
def test_sparse_rows(estimator):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4)) * (rng.random((40, 4)) < 0.6) + np.eye(40, 4)
    agrees(estimator.fit(scipy.sparse.csr_matrix(X), (X[:, 0] > 0).astype(int)), X + 0.1, 1e-6)


@pytest.mark.parametrize("estimator", [linear_model.SGDClassifier(), linear_model.LogisticRegression(), svm.LinearSVC(),
                                       linear_model.SGDRegressor(), linear_model.Perceptron()], ids=str)
def test_sparse_coefficients(estimator):
    X = np.random.default_rng(0).normal(size=(40, 4))
    agrees(estimator.fit(X, X[:, 0] > 0).sparsify(), X)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_counts_that_are_not_finite(bad):
    X = np.eye(3)
    X[1, 2] = bad
    with pytest.raises(ValueError, match="NaN" if np.isnan(bad) else "infinity"):
        quern.compile(TfidfTransformer().fit(np.eye(3))).transform(X)


def test_no_number_of_neighbors():
    X = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(quern.UnsupportedError, match=r"KNeighborsRegressor\(n_neighbors=None\) is not supported"):
        quern.compile(neighbors.KNeighborsRegressor(n_neighbors=None).fit(X, X[:, 0]))
