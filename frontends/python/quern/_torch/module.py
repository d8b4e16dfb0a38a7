"""Modules and exported programs, compiled ahead of time."""
import os
import shutil
import tempfile

import torch
from torch.export.graph_signature import InputKind, OutputKind

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


def compile_module(model, args=None, *, target="native", threads=None, name=None, precision="default", dynamic_shapes=None):
    """A torch.nn.Module or a torch.export.ExportedProgram as a CompiledModel, with a C header for save().

    args: example inputs of a module, a tuple or one tensor; dynamic_shapes: as in torch.export.export. The inputs have the
    names of forward's parameters, sizes that vary those of their torch.export.Dim. Raises UnsupportedError for operators
    without a kernel, for modules that write to their buffers or inputs, and for what torch.export refuses.
    """
    exported = model if isinstance(model, torch.export.ExportedProgram) else _export(model, args, dynamic_shapes)
    if exported is model and (args is not None or dynamic_shapes is not None):
        raise UsageError("an exported program has its inputs and shapes already: leave args and dynamic_shapes out")
    name = name or (type(model).__name__ if exported is not model else "module")
    try:
        written, tensors = _lower(exported, name, _size_names(exported, dynamic_shapes))
    except Refusal as refusal:
        raise UnsupportedError(f"{name}: {refusal}") from None
    weights = written.arrays(tensors[i] for i, _ in written.weights)
    return _build(ProgramSource(written.text, name, target, weights, (f"--precision={precision}",)), threads)


def _export(module, args, dynamic_shapes):
    if args is None:
        raise UsageError("compiling a module needs example inputs: quern.compile(module, args)")
    args = args if isinstance(args, tuple) else (args,)
    if module.training:
        raise UsageError("the module is in training mode: call eval() first")
    try:
        with torch.no_grad():
            return torch.export.export(module, args, dynamic_shapes=dynamic_shapes)
    except Exception as error:      # of many classes, none of them ours
        raise UnsupportedError(f"torch.export refuses the module: {str(error).strip().splitlines()[0]}") from error


def _size_names(exported, dynamic_shapes):
    """PyTorch's symbols by the names of the caller's Dims."""
    named = dynamic_shapes.values() if isinstance(dynamic_shapes, dict) else dynamic_shapes or ()
    placeholders = [node for node, spec in zip(_placeholders(exported.graph), exported.graph_signature.input_specs)
                    if spec.kind is InputKind.USER_INPUT]
    names = {}
    for node, shape in zip(placeholders, named):
        axes = shape.items() if isinstance(shape, dict) else enumerate(shape or ())
        for axis, size in axes:
            extent = node.meta["val"].shape[axis]
            if hasattr(size, "__name__") and isinstance(extent, torch.SymInt) and extent.node.expr.is_Symbol:
                names[extent.node.expr.name] = size.__name__
    return names


def _placeholders(graph):
    return [node for node in graph.nodes if node.op == "placeholder"]


def _lower(exported, name, size_names):
    """The program, and by the numbers of the placeholders the tensors that are its weights."""
    signature = exported.graph_signature
    for spec in signature.output_specs:
        if spec.kind is not OutputKind.USER_OUTPUT:
            raise Refusal(f"it writes to {spec.target or spec.arg.name}, which a compiled module cannot keep")
    module = layers.keep_whole(exported.graph_module)
    examples = [node.meta["val"] for node in _placeholders(module.graph)]
    effects = Effects()
    traced = trace(module, examples, decompositions.table())
    tidy(traced.graph, effects)
    if effects.written:
        spec = signature.input_specs[effects.written[0]]
        raise Refusal(f"it writes to {spec.target or spec.arg.name}, which a compiled module cannot keep")
    tensors = {i: _tensor(exported, spec) for i, spec in enumerate(signature.input_specs)
               if spec.kind is not InputKind.USER_INPUT}
    lowered = Lowered(traced.graph, name, list(tensors), collect=True, size_names=size_names)
    if lowered.refused:
        node, why = next(iter(lowered.refused.items()))
        raise Refusal(f"{where(node)}: {why}")
    inputs = [signature.input_specs[i].arg.name for i in lowered.inputs]
    outputs = [spec.arg.name for spec, (kind, _) in zip(signature.output_specs, lowered.results) if kind != "constant"]
    if lowered.has_complex_ends:
        raise Refusal("complex inputs and results are not supported: take and return torch.view_as_real of them")
    return lowered.written(inputs, outputs), tensors


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
