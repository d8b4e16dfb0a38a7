"""What the program of a graph of Dynamo's depends on, as text: equal texts, equal programs."""
import functools
import os
import types

import torch

from .. import _compile_cache

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), torch.dtype, torch.device, torch.layout,
          torch.memory_format)
_MODULES = ("torch", "torch._C", "_operator", "math", "builtins")
_NAMESPACES = ("aten", "prims", "quern")
_TENSORS = (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer, torch._subclasses.FakeTensor)


class _Unknown(Exception):
    """A graph whose program depends on more than can be written down."""


def graph_key(module):
    """None for a graph with sizes that vary (making the program may add guards), with tensors or modules of its own, or
    with functions that are not PyTorch's."""
    try:
        nodes = [_describe(node) for node in module.graph.nodes]
    except _Unknown:
        return None
    state = (torch.get_default_dtype(), torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"),
             torch.are_deterministic_algorithms_enabled())
    return "\n".join(["graph", *made_by(), repr(state), *nodes])


@functools.cache
def made_by():
    """What makes programs of graphs: PyTorch and this package."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    stamps = []
    for part in ("_torch", "_trace"):
        for folder, _, files in sorted(os.walk(os.path.join(package, part))):
            states = [(file, os.stat(os.path.join(folder, file))) for file in sorted(files) if file.endswith(".py")]
            stamps += [f"{file}-{state.st_size}-{state.st_mtime_ns}" for file, state in states]
    return [torch.__version__, *_compile_cache.code_key(""), *stamps]


def _describe(node):
    if node.op == "placeholder":
        return f"{node.name} = {_input(node.meta.get('example_value'))} {is_static(node)}"
    if node.op == "call_function":
        target = _function(node.target)
    elif node.op in ("call_method", "output"):
        target = node.target
    else:
        raise _Unknown
    _check_sizes(node.meta.get("example_value"))
    return f"{node.name} = {node.op} {target} {_argument(node.args)} {_argument(node.kwargs)}"


def is_static(node):
    """Whether Dynamo knows an input to be a module's parameter or buffer."""
    return bool(node.meta.get("tensor_dict", {}).get("_dynamo_static_input_type"))


def _input(value):
    if type(value) in _PLAIN:
        return _argument(value)
    if type(value) not in _TENSORS:
        raise _Unknown
    _check_sizes(value)
    return repr((value.dtype, tuple(value.shape), value.stride(), value.storage_offset(), value.device, value.layout,
                 value.requires_grad, value.is_conj(), value.is_neg()))


def _check_sizes(value):
    for part in value if isinstance(value, (tuple, list)) else (value,):
        parts = (*part.shape, *part.stride()) if isinstance(part, torch.Tensor) else (part,)
        if any(isinstance(size, (torch.SymInt, torch.SymFloat, torch.SymBool)) for size in parts):
            raise _Unknown


def _function(function):
    """The name of a function of PyTorch's or Python's own."""
    if isinstance(function, torch._ops.OpOverload):
        if function.namespace in _NAMESPACES:
            return str(function)
        raise _Unknown
    if not isinstance(function, (types.FunctionType, types.BuiltinFunctionType)):
        raise _Unknown
    owner = function.__module__ or ""
    if not owner and getattr(torch._C._VariableFunctions, function.__name__, None) is not function:
        raise _Unknown
    if owner and owner not in _MODULES and not owner.startswith("torch."):
        raise _Unknown
    return f"{owner}.{function.__qualname__}"


def _argument(value):
    if isinstance(value, torch.fx.Node):
        return f"%{value.name}"
    if isinstance(value, slice):
        return f"slice{_argument((value.start, value.stop, value.step))}"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__}({', '.join(map(_argument, value))})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{name!r}: {_argument(item)}' for name, item in value.items())})"
    if type(value) in _PLAIN:
        return repr(value)
    raise _Unknown
