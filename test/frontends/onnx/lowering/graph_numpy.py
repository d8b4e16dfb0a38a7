"""Evaluates the graph dialect with NumPy: each op as GraphOps.td defines it, slowly and plainly."""
import itertools
import math
import re

import numpy as np

from graph_text import parse


class GuardFailed(Exception):
    pass


OPS = {}


def op(name):
    def register(function):
        OPS["graph." + name] = function
        return function
    return register


class Frame:
    """Values and symbols of a running function."""
    FUNCTIONS = {"floordiv": lambda a, b: a // b, "ceildiv": lambda a, b: -(-a // b), "mod": lambda a, b: a % b,
                 "min": min, "max": max}

    def __init__(self):
        self.values, self.symbols = {}, {}

    def dim(self, expression):
        if isinstance(expression, int):
            return expression
        code = re.sub(r"[A-Za-z_$][\w.$:/]*", lambda m: m[0] if m[0] in self.FUNCTIONS else f"S[{m[0]!r}]", expression)
        return int(eval(code, {"S": self.symbols, **self.FUNCTIONS}))

    def dims(self, expressions):
        return [self.dim(e) for e in expressions]

    def bind(self, type_, value):
        """Symbols of an argument or result that stand alone are bound to its extents; other dims are checked."""
        assert type_.dtype == value.dtype, (type_.element, value.dtype)
        assert len(type_.dims) == value.ndim, (type_.dims, value.shape)
        for expression, extent in zip(type_.dims, value.shape):
            if isinstance(expression, str) and expression not in self.symbols and re.fullmatch(r"[A-Za-z_$][\w.$:/]*", expression):
                self.symbols[expression] = extent
        assert self.dims(type_.dims) == list(value.shape), (type_.dims, self.symbols, value.shape)

    def run(self, ops):
        for o in ops:
            arguments = [self.values[name] for name in o.operands]
            if o.name in ("graph.yield", "func.return"):
                return arguments
            with np.errstate(all="ignore"):
                results = OPS[o.name](self, o, *arguments)
            results = results if isinstance(results, (tuple, list)) else [results]
            for name, type_, value in zip(o.results, o.types, results):
                value = np.asarray(value)
                if isinstance(value.dtype.type(), np.generic) and value.dtype != type_.dtype:
                    value = value.astype(type_.dtype)
                try:
                    self.bind(type_, value)
                except AssertionError as error:
                    raise AssertionError(f"{o.name} {name}: {error}") from None
                self.values[name] = value


def evaluate(text, inputs):
    """Results of @main by name; `inputs` are arrays by name."""
    main = parse(text)
    arguments, ops = main.regions[0]
    frame = Frame()
    names = [a["graph.name"] for a in main.attributes.get("arg_attrs", [])]
    for (value, type_), name in zip(arguments, names):
        frame.values[value] = np.asarray(inputs[name])
        frame.bind(type_, frame.values[value])
    return dict(zip([a["graph.name"] for a in main.attributes.get("res_attrs", [])], frame.run(ops)))


# --- elementwise
erf = np.vectorize(math.erf, otypes=[np.float64])
UNARY = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "ceil": np.ceil, "floor": np.floor, "round": np.rint,
    "sqrt": np.sqrt, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": lambda x: np.logaddexp(x, 0), "erf": lambda x: erf(x).astype(x.dtype),
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "not": np.invert, "is_nan": np.isnan,
}
BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum, "max": np.maximum,
    "pow": lambda a, b: np.power(a, b) if not np.issubdtype(a.dtype, np.integer) or (np.issubdtype(b.dtype, np.integer) and not (b < 0).any())
    else np.power(a.astype(np.float64), b),
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "shift_left": np.left_shift, "shift_right": np.right_shift,
}
COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
for _name, _function in UNARY.items():
    OPS["graph." + _name] = lambda frame, o, x, f=_function: f(x)
for _name, _function in BINARY.items():
    OPS["graph." + _name] = lambda frame, o, x, y, f=_function: f(x, y)


@op("is_inf")
def is_inf(frame, o, x):
    return (np.isneginf(x) & o.negative) | (np.isposinf(x) & o.positive)


