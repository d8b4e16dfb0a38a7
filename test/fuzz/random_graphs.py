"""Random models: chains and DAGs of elementwise operators, movement, reductions, contractions and residuals.

Every value is computed in float64 while the graph is made, with a bound of the error that float32 may give it (running
error analysis), for several choices of the symbols at once: extents are equal where they are equal for all choices.
Graphs of integers are computed in their own type, exactly.
"""
from dataclasses import dataclass, field

import numpy as np
from onnx import TensorProto, helper, numpy_helper


@dataclass
class Value:
    name: str
    data: list    # one float64 array for each choice of the symbols
    error: list    # of the same shapes
    fixed: tuple    # whether the extent of an axis is a number, not an expression of symbols

    @property
    def rank(self):
        return self.data[0].ndim

    @property
    def shape(self):
        return self.data[0].shape

    def extents(self, axis):
        return tuple(data.shape[axis] for data in self.data)

    def one(self, axis):
        return self.fixed[axis] and self.shape[axis] == 1


@dataclass
class Graph:
    seed: int
    dtype: type = np.float32
    nodes: list = field(default_factory=list)
    inputs: dict = field(default_factory=dict)    # name -> (dims, arrays for each choice)
    constants: dict = field(default_factory=dict)
    values: list = field(default_factory=list)
    outputs: list = field(default_factory=list)    # Values

    def model(self, dynamic, outputs=None):
        wanted = outputs or self.outputs
        nodes, needed = [], {value.name for value in wanted}
        for node in reversed(self.nodes):
            if needed & set(node.output):
                nodes.insert(0, node)
                needed |= set(node.input)
        element = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.BOOL if arrays[0].dtype == bool else element,
                                          dims if dynamic else arrays[0].shape)
            for name, (dims, arrays) in self.inputs.items() if name in needed
        ]
        results = [helper.make_empty_tensor_value_info(value.name) for value in wanted]
        weights = [numpy_helper.from_array(array, name) for name, array in self.constants.items() if name in needed]
        graph = helper.make_graph(nodes, f"seed{self.seed}", inputs, results, weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)

    def feeds(self, choice, model):
        return {info.name: self.inputs[info.name][1][choice] for info in model.graph.input}


