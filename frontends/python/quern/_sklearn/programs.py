"""Methods of estimators as programs, compiled: tracing, results, and what to say where rows are refused."""
import numpy as np

from .. import _compile_cache
from .._dispatch import ANY_EXTENTS, COMPARISONS, RESULT_ARRAY, RESULT_TUPLE
from .._errors import InputError
from .._trace import build, strings
from .._trace.array import Tracer, as_tracer
from .._trace.program import Program
from .inputs import ROWS, trace_inputs
from .rows import EstimatorTrace, Labels, Stacked, side_by_side


class Traced:
    """The program of methods of an estimator for rows of one kind.

    text: the program. tree: how its outputs become the results of the methods, in order. flagged: whether its last output
    says that rows must be refused, or looked at. spelled: whether classes that are texts are outputs themselves, not their
    positions. by_rows: whether no row has to do with another.
    """

    def __init__(self, fitted, expected, methods, kind, flagged=True, spelled=False):
        program = Program(fitted.name, expected.narrow)
        program.place = fitted.name
        with EstimatorTrace(program) as trace:
            trace.reports = flagged
            X, names = trace_inputs(program, kind, expected)
            leaves = []
            self.tree = [_flatten(fitted.function(method)(X), leaves, spelled) for method in methods]
            flag = trace.flag() if flagged else None
            self.flagged = flag is not None
            self.by_rows = trace.rows_are_apart
            values = [leaf.value for leaf in leaves] + ([flag.value] if self.flagged else [])
        self.names = names
        self.program, self.values = program, values
        self.text = program.text(values, names)

    @property
    def meaning(self):
        """What a Program needs besides the code: it can be pickled."""
        return self.tree, self.flagged, self.by_rows


def _flatten(thing, leaves, spelled):
    """How results lie in the outputs: ("array", output), ("labels", output, classes), ("stack", items) or (list or tuple,
    items)."""
    thing = side_by_side(thing)
    if isinstance(thing, Labels):
        if thing.is_numeric:
            return _flatten(thing.array(), leaves, spelled)
        leaves.append(_spell(thing) if spelled else thing.index)
        return ("array", len(leaves) - 1) if spelled else ("labels", len(leaves) - 1, thing.classes)
    if isinstance(thing, Stacked):
        return ("stack", [_flatten(item, leaves, spelled) for item in thing.items])
    if isinstance(thing, (list, tuple)):
        return (type(thing), [_flatten(item, leaves, spelled) for item in thing])
    leaves.append(as_tracer(thing))
    return ("array", len(leaves) - 1)


def _spell(labels):
    """Classes as strings."""
    index = build.cast(labels.index.value, np.int64)
    keys = [strings.string_key(one) for one in labels.classes.tolist()]
    return Tracer(strings.pick_strings(index, strings.Table(index.program, [keys])))


def unflatten(tree, outputs):
    if tree[0] == "array":
        return outputs[tree[1]]
    if tree[0] == "labels":
        return tree[2].take(outputs[tree[1]])
    if tree[0] == "stack":
        return np.stack([unflatten(item, outputs) for item in tree[1]], axis=1)
    return tree[0](unflatten(item, outputs) for item in tree[1])


class Compiled:
    """The program of one method for one kind, ready to run."""

    def __init__(self, text, meaning, name, target, threads, model=None):
        self.text, self.meaning = text, meaning
        (self.tree,), self.flagged, by_rows = meaning
        self.model = model or _compile_cache.compile_program(text, name, target, threads)
        self._by_rows = by_rows and all(value.shape[:1] == (ROWS,) for value in self.model.outputs if value.shape)
        self._run = self.model._model.run_rows if self._by_rows else self.model._model.run

    def run(self, arrays):
        """(result, whether the flag is set)."""
        outputs = self._run(*arrays)
        return unflatten(self.tree, outputs), self.flagged and bool(outputs[-1])

    def portable(self):
        """What a pickle keeps."""
        return self.text, self.meaning, self.model.code()

    def for_dispatcher(self, kind, expected):
        """What Dispatcher._add takes besides the model; None where only Python can run the program."""
        if kind[0] != "matrix":
            return None
        tree = self.tree
        if tree[0] in ("array", "labels"):
            result = (RESULT_ARRAY, tree[1], None, [])
        elif tree[0] is tuple and all(item[0] == "array" for item in tree[1]):
            result = (RESULT_TUPLE, 0, None, [(RESULT_ARRAY, item[1], None, []) for item in tree[1]])
        else:
            return None
        arguments = [(ANY_EXTENTS, *_numpy_kind(kind[1]), 0, None, [])]
        facts = [([(1, [(0, 1)]), (-expected.count, [])], COMPARISONS.index("eq"), True),
                 ([(1, [(0, 0)])], COMPARISONS.index("gt"), True)]
        outputs = len(self.model.outputs)
        classes = tree[2] if tree[0] == "labels" else None
        return arguments, [], facts, [(0, None)], [False] * outputs, result, [], self.flagged, classes, self._by_rows


def _numpy_kind(dtype):
    from .._runtime import _kind
    return _kind(np.empty((0, 0), dtype))


def diagnose(fitted, expected, method, kind, arrays, target, threads):
    """Raises InputError if scikit-learn would refuse these rows for their values."""
    program = Program(fitted.name, expected.narrow)
    program.place = fitted.name
    with EstimatorTrace(program) as trace:
        X, names = trace_inputs(program, kind, expected)
        fitted.function(method)(X)
        found = [np.any(check()).value for check, _ in trace.checks]
    if not found:
        return
    model = _compile_cache.compile_program(program.text(found, names), f"{fitted.name}_check", target, threads)
    for (_, message), refused in zip(trace.checks, model._model.run(*arrays)):
        if refused:
            raise InputError(message)
