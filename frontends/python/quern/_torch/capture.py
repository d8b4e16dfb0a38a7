"""Dynamo's graph becomes a functional one of ATen operators: no operator writes to a tensor, views are values.

What the graph writes to its inputs comes out as further results, for the caller to copy back. This is torch.func's
functionalization, without AOTAutograd, whose wrappers would cost tens of microseconds a call.
"""
import torch
from torch.fx import traceback
from torch._subclasses.fake_tensor import DataDependentOutputException
from torch.fx.experimental.proxy_tensor import make_fx

from . import decompositions, layers
from .composites import istft
from .effects import Effects, is_symbolic
from .flex_attention import flex_attention, is_by_element
from .refusal import Refusal

_aten = torch.ops.aten
_LINEAR = (torch.nn.functional.linear, _aten.linear.default)
# Checks of what the trace takes for granted; guards and the program's own checks stand for them.
_CHECKS = ("aten._assert_tensor_metadata.default", "aten._assert_async.msg", "aten._assert_scalar.default")


def capture(module):
    """A GraphModule of Dynamo's as (functional module, Effects): its results are those of the graph first, then what has
    some of them inside it, then the new values of written inputs. Raises Refusal for what only PyTorch can run."""
    examples = [node.meta["example_value"] for node in module.graph.nodes if node.op == "placeholder"]
    effects = Effects.of(module)
    traced = trace(effects.with_holders(layers.keep_whole(module)), examples, decompositions.table())
    tidy(traced.graph, effects)
    return traced, effects


def trace(module, examples, table):
    """The functional graph of ATen operators for fake inputs; writes to inputs are copies at its end."""
    mode = "symbolic" if any(is_symbolic(example) for example in examples) else "fake"
    transforms = any(map(_is_transform, module.graph.nodes))     # torch.vmap and its like, inside which nothing is functional
    traced = _trace(module, examples, table, mode, functional=not transforms)
    if transforms or any(map(_is_write, traced.graph.nodes)):    # some operators are taken apart into writes to what they made
        traced = _trace(traced, examples, table, mode)
    return traced


def _trace(module, examples, table, mode, functional=True):
    def run(*inputs):
        return tuple(_Interpreter(module).run(*inputs))

    run = torch.func.functionalize(run, remove="mutations") if functional else run
    depth = torch._C._functorch.get_dynamic_layer_stack_depth()
    try:
        # Derivatives that transforms take need the mode of the call. With their places nodes know the lines of the model.
        with torch.set_grad_enabled(not functional and torch.is_grad_enabled()), traceback.preserve_node_meta():
            return make_fx(run, decomposition_table=table, tracing_mode=mode, _allow_non_fake_inputs=True)(*examples)
    except Exception as error:      # of many classes, none of them ours
        torch._C._functorch.pop_dynamic_layer_stack_and_undo_to_depth(depth)
        if isinstance(error, DataDependentOutputException):
            raise Refusal(f"{error.func} needs the values of tensors") from error
        raise Refusal(f"PyTorch cannot trace its operators: {str(error).strip().splitlines()[0]}") from error


def _is_transform(node):
    return "functorch" in (getattr(node.target, "__module__", None) or "")


class _Interpreter(torch.fx.Interpreter):
    """Runs a graph for functionalization: there linear layers on tensors of rank 3 ask for sizes as numbers, which fixes those
    that vary; so they are written as the product that they become. What asks for values is written without."""
    def call_function(self, target, args, kwargs):
        if target is torch.istft and not kwargs.get("return_complex"):
            return istft(*args, **kwargs)
        if target is torch.ops.higher_order.flex_attention and is_by_element(args):
            return flex_attention(*args, **kwargs)
        if target not in _LINEAR:
            return super().call_function(target, args, kwargs)
        return self._linear(target, *args, **kwargs)

    def _linear(self, target, input, weight, bias=None):
        if bias is None or input.dim() != 3 or weight.dim() != 2 or not is_symbolic(input):
            return target(input, weight, bias)
        batch, length, size = input.shape
        return torch.addmm(bias, input.reshape(batch * length, size), weight.t()).view(batch, length, weight.shape[0])


def _is_write(node):
    """Whether a node writes to a tensor, other than to an input that nothing reads or writes from there on."""
    if not isinstance(node.target, torch._ops.OpOverload) or not node.target._schema.is_mutable:
        return False
    if node.target is not _aten.copy_.default or node.args[0].op != "placeholder":
        return True
    return any(user > node and user.op != "output" for user in node.args[0].users)


def tidy(graph, effects):
    """Writes to inputs become results, which `effects` then has; checks and what nothing reads go."""
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    output = next(node for node in graph.nodes if node.op == "output")
    results = [None if i in effects.views else result for i, result in enumerate(output.args[0])]
    for node in list(graph.nodes):
        if str(node.target) in _CHECKS:
            graph.erase_node(node)
        elif node.target is _aten.copy_.default:
            if node.args[0] not in placeholders:
                raise Refusal(f"{node.name} writes to a tensor that is no input")
            effects.written.append(placeholders.index(node.args[0]))
            results.append(node.args[1])
            node.replace_all_uses_with(node.args[1])
            graph.erase_node(node)
    output.args = (tuple(results),)
    graph.eliminate_dead_code()
