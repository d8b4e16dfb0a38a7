"""Functions that many estimators share, by scikit-learn's own formulas."""
import numpy as np

from .._trace import build
from .._trace.array import Tracer


def expit(X):
    return Tracer(build.unary("sigmoid", X.value))


def softmax(X):
    X = np.exp(X - np.max(X, axis=1, keepdims=True))
    return X / np.sum(X, axis=1, keepdims=True)


def logsumexp(X):
    """Along axis 1, which stays. Infinities of one sign are their own maximum."""
    top = np.max(X, axis=1, keepdims=True)
    shift = np.where(np.isfinite(top), top, np.zeros_like(top))
    return np.log(np.sum(np.exp(X - shift), axis=1, keepdims=True)) + shift


def pair(positive):
    """The probabilities of two classes, of that of the second: [N, 2]."""
    return np.stack([1 - positive, positive], axis=1)


def normalized_over_classes(probabilities):
    """One-against-rest probabilities [N, K] that sum to 1; rows of zeros become uniform."""
    total = np.sum(probabilities, axis=1, keepdims=True)
    none = total == 0
    return np.where(none, 1.0, probabilities) / np.where(none, float(probabilities.shape[1]), total)


def one_against_rest(scores):
    """Probabilities [N, K] of decision functions [N] or [N, K]."""
    return pair(expit(scores)) if scores.ndim == 1 else normalized_over_classes(expit(scores))


def pick(scores):
    """The positions of the predicted classes, of decision functions [N] or [N, K]."""
    return (scores > 0).astype(np.int64) if scores.ndim == 1 else np.argmax(scores, axis=1)


def with_log(methods):
    """The methods, and predict_log_proba as the logarithm of predict_proba."""
    proba = methods["predict_proba"]
    return {**methods, "predict_log_proba": lambda X: np.log(proba(X))}
