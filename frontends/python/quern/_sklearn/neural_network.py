"""Multi-layer perceptrons and the Boltzmann machine."""
import numpy as np

from .formulas import expit, pair, softmax, with_log
from .registry import reader
from .rows import Labels, validate

_ACTIVATIONS = {"identity": lambda X: X, "logistic": expit, "tanh": np.tanh, "relu": lambda X: np.maximum(X, 0),
                "softmax": softmax, "exp": np.exp}


def _forward(estimator):
    """The network's output before and after its last function: [N, K]."""
    name, weights, offsets = type(estimator).__name__, list(estimator.coefs_), list(estimator.intercepts_)
    hidden, last = _ACTIVATIONS[estimator.activation], _ACTIVATIONS[estimator.out_activation_]

    def run(X):
        X = validate(X, name)
        for i, (matrix, offset) in enumerate(zip(weights, offsets)):
            X = X @ matrix + offset
            X = hidden(X) if i + 1 < len(weights) else last(X)
        return X

    return run


@reader("sklearn.neural_network.MLPClassifier")
def classifier(estimator):
    run, classes, kind = _forward(estimator), estimator.classes_, estimator._label_binarizer.y_type_
    if kind.startswith("multilabel"):
        return with_log({"predict": lambda X: (run(X) > 0.5).astype(np.int64), "predict_proba": run})
    if len(classes) == 2:
        return with_log({"predict": lambda X: Labels((run(X)[:, 0] > 0.5).astype(np.int64), classes),
                         "predict_proba": lambda X: pair(run(X)[:, 0])})
    return with_log({"predict": lambda X: Labels(np.argmax(run(X), axis=1), classes), "predict_proba": run})


@reader("sklearn.neural_network.MLPRegressor")
def regressor(estimator):
    run = _forward(estimator)
    return {"predict": lambda X: run(X)[:, 0] if estimator.n_outputs_ == 1 else run(X)}


@reader("sklearn.neural_network.BernoulliRBM")
def boltzmann(estimator):
    weights, offset = estimator.components_.T, estimator.intercept_hidden_
    return {"transform": lambda X: expit(validate(X, "BernoulliRBM", dtype=[np.float64, np.float32]) @ weights + offset)}
