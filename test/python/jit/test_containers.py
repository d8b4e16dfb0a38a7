"""Named tuples, dataclasses and arrays outside of the function: what goes in, what comes out, what is written to."""
import collections
import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
from differential import compare
from test_jit import without_python

import quern

TABLE = np.arange(5.0)


@dataclasses.dataclass
class Layer:
    weights: object
    bias: object = 0.0


@dataclasses.dataclass(frozen=True)
class Options:
    power: int = 2
    scale: float = 1.0


class State(NamedTuple):
    mean: object
    layer: object


def apply(x, layer, options, state=None):
    y = (x @ layer.weights + layer.bias) ** options.power * (options.scale if options.scale > 1 else 1)
    layer.bias[0] += 1
    return State(y.mean(axis=0), Layer(y, {"seen": layer.bias * 1, "state": state}))


def test_records():
    compiled = quern.jit(apply)
    x = np.arange(6.0).reshape(2, 3)
    for call in (compiled, compiled, quern.jit(apply)):
        layer, mirror = Layer(np.eye(3), np.ones(3)), Layer(np.eye(3), np.ones(3))
        got, want = call(x, layer, Options(3, 2.0)), apply(x, mirror, Options(3, 2.0))
        assert type(got) is State and type(got.layer) is Layer
        compare(got.mean, want.mean, "mean")
        compare(got.layer.weights, want.layer.weights, "weights")
        compare(got.layer.bias, want.layer.bias, "bias")
        compare(layer.bias, mirror.bias, "the argument")
    assert sum(map(len, compiled._programs.values())) == 1
    compiled(x, layer, Options(2))
    assert sum(map(len, compiled._programs.values())) == 2


def test_calls_with_records_need_no_python():
    compiled = quern.jit(lambda pair, layer: State(pair.mean * 2, Layer(layer.weights + layer.bias, pair.layer)))
    pair, layer = State(np.arange(3.0), np.float32(2)), Layer(np.ones(3), 1.5)
    want = compiled(pair, layer)
    for given in (pair, State(np.arange(4.0)[:3], np.float32(2))):
        got = without_python(compiled, given, layer)
        compare(tuple(got.mean), tuple(want.mean), "mean")
        compare(got.layer.weights, want.layer.weights, "weights")
    longer = compiled(State(np.arange(3.0), np.ones(2)), layer)     # another program
    assert longer.layer.bias.shape == (2,)


def test_ordered_and_other_containers_are_refused_by_name():
    for make, name in ((lambda x: collections.OrderedDict(a=x), "OrderedDict"), (lambda x: (y for y in (x, x)), "generator"),
                       (lambda x: map(np.sin, [x]), "map")):
        with pytest.raises(quern.TraceError, match=f"a result of type {name} is not supported: return arrays, numbers, texts, or tuples, "
                           "lists, dicts, named tuples and dataclasses of them"):
            quern.jit(make)(np.ones(2))


def test_writes_to_arrays_outside():
    mine = np.zeros(3)

    def f(x):
        TABLE[1:] *= x
        mine[0] += x
        return TABLE.sum() + mine[0]

    compiled, before = quern.jit(f), TABLE.copy()
    for call in (compiled, lambda x: without_python(compiled, x)):
        TABLE[:], mine[:] = before, 0
        want = f(np.float64(3))
        expected = TABLE.copy(), mine.copy()
        TABLE[:], mine[:] = before, 0
        assert call(np.float64(3)) == want
        compare((TABLE, mine), expected, "outside")
    TABLE[:] = before


def test_complex_arguments_of_any_strides():
    compiled = quern.jit(lambda z: (z * 2, z.sum(axis=0)))
    z = np.arange(24.0).reshape(4, 6) + 1j
    for given in (z, z[:, ::2], z[::2, :3], z.T, np.asfortranarray(z), z[::-1]):
        compare(compiled(given), (given * 2, given.sum(axis=0)), "z")
        compare(without_python(compiled, given), (given * 2, given.sum(axis=0)), "z")
