"""Attention and recurrent layers: head counts, lengths and masks, directions, states and every activation's way."""
import itertools

import numpy as np

from batch import Batch, Case
from numbers_at import generator, normal, wide

# --- Attention


def split(x, heads):
    return x if x.ndim == 4 else x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(0, 2, 1, 3)


def attention(options):
    def expected(q, k, v, mask=None, past_k=None, past_v=None):
        plain = q.ndim == 4
        q, k, v = split(wide(q), options.get("q_num_heads",
                                             1)), split(wide(k),
                                                        options.get("kv_num_heads",
                                                                    1)), split(wide(v), options.get("kv_num_heads", 1))
        if past_k is not None:
            k, v = np.concatenate([wide(past_k), k], 2), np.concatenate([wide(past_v), v], 2)
        present = (k, v)
        groups = q.shape[1] // k.shape[1]
        k, v = np.repeat(k, groups, 1), np.repeat(v, groups, 1)
        scores = q @ k.swapaxes(2, 3) * options.get("scale", 1 / np.sqrt(q.shape[3]))
        if options.get("softcap"):
            scores = np.tanh(scores / options["softcap"]) * options["softcap"]
        if mask is not None:
            scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + wide(mask)
        if options.get("is_causal"):
            past = 0 if past_k is None else past_k.shape[2]
            scores = np.where(np.arange(k.shape[2]) <= np.arange(q.shape[2])[:, None] + past, scores, -np.inf)
        e = np.exp(scores - scores.max(-1, keepdims=True))
        result = e / e.sum(-1, keepdims=True) @ v
        if not plain:
            result = result.transpose(0, 2, 1, 3).reshape(result.shape[0], result.shape[2], -1)
        return (result, *present) if past_k is not None else result

    return expected


def attending(name, shapes, mask=None, dtype=np.float32, past=(), heads_known=True, **options):
    """shapes: (batch, query heads, key heads, queries, keys, head size, value size) for each run."""
    operands = []
    for b, hq, hk, s, t, d, dv in shapes:
        lists = [
            normal(b, hq, s, d, dtype=dtype),
            normal(b, hk, t, d, dtype=dtype, seed=1),
            normal(b, hk, t, dv, dtype=dtype, seed=2)
        ]
        if "q_num_heads" in options:
            lists = [x.transpose(0, 2, 1, 3).reshape(b, x.shape[2], -1).copy() for x in lists]
        if mask or past:
            lists.append(mask(b, hq, s, t + sum(past)) if mask else None)
        if past:
            lists += [normal(b, hk, past[0], d, dtype=dtype, seed=5), normal(b, hk, past[0], dv, dtype=dtype, seed=6)]
        operands.append(lists)
    eps = float(np.finfo(dtype).eps)
    results = 3 if past else 1
    return Case(name,
                "Attention",
                operands,
                attention(options),
                lambda *x: (64 * eps,) * results, {"scale": .25} | options if "scale" not in options else options,
                dtypes=(dtype,) * results,
                opset=23,
                static=1,
                fixed={
                    i: (1, 3) if operand.ndim == 4 else (2,)
                    for i, operand in enumerate(operands[0]) if i != 3 and operand is not None and heads_known
                })


def visible(b, h, s, t):
    keep = generator(s, t).random((s, t)) < .6
    keep[:, 0] = True
    return keep


def attentions():
    sizes = [(1, 1, 1, 1, 1, 1, 1), (1, 2, 2, 1, 33, 16, 16), (2, 3, 3, 7, 7, 8, 8), (1, 4, 4, 17, 31, 64, 64),
             (1, 2, 2, 33, 16, 15, 17), (1, 1, 1, 5, 700, 16, 16), (2, 2, 2, 64, 64, 32, 32), (1, 2, 2, 3, 5, 100, 7),
             (1, 1, 1, 1, 1025, 32, 33), (0, 2, 2, 4, 4, 8, 8)]
    for i, size in enumerate(sizes):
        for dtype in (np.float32, np.float64) if i < 5 else (np.float32,):
            yield attending(f"attention.{i}-{dtype.__name__}", [size], dtype=dtype, scale=.25)
    runs = [(2, 4, 4, 5, 9, 16, 16), (1, 4, 4, 1, 33, 16, 16), (3, 4, 4, 17, 64, 16, 16), (1, 4, 4, 40, 40, 16, 16),
            (1, 4, 4, 2, 600, 16, 16)]
    grouped = [(2, 6, 2, 5, 9, 16, 24), (1, 6, 2, 1, 40, 16, 24), (1, 6, 2, 33, 33, 16, 24)]
    square = [(1, 2, 2, n, n, 16, 16) for n in (7, 1, 2, 15, 16, 17, 33, 100)]
    for label, shapes, heads in (("any", runs, {}), ("grouped", grouped, {}),
                                 ("rank3", runs, {"q_num_heads": 4, "kv_num_heads":
                                                  4}), ("rank3.grouped", grouped, {"q_num_heads": 6, "kv_num_heads":
                                                                                   2}), ("square", square, {})):
        yield attending(f"{label}.plain", shapes, scale=.25, **heads)
        yield attending(f"{label}.unknown", shapes, scale=.25, heads_known=False, is_causal=1, **heads)
        yield attending(f"{label}.causal", shapes, scale=.25, is_causal=1, **heads)
        yield attending(f"{label}.bias", shapes, lambda b, h, s, t: normal(s, t, seed=9), scale=.25, **heads)
        yield attending(f"{label}.bool", shapes, visible, scale=.25, **heads)
        yield attending(f"{label}.bias.causal",
                        shapes,
                        lambda b, h, s, t: normal(b, h, s, t, seed=9),
                        scale=.25,
                        is_causal=1,
                        **heads)
        yield attending(f"{label}.softcap", shapes, scale=.5, softcap=2., **heads)
        yield attending(f"{label}.past", shapes, past=(11,), scale=.25, is_causal=1, **heads)


