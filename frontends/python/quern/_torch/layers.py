"""Recurrent layers stay whole: PyTorch would take them apart, step by step."""
import torch

_CELLS = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_LIBRARY = torch.library.Library("quern", "DEF")
_LIBRARY.define("recurrent(Tensor x, Tensor[] state, Tensor[] parameters, str cell, bool biases, int layers, "
                "bool bidirectional, bool batch_first) -> Tensor[]")
_ARGUMENTS = 9      # of torch.lstm and the others on a dense batch


def _run(x, state, parameters, cell, biases, layers, bidirectional, batch_first):
    """As PyTorch computes it, where the layer is not part of a program."""
    state = tuple(state) if cell == "lstm" else state[0]
    return list(getattr(torch, cell)(x, state, parameters, biases, layers, 0.0, False, bidirectional, batch_first))


def _shapes(x, state, parameters, cell, biases, layers, bidirectional, batch_first):
    hidden = parameters[1].shape[1] * (2 if bidirectional else 1)
    return [x.new_empty((*x.shape[:-1], hidden)), *(part.new_empty(part.shape) for part in state)]


torch.library.impl(_LIBRARY, "recurrent", "CompositeExplicitAutograd")(_run)
torch.library.register_fake("quern::recurrent", _shapes, lib=_LIBRARY)

_TARGETS = {getattr(torch, cell): cell for cell in _CELLS} | {getattr(torch._VF, cell): cell for cell in _CELLS}
_TARGETS |= {getattr(torch.ops.aten, cell).input: cell for cell in _CELLS}


def keep_whole(module):
    """The module with its recurrent layers as one operator each; the module itself where it has none."""
    found = [node for node in module.graph.nodes if node.target in _TARGETS and _is_plain(node)]
    if not found:
        return module
    copy = torch.fx.GraphModule(module, _copied(module))
    for node in [node for node in copy.graph.nodes if node.target in _TARGETS and _is_plain(node)]:
        cell = _TARGETS[node.target]
        x, state, parameters, biases, layers, _, _, bidirectional, batch_first = node.args
        with copy.graph.inserting_before(node):
            whole = copy.graph.call_function(torch.ops.quern.recurrent.default, (
                x, list(state) if cell == "lstm" else [state], parameters, cell, biases, layers, bidirectional, batch_first))
        whole.meta = dict(node.meta)
        node.replace_all_uses_with(whole)
        copy.graph.erase_node(node)
    return copy


def _copied(module):
    graph = torch.fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    return graph


def _is_plain(node):
    """Whether a layer is one that inference computes: a dense batch, no dropout, no projection of the state."""
    if len(node.args) != _ARGUMENTS or node.kwargs:
        return False
    x, state, parameters, biases, layers, dropout, train, bidirectional, _ = node.args
    return isinstance(parameters, (list, tuple)) and not (train and dropout) and \
        len(parameters) == layers * (2 if bidirectional else 1) * (4 if biases else 2)
