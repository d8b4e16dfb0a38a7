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


def erf(X):
    return Tracer(build.unary("erf", X.value))


def normal_share(x):
    """scipy.stats.norm.cdf, to about 1e-16 of 1."""
    return 0.5 * (1.0 + erf(x * float(np.sqrt(0.5))))


# The rational functions of Wichura's algorithm AS 241 (1988), which is exact to about 1e-16.
_CENTRAL = ((2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
             1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
            (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
             5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0))
_TAIL = ((7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
          3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
         (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
          6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0))
_FAR_TAIL = ((2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
              2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
             (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
              1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0))


def _rational(x, coefficients):
    above, below = (_horner(x, row) for row in coefficients)
    return above / below


def _horner(x, coefficients):
    result = coefficients[0]
    for one in coefficients[1:]:
        result = result * x + one
    return result


def normal_quantile(p):
    """scipy.stats.norm.ppf: infinite at 0 and 1."""
    middle = p - 0.5
    central = middle * _rational(0.180625 - middle * middle, _CENTRAL)
    nearest = np.where(middle < 0, p, 1 - p)
    root = np.sqrt(-np.log(np.where(nearest > 0, nearest, np.ones_like(nearest))))
    tail = np.where(root <= 5, _rational(root - 1.6, _TAIL), _rational(root - 5, _FAR_TAIL))
    tail = np.where(nearest > 0, tail, np.inf)
    return np.where(np.abs(middle) <= 0.425, central, np.where(middle < 0, -tail, tail))