@op("div")
def div(frame, o, x, y):
    if np.issubdtype(x.dtype, np.floating):
        return x / y
    truncated = np.frompyfunc(lambda a, b: abs(int(a)) // abs(int(b)) * (1 if (a < 0) == (b < 0) else -1), 2, 1)
    return np.asarray(truncated(x, y)).astype(x.dtype)


@op("mod")
def mod(frame, o, x, y):
    return np.fmod(x, y) if o.truncated else np.mod(x, y)


@op("bitcast")
def bitcast(frame, o, x):
    return x.view(o.types[0].dtype)


@op("compare")
def compare(frame, o, x, y):
    return COMPARE[o.kind](x, y)


@op("select")
def select(frame, o, c, x, y):
    return np.where(c, x, y)


@op("cast")
def cast(frame, o, x):
    target = o.types[0].dtype
    if np.issubdtype(x.dtype, np.floating) and np.issubdtype(target, np.integer):
        info = np.iinfo(target)
        clipped = np.clip(np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0, posinf=info.max, neginf=info.min), info.min, info.max)
        return np.array([int(v) for v in clipped.ravel()], dtype=object).clip(info.min, info.max).reshape(x.shape).astype(target)
    return x.astype(target)


# --- constants, shapes and symbols
@op("constant")
def constant(frame, o):
    return o.value


@op("shape_vector")
def shape_vector(frame, o):
    values = np.array(frame.dims(o.dims), o.types[0].dtype)
    return values.reshape(()) if not o.types[0].dims else values


@op("read_symbols")
def read_symbols(frame, o, values):
    for name, value in zip(o.symbols, values.ravel()):
        assert value >= o.attributes.get("minimum", 0), (name, value)
        frame.symbols[name] = int(value)
    return []


@op("guard")
def guard(frame, o):
    if frame.dim(o.lhs) != frame.dim(o.rhs):
        raise GuardFailed(o.message)
    return []


# --- data movement
@op("reshape")
def reshape(frame, o, x):
    return x.reshape(frame.dims(o.types[0].dims))


@op("transpose")
def transpose(frame, o, x):
    return x.transpose(o.permutation)


@op("broadcast")
def broadcast(frame, o, x):
    return np.broadcast_to(x, frame.dims(o.types[0].dims))


@op("slice")
def slice_(frame, o, x):
    index = [np.arange(size) * step + start
             for start, step, size in zip(frame.dims(o.starts), o.steps, frame.dims(o.types[0].dims))]
    return x[np.ix_(*index)] if index else x


@op("concat")
def concat(frame, o, *inputs):
    return np.concatenate(inputs, o.axis)


@op("pad")
def pad(frame, o, x, value):
    low = frame.dims(o.low)
    high = [to - extent - before for to, extent, before in zip(frame.dims(o.types[0].dims), x.shape, low)]
    x = x[tuple(slice(max(-l, 0), extent - max(-h, 0)) for l, h, extent in zip(low, high, x.shape))]
    amounts = [(max(l, 0), max(h, 0)) for l, h in zip(low, high)]
    return np.pad(x, amounts, constant_values=value) if o.mode == "constant" else np.pad(x, amounts, mode=o.mode)


@op("gather")
def gather(frame, o, data, indices):
    return np.take(data, indices, o.axis)


@op("gather_elements")
def gather_elements(frame, o, data, indices):
    return np.take_along_axis(data, np.where(indices < 0, indices + data.shape[o.axis], indices), o.axis) if indices.size else \
        np.empty(indices.shape, data.dtype)


@op("gather_nd")
def gather_nd(frame, o, data, indices):
    batch = o.batch_dims
    out = [data[b][tuple(i)] for b in np.ndindex(data.shape[:batch]) for i in indices[b].reshape(-1, indices.shape[-1])]
    return np.array(out, data.dtype).reshape(indices.shape[:-1] + data.shape[batch + indices.shape[-1]:])


