"""Control flow on values, for traced arrays and, outside of a trace, for NumPy's: the forms that JAX has."""
import numpy as np

from . import build
from .array import Tracer, as_tracer, is_tracing, trace
from .complex import ComplexValue
from .complexes import stack, unstack
from .dtypes import cast
from .errors import TraceError
from .extents import actual, same


def cond(condition, then, otherwise, *operands):
    """then(*operands) where the condition holds, else otherwise(*operands). Only the branch that is taken runs.

    condition: one truth value. Both branches return arrays of the same dtypes and shapes, in the same containers."""
    if not is_tracing() or not isinstance(condition, Tracer) or condition.concrete is not None:
        return then(*operands) if condition else otherwise(*operands)
    program = trace().program
    blocks, trees = [], []
    for branch in (then, otherwise):
        with program.block() as block:
            leaves = []
            trees.append(_flatten(_bound(branch)(*operands), leaves))
            block.results = [_plain(leaf) for leaf in leaves]
        blocks.append((block, leaves))
    if trees[0] != trees[1]:
        raise TraceError("the branches of quern.cond return different containers")
    (first, kinds), (second, _) = blocks
    _check_types(first.results, second.results, "the branches of quern.cond return")
    flag = build.reshape(cast(condition.value, bool), ())
    values = program.emit("if", [flag], _types(first.results), (first, second), symbols="[]")
    return _unflatten(trees[0], iter(_results(values, kinds)))


def while_loop(condition, body, initial):
    """Applies `body` to the state as long as `condition` of it holds; returns the last state.

    initial: an array, or tuples, lists and dicts of them; `body` returns one with the same dtypes and shapes."""
    if not is_tracing():
        state = initial
        while condition(state):
            state = body(state)
        return state
    state, tree, kinds = _state(initial)
    first = as_tracer(_bound(condition)(_unflatten(tree, iter(_results(state, kinds)))))
    program = trace().program
    with program.block([(np.int64, ()), (bool, ()), *_types(state)]) as block:
        before = _unflatten(tree, iter(_results(block.arguments[2:], kinds)))
        after = _bound(body)(before)
        again = as_tracer(_bound(condition)(after))
        block.results = [build.reshape(cast(again.value, bool), ()), *_carried(after, tree, state, "quern.while_loop")]
    forever = program.constant(np.int64(-1))
    flag = build.reshape(cast(first.value, bool), ())
    values = program.emit("loop", [forever, flag, *state], _types(state), (block,), symbols="[]")
    return _unflatten(tree, iter(_results(values, kinds)))


def scan(body, initial, xs, length=None):
    """Goes through the first axis: state, y = body(state, x). Returns the last state and all y along a new first axis.

    xs: an array, containers of arrays with equal first extents, or None with `length` given."""
    if not is_tracing():
        return _scan_arrays(body, initial, xs, length)
    state, tree, kinds = _state(initial)
    leaves = []
    shape_of_xs = _flatten(xs, leaves)
    extent = length if not leaves else leaves[0].dims[0]
    program = trace().program
    for leaf in leaves[1:]:
        build.agree(extent, leaf.dims[0], program, lambda a, b: _complain(f"quern.scan: first extents {a} and {b}"))
    with program.block([(np.int64, ()), (bool, ()), *_types(state)]) as block:
        index = block.arguments[0]
        parts = [Tracer(_gather(leaf, index)) for leaf in leaves]
        after, y = _bound(body)(_unflatten(tree, iter(_results(block.arguments[2:], kinds))),
                                _unflatten(shape_of_xs, iter(parts)))
        made = []
        shape_of_ys = _flatten(y, made)
        ys = [_plain(leaf) for leaf in made]
        block.results = [block.arguments[1], *_carried(after, tree, state, "quern.scan"), *ys]
    name = f"steps{program.count}"
    steps = program.facts.symbol(name)
    trips = build.extents(program, [extent], scalar=True)
    values = program.emit("loop", [trips, program.constant(np.bool_(True)), *state],
                          _types(state) + [(value.dtype, (steps, *value.dims)) for value in ys],
                          (block,), symbols=f'["{name}"]' if ys else "[]")
    values = values if isinstance(values, list) else [values]
    last, stacked = values[:len(state)], values[len(state):]
    stacked = [build.reshape(value, (extent, *value.dims[1:])) for value in stacked]
    return (_unflatten(tree, iter(_results(last, kinds))),
            _unflatten(shape_of_ys, iter(_results(stacked, made))))


def _scan_arrays(body, initial, xs, length):
    leaves = []
    tree = _flatten(xs, leaves, np.asarray)
    state, ys = initial, []
    for i in range(len(leaves[0]) if leaves else length):
        state, y = body(state, _unflatten(tree, (leaf[i] for leaf in leaves)))
        ys.append(y)
    collected = []
    for y in ys:
        one = []
        shape_of_y = _flatten(y, one, np.asarray)
        collected.append(one)
    return state, _unflatten(shape_of_y, (np.stack(column) for column in zip(*collected))) if ys else None


#--- States as lists of values --------------------------------------------------------------------

def _bound(function):
    """The function as the trace sees functions."""
    return trace().scope.reach(function)


def _types(values):
    return [(value.dtype, value.dims) for value in values]


def _complain(text):
    raise ValueError(text)


def _value(thing):
    return as_tracer(thing).value


def _flatten(thing, leaves, leaf=_value):
    """The containers of a state; its arrays go to `leaves`."""
    if type(thing) in (tuple, list):
        return (type(thing), tuple(_flatten(item, leaves, leaf) for item in thing))
    if type(thing) is dict:
        return (dict, tuple(thing), tuple(_flatten(item, leaves, leaf) for item in thing.values()))
    if thing is None:
        return (None,)
    leaves.append(leaf(thing))
    return ()


def _unflatten(tree, leaves):
    if not tree:
        return next(leaves)
    if tree[0] is None:
        return None
    if tree[0] is dict:
        return dict(zip(tree[1], (_unflatten(item, leaves) for item in tree[2])))
    return tree[0]([_unflatten(item, leaves) for item in tree[1]])


def _plain(value):
    """A value that memory can hold: complex numbers as pairs."""
    return stack(value) if isinstance(value, ComplexValue) else value


def _results(values, kinds):
    """Tracers of the values, complex again where `kinds` are."""
    values = values if isinstance(values, list) else [values]
    return [Tracer(unstack(value) if isinstance(kind, ComplexValue) else value) for value, kind in zip(values, kinds)]


def _state(initial):
    kinds = []
    tree = _flatten(initial, kinds)
    return [_plain(value) for value in kinds], tree, kinds


def _carried(after, tree, state, who):
    leaves = []
    if _flatten(after, leaves) != tree:
        raise TraceError(f"the body of {who} returns a state in other containers than it was given")
    values = [_plain(leaf) for leaf in leaves]
    _check_types(state, values, f"{who} is given and its body returns")
    return values


def _check_types(first, second, who):
    for a, b in zip(first, second):
        if a.dtype != b.dtype or len(a.dims) != len(b.dims) or not all(map(same, a.dims, b.dims)):
            shapes = [f"{value.dtype}{list(map(actual, value.dims))}" for value in (a, b)]
            raise TraceError(f"{who} {shapes[0]} and {shapes[1]}: they must have the same dtypes and shapes")


def _gather(leaf, index):
    if isinstance(leaf, ComplexValue):
        return ComplexValue(build.gather(leaf.real, index, 0), build.gather(leaf.imag, index, 0))
    return build.gather(leaf, index, 0)
