"""Factors of matrices that are not negative: what scikit-learn solves for anew at each call, by its own iterations."""
import numpy as np

from .._trace import control
from .registry import Fitted, reader, refuse
from .rows import full, trace, validate

_FLOATS = [np.float64, np.float32]


def _not_negative(X, name, dtype=_FLOATS):
    X = validate(X, name, dtype=dtype)
    trace().refuse(lambda: X < 0, f"Negative values in data passed to {name}")
    return X


@reader("sklearn.decomposition.NMF")
def nonnegative_factors(estimator):
    if estimator.solver != "cd":
        refuse(estimator, "solver")
    if estimator.shuffle:
        refuse(estimator, "shuffle")
    parts = np.asarray(estimator.components_, np.float64)
    count = len(parts)
    scale = parts.shape[1] * estimator.alpha_W
    gram = parts @ parts.T + np.diag(np.full(count, scale * (1.0 - estimator.l1_ratio)))

    def sweep(weights, linear):
        """Each component's weights where the error is least, one after another; and how far from there they were."""
        columns, violation = [weights[:, i] for i in range(count)], 0.0
        for i in range(count):
            gradient = -linear[:, i]
            for j in range(count):
                gradient = gradient + columns[j] * float(gram[i, j])
            projected = np.where(columns[i] == 0, np.minimum(gradient, 0.0), gradient)
            violation = violation + np.sum(np.abs(projected))
            if gram[i, i]:
                columns[i] = np.maximum(columns[i] - gradient / float(gram[i, i]), 0.0)
        return np.stack(columns, axis=1), violation

    def transform(X):
        X = _not_negative(X, "NMF")
        trace().rows_are_apart = False      # they all go on until their sum is small
        linear = X.astype(np.float64) @ parts.T - scale * estimator.l1_ratio

        def goes_on(state):
            _, first, last, turns = state
            return (turns < estimator.max_iter) & (first > 0) & ((turns == 0) | (last > estimator.tol * first))

        def step(state):
            weights, first, _, turns = state
            weights, violation = sweep(weights, linear)
            return weights, np.where(turns == 0, violation, first), violation, turns + 1

        start = (full(X, (count,), 0.0, np.float64), np.float64(1.0), np.float64(1.0), np.int64(0))
        return control.while_loop(goes_on, step, start)[0].astype(X.dtype)

    return Fitted("NMF", {"transform": transform}, inverse=lambda X: validate(X, "NMF", allow_nan="all") @ estimator.components_)


def digamma(x):
    """For x > 0, as scikit-learn computes it: by recurrence up to 6, and by its series from there on."""
    tiny = x <= 1e-6
    at, result = np.where(tiny, 1.0, x), 0.0
    for _ in range(6):
        small = at < 6
        result = result - np.where(small, 1.0 / at, 0.0)
        at = np.where(small, at + 1.0, at)
    inverse = 1.0 / at
    square = inverse * inverse
    result = result + np.log(at) - 0.5 * inverse - square * (1 / 12 - square * (1 / 120 - square / 252))
    return np.where(tiny, -np.euler_gamma - 1.0 / np.where(tiny, x, 1.0), result)


@reader("sklearn.decomposition.LatentDirichletAllocation")
def topics(estimator):
    words = np.asarray(estimator.exp_dirichlet_component_, np.float64)
    prior, limit, turns_most = estimator.doc_topic_prior_, estimator.mean_change_tol, estimator.max_doc_update_iter

    def transform(X):
        X = _not_negative(X, "LatentDirichletAllocation.transform", estimator.components_.dtype)
        counts, epsilon = X.astype(np.float64), float(np.finfo(X.dtype).eps)

        def expected(shares):
            return np.exp(digamma(shares) - digamma(np.sum(shares, axis=1, keepdims=True)))

        def step(state):
            shares, factors, moves, turns = state
            made = factors * ((counts / (factors @ words + epsilon)) @ words.T) + prior
            change = np.mean(np.abs(shares - made), axis=1, keepdims=True)
            return (np.where(moves, made, shares), np.where(moves, expected(made), factors),
                    moves & (change >= limit), turns + 1)

        shares = full(X, (len(words),), 1.0, np.float64)
        start = shares, expected(shares), full(X, (1,), True, bool), np.int64(0)
        shares = control.while_loop(lambda state: (state[3] < turns_most) & np.any(state[2]), step, start)[0]
        return (shares / np.sum(shares, axis=1, keepdims=True)).astype(X.dtype)

    return {"transform": transform}
