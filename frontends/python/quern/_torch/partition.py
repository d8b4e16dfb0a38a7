"""A captured graph becomes pieces that are compiled and a rest that PyTorch runs."""
import operator

import torch
from torch.fx.passes.infra.partitioner import CapabilityBasedPartitioner
from torch.fx.passes.operator_support import OperatorSupportBase

from .lower import Lowered
from .program import Piece
from .refusal import Refusal
from .report import operators_left_to_pytorch

# A piece of these alone is not worth a call.
_MOVEMENTS = ["aten.view", "aten.permute", "aten.t", "aten.transpose", "aten.unsqueeze", "aten.squeeze", "aten.expand",
              "aten.slice", "aten.select", "aten.alias", "aten.clone", "aten.detach"]


def split(module, weights, lowered, options):
    """A callable of the graph's inputs that returns all its results; what was refused is left to PyTorch.

    weights: the numbers of inputs that are parameters.
    """
    calls = [node for node in module.graph.nodes if node.op == "call_function" and node.target is not operator.getitem]
    for node, why in lowered.refused.items():
        if node.target is torch.ops.aten.as_strided.default:    # it would count through the memory of a compiled piece's result
            raise Refusal(why)
    operators_left_to_pytorch(lowered.refused, len(calls))
    if len(lowered.refused) == len(calls):
        return module.forward
    return _split(module, weights, lowered.refused, options, lowered.name)


def whole(written, options):
    """The same where all of it is one program."""
    results = written.results
    if not written.output_count:
        constants = tuple(thing for _, thing in results)
        return lambda *arguments: constants
    piece = Piece(written, options)
    if all(kind == "output" for kind, _ in results):
        return piece

    def finished(*arguments):
        outputs = piece(*arguments)
        return tuple(_RESULTS[kind](outputs, thing) for kind, thing in results)
    return finished


# The kinds of results that Written has.
_RESULTS = {"output": lambda outputs, i: outputs[i], "complex": lambda outputs, i: torch.view_as_complex(outputs[i]),
            "constant": lambda _outputs, thing: thing}


class _Supported(OperatorSupportBase):
    def __init__(self, refused):
        self._refused = refused

    def is_node_supported(self, submodules, node):
        return node.op == "call_function" and node not in self._refused and \
            isinstance(node.meta.get("val"), (torch.Tensor, tuple, list))


def _split(module, weights, refused, options, name):
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    parameters = {placeholders[i].name for i in weights}
    partitioner = CapabilityBasedPartitioner(module, _Supported(refused), allows_single_node_partition=True,
                                             non_compute_ops=_MOVEMENTS)
    partitions = partitioner.propose_partitions()
    partitioner.remove_bookend_non_compute_ops(partitions)
    outer = partitioner.fuse_partitions([part for part in partitions if part.nodes])
    for node in list(outer.graph.nodes):
        if node.op == "call_module":
            _replace(outer, node, parameters, refused, options, name)
    outer.recompile()
    return outer.forward


def _replace(outer, node, parameters, refused, options, name):
    """Compiles one piece; leaves it to PyTorch where its sizes cannot be told from its own inputs."""
    inner = outer.get_submodule(node.target)
    weights = [i for i, argument in enumerate(node.args) if argument.name in parameters]
    try:
        lowered = Lowered(inner.graph, name, weights)
    except Refusal:
        return
    for left, why in refused.items():
        lowered.program.elsewhere.setdefault(f"runs in PyTorch: {why}", []).append(f"{left.name} ({left.target})")
    result = next(part for part in inner.graph.nodes if part.op == "output").args[0]
    delattr(outer, node.target)
    object.__setattr__(outer, node.target, whole(lowered.written(), options))
    if not isinstance(result, (tuple, list)):
        with outer.graph.inserting_after(node):
            single = outer.graph.call_function(operator.getitem, (node, 0))
        single.meta = dict(node.meta)
        node.replace_all_uses_with(single, delete_user_cb=lambda user: user is not single)