class Maker:
    """Makes one graph from a seed."""
    def __init__(self, seed, steps=None):
        self.random = np.random.default_rng(seed)
        self.graph = Graph(
            seed,
            self.random.choice([np.float32, np.float64, np.int32, np.int64, np.int8, np.uint8],
                               p=[.7, .1, .05, .05, .05, .05]))
        self.real = np.dtype(self.graph.dtype).kind == "f"
        self.eps = float(np.finfo(self.graph.dtype).eps) if self.real else 0
        self.wide = np.float64 if self.real else self.graph.dtype
        self.choices = 4
        extents = [1, 2, 3, 5, 7, 8, 15, 16, 17, 19, 31, 33, 40] + [0] * (self.random.random() < .2)
        self.symbols = {
            name: [int(n) for n in self.random.choice(extents, self.choices, replace=False)]
            for name in ("N", "T")
        }
        self.make_inputs()
        for _ in range(steps or int(self.random.integers(4, 22))):
            self.step()
        self.choose_outputs()

    def pick(self, items):
        items = list(items)
        return items[int(self.random.integers(len(items)))] if items else None

    def numbers(self, shape):
        """Random elements, of float64 for the caller to scale."""
        normal = self.random.standard_normal(shape)
        return normal if self.real else np.abs(np.round(normal * 9))

    def make_inputs(self):
        shapes = [["N", 16, 7, 9], ["N", "T", 32], ["T", 33], ["N", 3, 8, 12], [5, "T"], ["N", 1, "T"], [2, 17, "T"],
                  ["N", "T", 4, 8], [32]]
        for _ in range(int(self.random.integers(1, 4))):
            self.input(self.pick(shapes))

    def input(self, dims):
        name = f"x{len(self.graph.inputs)}"
        arrays = []
        for choice in range(self.choices):
            shape = [self.symbols[dim][choice] if isinstance(dim, str) else dim for dim in dims]
            arrays.append(self.numbers(shape).astype(self.graph.dtype))
        self.graph.inputs[name] = (dims, arrays)
        wide = [array.astype(self.wide) for array in arrays]
        self.graph.values.append(
            Value(name, wide, [np.zeros_like(a) for a in wide], tuple(not isinstance(dim, str) for dim in dims)))

    def choose_outputs(self):
        used = {name for node in self.graph.nodes for name in node.input}
        produced = [value for value in self.graph.values if value.name not in self.graph.inputs]
        self.graph.outputs = [v for v in produced if v.name not in used or self.random.random() < .15]

    def constant(self, array):
        name = f"w{len(self.graph.constants)}"
        array = np.asarray(array)
        is_data = array.dtype.kind == "f"    # else a shape, an index, a mask
        self.graph.constants[name] = array.astype(self.graph.dtype) if is_data else array
        return name, array.astype(self.graph.dtype).astype(self.wide) if is_data else array

    def add(self, operator, names, function, sources, fixed, count=1, **attributes):
        """Appends a node. `function` maps (arrays, errors) of the sources to (array, error), or lists of them."""
        results = [f"v{len(self.graph.values) + i}" for i in range(count)]
        rows = [function([s.data[c] for s in sources], [s.error[c] for s in sources]) for c in range(self.choices)]
        rows = [[row] if count == 1 else row for row in rows]
        if any(array.size > 400_000 for row in rows for array, _ in row):
            return None
        self.graph.nodes.append(
            helper.make_node(operator, names, results, name=f"{operator}_{results[0]}", **attributes))
        made = []
        for i, name in enumerate(results):
            shape_of = fixed if count == 1 else fixed[i]
            made.append(Value(name, [row[i][0] for row in rows], [row[i][1] for row in rows], tuple(shape_of)))
        self.graph.values += made
        return made[0]

    def step(self):
        value = self.pick(self.graph.values[-6:]) if self.random.random() < .75 else self.pick(self.graph.values)
        if self.real and max((np.max(np.abs(d), initial=0, where=np.isfinite(d)) for d in value.data)) > 50:
            return self.squash(value)
        weights = np.array([weight * (self.real or exact) for _, weight, exact in STEPS], float)
        kind = STEPS[int(self.random.choice(len(STEPS), p=weights / weights.sum()))][0]
        with np.errstate(all="ignore"):
            kind(self, value)

    def squash(self, value):
        return self.add("Tanh", [value.name], lambda x, e: (np.tanh(x[0]), np.minimum(e[0], 2) + 4 * self.eps), [value],
                        value.fixed)

    # --- Elementwise

    def unary(self, value):
        smooth = {
            "Tanh": np.tanh, "Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Sin": np.sin, "Cos": np.cos, "Neg":
            np.negative, "Abs": np.abs, "Relu": lambda x: np.maximum(x, 0), "Softsign": lambda x: x / (1 + np.abs(x)),
            "Softplus": lambda x: np.logaddexp(x, 0), "Identity": lambda x: x
        }
        operator = self.pick(smooth)
        return self.add(
            operator, [value.name], lambda x, e: (smooth[operator](x[0]), e[0] + 4 * self.eps *
                                                  (1 + np.abs(smooth[operator](x[0])))), [value], value.fixed)

    def clip(self, value):
        low, wide_low = self.constant(np.array(-.75 if self.real else 2.))
        high, wide_high = self.constant(np.array(.5 if self.real else 9.))
        return self.add("Clip", [value.name, low, high], lambda x, e: (np.clip(x[0], wide_low, wide_high), e[0]),
                        [value], value.fixed)

    def partner(self, value):
        """A value that broadcasts with this one, and the fixed flags of the result."""
        for _ in range(12):
            other = self.pick(self.graph.values)
            rank, flags = max(value.rank, other.rank), []
            for axis in range(-1, -rank - 1, -1):
                a = axis >= -value.rank
                b = axis >= -other.rank
                if a and b and value.extents(axis) != other.extents(
                        axis) and not value.one(axis) and not other.one(axis):
                    break
                owner = value if a and (not b or not value.one(axis)) else other
                flags.insert(0, owner.fixed[axis])
            else:
                return other, flags
        return None, None

    def combine(self, operator, names, sources, fixed):
        eps = self.eps
        # Sums of magnitudes: the compiler adds constants to each other first.
        rules = {
            "Add":
            lambda x, e: (x[0] + x[1], e[0] + e[1] + eps * (np.abs(x[0]) + np.abs(x[1]))),
            "Sub":
            lambda x, e: (x[0] - x[1], e[0] + e[1] + eps * (np.abs(x[0]) + np.abs(x[1]))),
            "Mul":
            lambda x, e:
            (x[0] * x[1], np.abs(x[0]) * e[1] + np.abs(x[1]) * e[0] + e[0] * e[1] + eps * np.abs(x[0] * x[1])),
            "Max":
            lambda x, e: (np.maximum(x[0], x[1]), np.maximum(e[0], e[1])),
            "Min":
            lambda x, e: (np.minimum(x[0], x[1]), np.maximum(e[0], e[1])),
        }
        return self.add(operator, names, rules[operator], sources, fixed)

    def binary(self, value):
        other, fixed = self.partner(value)
        if other:
            pair = [value, other] if self.random.random() < .5 else [other, value]
            self.combine(self.pick(("Add", "Sub", "Mul", "Max", "Min", "Add")), [v.name for v in pair], pair, fixed)

    def with_constant(self, value):
        shape = [
            value.shape[axis] if value.fixed[axis] and self.random.random() < .6 else 1 for axis in range(value.rank)
        ]
        shape = shape[int(self.random.integers(len(shape) + 1)):]
        name, wide = self.constant(self.numbers(shape))
        constant = Value(name, [wide] * self.choices, [np.zeros(shape)] * self.choices, (True,) * len(shape))
        pair = [value, constant] if self.random.random() < .7 else [constant, value]
        self.combine(self.pick(("Add", "Sub", "Mul", "Max")), [v.name for v in pair], pair, value.fixed)

    def where(self, value):
        other, fixed = self.partner(value)
        if not other:
            return
        shape = [value.shape[-1]] if value.rank and value.fixed[-1] else []
        name, mask = self.constant(self.random.integers(0, 2, shape).astype(bool))
        self.add("Where", [name, value.name, other.name], lambda x, e:
                 (np.where(mask, x[0], x[1]), np.maximum(e[0], e[1])), [value, other], fixed)

    def compare(self, value):
        """Chooses between two values by a comparison: of integers, for near reals compare either way."""
        other, fixed = self.partner(value)
        if not other or self.real:
            return
        condition = f"{value.name}_less{len(self.graph.nodes)}"
        self.graph.nodes.append(helper.make_node("Less", [value.name, other.name], [condition], name=condition))
        self.add("Where", [condition, other.name, value.name], lambda x, e:
                 (np.where(x[0] < x[1], x[1], x[0]), e[0] + e[1]), [value, other], fixed)

    # --- Movement: the error moves with the value

    def move(self, operator, names, value, function, fixed, **attributes):
        return self.add(operator, names, lambda x, e: (function(x[0]), function(e[0])), [value], fixed, **attributes)

    def transpose(self, value):
        if value.rank > 1:
            order = [int(axis) for axis in self.random.permutation(value.rank)]
            self.move("Transpose", [value.name],
                      value,
                      lambda x: x.transpose(order), [value.fixed[axis] for axis in order],
                      perm=order)

    def merge(self, value):
        """Two neighbouring axes become one."""
        if value.rank < 2:
            return
        axis = int(self.random.integers(value.rank - 1))
        target = [0] * axis + [-1] + [value.shape[i] if value.fixed[i] else None for i in range(axis + 2, value.rank)]
        if None in target or any(0 in data.shape for data in value.data):
            return
        name, _ = self.constant(np.array(target))
        fixed = [*value.fixed[:axis], value.fixed[axis] and value.fixed[axis + 1], *value.fixed[axis + 2:]]
        self.move("Reshape", [value.name, name], value,
                  lambda x: x.reshape(x.shape[:axis] +
                                      (x.shape[axis] * x.shape[axis + 1],) + x.shape[axis + 2:]), fixed)

    def divide(self, value):
        """A fixed axis becomes two."""
        axis = self.pick(
            [a for a in range(value.rank) if value.fixed[a] and value.shape[a] > 1 and value.shape[a] % 2 == 0])
        if axis is None or value.rank > 4 or not all(value.fixed[axis + 1:]) or any(0 in data.shape
                                                                                    for data in value.data):
            return
        half = value.shape[axis] // 2
        pair = self.pick([(2, half), (half, 2)])
        name, _ = self.constant(np.array([0] * axis + [*pair, *value.shape[axis + 1:]]))
        self.move("Reshape", [value.name, name], value, lambda x: x.reshape(x.shape[:axis] + pair + x.shape[axis + 1:]),
                  [*value.fixed[:axis], True, True, *value.fixed[axis + 1:]])

    def unsqueeze(self, value):
        if value.rank > 4:
            return
        axis = int(self.random.integers(value.rank + 1))
        name, _ = self.constant(np.array([axis]))
        self.move("Unsqueeze", [value.name, name], value, lambda x: np.expand_dims(x, axis),
                  [*value.fixed[:axis], True, *value.fixed[axis:]])

    def squeeze(self, value):
        axis = self.pick([a for a in range(value.rank) if value.one(a)])
        if axis is not None:
            name, _ = self.constant(np.array([axis]))
            self.move("Squeeze", [value.name, name], value, lambda x: x.squeeze(axis),
                      [*value.fixed[:axis], *value.fixed[axis + 1:]])

    def slice(self, value):
        if not value.rank:
            return
        axis = int(self.random.integers(value.rank))
        start, end, step = self.pick([(1, 2**31, 1), (0, -1, 1), (0, 2**31, 2), (1, -1, 1), (-1, -2**31, -1),
                                      (-1, -2**31, -2), (0, 3, 1), (-4, 2**31, 1), (2, 6, 3)])
        names = [self.constant(np.array([number]))[0] for number in (start, end, axis, step)]
        cut = (slice(None),) * axis + (slice(start, None if end < -2**30 else end, step),)
        self.move("Slice", [value.name, *names], value, lambda x: x[cut], value.fixed)

    def split(self, value):
        axis = self.pick([a for a in range(value.rank) if value.fixed[a] and value.shape[a] > 1])
        if axis is None:
            return
        first = int(self.random.integers(1, value.shape[axis]))
        name, _ = self.constant(np.array([first, value.shape[axis] - first]))
        self.add("Split", [value.name, name],
                 lambda x, e: list(zip(np.split(x[0], [first], axis), np.split(e[0], [first], axis))), [value],
                 [value.fixed, value.fixed],
                 count=2,
                 axis=axis)

    def concat(self, value):
        if not value.rank:
            return
        axis = int(self.random.integers(value.rank))
        fits = [
            v for v in self.graph.values if v.rank == value.rank and all(
                v.extents(a) == value.extents(a) and v.fixed[a] == value.fixed[a] for a in range(v.rank) if a != axis)
        ]
        parts = [value] + [self.pick(fits) for _ in range(int(self.random.integers(1, 3)))]
        fixed = [all(part.fixed[a] for part in parts) if a == axis else value.fixed[a] for a in range(value.rank)]
        self.add("Concat", [part.name for part in parts],
                 lambda x, e: (np.concatenate(x, axis), np.concatenate(e, axis)),
                 parts,
                 fixed,
                 axis=axis)

    def pad(self, value):
        if not value.rank or any(extent < 3 for data in value.data for extent in data.shape):
            return
        low, high = self.random.integers(0, 3, (2, value.rank))
        mode = self.pick(("constant", "reflect", "edge", "wrap"))
        name, _ = self.constant(np.concatenate([low, high]))
        self.move("Pad", [value.name, name],
                  value,
                  lambda x: np.pad(x, list(zip(low, high)), mode=mode),
                  value.fixed,
                  mode=mode)

    def gather(self, value):
        axis = self.pick([a for a in range(value.rank) if value.fixed[a] and value.shape[a]])
        if axis is None or value.rank > 4:
            return
        shape = self.pick([(), (5,), (2, 3), (17,)])
        name, index = self.constant(self.random.integers(-value.shape[axis], value.shape[axis], shape))
        self.move("Gather", [value.name, name],
                  value,
                  lambda x: np.take(x, index % x.shape[axis], axis),
                  [*value.fixed[:axis], *(True,) * len(shape), *value.fixed[axis + 1:]],
                  axis=axis)

    def stretch(self, value):
        axis = self.pick([a for a in range(value.rank) if value.one(a)])
        if axis is not None:
            repeats = [1] * value.rank
            repeats[axis] = 6
            if self.random.random() < .5:
                name, _ = self.constant(np.array(repeats))
                self.move("Tile", [value.name, name], value, lambda x: np.tile(x, repeats), value.fixed)
            else:
                name, _ = self.constant(np.array(repeats))
                self.move("Expand", [value.name, name], value, lambda x: np.repeat(x, 6, axis), value.fixed)

    def shape_as(self, value):
        """Reshape to the shape that another value of as many elements has, read from it."""
        fits = [
            v for v in self.graph.values
            if all(a.size == b.size for a, b in zip(v.data, value.data)) and v.shape != value.shape
        ]
        other = self.pick(fits)
        if other and not any(0 in data.shape for data in other.data):
            shape = f"{other.name}_shape{len(self.graph.nodes)}"
            self.graph.nodes.append(helper.make_node("Shape", [other.name], [shape], name=f"Shape_{shape}"))
            self.add("Reshape", [value.name, shape], lambda x, e: (x[0].reshape(x[1].shape), e[0].reshape(x[1].shape)),
                     [value, other], other.fixed)

    # --- Along axes

    def reduce(self, value):
        if not value.rank:
            return
        axes = tuple(
            sorted(
                int(a)
                for a in self.random.choice(value.rank, int(self.random.integers(1, value.rank + 1)), replace=False)))
        keep = bool(self.random.random() < .6)
        kinds = ("ReduceMax", "ReduceMin") + (("ReduceSum",) if np.dtype(self.graph.dtype).itemsize > 1 else
                                              ()) + (("ReduceMean",) if self.real else ())
        operator = self.pick(kinds)
        fixed = [True if a in axes else value.fixed[a] for a in range(value.rank) if keep or a not in axes]
        if any(data.shape[a] == 0 for data in value.data for a in axes):
            return
        name, _ = self.constant(np.array(axes))
        options = {"axis": axes, "keepdims": keep}

        def function(x, e):
            x, e = x[0], e[0]
            terms = np.prod([x.shape[a] for a in axes])
            if operator in ("ReduceMax", "ReduceMin"):
                return (x.max if operator == "ReduceMax" else x.min)(**options), e.max(**options)
            total, error = x.sum(**options,
                                 dtype=x.dtype), e.sum(**options) + (terms + 2) * self.eps * np.abs(x).sum(**options)
            return (total, error) if operator == "ReduceSum" else (total / terms, error / terms)

        self.add(operator, [value.name, name], function, [value], fixed, keepdims=int(keep))

    def softmax(self, value):
        if not value.rank:
            return
        axis = int(self.random.integers(-value.rank, value.rank))

        def function(x, e):
            top = np.exp(x[0] - x[0].max(axis, keepdims=True, initial=-np.inf))
            p = top / top.sum(axis, keepdims=True)
            return p, p * np.minimum(np.expm1(2 * e[0].max(axis, keepdims=True, initial=0)), 1) + 20 * self.eps

        self.add("Softmax", [value.name], function, [value], value.fixed, axis=axis)

    def layer_norm(self, value):
        if not value.rank or not value.fixed[-1] or not value.shape[-1]:
            return
        name, scale = self.constant(self.random.standard_normal(value.shape[-1]))
        bias_name, bias = self.constant(self.random.standard_normal(value.shape[-1]))

        def function(x, e):
            mean = x[0].mean(-1, keepdims=True)
            inverse = 1 / np.sqrt(x[0].var(-1, keepdims=True) + float(np.float32(1e-2)))
            normal = (x[0] - mean) * inverse
            slack = e[0].max(-1, keepdims=True) + 8 * self.eps * np.abs(x[0]).max(-1, keepdims=True)
            return normal * scale + bias, (4 * slack * inverse * (1 + np.abs(normal)) +
                                           16 * self.eps * np.abs(normal)) * np.abs(scale) + 2 * self.eps * np.abs(bias)

        self.add("LayerNormalization", [value.name, name, bias_name],
                 function, [value],
                 value.fixed,
                 axis=-1,
                 epsilon=1e-2)

    def cumulative(self, value):
        if not value.rank or np.dtype(self.graph.dtype).itemsize == 1:
            return
        axis = int(self.random.integers(value.rank))
        name, _ = self.constant(np.array(axis))
        self.add(
            "CumSum", [value.name, name], lambda x, e:
            (np.cumsum(x[0], axis, dtype=x[0].dtype),
             np.cumsum(e[0] + (x[0].shape[axis] + 1) * self.eps * np.abs(x[0]), axis)), [value], value.fixed)

    # --- Contractions

    def product(self, a, b, ea, eb, operation=np.matmul, steps=None):
        steps = steps or a.shape[-1]
        return operation(a, b), operation(np.abs(a), eb) + operation(
            ea,
            np.abs(b) + eb) + (steps + 2) * self.eps * operation(np.abs(a), np.abs(b))

    def linear(self, value):
        if value.rank < 2 or not value.fixed[-1] or not value.shape[-1]:
            return
        columns = self.pick((1, 3, 16, 17, 32, 33))
        name, weight = self.constant(self.random.standard_normal((value.shape[-1], columns)) / np.sqrt(value.shape[-1]))
        result = self.add("MatMul", [value.name, name],
                          lambda x, e: self.product(x[0], weight, e[0], np.zeros_like(weight)), [value],
                          [*value.fixed[:-1], True])
        if result and self.random.random() < .6:
            bias, wide = self.constant(self.random.standard_normal(columns))
            vector = Value(bias, [wide] * self.choices, [np.zeros(columns)] * self.choices, (True,))
            self.combine("Add", [result.name, bias], [result, vector], result.fixed)

    def own_product(self, value):
        """x x^T over the last two axes, and then as weights of x: what attention does."""
        if value.rank < 2 or value.shape[-1] == 0:
            return
        order = [*range(value.rank - 2), value.rank - 1, value.rank - 2]
        swapped = self.move("Transpose", [value.name],
                            value,
                            lambda x: x.transpose(order), [value.fixed[a] for a in order],
                            perm=order)
        if not swapped:
            return
        scores = self.add("MatMul", [value.name, swapped.name], lambda x, e: self.product(x[0], x[1], e[0], e[1]),
                          [value, swapped], [*value.fixed[:-1], value.fixed[-2]])
        if scores and self.random.random() < .6:
            self.softmax_last(scores, value)

    def softmax_last(self, scores, value):
        def function(x, e):
            top = np.exp(x[0] - x[0].max(-1, keepdims=True, initial=-np.inf))
            p = top / top.sum(-1, keepdims=True)
            return p, p * np.minimum(np.expm1(2 * e[0].max(-1, keepdims=True, initial=0)), 1) + 20 * self.eps

        weights = self.add("Softmax", [scores.name], function, [scores], scores.fixed, axis=-1)
        if weights:
            self.add("MatMul", [weights.name, value.name], lambda x, e: self.product(x[0], x[1], e[0], e[1]),
                     [weights, value], value.fixed)

    def conv(self, value):
        if value.rank not in (3, 4) or not value.fixed[1] or not value.shape[1] or any(extent == 0
                                                                                       for data in value.data
                                                                                       for extent in data.shape):
            return
        import windows
        spatial, channels = value.rank - 2, value.shape[1]
        group = channels if self.random.random() < .3 else 1
        columns = channels if group > 1 else self.pick((1, 8, 16, 17, 32))
        kernel, stride = self.pick((1, 3, 2)), self.pick((1, 1, 2))
        low = kernel // 2
        shape = (columns, channels // group) + (kernel,) * spatial
        name, weight = self.constant(self.random.standard_normal(shape) / np.sqrt(np.prod(shape[1:])))
        options = {"group": group, "strides": [stride] * spatial, "pads": [low] * 2 * spatial}

        def function(x, e):
            return self.product(x[0], weight, e[0], np.zeros_like(weight), lambda a, b: windows.conv(a, b, **options),
                                int(np.prod(shape[1:])))

        if min(extent for data in value.data for extent in data.shape[2:]) + 2 * low < kernel:
            return
        self.add("Conv", [value.name, name],
                 function, [value], [value.fixed[0], True, *value.fixed[2:]],
                 kernel_shape=[kernel] * spatial,
                 **options)

    def pool(self, value):
        if value.rank not in (3, 4) or min((extent for data in value.data for extent in data.shape), default=0) < 2:
            return
        import windows
        spatial, average = value.rank - 2, self.random.random() < .5
        options = {"kernel_shape": [2] * spatial, "strides": [self.pick((1, 2))] * spatial}
        kind = "average" if average else "max"
        self.add(
            "AveragePool" if average else "MaxPool", [value.name], lambda x, e:
            (windows.pool(x[0], kind, **options), windows.pool(e[0], kind, **options) + 6 * self.eps * windows.pool(
                np.abs(x[0]), kind, **options)), [value], value.fixed, **options)

    def batch_norm(self, value):
        if value.rank < 2 or not value.fixed[1]:
            return
        c = value.shape[1]
        names, arrays = zip(*[
            self.constant(array) for array in (self.random.standard_normal(c), self.random.standard_normal(c),
                                               self.random.standard_normal(c), self.random.random(c) + .5)
        ])
        scale, bias, mean, variance = (array.reshape((-1,) + (1,) * (value.rank - 2)) for array in arrays)
        factor = scale / np.sqrt(variance + float(np.float32(1e-5)))
        self.add("BatchNormalization", [value.name, *names],
                 lambda x, e: ((x[0] - mean) * factor + bias, np.abs(factor) * e[0] + 8 * self.eps *
                               (np.abs(factor) * (np.abs(x[0]) + np.abs(mean)) + np.abs(bias))), [value],
                 value.fixed,
                 epsilon=1e-5)


# The step, how often it is taken, and whether it is exact for integers.
STEPS = [(Maker.unary, 6, 0), (Maker.binary, 8, 1), (Maker.with_constant, 4, 1), (Maker.clip, 1, 1),
         (Maker.where, 1, 1), (Maker.compare, 1, 1), (Maker.transpose, 4, 1), (Maker.merge, 2, 1), (Maker.divide, 2, 1),
         (Maker.unsqueeze, 1, 1), (Maker.squeeze, 2, 1), (Maker.slice, 4, 1), (Maker.split, 2, 1), (Maker.concat, 3, 1),
         (Maker.pad, 2, 1), (Maker.gather, 2, 1), (Maker.stretch, 2, 1), (Maker.shape_as, 1, 1), (Maker.reduce, 4, 1),
         (Maker.softmax, 2, 0), (Maker.layer_norm, 2, 0), (Maker.cumulative, 1, 1), (Maker.linear, 3, 0),
         (Maker.own_product, 2, 0), (Maker.conv, 4, 0), (Maker.pool, 2, 0), (Maker.batch_norm, 2, 0)]


def make(seed, steps=None):
    return Maker(seed, steps).graph
