"""Small data sets for estimators, the same in every run."""
import numpy as np
from sklearn.datasets import make_classification, make_regression


def binary(rows=300, features=6, seed=0):
    return make_classification(rows, features, n_informative=4, random_state=seed)


def multiclass(rows=300, features=6, classes=4, seed=1):
    return make_classification(rows, features, n_informative=5, n_redundant=0, n_classes=classes, random_state=seed)


def texts(rows=300, classes=3):
    """A problem whose classes are texts."""
    X, y = multiclass(rows, classes=classes, seed=2)
    return X, np.array(["rye", "oat", "spelt"])[y]


def binary_texts(rows=300):
    X, y = binary(rows, seed=3)
    return X, np.array(["no", "yes"])[y]


def regression(rows=300, features=6, targets=1, seed=4):
    return make_regression(rows, features, n_informative=4, n_targets=targets, noise=3.0, random_state=seed)


def positive(rows=300, seed=5):
    """Rows and targets above zero."""
    rng = np.random.default_rng(seed)
    X = rng.gamma(2.0, 1.0, (rows, 6))
    return X, np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1]) + rng.gamma(1.0, 0.1, rows)


def counts(rows=300, classes=3, seed=6):
    """Counts of words in texts of several classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    rates = rng.gamma(1.0, 2.0, (classes, 6))
    return rng.poisson(rates[y]).astype(float), y


def with_gaps(X, share=0.1, seed=7):
    """The rows with NaN here and there."""
    X = np.array(X, dtype=float)
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    return X


def multilabel(rows=300, seed=8):
    from sklearn.datasets import make_multilabel_classification
    return make_multilabel_classification(rows, 6, n_classes=3, random_state=seed)
