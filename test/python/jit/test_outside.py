"""What lies outside of a traced function: names of NumPy's things, containers, objects, methods, and what may not be done there."""
import dataclasses
import functools
import math
import pickle
import random

import numpy as np
import numpy.linalg as la
import pytest
from numpy import arange, array, eye, float32, full, linalg, vectorize, zeros
from numpy.random import rand

import quern
from quern import TraceError

X = np.array([3.0, 1.0, 2.0])
PARAMETERS = [np.eye(3) * 2, np.ones(3)]
OPTIONS = {"bias": np.arange(3.0), "factor": 2.0}
PAIR = (np.ones(3), 4)
DOT = np.ones(3).dot
COUNT = 0
GENERATOR = np.random.default_rng(0)


class Config:
    SCALE = 2.0


class Layer:
    offset = 1.0

    def __init__(self, weight):
        self.weight, self.count, self.parts = weight, 2, [np.ones(3)]

    @property
    def doubled(self):
        return array([self.weight[0] * 2, self.weight[1], 0.0])

    @staticmethod
    def first(x):
        return array([x[0], 1.0])

    def __call__(self, x):
        return self.forward(x) + self.parts[0]

    def __setitem__(self, place, value):
        self.weight[place] = value

    def forward(self, x):
        return full(3, x[0]) * self.weight * self.count + self.offset

    @quern.jit
    def compiled(self, x):
        return self.weight * x + self.count

    @quern.jit
    def accumulate(self, x):
        self.weight += x
        return self.weight * 2

    @quern.jit
    def step(self, x):
        self.count = self.count + 1
        return x


class Base(Layer):
    def forward(self, x):
        return super().forward(x) + 1


@dataclasses.dataclass
class Settings:
    factor: float
    bias: np.ndarray


SETTINGS = Settings(2.0, np.ones(3))
LAYER = Layer(np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("function", [
    lambda x: array([x[0], x[1]]),
    lambda x: full(3, x[0]),
    lambda x: eye(3)[x.argmax()],
    lambda x: arange(x.shape[0]) * x,
    lambda x: zeros(x.shape) + x,
    lambda x: float32(x),
    lambda x: linalg.norm(x) + la.norm(x, 1),
    lambda x: vectorize(lambda v: v + 1)(x),
    lambda x, make=array: make([x[0], x[1]]),
    lambda x: LAYER(x) + LAYER.doubled,
    lambda x: LAYER.first(x),
    lambda x: isinstance(LAYER, Layer) * x,
    lambda x: x * (type(LAYER) is Layer) * (type(x) is np.ndarray) * (type(len(x)) is int) * isinstance(Layer, type),
    lambda x: x * vars(SETTINGS)["factor"] * LAYER.__dict__["count"] * len(vars(SETTINGS)),
    lambda x: x * DOT(x),
    lambda x: type("Twice", (), {"by": 2}).by * x,
    lambda x: x * dataclasses.replace(SETTINGS, factor=5.0).factor + SETTINGS.bias,
    lambda x: Base(LAYER.weight).weight * x,
])
def test_things_by_other_names(function):
    got, want = quern.jit(function)(X), function(X)
    np.testing.assert_allclose(got, want, rtol=1e-6)
    assert got.dtype == want.dtype


@pytest.fixture
def restored():
    kept = [item.copy() for item in PARAMETERS], dict(OPTIONS), Config.SCALE, LAYER.__dict__.copy()
    yield
    PARAMETERS[:], Config.SCALE = kept[0], kept[2]
    OPTIONS.update(kept[1])
    LAYER.__dict__.update(kept[3])


def change(name, value):
    def run():
        if name in OPTIONS:
            OPTIONS[name] = value
        elif hasattr(LAYER, name):
            setattr(LAYER, name, value)
        else:
            setattr(Config, name, value)
    return run


@pytest.mark.parametrize("function, changed", [
    (lambda x: PARAMETERS[0] @ x + PARAMETERS[1], lambda: PARAMETERS.__setitem__(1, np.full(3, 7.0))),
    (lambda x: PARAMETERS[0] @ x + PARAMETERS[1], lambda: PARAMETERS[0].fill(3)),
    (lambda x: sum(one.sum() for one in PARAMETERS) + x, lambda: PARAMETERS.append(np.ones(2))),
    (lambda x: x * OPTIONS["bias"] * OPTIONS["factor"], change("bias", np.ones(3))),
    (lambda x: x * OPTIONS["bias"] * OPTIONS["factor"], change("factor", 3.0)),
    (lambda x: PAIR[0] * x + PAIR[1], lambda: PAIR[0].fill(5)),
    (lambda x: x * Config.SCALE, change("SCALE", 5.0)),
    (lambda x: LAYER(x), change("weight", np.ones(3))),
    (lambda x: LAYER(x), change("count", 9)),
    (lambda x: LAYER(x), change("offset", 4.0)),
    (lambda x: LAYER(x), lambda: LAYER.parts.__setitem__(0, np.zeros(3))),
    (LAYER.forward, change("weight", np.ones(3))),
    (LAYER, change("count", 3)),
    (functools.partial(lambda layer, x: layer.forward(x), LAYER), change("count", 5)),
    (lambda x, layer=LAYER: layer.forward(x), change("count", 6)),
])
def test_what_is_changed_is_seen(restored, function, changed):
    compiled = quern.jit(function)
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), function(X))
    changed()
    for _ in range(2):
        np.testing.assert_allclose(compiled(X), function(X))


