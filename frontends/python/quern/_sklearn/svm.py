"""libsvm's models: a kernel between rows and support vectors, and sums of it."""
import numpy as np

from .._trace.control import while_loop
from .distances import integer_power, rbf
from .formulas import expit, with_log
from .pairwise_votes import ovr_decision, pairs, votes
from .registry import reader, refuse
from .rows import Labels, dense, take_columns, validate


def _kernel(estimator):
    """A function from rows to the kernel with every support vector, [N, S]."""
    gamma, coef0, degree, vectors = estimator._gamma, estimator.coef0, estimator.degree, dense(estimator.support_vectors_)
    support = np.asarray(estimator.support_, np.int64)
    kernels = {"linear": lambda X: X @ vectors.T,
               "rbf": lambda X: rbf(X, vectors, gamma),
               "poly": lambda X: integer_power(X @ vectors.T * gamma + coef0, degree),
               "sigmoid": lambda X: np.tanh(X @ vectors.T * gamma + coef0),
               "precomputed": lambda X: take_columns(X, support)}
    if callable(estimator.kernel) or estimator.kernel not in kernels:
        refuse(estimator, "kernel")
    return kernels[estimator.kernel]


def _pair_weights(dual, counts):
    """[S, pairs]: of each pair of classes, the weights of the support vectors."""
    starts = np.concatenate([[0], np.cumsum(counts)])
    columns = []
    for i, j in pairs(len(counts)):
        column = np.zeros(dual.shape[1])
        column[starts[i]:starts[i + 1]] = dual[j - 1, starts[i]:starts[i + 1]]
        column[starts[j]:starts[j + 1]] = dual[i, starts[j]:starts[j + 1]]
        columns.append(column)
    return np.stack(columns, axis=1)


@reader("sklearn.svm.SVC", "sklearn.svm.NuSVC")
def classification(estimator):
    name, classes, kernel = type(estimator).__name__, estimator.classes_, _kernel(estimator)
    count = len(classes)
    weights = _pair_weights(dense(estimator._dual_coef_), estimator._n_support)
    offsets = np.array(estimator._intercept_)
    of_votes = count > 2 and estimator.decision_function_shape == "ovr"

    def raw(X):
        """libsvm's decision values of each pair, [N, pairs]."""
        return kernel(validate(X, name, dtype=np.float64)) @ weights + offsets

    def decision(X):
        values = raw(X)
        if count == 2:
            return -values[:, 0]
        return ovr_decision(values < 0, -values, count) if of_votes else values

    def predict(X):
        if estimator.break_ties and of_votes:
            return Labels(np.argmax(decision(X), axis=1), classes)
        values = raw(X)
        if count == 2:
            return Labels((values[:, 0] <= 0).astype(np.int64), classes)
        return Labels(np.argmax(votes(values <= 0, count), axis=1), classes)

    methods = {"predict": predict, "decision_function": decision}
    if estimator.probability != "deprecated" and estimator.probability:
        a, b = np.array(estimator._probA), np.array(estimator._probB)

        def proba(X):
            return _couple(np.clip(expit(-(raw(X) * a + b)), 1e-7, 1 - 1e-7), count)

        return with_log({**methods, "predict_proba": proba})
    return methods


def _couple(first, count):
    """Probabilities of classes [N, count] of those of pairs [N, pairs], by libsvm's iteration (multiclass_probability):
    each row stops where its own error is small."""
    classes = range(count)
    r = {}
    for k, (i, j) in enumerate(pairs(count)):
        r[i, j], r[j, i] = first[:, k], 1 - first[:, k]
    Q = {(i, j): -r[j, i] * r[i, j] for i in classes for j in classes if i != j}
    for i in classes:
        Q[i, i] = sum(r[j, i] * r[j, i] for j in classes if j != i)

    def products(p):
        return [sum(Q[i, j] * p[j] for j in classes) for i in classes]

    def improve(state):
        steps, done, p = state
        p = list(p)
        moved = products(p)
        whole = sum(p[i] * moved[i] for i in classes)
        worst = np.abs(moved[0] - whole)
        for i in classes[1:]:
            worst = np.maximum(worst, np.abs(moved[i] - whole))
        done = done | (worst < 0.005 / count)
        old = list(p)
        for t in classes:
            step = (whole - moved[t]) / Q[t, t]
            p[t] = p[t] + step
            whole = (whole + step * (step * Q[t, t] + 2 * moved[t])) / (1 + step) / (1 + step)
            moved = [(moved[j] + step * Q[t, j]) / (1 + step) for j in classes]
            p = [one / (1 + step) for one in p]
        return steps + 1, done, tuple(np.where(done, before, after) for before, after in zip(old, p))

    start = first[:, 0] * 0 + 1 / count
    state = (np.zeros((), np.int64), start < 0, tuple(start for _ in classes))
    _, _, p = while_loop(lambda state: (state[0] < max(100, count)) & np.any(~state[1]), improve, state)
    return np.stack(p, axis=1)


@reader("sklearn.svm.SVR", "sklearn.svm.NuSVR")
def regression(estimator):
    name, kernel = type(estimator).__name__, _kernel(estimator)
    weights, offset = dense(estimator._dual_coef_)[0], float(estimator._intercept_[0])
    return {"predict": lambda X: kernel(validate(X, name, dtype=np.float64)) @ weights + offset}


@reader("sklearn.svm.OneClassSVM")
def one_class(estimator):
    kernel = _kernel(estimator)
    weights, offset = dense(estimator._dual_coef_)[0], float(np.ravel(estimator._intercept_)[0])

    def decision(X):
        return kernel(validate(X, "OneClassSVM", dtype=np.float64)) @ weights + offset

    return {"predict": lambda X: np.where(decision(X) > 0, 1, -1), "decision_function": decision,
            "score_samples": lambda X: decision(X) + np.ravel(estimator.offset_)[0]}
