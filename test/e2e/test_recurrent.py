"""RNN, GRU and LSTM against a float64 walk: both levels of sharing (a task walks all steps; tasks share each step), odd
sizes, every optional operand, both layouts, static and dynamic extents, and the same bits for any number of threads."""
import tempfile

import numpy as np
import pytest
from onnx import helper, numpy_helper

import quern

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
FUNCTIONS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
VALUES = {"Tanh": np.tanh, "Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Relu": lambda x: np.maximum(x, 0)}


def step(operator, x, h, c, r, bias, peep, functions, before_reset):
    """One row and step in float64; `x` is projected, with its own bias."""
    parts = np.split(x, GATES[operator])
    weights, biases = np.split(r, GATES[operator]), np.split(bias, GATES[operator])
    sums = [part + weight @ h + own for part, weight, own in zip(parts, weights, biases)]
    if operator == "RNN":
        return functions[0](sums[0]), c
    if operator == "GRU":
        z, reset = functions[0](sums[0]), functions[0](sums[1])
        inner = reset * (weights[2] @ h + biases[2]) if before_reset else weights[2] @ (reset * h) + biases[2]
        candidate = functions[1](parts[2] + inner)
        return (1 - z) * candidate + z * h, c
    i, f = functions[0](sums[0] + peep[0] * c), functions[0](sums[2] + peep[2] * c)
    c = f * c + i * functions[1](sums[3])
    return functions[0](sums[1] + peep[1] * c) * functions[2](c), c