# --- Recurrent layers


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {
    "Tanh": np.tanh, "Sigmoid": sigmoid, "Relu": lambda x: np.maximum(x, 0), "Softsign": lambda x: x / (1 + np.abs(x)),
    "HardSigmoid": lambda x: np.clip(.2 * x + .5, 0, 1), "LeakyRelu": lambda x: np.where(x < 0, .01 * x, x), "Elu":
    lambda x: np.where(x < 0, np.expm1(x), x), "Softplus": lambda x: np.logaddexp(x, 0), "Affine": lambda x: x,
    "ScaledTanh": np.tanh, "ThresholdedRelu": lambda x: np.where(x > 1, x, 0)
}
DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def step(kind, names, x, w, r, bias, h, c, peep, options):
    """One step: x [B, I], h and c [B, H]; the new h and c. As in ONNX Runtime the clip bounds gates, not the cell."""
    size, clip = h.shape[1], options.get("clip")
    functions = [lambda v, f=FUNCTIONS[name]: f(np.clip(v, -clip, clip) if clip else v) for name in names]
    gates = GATES[kind]
    wb, rb = bias[:gates * size], bias[gates * size:]
    px, ph = x @ w.T + wb, h @ r.T + rb
    if kind == "RNN":
        return functions[0](px + ph), c
    if kind == "GRU":
        z, reset = (functions[0](px[:, i * size:(i + 1) * size] + ph[:, i * size:(i + 1) * size]) for i in (0, 1))
        inner = ph[:, 2 * size:] * reset if options.get(
            "linear_before_reset") else (reset * h) @ r[2 * size:].T + rb[2 * size:]
        return (1 - z) * functions[1](px[:, 2 * size:] + inner) + z * h, c
    gate = [px[:, i * size:(i + 1) * size] + ph[:, i * size:(i + 1) * size] for i in range(4)]    # i o f c
    pi, po, pf = peep[:size], peep[size:2 * size], peep[2 * size:]
    i = functions[0](gate[0] + pi * c)
    f = 1 - i if options.get("input_forget") else functions[0](gate[2] + pf * c)
    cell = f * c + i * functions[1](gate[3])
    o = functions[0](gate[1] + po * cell)
    return o * FUNCTIONS[names[2]](cell), cell


def recurrent(kind, options):
    def expected(x, w, r, b=None, lengths=None, h0=None, c0=None, peepholes=None):
        first = options.get("layout", 0)
        x, w, r = wide(x), wide(w), wide(r)
        if first:
            x = x.swapaxes(0, 1)
        steps, batch, _ = x.shape
        directions, size = w.shape[0], r.shape[2]
        lengths = np.full(batch, steps) if lengths is None else lengths
        states = lambda s: np.zeros((directions, batch, size)) if s is None else wide(s.swapaxes(0, 1) if first else s)
        h0, c0 = states(h0), states(c0)
        y, last_h, last_c = np.zeros((steps, directions, batch, size)), h0.copy(), c0.copy()
        names = options.get("activations", DEFAULTS[kind] * directions)
        for d in range(directions):
            backward = options.get("direction") == "reverse" or d == 1
            bias = np.zeros(2 * GATES[kind] * size) if b is None else wide(b[d])
            peep = np.zeros(3 * size) if peepholes is None else wide(peepholes[d])
            own = names[d * len(DEFAULTS[kind]):(d + 1) * len(DEFAULTS[kind])]
            for n in range(batch):
                h, c = h0[d, n:n + 1], c0[d, n:n + 1]
                for t in range(lengths[n])[::-1 if backward else 1]:
                    h, c = step(kind, own, x[t, n:n + 1], w[d], r[d], bias, h, c, peep, options)
                    y[t, d, n] = h
                last_h[d, n], last_c[d, n] = h, c
        results = [y, last_h] + ([last_c] if kind == "LSTM" else [])
        if first:
            results = [y.transpose(2, 0, 1, 3)] + [s.swapaxes(0, 1) for s in results[1:]]
        return tuple(results)

    return expected