def test_methods():
    first, second = Layer(np.ones(3)), Base(np.full(3, 2.0))
    for layer in (first, second, first):
        np.testing.assert_array_equal(layer.compiled(X), layer.weight * X + 2)
    first.count, second.weight = 7, np.zeros(3)
    for layer in (first, second, first):
        np.testing.assert_array_equal(layer.compiled(X), layer.weight * X + layer.count)
    compiled = quern.jit(second.forward)
    np.testing.assert_allclose(compiled(X), second.forward(X))


def test_arrays_of_objects_are_written():
    layer = Layer(np.ones(3))
    weight = layer.weight
    np.testing.assert_array_equal(layer.accumulate(X), (1 + X) * 2)
    np.testing.assert_array_equal(weight, 1 + X)
    assert layer.weight is weight


def test_items_of_objects_are_written():
    layer = Layer(np.ones(3))
    def f(x):
        layer[1:] = x[1:] * 2
        return layer.weight + x
    np.testing.assert_array_equal(quern.jit(f)(X), [4.0, 3.0, 6.0])
    np.testing.assert_array_equal(layer.weight, [1.0, 2.0, 4.0])


def test_equal_tuples_are_one_program():
    shape = (3, (1, 2.0))
    def change():
        nonlocal shape
        shape = (int("3"), (1, float("2")))
    compiled = quern.jit(lambda x: x.reshape(shape[0]) * shape[1][1])
    for _ in range(3):
        np.testing.assert_array_equal(compiled(X), X * 2)
        change()
    assert sum(map(len, compiled._programs.values())) == 1


def test_one_array_by_two_names():
    table = np.ones(3)
    pair = [table, table]
    def f(x):
        pair[0][:] = x
        return pair[1] * 2
    compiled = quern.jit(f)
    np.testing.assert_array_equal(compiled(X), X * 2)
    pair[1] = np.full(3, 5.0)
    np.testing.assert_array_equal(compiled(X), np.full(3, 10.0))


def test_containers_that_hold_themselves():
    ring = [np.ones(3)]
    ring.append(ring)
    np.testing.assert_array_equal(quern.jit(lambda x: ring[1][1][0] * x)(X), X)


def test_pickles():
    for function in (LAYER.forward, functools.partial(math_of, 2.0)):
        again = pickle.loads(pickle.dumps(quern.jit(function)))
        np.testing.assert_allclose(again(X), function(X))


def math_of(factor, x):
    return x * factor * math.pi


def assign_global(x):
    global COUNT
    COUNT = COUNT + 1
    return x


def assign_cell():
    count = 0
    def f(x):
        nonlocal count
        count += 1
        return x
    return f


@pytest.mark.parametrize("function, text", [
    (assign_global, "the function assigns to COUNT, which is not its own: return the new value instead"),
    (assign_cell(), "the function assigns to count, which is not its own"),
    (lambda x: (PARAMETERS.append(x), x)[1], "the function changes a list from outside: return the new items instead"),
    (lambda x: (OPTIONS.update(bias=x), x)[1], "the function changes a dict from outside"),
    (lambda x: LAYER.step(x), "the function assigns to the attribute count of an object from outside"),
    (lambda x: x + np.random.rand(3), "random numbers (numpy.random) would be the same at every call"),
    (lambda x: x + rand(3), "random numbers (rand) would be the same at every call"),
    (lambda x: x + GENERATOR.normal(size=3), "random numbers (Generator) would be the same at every call"),
    (lambda x: x + random.random(), "random numbers (random) would be the same at every call"),
    (lambda x: x.astype("datetime64[s]"), "dtype datetime64[s] is not supported"),
])
def test_what_is_refused(function, text):
    kept = len(PARAMETERS), dict(OPTIONS), LAYER.count, COUNT
    with pytest.raises(quern.QuernError) as caught:
        quern.jit(function)(X)
    assert text in str(caught.value)
    assert kept == (len(PARAMETERS), dict(OPTIONS), LAYER.count, COUNT)


def test_generators_as_arguments():
    with pytest.raises(TraceError, match="random numbers"):
        quern.jit(lambda x, generator: x + generator.normal(size=3))(X, GENERATOR)


def test_objects_that_are_no_functions():
    with pytest.raises(quern.UsageError, match="cannot compile an object of type int: expected a Python function"):
        quern.jit(3)