def walk(operator, x, w, r, b, lengths, h0, c0, peepholes, direction, names, before_reset):
    """Y [T, D, B, H], last h and last c [D, B, H]."""
    steps, batch, _ = x.shape
    directions, hidden = r.shape[0], r.shape[2]
    y, h, c = np.zeros((steps, directions, batch, hidden)), h0.astype(np.float64).copy(), c0.astype(np.float64).copy()
    for d in range(directions):
        own = [VALUES[name] for name in names[d * len(names) // directions:]]
        bw, br = np.split(b[d].astype(np.float64), 2)
        peep = np.split(peepholes[d].astype(np.float64), 3)
        for row in range(batch):
            order = list(range(lengths[row]))
            for t in reversed(order) if direction == "reverse" or d == 1 else order:
                h[d, row], c[d, row] = step(operator, w[d].astype(np.float64) @ x[t, row] + bw, h[d, row], c[d, row], r[d], br,
                                            peep, own, before_reset)
                y[t, d, row] = h[d, row]
    return y, h, c


def build(operator, operands, constant, dynamic, outputs, **attributes):
    inputs, initializers = [], []
    for name, value in operands.items():
        if name in constant:
            initializers.append(numpy_helper.from_array(value, name))
            continue
        shape = [f"{name}_{axis}" for axis in range(value.ndim)] if dynamic else value.shape
        inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), shape))
    order = ["X", "W", "R", "B", "lengths", "h0", "c0", "P"][:8 if operator == "LSTM" else 6]
    results = ["Y", "Y_h", "Y_c"][:outputs]
    node = helper.make_node(operator, [name if name in operands else "" for name in order], results, **attributes)
    element = helper.np_dtype_to_tensor_dtype(operands["X"].dtype)
    graph = helper.make_graph([node], "layer", inputs, [helper.make_tensor_value_info(name, element, None) for name in results],
                              initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def check(operator, steps, batch, hidden, direction="forward", optional=(), layout=0, dynamic=False, packed=True, dtype="float32",
          threads=(1,), **attributes):
    random = np.random.default_rng(hidden + 31 * steps)
    directions, gates, width = 2 if direction == "bidirectional" else 1, GATES[operator], 5
    make = lambda *shape: (random.standard_normal(shape) * (.5 / max(1, shape[-1]) ** .5)).astype(dtype)
    operands = {"X": make(steps, batch, width) * 4, "W": make(directions, gates * hidden, width),
                "R": make(directions, gates * hidden, hidden) * 2}
    given = {"B": make(directions, 2 * gates * hidden), "h0": make(directions, batch, hidden), "c0": make(directions, batch, hidden),
             "P": make(directions, 3 * hidden), "lengths": random.integers(0, steps + 1, batch).astype(np.int32)}
    defaults = {name: np.zeros_like(value) for name, value in given.items()} | {"lengths": np.full(batch, steps)}
    operands |= {name: given[name] for name in optional}
    names = attributes.get("activations", FUNCTIONS[operator] * directions)
    full = defaults | operands
    expected = walk(operator, full["X"].astype(np.float64), full["W"], full["R"].astype(np.float64), full["B"], full["lengths"],
                    full["h0"], full["c0"], full["P"], direction, names, attributes.get("linear_before_reset", 0))
    outputs = 3 if operator == "LSTM" else 2
    if layout:
        for name in ("X", "h0", "c0"):
            if name in operands:
                operands[name] = np.ascontiguousarray(operands[name].swapaxes(0, 1))
        expected = [expected[0].transpose(2, 0, 1, 3), expected[1].swapaxes(0, 1), expected[2].swapaxes(0, 1)]
    constant = {"W", "R", "B", "P"} if packed else {"W"}
    model = build(operator, operands, constant, dynamic, outputs, hidden_size=hidden, direction=direction, layout=layout, **attributes)
    feeds = {name: value for name, value in operands.items() if name not in constant}
    with tempfile.TemporaryDirectory() as folder:
        quern.compile(model, target="x86-64").save(f"{folder}/layer.so")
        for level in (3, 4):
            seen = []
            for count in threads:
                got = quern.load(f"{folder}/layer.so", threads=count, max_level=level).run(None, feeds)
                for actual, want in zip(got, expected):
                    assert actual.shape == want.shape and actual.dtype == np.dtype(dtype)
                    np.testing.assert_allclose(actual, want, rtol=2e-5, atol=2e-5)
                seen.append([actual.tobytes() for actual in got])
            assert all(bits == seen[0] for bits in seen)


operators = pytest.mark.parametrize("operator", GATES)


@operators
@pytest.mark.parametrize("hidden", [1, 13, 24, 100])
@pytest.mark.parametrize("steps, batch", [(0, 1), (1, 3), (7, 1), (7, 3), (3, 37), (2, 0)])
def test_extents(operator, hidden, steps, batch):
    check(operator, steps, batch, hidden, optional=["B"])


@operators
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("optional", [["B", "lengths"], ["h0"], ["B", "lengths", "h0"]], ids="-".join)
@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_optional_operands(operator, direction, optional, dynamic):
    if operator == "LSTM" and "h0" in optional:
        optional = optional + ["c0", "P"]
    check(operator, 7, 3, 24, direction, optional, dynamic=dynamic)


@operators
@pytest.mark.parametrize("packed", [False, True], ids=["weights fed", "weights packed"])
@pytest.mark.parametrize("layout", [0, 1])
def test_layout(operator, layout, packed):
    check(operator, 5, 3, 20, "bidirectional", ["B", "h0"], layout=layout, packed=packed)


@operators
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("batch, dynamic", [(1, False), (3, False), (3, True)])
def test_shared_steps_give_the_same_bits_on_any_number_of_threads(operator, direction, batch, dynamic):
    hidden = {"RNN": 320, "GRU": 200, "LSTM": 168}[operator]
    check(operator, 7, batch, hidden, direction, ["B", "lengths", "h0"], dynamic=dynamic, threads=(1, 2, 3, 7))


@pytest.mark.parametrize("hidden", [24, 200])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_gru_that_resets_behind_the_product(direction, hidden):
    check("GRU", 6, 3, hidden, direction, ["B", "lengths"], linear_before_reset=1, threads=(1, 3))


@operators
def test_activations_of_each_direction(operator):
    own = {"RNN": ["Relu", "Tanh"], "GRU": ["Sigmoid", "Tanh", "Tanh", "Relu"],
           "LSTM": ["Sigmoid", "Tanh", "Relu", "Tanh", "Sigmoid", "Tanh"]}[operator]
    check(operator, 4, 2, 17, "bidirectional", ["B"], activations=own)


@operators
def test_float64(operator):
    check(operator, 4, 3, 21, "reverse", ["B", "h0"], dtype="float64")