def layer(name,
          kind,
          sizes,
          bias=True,
          lengths=False,
          states=False,
          peepholes=False,
          weights=True,
          dtype=np.float32,
          **options):
    """sizes: (steps, batch, input, hidden) for each run; input and hidden stay the same."""
    directions, gates, operands = 2 if options.get("direction") == "bidirectional" else 1, GATES[kind], []
    first = options.get("layout", 0)
    for steps, batch, width, hidden in sizes:
        x = normal(batch, steps, width, dtype=dtype) if first else normal(steps, batch, width, dtype=dtype)
        lists = [
            x,
            normal(directions, gates * hidden, width, dtype=dtype, seed=1) * dtype(.3),
            normal(directions, gates * hidden, hidden, dtype=dtype, seed=2) * dtype(.3),
            normal(directions, 2 * gates * hidden, dtype=dtype, seed=3) * dtype(.3) if bias else None,
            generator(steps, batch).integers(1, steps + 1, batch).astype(np.int32) if lengths else None
        ]
        for seed in range(4, 5 + (kind == "LSTM")):
            state = (batch, directions, hidden) if first else (directions, batch, hidden)
            lists.append(normal(*state, dtype=dtype, seed=seed) if states else None)
        if kind == "LSTM":
            lists.append(normal(directions, 3 * hidden, dtype=dtype, seed=8) * dtype(.3) if peepholes else None)
        operands.append(lists)
    results = 3 if kind == "LSTM" else 2
    eps = float(np.finfo(dtype).eps)
    constant = (1, 2, 3, 7) if weights else ()
    return Case(name,
                kind,
                operands,
                recurrent(kind, options),
                lambda *x: (200 * eps,) * results, {"hidden_size": sizes[0][3]} | options,
                constant,
                dtypes=(dtype,) * results,
                opset=22,
                static=1,
                dynamic=weights,
                fixed={0: (2,), 5: (first, 2), 6: (first, 2)})


def layers():
    for kind in GATES:
        for hidden in (1, 2, 7, 15, 16, 17, 33, 64):
            yield layer(f"{kind}.hidden{hidden}", kind, [(5, 3, 4, hidden), (1, 1, 4, hidden), (9, 17, 4, hidden)])
        for direction, (label, options) in itertools.product(
            ("forward", "reverse", "bidirectional"), {
                "plain": {"bias": False}, "lengths": {"lengths": True}, "states": {"states": True, "lengths": True},
                "layout": {"layout": 1, "states": True}, "clip": {"clip": .25}, "data": {"weights": False}
            }.items()):
            yield layer(f"{kind}.{direction}.{label}",
                        kind, [(5, 3, 4, 8), (2, 4, 4, 8)],
                        direction=direction,
                        **options)
        yield layer(f"{kind}-float64", kind, [(5, 3, 4, 9)], dtype=np.float64, direction="bidirectional", states=True)
        for name in FUNCTIONS:
            yield layer(f"{kind}.{name}", kind, [(3, 2, 4, 5)], activations=[name] * len(DEFAULTS[kind]))
        yield layer(f"{kind}.mixed",
                    kind, [(3, 2, 4, 5)],
                    direction="bidirectional",
                    activations=["Relu", "Sigmoid", "Tanh"][:len(DEFAULTS[kind])] +
                    ["Tanh", "Softsign", "Elu"][:len(DEFAULTS[kind])])
    for label, options in {
            "before": {"linear_before_reset": 1}, "before.lengths":
        {"linear_before_reset": 1, "lengths": True, "states": True}
    }.items():
        for hidden in (5, 16, 33):
            yield layer(f"GRU.{label}.{hidden}", "GRU", [(5, 3, 4, hidden), (2, 4, 4, hidden)], **options)
    for hidden in (5, 16):
        yield layer(f"LSTM.peepholes.{hidden}", "LSTM", [(5, 3, 4, hidden)], peepholes=True, states=True)
        yield layer(f"LSTM.input_forget.{hidden}", "LSTM", [(5, 3, 4, hidden)], input_forget=1, peepholes=True)


BATCHES = {"attention": Batch(list(attentions())), "recurrent": Batch(list(layers()))}


@BATCHES["attention"].parametrize()
def test_attention(name, shapes, build):
    BATCHES["attention"].check(name, shapes, build)


@BATCHES["recurrent"].parametrize()
def test_recurrent_layers(name, shapes, build):
    BATCHES["recurrent"].check(name, shapes, build)
