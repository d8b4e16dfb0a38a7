#!/usr/bin/env python3
"""Export a zoo of ONNX models with random, seeded weights.

    python zoo.py --out DIR [--dynamic] [NAME...]     all models of models.py, or only the named ones
    python zoo.py --out DIR --wider [--dynamic]       those of wider.py: families that nothing was tuned for
    python zoo.py --list [--wider]

For every NAME it writes
    NAME.onnx          the model (opset 18, static shapes)
    NAME.inputs.npz    seeded inputs, keyed by graph input name
    NAME.outputs.npz   the outputs expected for them, keyed by graph output name
    NAME.pt2           the torch.export program the model came from (float models only)
    NAME.json          FLOPs (2 per multiply-add), parameter count, origin of the reference; of quantised models its deviation
and with --dynamic the same for NAME_dynamic instead (without the .pt2), of the float models: same weights, inputs and
outputs, but dynamic batch, and image size, sequence or cache length where the model has one.
"""
import argparse
import copy
import inspect
import json
import re
import shutil
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import models
import wider
from models import Quantized

MODELS = models.MODELS | wider.MODELS

OPSET = 18
SEED = 20240229


def randomise(module, inputs):
    """Give untrained layers plausible values: no constant parameters, BatchNorm statistics that fit the data."""
    for p in module.parameters():
        if p.numel() > 1 and p.std() < 1e-5:
            p.data += 0.1 * torch.randn_like(p)
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    for m in norms:
        m.train()
        m.momentum = None          # plain average over the calibration batch
        m.reset_running_stats()
    module(*(torch.randn(4, *x.shape[1:]) for x in inputs.values()))
    for m in norms:
        m.running_mean += 0.05 * torch.randn_like(m.running_mean)
        m.running_var *= torch.empty_like(m.running_var).uniform_(0.8, 1.25)
    module.eval()


def reference(module, inputs):
    """Outputs in float64 where the model allows it, else float32; also the FLOPs of one call."""
    wide = lambda t: t.double() if t.is_floating_point() else t
    for precision, m, args in (("float64", lambda: copy.deepcopy(module).double(), [wide(t) for t in inputs.values()]),
                               ("float32", lambda: module, list(inputs.values()))):
        try:
            with FlopCounterMode(display=False) as counter:
                outputs = torch.utils._pytree.tree_leaves(m()(*args))
            return [o.float() if o.is_floating_point() else o for o in outputs], counter.get_total_flops(), precision
        except RuntimeError as e:
            warnings.warn(f"{precision} reference failed: {e}")
    raise RuntimeError("no reference output")


def save_arrays(path, names, tensors):
    np.savez(path, **{n: t.detach().cpu().numpy() for n, t in zip(names, tensors, strict=True)})


def name_dimensions(path, axes):
    """Give the dynamic dimensions of the model at `path` the names of `axes`: torch's are s0, s77, ..."""
    model = onnx.load(path)
    names = {}
    for value, axis in zip(model.graph.input, axes):
        shape = value.type.tensor_type.shape.dim
        names.update({shape[i].dim_param: name for i, name in axis.items() if shape[i].dim_param})
    rename = lambda text: re.sub(r"[A-Za-z_]\w*", lambda word: names.get(word[0], word[0]), text)
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = rename(dim.dim_param)
    onnx.save(model, path)


