"""Random choices, and data made of them, drawn from a seed."""
import inspect

import numpy as np


class Draw:
    """Random choices, and data made of them."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share):
        return self.rng.random() < share

    def between(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def make(self, kind, **options):
        """An estimator, each option one of a list, or left as it is by default."""
        chosen = {name: self.pick(values) for name, values in options.items() if self.chance(0.7)}
        if "random_state" in inspect.signature(kind.__init__).parameters:
            chosen["random_state"] = self.between(0, 99)
        return kind(**chosen)

    def numbers(self, most_features=40, gaps=0.0, rows=None):
        """Rows of features: some of them whole numbers, equal in all rows, far from zero, often zero."""
        rows, features = rows or self.between(40, 160), self.between(1, most_features)
        X = self.rng.normal(size=(rows, features))
        for column in range(features):
            what = self.rng.random()
            if what < 0.15:
                X[:, column] = np.round(2 * X[:, column])
            elif what < 0.2 and features > 1:
                X[:, column] = 3.0
            elif what < 0.3:
                X[:, column] = 100 + 30 * X[:, column]
            elif what < 0.35:
                X[:, column] *= self.rng.random(rows) < 0.4
        if gaps:
            X[self.rng.random(X.shape) < gaps] = np.nan
        return X

    def _scores(self, X, count):
        X = np.nan_to_num(X)
        X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
        return np.tanh(X @ self.rng.normal(size=(X.shape[1], count))) + 0.3 * self.rng.normal(size=(len(X), count))

    def target(self, X, count=1):
        y = self._scores(X, count)
        return y[:, 0] if count == 1 else y

    def labels(self, X, most=12):
        """Classes of every kind that labels may have."""
        count = 2 if self.chance(0.4) else self.between(2, max(2, min(most, len(X) // 8)))
        found = np.argmax(self._scores(X, count), axis=1)
        found[:count * 2] = np.arange(count * 2) % count
        kinds = [lambda c: c, lambda c: c * 3 - 7, lambda c: np.array([f"class {i}" for i in range(count)])[c],
                 lambda c: np.array(["é", "日本", "", "a" * 30, *"bcdefghij"], dtype=object)[c], lambda c: c.astype(np.int8),
                 lambda c: c.astype(float)]
        if count == 2:
            kinds += [lambda c: c == 1, lambda c: c * 2 - 1]
        return self.pick(kinds)(found)

    def multilabels(self, X):
        Y = (self._scores(X, self.between(2, 4)) > 0).astype(int)
        Y[:2] = [[0], [1]]
        return Y
