"""Decisions of classifiers of pairs of classes, i < j in order: products with small matrices of signs."""
import numpy as np


def pairs(count):
    return [(i, j) for i in range(count) for j in range(i + 1, count)]


def _signs(count):
    """[pairs, count]: 1 for the first class of a pair; the same for the second."""
    first, second = (np.zeros((count * (count - 1) // 2, count)) for _ in range(2))
    for k, (i, j) in enumerate(pairs(count)):
        first[k, i] = second[k, j] = 1
    return first, second


def votes(second, count):
    """How many pairs each class has won, [N, count] of float64; `second`: whether the pair's second class won."""
    of_first, of_second = _signs(count)
    return second.astype(np.float64) @ (of_second - of_first) + of_first.sum(axis=0)


def ovr_decision(predictions, confidences, count):
    """As sklearn.utils.multiclass._ovr_decision_function."""
    of_first, of_second = _signs(count)
    total = confidences @ (of_second - of_first)
    return votes(predictions, count) + total / (3 * (np.abs(total) + 1))