def nested(module, shapes):
    """torch.export wants what goes to a *tensors parameter as one tuple."""
    kinds = [p.kind for p in inspect.signature(module.forward).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        return shapes
    first = kinds.index(inspect.Parameter.VAR_POSITIONAL)
    return (*shapes[:first], shapes[first:])


def write_onnx(path, module, inputs, exporter, axes):
    """Export with the axes of `axes` (one {axis: name} per input) dynamic. Returns the torch.export program."""
    args, names = tuple(inputs.values()), list(inputs)
    dynamic = any(axes)
    shapes = tuple({i: torch.export.Dim.AUTO for i in axis} for axis in axes) if dynamic else None
    if exporter == "torchscript":
        torch.onnx.export(module, args, path, dynamo=False, opset_version=OPSET, input_names=names,
                          dynamic_axes=dict(zip(names, axes)) if dynamic else None)
        return None if dynamic else torch.export.export(module, args)
    program = torch.export.export(module, args, dynamic_shapes=nested(module, shapes) if dynamic else None)
    torch.onnx.export(program, (), path, dynamo=True, opset_version=OPSET, input_names=names, external_data=False,
                      verbose=False)
    if dynamic:
        name_dimensions(path, axes)
    return program


def file_name(name, dynamic):
    return f"{name}_dynamic" if dynamic else name


@torch.no_grad()
def export_float(name, model, out, dynamic):
    torch.manual_seed(SEED)
    module = model.build().eval()
    inputs = model.inputs()
    randomise(module, inputs)
    outputs, flops, precision = reference(module, inputs)
    parameters = sum(p.numel() for p in module.parameters())
    meta = {"flops": flops, "parameters": parameters, "reference": f"torch {precision}"}

    path = out / f"{file_name(name, dynamic)}.onnx"
    axes = [model.dynamic(n) if dynamic else {} for n in inputs]
    args = {n: x.expand(2, *x.shape[1:]) if 0 in a and x.shape[0] == 1 else x
            for a, (n, x) in zip(axes, inputs.items())}    # torch.export takes a size of 1 for a constant
    program = write_onnx(path, module, args, model.exporter, axes)
    if not dynamic:
        torch.export.save(program, out / f"{name}.pt2")
    graph = onnx.load(path, load_external_data=False).graph
    save_arrays(path.with_suffix(".inputs.npz"), [i.name for i in graph.input], inputs.values())
    save_arrays(path.with_suffix(".outputs.npz"), [o.name for o in graph.output], outputs)
    path.with_suffix(".json").write_text(json.dumps(meta))
    return meta


def quantize_static(prepared, path, feed):
    from onnxruntime import quantization as q
    rng = np.random.default_rng(SEED)
    batches = [feed] + [{k: rng.standard_normal(v.shape, "f4") for k, v in feed.items()} for _ in range(3)]

    class Batches(q.CalibrationDataReader):
        def get_next(self):
            return batches.pop() if batches else None

    q.quantize_static(prepared, path, Batches(), quant_format=q.QuantFormat.QDQ, per_channel=True,
                      activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)


def quantize_dynamic(prepared, path, feed):
    from onnxruntime import quantization as q
    q.quantize_dynamic(prepared, path, weight_type=q.QuantType.QInt8)


def export_quantized(name, model, out):
    """Quantise, and take the reference from unfused ONNX Runtime, which executes Q and DQ literally. How far it is off that
    with its fusions, relative to the largest output, is the deviation: a value that rounds the other way is a whole step off."""
    import onnxruntime as ort
    from onnxruntime.quantization.shape_inference import quant_pre_process

    source, prepared, path = out / f"{model.source}.onnx", out / f"{name}.prepared", out / f"{name}.onnx"
    if not source.with_suffix(".json").exists():
        export_float(model.source, MODELS[model.source], out, dynamic=False)
    feed = dict(np.load(source.with_suffix(".inputs.npz")))
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    {"static": quantize_static, "dynamic": quantize_dynamic}[model.method](prepared, path, feed)
    prepared.unlink()

    def results(level):
        options = ort.SessionOptions()
        options.graph_optimization_level = level
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return {value.name: array for value, array in zip(session.get_outputs(), session.run(None, feed))}

    shutil.copy(source.with_suffix(".inputs.npz"), path.with_suffix(".inputs.npz"))
    unfused, fused = results(ort.GraphOptimizationLevel.ORT_DISABLE_ALL), results(ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
    np.savez(path.with_suffix(".outputs.npz"), **unfused)
    deviation = max(float(np.abs(fused[name] - unfused[name]).max() / np.abs(unfused[name]).max()) for name in unfused)
    meta = json.loads(source.with_suffix(".json").read_text()) | {"reference": "onnxruntime, unfused", "deviation": deviation}
    path.with_suffix(".json").write_text(json.dumps(meta))
    return meta


def export(name, out, dynamic):
    model = MODELS[name]
    if isinstance(model, Quantized):
        return export_quantized(name, model, out)
    return export_float(name, model, out, dynamic)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--list", action="store_true", help="print the model names and stop")
    parser.add_argument("--missing", action="store_true", help="export only what DIR lacks")
    parser.add_argument("--wider", action="store_true", help="the models of wider.py instead of those of models.py")
    parser.add_argument("--dynamic", action="store_true", help="export NAME_dynamic of the float models instead")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to export (default: all)")
    args = parser.parse_args()
    table = wider.MODELS if args.wider else models.MODELS
    if args.list:
        return print(*table, sep="\n")
    if unknown := set(args.names) - set(MODELS):
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    args.out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore")
    failed = []
    for name in args.names or table:
        if args.dynamic and isinstance(MODELS[name], Quantized):
            continue
        if args.missing and (args.out / f"{file_name(name, args.dynamic)}.json").exists():
            continue
        start = time.perf_counter()
        try:
            meta = export(name, args.out, args.dynamic)
            print(f"{name:24} {meta['flops'] / 1e9:9.3f} GFLOP {meta['parameters'] / 1e6:8.2f} M parameters"
                  f"   exported in {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
        except Exception as e:
            failed.append(name)
            print(f"{name:24} failed: {type(e).__name__}: {str(e)[:300]}", file=sys.stderr, flush=True)
    raise SystemExit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