COMBINE = {"none": lambda a, b: b, "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "min": np.minimum, "max": np.maximum}


@op("scatter_elements")
def scatter_elements(frame, o, data, indices, updates):
    out = data.copy()
    for at in np.ndindex(indices.shape):
        to = list(at)
        to[o.axis] = indices[at]
        out[tuple(to)] = COMBINE[o.kind](out[tuple(to)], updates[at])
    return out


@op("scatter_nd")
def scatter_nd(frame, o, data, indices, updates):
    out = data.copy()
    for at in np.ndindex(indices.shape[:-1]):
        to = tuple(indices[at])
        out[to] = COMBINE[o.kind](out[to], updates[at])
    return out


@op("iota")
def iota(frame, o):
    dims = frame.dims(o.types[0].dims)
    shape = [1] * len(dims)
    shape[o.axis] = dims[o.axis]
    return np.broadcast_to(np.arange(dims[o.axis]).reshape(shape), dims).astype(o.types[0].dtype)


# --- reductions
@op("reduce")
def reduce(frame, o, x):
    function = {"sum": np.sum, "prod": np.prod, "min": np.min, "max": np.max, "mean": np.mean}[o.kind]
    extra = {}
    if o.kind in ("min", "max"):
        integer = not np.issubdtype(x.dtype, np.floating)
        if x.dtype == np.bool_:
            extreme = o.kind == "min"
        elif integer:
            extreme = np.iinfo(x.dtype).max if o.kind == "min" else np.iinfo(x.dtype).min
        else:
            extreme = np.inf if o.kind == "min" else -np.inf
        extra["initial"] = extreme
    return function(x, axis=tuple(o.axes), keepdims=True, **extra).astype(x.dtype)


@op("arg_reduce")
def arg_reduce(frame, o, x):
    function = np.argmax if o.largest else np.argmin
    if not o.last:
        return np.expand_dims(function(x, o.axis), o.axis)
    return np.expand_dims(x.shape[o.axis] - 1 - function(np.flip(x, o.axis), o.axis), o.axis)


@op("block")
def block(frame, o, x):
    size, axis = int(o.size), int(o.axis)
    pad = [(0, 0)] * x.ndim
    pad[axis] = (0, -x.shape[axis] % size)
    x = np.pad(x, pad)
    x = x.reshape(*x.shape[:axis], x.shape[axis] // size, size, *x.shape[axis + 1:])
    return (np.moveaxis(x, axis + 1, -1),)


@op("cumulative")
def cumulative(frame, o, x):
    x = np.flip(x, o.axis) if o.reverse else x
    y = (np.cumsum if o.kind == "sum" else np.cumprod)(x, o.axis, dtype=x.dtype)
    if o.exclusive:
        first = np.full_like(np.take(y, [0], o.axis), 0 if o.kind == "sum" else 1)
        y = np.concatenate([first, np.delete(y, -1, o.axis)], o.axis)
    return np.flip(y, o.axis) if o.reverse else y


@op("top_k")
def top_k(frame, o, x):
    k = frame.dims(o.types[0].dims)[o.axis]
    keys = x if not o.largest else (-x.astype(np.float64) if x.dtype.kind == "f" else -x.astype(object))
    order = np.take(np.argsort(keys, axis=o.axis, kind="stable"), np.arange(k), o.axis)
    return np.take_along_axis(x, order, o.axis), order


@op("non_zero")
def non_zero(frame, o, x):
    found = np.array(np.nonzero(x if x.ndim else x.reshape(1)), np.int64)
    found = found if x.ndim else found[:0]
    frame.symbols[o.symbol] = found.shape[1]
    return found


@op("softmax")
def softmax(frame, o, x):
    wide = x.astype(np.float64)
    shifted = wide - wide.max(axis=o.axis, keepdims=True, initial=-np.inf)
    log = shifted - np.log(np.exp(shifted).sum(axis=o.axis, keepdims=True))
    return (log if o.log else np.exp(log)).astype(x.dtype)


@op("layer_norm")
def layer_norm(frame, o, x):
    axes = tuple(range(o.axis, x.ndim))
    wide = x.astype(np.float64)
    if o.centered:
        wide = wide - wide.mean(axis=axes, keepdims=True)
    return (wide / np.sqrt((wide * wide).mean(axis=axes, keepdims=True) + o.epsilon)).astype(x.dtype)


# --- contractions
@op("matmul")
def matmul(frame, o, a, b):
    return np.matmul(a, b.swapaxes(-1, -2) if o.attributes.get("transpose_rhs") else b)


def windows(x, o, kernel, fill):
    """Per tap of the kernel: the tap and the strided view of the padded operand that it multiplies."""
    n = len(kernel)
    out = [d for d in o.extents]
    low, high = o.pads[:n], o.pads[n:]
    need = [max((e - 1) * s + d * (k - 1) + 1 - l, extent) for e, s, d, k, l, extent in
            zip(out, o.strides, o.dilations, kernel, low, x.shape[2:])]
    padded = np.pad(x, [(0, 0), (0, 0)] + [(max(l, 0), max(w - e, 0)) for l, w, e in zip(low, need, x.shape[2:])], constant_values=fill)
    for tap in itertools.product(*map(range, kernel)):
        index = tuple(slice(t * d, t * d + (e - 1) * s + 1, s) if e else slice(0, 0)
                      for t, d, e, s in zip(tap, o.dilations, out, o.strides))
        yield tap, padded[(slice(None), slice(None)) + index]


@op("conv")
def conv(frame, o, x, w):
    o.attributes["extents"] = frame.dims(o.types[0].dims)[2:]
    group = o.group
    y = np.zeros(frame.dims(o.types[0].dims), np.float64)
    m, c = w.shape[0] // group, w.shape[1]
    for tap, view in windows(x.astype(np.float64), o, w.shape[2:], 0):
        for g in range(group):
            y[:, g * m:(g + 1) * m] += np.einsum("nc...,mc->nm...", view[:, g * c:(g + 1) * c],
                                                 w[(slice(g * m, (g + 1) * m), slice(None)) + tap].astype(np.float64))
    return y.astype(x.dtype)


@op("conv_transpose")
def conv_transpose(frame, o, x, w):
    dims = frame.dims(o.types[0].dims)
    n = len(o.strides)
    y = np.zeros(dims, np.float64)
    group, m = o.group, w.shape[1]
    c = x.shape[1] // group
    for at in np.ndindex(*x.shape[2:]):
        for tap in np.ndindex(*w.shape[2:]):
            to = tuple(a * s + t * d - p for a, s, t, d, p in zip(at, o.strides, tap, o.dilations, o.pads[:n]))
            if all(0 <= t < e for t, e in zip(to, dims[2:])):
                for g in range(group):
                    rows = slice(g * c, (g + 1) * c)
                    y[(slice(None), slice(g * m, (g + 1) * m)) + to] += np.einsum(
                        "nc,cm->nm", x[(slice(None), rows) + at].astype(np.float64), w[(rows, slice(None)) + tap].astype(np.float64))
    return y.astype(x.dtype)


@op("pool")
def pool(frame, o, x):
    o.attributes["extents"] = frame.dims(o.types[0].dims)[2:]
    if o.kind == "max":
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        return np.maximum.reduce([view for _, view in windows(x, o, o.kernel, lowest)])
    total = sum(view for _, view in windows(x.astype(np.float64), o, o.kernel, 0))
    ones = np.ones(x.shape)
    if o.count_padding:  # the padding that is declared counts; what ceil adds does not
        n = len(o.kernel)
        ones = np.pad(ones, [(0, 0), (0, 0)] + list(zip(o.pads[:n], o.pads[n:])), constant_values=1)
        o.attributes["pads"] = [0] * (2 * n)
    return (total / sum(view for _, view in windows(ones, o, o.kernel, 0))).astype(x.dtype)


@op("attention")
def attention(frame, o, q, k, v, bias=None):
    groups = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, groups, 1).astype(np.float64), np.repeat(v, groups, 1).astype(np.float64)
    scores = q.astype(np.float64) @ k.swapaxes(-1, -2) * o.scale
    if bias is not None:
        scores = scores + bias
    if o.attributes.get("causal"):
        s, t = scores.shape[-2:]
        scores = np.where(np.arange(t) > np.arange(s)[:, None] + t - s, -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True, initial=-np.inf))
    return (weights / weights.sum(axis=-1, keepdims=True) @ v).astype(q.dtype)


