"""Recurrent layers, kept whole by capture.py as quern::recurrent."""
from ..._trace import build, neural
from .table import lowers

_BLOCK = 16     # hidden units that lie together in what a layer reads (frontends/onnx/lowering/Recurrent.cpp)
# The gates of the op in PyTorch's order: ONNX has input, output, forget, cell and update, reset, hidden.
_GATES = {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2], "rnn_tanh": [0], "rnn_relu": [0]}


class _Layer:
    """One direction's parameters, the gates in the op's order: [gates, H, columns] and [gates, H]."""

    def __init__(self, cell, parameters, biases):
        self.order = _GATES[cell]
        self.gates, self.hidden = len(self.order), parameters[1].dims[1]
        self.input, self.recurrence = (self._ordered(weight, [weight.dims[1]]) for weight in parameters[:2])
        self.biases = [self._ordered(bias, []) for bias in parameters[2:4]] if biases else None

    def _ordered(self, value, tail):
        split = build.reshape(value, [self.gates, self.hidden, *tail])
        return build.concat([build.slice_axis(split, 0, gate, 1) for gate in self.order], 0)

    def by_blocks(self, value):
        """[gates, H, columns] as rows by blocks of units: [ceil(H/16) * gates * 16, columns]."""
        ordered = build.transpose(neural.block(value, 1, _BLOCK), [1, 0, 3, 2])
        return build.reshape(ordered, [build.product(ordered.dims[:3]), ordered.dims[3]])


def _project(layer, x, bias):
    """x W^T + bias of all steps: [1, T, B, ceil(H/16), gates, 16]."""
    steps, batch, features = x.dims
    rows = layer.by_blocks(layer.input)
    y = build.matmul(build.reshape(x, [steps * batch, features]), build.transpose(rows, [1, 0]))
    if bias is not None:
        flat = layer.by_blocks(build.add_axes(bias, [2]))
        y = build.binary("add", y, build.reshape(flat, [flat.dims[0]]))
    return build.reshape(y, [1, steps, batch, rows.dims[0] // (layer.gates * _BLOCK), layer.gates, _BLOCK])


def _run(c, cell, layers, x, h, memory):
    """One layer in all its directions. A GRU adds the bias of its recurrence inside the product with the reset gate."""
    inner = cell == "gru"
    projected, recurrence, recurrence_bias = [], [], []
    for layer in layers:
        bias = None
        if layer.biases:
            bias = layer.biases[0] if inner else build.binary("add", *layer.biases)
            recurrence_bias.append(build.reshape(layer.biases[1], [1, layer.gates * layer.hidden]))
        projected.append(_project(layer, x, bias))
        packed = build.transpose(neural.block(layer.recurrence, 1, _BLOCK), [1, 2, 0, 3])
        recurrence.append(build.add_axes(packed, [0]))
    return neural.rnn(cell, build.concat(projected, 0), build.concat(recurrence, 0),
                      build.concat(recurrence_bias, 0) if inner and recurrence_bias else None, h, memory,
                      layers[0].hidden, len(layers))


@lowers("quern::recurrent.default")
def recurrent(c, x, state, parameters, cell, biases, layers, bidirectional, batch_first):
    directions = 2 if bidirectional else 1
    each = 4 if biases else 2
    single = len(x.dims) == 2      # one sequence without a batch
    if single:
        x, state = build.add_axes(x, [1]), [build.add_axes(part, [1]) for part in state]
    elif batch_first:
        x = build.transpose(x, [1, 0, 2])
    steps, batch, _ = x.dims
    last = [[], []]
    for number in range(layers):
        first = number * directions
        these = [_Layer(cell, parameters[(first + d) * each:(first + d + 1) * each], biases) for d in range(directions)]
        initial = [build.slice_axis(part, 0, first, directions) for part in state] + [None]
        y, h, memory = _run(c, cell, these, x, initial[0], initial[1])
        x = build.reshape(build.transpose(y, [0, 2, 1, 3]), [steps, batch, directions * these[0].hidden])
        last[0].append(h)
        last[1].append(memory)
    results = [x, *(build.concat(parts, 0) for parts in last[:len(state)])]
    if single:
        return tuple(build.drop_axes(part, [1]) for part in results)
    return (build.transpose(x, [1, 0, 2]) if batch_first else x, *results[1:])
