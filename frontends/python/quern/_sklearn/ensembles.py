"""Ensembles of decision trees under construction: the tables of graph.tree_ensemble, a tree at a time."""
import numpy as np

from .._trace.array import Tracer
from .._trace.trees import tree_ensemble

# Flags of a node.
MISSING_YES, NAN_MISSING, ZERO_MISSING, BEYOND_YES = 1, 2, 4, 8


class Ensemble:
    """Trees whose nodes ask `x compare threshold`, in the precision that their library compares in.

    dtype: of x when it is compared; float64 rows are as they are, float32 means that the library rounds them first.
    values: the dtype in which leaves are added up.
    """

    def __init__(self, targets, compare="le", dtype=np.float32, values=np.float64):
        self.targets, self.compare, self.dtype, self.values = targets, compare, np.dtype(dtype), np.dtype(values)
        self._nodes, self._thresholds, self._leaves, self._trees, self._sets = [], [], [], [], []
        self._node_count = self._leaf_count = self._set_count = 0
        self._known_sets = {}

    def add(self, left, right, feature, threshold, leaf_values, *, is_leaf=None, flags=None, sets=None, target=0):
        """A tree whose nodes, in arrays, stand behind their parents; node 0 is the root.

        left, right: children if yes and if no. is_leaf: by default where left is negative. flags: by default 0, NaN at
        numbers as 0. sets: of each node the number that `add_set` gave, or -1. leaf_values: [nodes, W] or [nodes], read at
        leaves. target: the first one that leaves add to.
        """
        left, right = np.asarray(left, np.int64), np.asarray(right, np.int64)
        is_leaf = left < 0 if is_leaf is None else np.asarray(is_leaf, bool)
        inner = ~is_leaf
        code = np.where(is_leaf, ~(self._leaf_count + np.cumsum(is_leaf) - 1), self._node_count + np.cumsum(inner) - 1)
        count = int(inner.sum())
        table = np.zeros((count, 5), np.int64)
        table[:, 0], table[:, 1], table[:, 2] = np.asarray(feature)[inner], code[left[inner]], code[right[inner]]
        table[:, 3] = 0 if flags is None else np.asarray(flags)[inner]
        table[:, 4] = -1 if sets is None else np.asarray(sets)[inner]
        self._nodes.append(table)
        self._thresholds.append(np.asarray(threshold, np.float64)[inner])
        leaf_values = np.asarray(leaf_values, self.values)
        self._leaves.append(leaf_values.reshape(len(is_leaf), -1)[is_leaf])
        self._trees.append((code[0], target))
        self._node_count += count
        self._leaf_count += len(is_leaf) - count

    def add_places(self, left, right, feature, threshold, numbers=None, **options):
        """A tree whose leaves are their numbers, by default those of their nodes, for a target of its own."""
        numbers = np.arange(len(left)) if numbers is None else numbers
        self.add(left, right, feature, threshold, numbers, target=len(self._trees), **options)

    def places(self, X):
        """The leaves of rows by the numbers of `add_places`: int64 [N, trees]."""
        self.targets = len(self._trees)
        return self.sums(X).astype(np.int64)

    def add_set(self, words):
        """The number of a set whose bits are those of `words` (uint32), the same for equal ones."""
        words = np.ascontiguousarray(words, np.uint32)
        words = words if len(words) else np.zeros(1, np.uint32)
        key = words.tobytes()
        if key not in self._known_sets:
            self._known_sets[key] = self._set_count
            self._sets.append(np.concatenate([[len(words)], words.view(np.int32)]))
            self._set_count += 1 + len(words)
        return self._known_sets[key]

    def copy_sets(self, other, numbers):
        """The numbers here of sets that have these numbers in another ensemble."""
        known = {number: key for key, number in other._known_sets.items()}
        return np.array([-1 if number < 0 else self.add_set(np.frombuffer(known[number], np.uint32)) for number in numbers])

    @property
    def tree_count(self):
        return len(self._trees)

    def sums(self, X, base=0):
        """[N, targets] of rows X (a Tracer), which start from `base`."""
        thresholds = np.concatenate(self._thresholds)
        if X.dtype != np.float64 or self.dtype == np.float32:
            # Of all floats, those up to a threshold are those up to the largest float that is not above it.
            exact = X.dtype == np.float32 or self.dtype == np.float32
            X = X.astype(np.float32 if exact else np.float64)
            thresholds = _as_float32(thresholds, self.compare) if exact else thresholds
        base = np.broadcast_to(np.asarray(base, self.values), (self.targets,))
        sets = np.concatenate(self._sets) if self._sets else np.empty(0, np.int32)
        return Tracer(tree_ensemble(X.value, np.concatenate(self._nodes), thresholds, np.concatenate(self._leaves),
                                    np.array(self._trees), base, sets, self.compare))


def _as_float32(thresholds, compare):
    """Thresholds that ask of every float32 what the float64 ones ask."""
    with np.errstate(over="ignore"):
        rounded = thresholds.astype(np.float32)
    below = compare in ("le", "gt")
    wrong = rounded > thresholds if below else rounded < thresholds
    return np.where(wrong, np.nextafter(rounded, np.float32(-np.inf if below else np.inf)), rounded)