# --- recurrence
ACTIVATIONS = {
    "Relu": lambda x, a, b: np.maximum(x, 0), "Tanh": lambda x, a, b: np.tanh(x),
    "Sigmoid": lambda x, a, b: 1 / (1 + np.exp(-x)), "Affine": lambda x, a, b: a * x + b,
    "LeakyRelu": lambda x, a, b: np.where(x >= 0, x, a * x), "ThresholdedRelu": lambda x, a, b: np.where(x > a, x, 0),
    "ScaledTanh": lambda x, a, b: a * np.tanh(b * x), "HardSigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "Elu": lambda x, a, b: np.where(x >= 0, x, a * (np.exp(x) - 1)), "Softsign": lambda x, a, b: x / (1 + np.abs(x)),
    "Softplus": lambda x, a, b: np.logaddexp(x, 0),
}


def step(o, direction, x, h, c, r, bias, peep):
    """One step of one direction: x [B, gates*H] -> h, c."""
    size = h.shape[1]
    count = len(o.activations) // (2 if o.direction == "bidirectional" else 1)
    clip = (lambda v: np.clip(v, -o.clip, o.clip)) if o.clip > 0 else (lambda v: v)

    def act(i, v):
        i += direction * count
        return ACTIVATIONS[o.activations[i]](clip(v), o.alphas[i], o.betas[i])
    part = [slice(i * size, (i + 1) * size) for i in range(4)]
    if o.kind == "rnn":
        return act(0, x + h @ r.T + bias), c
    if o.kind == "gru":
        hr = h @ r.T + bias
        z, reset = act(0, x[:, part[0]] + hr[:, part[0]]), act(0, x[:, part[1]] + hr[:, part[1]])
        inner = reset * hr[:, part[2]] if o.linear_before_reset else (reset * h) @ r[part[2]].T
        n = act(1, x[:, part[2]] + inner)
        return (1 - z) * n + z * h, c
    gates = x + h @ r.T + bias  # i, o, f, c
    pi, po, pf = (peep[p] for p in part[:3])
    i = act(0, gates[:, part[0]] + pi * c)
    f = 1 - i if o.input_forget else act(0, gates[:, part[2]] + pf * c)
    c = f * c + i * act(1, gates[:, part[3]])
    out = act(0, gates[:, part[1]] + po * c)
    return out * act(2, c), c


