"""Recurrent layers stay whole: PyTorch would take them apart, step by step."""
import torch
from torch.overrides import TorchFunctionMode

from .composites import istft

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
    if not any(_is_plain(node.target, node.args, node.kwargs) for node in module.graph.nodes):
        return module
    copy = copied(module)
    for node in [node for node in copy.graph.nodes if _is_plain(node.target, node.args, node.kwargs)]:
        with copy.graph.inserting_before(node):
            whole = copy.graph.call_function(torch.ops.quern.recurrent.default, _arguments(node.target, node.args))
        whole.meta = dict(node.meta)
        node.replace_all_uses_with(whole)
        copy.graph.erase_node(node)
    return copy


def copied(module):
    graph = torch.fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    return torch.fx.GraphModule(module, graph)


def _is_plain(function, args, keywords):
    """Whether it is a layer that inference computes: a dense batch, no dropout, no projection of the state."""
    if function not in _TARGETS or len(args) != _ARGUMENTS or keywords:
        return False
    x, state, parameters, biases, layers, dropout, train, bidirectional, _ = args
    return isinstance(parameters, (list, tuple)) and not (train and dropout) and \
        len(parameters) == layers * (2 if bidirectional else 1) * (4 if biases else 2)


def _arguments(function, args):
    cell = _TARGETS[function]
    x, state, parameters, biases, layers, _, _, bidirectional, batch_first = args
    return x, list(state) if cell == "lstm" else [state], parameters, cell, biases, layers, bidirectional, batch_first


class KeptWhole(TorchFunctionMode):
    """The same for calls that are recorded under it: torch.export takes a layer apart, which fixes the length of its input.
    And torch.istft asks for values there."""
    def __torch_function__(self, function, types, args=(), kwargs=None):
        if _is_plain(function, args, kwargs):
            return tuple(torch.ops.quern.recurrent.default(*_arguments(function, args)))
        if function is torch.istft and not (kwargs or {}).get("return_complex"):
            return istft(*args, **kwargs or {})
        return function(*args, **kwargs or {})
