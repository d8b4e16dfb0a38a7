"""Modules and exported programs, compiled ahead of time."""
import inspect
import os
import shutil
import tempfile

import torch
from torch.export.graph_signature import ConstantArgument, InputKind, OutputKind
from torch.utils import _pytree as pytree

from .._compiler import run_compiler
from .._errors import UnsupportedError, UsageError
from .._model import CompiledModel
from .._source import ProgramSource
from . import decompositions, layers
from .capture import tidy, trace
from .effects import Effects
from .lower import Lowered
from .refusal import Refusal
from .report import where


def compile_module(model, args=None, *, kwargs=None, target="native", threads=None, name=None, precision="default",
                   dynamic_shapes=None):
    """A torch.nn.Module or a torch.export.ExportedProgram as a CompiledModel, with a C header for save().

    args: example inputs of a module, a tuple or one tensor; kwargs: those by name; dynamic_shapes: as in torch.export.export.
    The inputs are the tensors in them, in order, with the names of forward's parameters, and sizes that vary have those of
    their torch.export.Dim; what is no tensor is part of the program. The outputs are the tensors and numbers in the result.
    Raises UnsupportedError for operators without a kernel, for modules that write to their buffers or inputs, and for what
    torch.export refuses.
    """
    if isinstance(model, torch.export.ExportedProgram):
        if not (args is kwargs is dynamic_shapes is None):
            raise UsageError("an exported program has its inputs and shapes already: leave args, kwargs and dynamic_shapes out")
        exported, names, name = model, {}, name or "module"
    else:
        args = _positional(args, kwargs)
        exported, name = _export(model, args, kwargs, dynamic_shapes), name or type(model).__name__
        names = _size_names(exported, model, args, kwargs, dynamic_shapes)
    try:
        written, tensors = _lower(exported, name, names)
    except Refusal as refusal:
        raise UnsupportedError(f"{name}: {refusal}") from None
    weights = written.arrays(tensors[i] for i, _ in written.weights)
    return _build(ProgramSource(written.text, name, target, weights, (f"--precision={precision}",)), threads)


def _positional(args, kwargs):
    if args is None and kwargs is None:
        raise UsageError("compiling a module needs example inputs: quern.compile(module, args)")
    return args if isinstance(args, tuple) else () if args is None else (args,)


def _export(module, args, kwargs, dynamic_shapes):
    if module.training:
        raise UsageError("the module is in training mode: call eval() first")
    try:
        with torch.no_grad(), layers.KeptWhole():
            return torch.export.export(module, args, kwargs, dynamic_shapes=dynamic_shapes)
    except Exception as error:      # of many classes, none of them ours
        raise UnsupportedError(f"torch.export refuses the module: {_reason(error)}") from error


def _reason(error):
    """The first line of an error, with the first of the reasons that are listed below it."""
    first, *rest = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join([first, *[line.strip(" -") for line in rest if line.startswith("  - ")][:1]])


def _size_names(exported, module, args, kwargs, dynamic_shapes):
    """PyTorch's symbols by the names of the caller's Dims."""
    arguments = inspect.signature(module.forward).bind(*args, **kwargs or {}).arguments
    if isinstance(dynamic_shapes, (tuple, list)):
        dynamic_shapes = dict(zip(arguments, dynamic_shapes))
    if not isinstance(dynamic_shapes, dict):
        return {}
    shapes = {id(leaf): _at(dynamic_shapes, path) for path, leaf in pytree.tree_flatten_with_path(arguments)[0]}
    placeholders = [node for node, spec in zip(_placeholders(exported.graph), exported.graph_signature.input_specs)
                    if spec.kind is InputKind.USER_INPUT]
    names = {}
    for node, leaf in zip(placeholders, pytree.tree_leaves((args, kwargs or {}))):
        shape = shapes[id(leaf)] if isinstance(leaf, torch.Tensor) else None
        for axis, size in shape.items() if isinstance(shape, dict) else enumerate(shape or ()):
            extent = node.meta["val"].shape[axis]
            if hasattr(size, "__name__") and isinstance(extent, torch.SymInt) and extent.node.expr.is_Symbol:
                names[extent.node.expr.name] = size.__name__
    return names


def _at(tree, path):
    """What a tree has where another has a leaf; None where it ends before, which stands for all below."""
    for key in path:
        if tree is None:
            return None
        tree = tree[key.idx] if isinstance(key, pytree.SequenceKey) else tree.get(getattr(key, "key", getattr(key, "name", None)))
    return tree


def _placeholders(graph):
    return [node for node in graph.nodes if node.op == "placeholder"]


def _lower(exported, name, size_names):
    """The program, and by the numbers of the placeholders the tensors that are its weights."""
    for spec in exported.graph_signature.output_specs:
        if spec.kind is not OutputKind.USER_OUTPUT:
            raise Refusal(f"it writes to {spec.target or spec.arg.name}, which a compiled module cannot keep")
    module = layers.keep_whole(exported.graph_module)
    module, specs = _without_constants(module, exported.graph_signature.input_specs)
    examples = [node.meta["val"] for node in _placeholders(module.graph)]
    effects = Effects()
    traced = trace(module, examples, decompositions.table())
    tidy(traced.graph, effects)
    if effects.written:
        spec = specs[effects.written[0]]
        raise Refusal(f"it writes to {spec.target or spec.arg.name}, which a compiled module cannot keep")
    tensors = {i: _tensor(exported, spec) for i, spec in enumerate(specs) if spec.kind is not InputKind.USER_INPUT}
    lowered = Lowered(traced.graph, name, list(tensors), collect=True, size_names=size_names, numbers=True)
    if lowered.refused:
        node, why = next(iter(lowered.refused.items()))
        raise Refusal(f"{where(node)}: {why}")
    inputs = [specs[i].arg.name for i in lowered.inputs]
    names = zip(exported.graph_signature.output_specs, lowered.results)
    outputs = [spec.arg.name or f"result{i}" for i, (spec, (kind, _)) in enumerate(names) if kind != "constant"]
    if lowered.has_complex_ends:
        raise Refusal("complex inputs and results are not supported: take and return torch.view_as_real of them")
    return lowered.written(inputs, outputs), tensors


def _without_constants(module, specs):
    """The module without the inputs that are no tensors, whose values its operators have already, and the specs of the rest."""
    kept = [not isinstance(spec.arg, ConstantArgument) for spec in specs]
    if not all(kept):
        module = layers.copied(module)
        for node, keeps in zip(_placeholders(module.graph), kept):
            if not keeps:
                module.graph.erase_node(node)
    return module, [spec for spec, keeps in zip(specs, kept) if keeps]


def _tensor(exported, spec):
    if spec.kind in (InputKind.PARAMETER, InputKind.BUFFER) and spec.target in exported.state_dict:
        return exported.state_dict[spec.target]
    return exported.constants[spec.target]


def _build(source, threads):
    source.key()        # what its weights are now
    folder = tempfile.mkdtemp(prefix="quern-")
    artifact = os.path.join(folder, "model.so")
    try:
        written = source.write(folder)
        run_compiler([*written, "-o", artifact, f"--target={source.target}"], header=True)
        for entry in os.scandir(folder):
            if entry.path not in (artifact, os.path.join(folder, "model.h")):
                os.unlink(entry.path)
        return CompiledModel(artifact, threads, folder=folder, source=source)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
