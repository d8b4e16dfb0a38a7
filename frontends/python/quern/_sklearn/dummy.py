"""Baselines that do not look at the rows."""
import numpy as np

from .registry import Fitted, reader, refuse
from .rows import Labels, Stacked, full


@reader("sklearn.dummy.DummyClassifier")
def classifier(estimator):
    strategy, several = estimator._strategy, estimator.n_outputs_ > 1
    if strategy in ("stratified", "uniform"):
        refuse(estimator, "strategy")
    outputs = estimator.classes_ if several else [estimator.classes_]
    priors = estimator.class_prior_ if several else [estimator.class_prior_]
    if strategy == "constant":
        constants = np.ravel(estimator.constant)
        places = [int(np.flatnonzero(classes == one)[0]) for classes, one in zip(outputs, constants)]
    else:
        places = [int(np.argmax(prior)) for prior in priors]

    def predict(X):
        labels = [Labels(full(X, (), place, np.int64), classes) for place, classes in zip(places, outputs)]
        if not several:
            return labels[0]
        return np.stack([one.array() for one in labels], axis=1) if all(one.is_numeric for one in labels) else Stacked(labels)

    def proba(X):
        shares = [full(X, (len(classes),), 0.0, np.float64) + (prior if strategy == "prior" else np.eye(len(classes))[place])
                  for classes, prior, place in zip(outputs, priors, places)]
        return shares if several else shares[0]

    def log_proba(X):
        return [np.log(one) for one in proba(X)] if several else np.log(proba(X))

    return Fitted("DummyClassifier", {"predict": predict, "predict_proba": proba, "predict_log_proba": log_proba}, takes_none=True,
                  counts=True)


@reader("sklearn.dummy.DummyRegressor")
def regressor(estimator):
    constant = np.ravel(estimator.constant_)

    def predict(X):
        return full(X, (), constant[0]) if estimator.n_outputs_ == 1 else full(X, (len(constant),), 0, constant.dtype) + constant

    return Fitted("DummyRegressor", {"predict": predict}, takes_none=True, counts=True)