@op("rnn")
def rnn(frame, o, *arguments):
    given = iter(arguments)
    names = ["projected", "r", "bias", "h", "c", "lengths", "peep"]
    a = {name: next(given) if present else None for name, present in zip(names, o.operandSegmentSizes)}
    directions, steps, batch, _, gates, _ = a["projected"].shape
    size, width = a["r"].shape[2], gates * a["r"].shape[2]
    # Blocks of units [.., ceil(H/P), .., gates, P] to gates*H.
    a["r"] = a["r"].transpose(0, 3, 1, 4, 2).reshape(directions, gates, -1, size)[:, :, :size].reshape(directions, width, size)
    p = a["projected"].transpose(0, 1, 2, 4, 3, 5).reshape(directions, steps, batch, gates, -1)[..., :size]
    a["projected"] = p.reshape(directions, steps, batch, width)
    lengths = a["lengths"] if a["lengths"] is not None else np.full(batch, steps)
    y = np.zeros((steps, directions, batch, size))
    last_h, last_c = np.zeros((directions, batch, size)), np.zeros((directions, batch, size))
    for d in range(directions):
        backwards = o.direction == "reverse" or d == 1
        peep = a["peep"][d] if a["peep"] is not None else np.zeros(3 * size)
        bias = a["bias"][d] if a["bias"] is not None else np.zeros(width)
        for b in range(batch):
            h = a["h"][d, b:b + 1] if a["h"] is not None else np.zeros((1, size))
            c = a["c"][d, b:b + 1] if a["c"] is not None else np.zeros((1, size))
            order = range(lengths[b])
            for t in reversed(order) if backwards else order:
                h, c = step(o, d, a["projected"][d, t, b:b + 1].astype(np.float64), h, c, a["r"][d], bias, peep)
                y[t, d, b] = h[0]
            last_h[d, b], last_c[d, b] = h[0], c[0]
    dtype = a["projected"].dtype
    return y.astype(dtype), last_h.astype(dtype), last_c.astype(dtype)


# --- control flow
@op("if")
def if_(frame, o, condition):
    results = frame.run(o.regions[0 if condition else 1][1])
    for symbol in o.symbols:
        frame.symbols.pop(symbol, None)
    return results


@op("loop")
def loop(frame, o, trips, condition, *carried):
    arguments, ops = o.regions[0]
    carried, scans = list(carried), [[] for _ in range(len(o.results) - len(carried))]
    iteration = 0
    while condition and (trips < 0 or iteration < trips):
        for symbol in o.symbols:
            frame.symbols.pop(symbol, None)
        for (name, type_), value in zip(arguments, [np.int64(iteration), np.asarray(condition), *carried]):
            frame.values[name] = np.asarray(value)
            frame.bind(type_, frame.values[name])
        condition, *rest = frame.run(ops)
        carried = rest[:len(carried)]
        for stack, value in zip(scans, rest[len(carried):]):
            stack.append(value)
        iteration += 1
    for symbol in o.symbols:
        frame.symbols.pop(symbol, None)
    stacked = []
    for stack, type_ in zip(scans, o.types[len(carried):]):
        empty = [0 if isinstance(d, str) else d for d in type_.dims]
        stacked.append(np.stack(stack) if stack else np.zeros([0] + empty[1:], type_.dtype))
    return carried + stacked
