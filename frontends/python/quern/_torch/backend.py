"""The backend of torch.compile(model, backend="quern"), found by its entry point: nothing is imported."""
import torch
from torch._dynamo.exc import TensorifyScalarRestartAnalysis
from torch._dynamo.symbolic_convert import TensorifyState

from . import precompiled
from .capture import capture
from .effects import Effects
from .graph_key import graph_key, is_static
from .lower import Lowered
from .options import Options
from .partition import split, whole
from .refusal import Refusal
from .report import FallbackWarning, left_to_pytorch    # noqa: F401, the warning for those who filter it
from .written import find, keep

# Dynamo leaves recurrent layers out because other backends unroll them; here each is one operator.
torch._dynamo.config.allow_rnn = True


def compile_graph(module, examples, *, options=None, mode=None):
    """Compiles a graph of Dynamo's. Returns a callable of its inputs, by position.

    options: {"threads": ..., "target": ...}, see Options.
    Operators without a kernel stay with PyTorch, and a warning says so once. A graph through which gradients may flow
    stays with PyTorch as a whole.
    """
    options = Options.of(options, mode)
    _make_floats_constants(module)
    reason = _why_not(module, examples)
    if reason is None:
        try:
            return _compile(module, options)
        except Refusal as refusal:
            reason = str(refusal)
    left_to_pytorch(reason)
    return module.forward


def _why_not(module, examples):
    """Why a graph as a whole is left to PyTorch."""
    tensors = [example for example in examples if isinstance(example, torch.Tensor)]
    # Where the graph itself turns gradients on, as torch.distributions do, what comes out tells whether they may flow.
    through = tensors if torch.is_grad_enabled() else _computed_results(module) if _turns_gradients_on(module) else []
    if any(tensor.requires_grad for tensor in through):
        return "gradients are on and something requires them; call it under torch.no_grad() to run compiled code"
    for tensor in tensors:
        if tensor.device.type != "cpu":
            return f"an input is on the device {tensor.device}"
        if tensor.layout != torch.strided or tensor.is_quantized:
            return f"an input has the layout {tensor.layout}"
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer) and \
                not isinstance(tensor, torch._subclasses.FakeTensor):
            return f"an input is of the class {type(tensor).__name__}"
    return None


def _turns_gradients_on(module):
    return any(node.target is torch._C._set_grad_enabled and node.args[0] for node in module.graph.nodes)


def _computed_results(module):
    results = next(node for node in module.graph.nodes if node.op == "output").args[0]
    values = [node.meta.get("example_value") for node in results if isinstance(node, torch.fx.Node) and node.op != "placeholder"]
    return [value for value in values if isinstance(value, torch.Tensor)]


def _make_floats_constants(module):
    """Where Dynamo made a Python float an input, it starts again with the float as a constant, as for AOTAutograd."""
    found = [node.meta["example_value"] for node in module.graph.nodes if node.op == "call_method" and node.target == "item"]
    names = [str(value.node._expr) for value in found if isinstance(value, torch.SymFloat)]    # the symbol, known or not
    names = [name for name in names if not TensorifyState.should_specialize(name)]
    for name in names:
        TensorifyState.specialize(name)
    if names:
        raise TensorifyScalarRestartAnalysis


def _compile(module, options):
    key = graph_key(module)
    written, writes = find(key) if key else (None, None)
    if written:
        effects = Effects.of(module)
        effects.written = writes
    else:
        traced, effects = capture(module)
        weights = _weights(module, effects)
        lowered = Lowered(traced.graph, "graph", weights, collect=True)
        if lowered.refused and lowered.output_count:
            return _finished(split(traced, weights, lowered, options), effects, module.forward)
        written = lowered.written()
        if key:
            keep(key, written, effects)
    precompiled.record(module, written, effects, options)
    return callable_of(written, effects, options, module.forward)


def callable_of(written, effects, options, eager):
    """The callable of a graph that is one program."""
    return _finished(whole(written, options), effects, eager)


def _finished(run, effects, eager):
    return run if effects.is_plain else effects.finish(run, eager)


def _weights(module, effects):
    """The numbers of the inputs that are a module's and are only read."""
    inputs = enumerate(module.graph.find_nodes(op="placeholder"))
    return [i for i, node in inputs if i not in effects.written and is_static(node)]
