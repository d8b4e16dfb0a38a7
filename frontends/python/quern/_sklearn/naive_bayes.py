"""Naive Bayes: the logarithm of the joint probability of rows and classes, [N, K]."""
import numpy as np

from .formulas import logsumexp
from .registry import reader
from .rows import Labels, take, trace, validate, watch


def _methods(joint, classes):
    def log_proba(X):
        joined = joint(X)
        return joined - logsumexp(joined)

    return {"predict": lambda X: Labels(np.argmax(joint(X), axis=1), classes),
            "predict_proba": lambda X: np.exp(log_proba(X)), "predict_log_proba": log_proba,
            "predict_joint_log_proba": joint}


@reader("sklearn.naive_bayes.GaussianNB")
def gaussian(estimator):
    prior, mean, variance = np.log(estimator.class_prior_), estimator.theta_, estimator.var_
    constant = prior - 0.5 * np.sum(np.log(2.0 * np.pi * variance), axis=1)

    def joint(X):
        X = validate(X, "GaussianNB", watch=False)
        return watch(constant - 0.5 * np.sum((X[:, None, :] - mean) ** 2 * (1 / variance), axis=2))

    return _methods(joint, estimator.classes_)


@reader("sklearn.naive_bayes.MultinomialNB")
def multinomial(estimator):
    weights, prior = estimator.feature_log_prob_, estimator.class_log_prior_
    return _methods(lambda X: watch(validate(X, "MultinomialNB", watch=False) @ weights.T + prior), estimator.classes_)


@reader("sklearn.naive_bayes.ComplementNB")
def complement(estimator):
    weights = estimator.feature_log_prob_
    prior = estimator.class_log_prior_ if len(estimator.classes_) == 1 else 0.0
    return _methods(lambda X: watch(validate(X, "ComplementNB", watch=False) @ weights.T + prior), estimator.classes_)


@reader("sklearn.naive_bayes.BernoulliNB")
def bernoulli(estimator):
    weights, prior, threshold = estimator.feature_log_prob_, estimator.class_log_prior_, estimator.binarize
    absent = np.log(1 - np.exp(weights))
    constant = prior + absent.sum(axis=1)

    def joint(X):
        X = validate(X, "BernoulliNB")
        if threshold is not None:
            X = (X > threshold).astype(np.float64)
        return X @ (weights - absent).T + constant

    return _methods(joint, estimator.classes_)


@reader("sklearn.naive_bayes.CategoricalNB")
def categorical(estimator):
    tables, prior = [np.ascontiguousarray(table.T) for table in estimator.feature_log_prob_], estimator.class_log_prior_

    def joint(X):
        X = validate(X, "CategoricalNB").astype(np.int64)
        last = np.array([len(table) - 1 for table in tables])
        trace().refuse(lambda: X < 0, "Negative values in data passed to CategoricalNB (input X)")
        trace().refuse(lambda: X > last, "X has a category that CategoricalNB was not fitted on: give it min_categories")
        inside = np.minimum(np.maximum(X, 0), last)
        return sum(take(table, inside[:, i]) for i, table in enumerate(tables)) + prior

    return _methods(joint, estimator.classes_)
