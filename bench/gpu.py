#!/usr/bin/env python3
"""Our kernels and models on an NVIDIA GPU beside cuBLAS, cuDNN and Inductor, all on tensors in the GPU's memory.

    python gpu.py kernels [--json] [NAME...]               products, convolutions, attention, rows, elementwise
    python gpu.py models --models DIR [--json] [NAME...]   whole models of zoo.py beside torch and torch.compile

Needs a GPU with its driver and a torch that was built for it. The contenders take turns; a time is the least of its samples, from
the call until the GPU has ended; results are checked against torch's before anything is timed.
"""
import argparse
import ctypes
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from timing import interleave, progress, report

ROOT = Path(__file__).resolve().parent.parent


# ---------------------------------------------------------------- the GPU

def find_gpu():
    """(name, target to compile for); ends with one line where there is none."""
    def refuse(why):
        raise SystemExit(f"gpu.py: {why}")
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        refuse("no NVIDIA driver here: libcuda.so.1 cannot be opened; nothing is measured")
    count, major, minor, name = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(100)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        refuse("no NVIDIA GPU here: the driver sees none; nothing is measured")
    driver.cuDeviceGetName(name, 100, 0)
    if name.value == b"PTX interpreter":
        refuse("the interpreter of test/ptx stands for the driver here, and its times say nothing of a GPU; nothing is measured")
    driver.cuDeviceGetAttribute(ctypes.byref(major), 75, 0)
    driver.cuDeviceGetAttribute(ctypes.byref(minor), 76, 0)
    if major.value < 8:
        refuse(f"{name.value.decode()} has compute capability {major.value}.{minor.value}, expected 8.0 or later; nothing is measured")
    try:
        import torch
    except ImportError:
        refuse("no torch here, which runs cuBLAS and cuDNN: pip install torch; nothing is measured")
    if not torch.cuda.is_available():
        refuse(f"this torch ({torch.__version__}) cannot use {name.value.decode()}; nothing is measured")
    return name.value.decode(), "sm_90a" if (major.value, minor.value) == (9, 0) else "sm_80"


# ---------------------------------------------------------------- kernels

@dataclass
class Kernel:
    """An ONNX model of one operator, its inputs' shapes, and the same in torch. Amounts are by the definition."""
    body: str
    shapes: tuple
    torch: Callable
    dtype: str = "float32"
    flops: float = 0
    opset: int = 23


def product(m, n, k, dtype="float32"):
    return Kernel("y = MatMul (a, b)", ((m, k), (k, n)), lambda torch, a, b: a @ b, dtype, 2 * m * n * k)


def convolution(batch, channels, outputs, size, window, stride=1):
    pads = window // 2
    places = (size + stride - 1) // stride
    return Kernel(f"y = Conv <pads = [{pads},{pads},{pads},{pads}], strides = [{stride},{stride}]> (a, b)",
                  ((batch, channels, size, size), (outputs, channels, window, window)),
                  lambda torch, a, b: torch.nn.functional.conv2d(a, b, stride=stride, padding=pads),
                  flops=2 * batch * outputs * channels * window**2 * places**2)


def attention(batch, heads, queries, keys, size, kv_heads=None, dtype="float32", causal=False):
    kv = kv_heads or heads
    return Kernel(f"y = Attention <is_causal = {int(causal)}> (a, b, c)",
                  ((batch, heads, queries, size), (batch, kv, keys, size), (batch, kv, keys, size)),
                  lambda torch, a, b, c: torch.nn.functional.scaled_dot_product_attention(a, b, c, is_causal=causal,
                                                                                          enable_gqa=kv != heads),
                  dtype, 4 * batch * heads * queries * keys * size // (2 if causal else 1))


KERNELS = {
    "product_4096": product(4096, 4096, 4096),
    "product_1024": product(1024, 1024, 1024),
    "product_128x768x3072": product(128, 768, 3072),
    "product_1x4096x4096": product(1, 4096, 4096),
    "product_4096_float16": product(4096, 4096, 4096, "float16"),
    "product_1024_float16": product(1024, 1024, 1024, "float16"),
    "conv_3x3_64_56": convolution(1, 64, 64, 56, 3),
    "conv_3x3_512_7_b8": convolution(8, 512, 512, 7, 3),
    "conv_7x7_3_224": convolution(1, 3, 64, 224, 7, 2),
    "conv_1x1_256_56": convolution(1, 64, 256, 56, 1),
    "attention_s128": attention(1, 12, 128, 128, 64),
    "attention_s2048": attention(4, 16, 2048, 2048, 64),
    "attention_decode_4096": attention(1, 32, 1, 4096, 128, kv_heads=8),
    "attention_s2048_float16": attention(4, 16, 2048, 2048, 64, dtype="float16"),
    "attention_s2048_causal_float16": attention(4, 16, 2048, 2048, 64, dtype="float16", causal=True),
    "attention_s2048_size128_float16": attention(4, 16, 2048, 2048, 128, dtype="float16"),
    "attention_decode_4096_float16": attention(1, 32, 1, 4096, 128, kv_heads=8, dtype="float16"),
    "softmax": Kernel("y = Softmax (a)", ((8192, 1024),), lambda torch, a: torch.softmax(a, -1)),
    "layer_norm": Kernel("y = LayerNormalization (a, b, c)", ((8192, 768), (768,), (768,)),
                         lambda torch, a, b, c: torch.nn.functional.layer_norm(a, (768,), b, c)),
    "add": Kernel("y = Add (a, b)", ((1 << 24,), (1 << 24,)), lambda torch, a, b: a + b),
    "transpose": Kernel("y = Transpose <perm = [1,0]> (a)", ((4096, 4096),), lambda torch, a: a.t().contiguous()),
}


def kernel_model(kernel, path):
    import onnx
    types = {"float32": "float", "float16": "float16"}
    element = types[kernel.dtype]
    inputs = ", ".join(f"{element}[{','.join(map(str, shape))}] {name}" for name, shape in zip("abc", kernel.shapes))
    onnx.save(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {kernel.opset}]> kernel ({inputs}) => ({element} y) '
                                      f"{{ {kernel.body} }}"), path)
    return path


# ---------------------------------------------------------------- contenders

def compiled(model, target, folder, inputs, outputs):
    """Our artifact, bound to the tensors."""
    from device_artifact import DeviceArtifact
    from quern._compiler import find_compiler
    path = Path(folder) / f"{model.stem}.so"
    subprocess.run([find_compiler(), "compile", model, "-o", path, f"--target={target}", "--quiet", "--no-header"], check=True)
    artifact = DeviceArtifact(path)
    artifact.bind(inputs, outputs)
    return artifact.run


def waiting(torch, function):
    def call():
        result = function()
        torch.cuda.synchronize()
        return result
    return call


def check(torch, name, ours, theirs):
    for got, want in zip(ours, theirs, strict=True):
        limit = {torch.float16: 2e-2, torch.bfloat16: 1e-1}.get(want.dtype, 1e-3)
        error = ((got.double() - want.double()).abs().max() / want.double().abs().max().clamp_min(1e-30)).item() if want.numel() else 0
        if not error <= limit:
            raise SystemExit(f"gpu.py: {name}: our result is off by {error:.2g} of the largest value; nothing is measured")


def row(name, samples, flops, moved):
    best = {system: min(times) for system, times in samples.items()}
    ours = best["quern"]
    others = {f"{system} us": round(seconds * 1e6, 2) for system, seconds in best.items()}
    ratio = min(seconds for system, seconds in best.items() if system != "quern") / ours
    return {"name": name, **others, "best other / ours": round(ratio, 3), "TFLOP/s": round(flops / ours / 1e12, 2) if flops else None,
            "GB/s": round(moved / ours / 1e9) if moved else None}


def time_kernel(torch, name, target, seconds):
    kernel = KERNELS[name]
    dtype = getattr(torch, kernel.dtype)
    generator = torch.Generator("cuda").manual_seed(0)
    inputs = [torch.randn(shape, generator=generator, device="cuda", dtype=dtype) for shape in kernel.shapes]
    want = kernel.torch(torch, *inputs).contiguous()
    output = torch.empty_like(want)
    with tempfile.TemporaryDirectory() as folder:
        ours = compiled(kernel_model(kernel, Path(folder) / f"{name}.onnx"), target, folder, dict(zip("abc", inputs)), [output])
        ours()
        check(torch, name, [output], [want])
        samples = interleave({"quern": ours, "torch": waiting(torch, lambda: kernel.torch(torch, *inputs))}, seconds)
    return row(name, samples, kernel.flops, sum(tensor.nbytes for tensor in (*inputs, output)))


def time_model(torch, path, target, seconds, mode):
    import numpy as np
    from torch.export.passes import move_to_device_pass    # constants of the program are the processor's, too
    program = move_to_device_pass(torch.export.load(path.with_suffix(".pt2")), "cuda:0").module()
    arrays = np.load(path.with_suffix(".inputs.npz"))
    inputs = {name: torch.from_numpy(arrays[name]).cuda() for name in arrays.files}
    leaves = torch.utils._pytree.tree_leaves
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        eager = lambda: leaves(program(*inputs.values()))
        inductor = torch.compile(program, mode=mode)
        want = [tensor.contiguous() for tensor in eager()]
        outputs = [torch.empty_like(tensor) for tensor in want]
        ours = compiled(path, target, folder, inputs, outputs)
        ours()
        check(torch, path.stem, outputs, want)
        contenders = {"quern": ours, "torch": waiting(torch, eager),
                      "inductor": waiting(torch, lambda: leaves(inductor(*inputs.values())))}
        return row(path.stem, interleave(contenders, seconds), 0, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kernels", "models"])
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR", help="the folder of zoo.py")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each row (default: 1)")
    parser.add_argument("--inductor", default="max-autotune", metavar="MODE", help="mode of torch.compile (default: max-autotune)")
    parser.add_argument("--tf32", action="store_true", help="let cuBLAS and cuDNN round float32 to tf32; we do not")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    args = parser.parse_intermixed_args()    # names may follow options
    known = list(KERNELS) if args.what == "kernels" else sorted(path.stem for path in args.models.glob("*.onnx"))
    if unknown := sorted(set(args.names) - set(known)):
        parser.error(f"no such {args.what[:-1]}: {', '.join(unknown)}; known: {', '.join(known)}")
    gpu, target = find_gpu()
    import torch
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.tf32
    progress(f"{gpu}, kernels for {target}, torch {torch.__version__}")
    rows = []
    for name in args.names or known:
        timed = time_kernel(torch, name, target, args.seconds) if args.what == "kernels" else \
            time_model(torch, args.models / f"{name}.onnx", target, args.seconds, args.inductor)
        rows.append(timed)
        progress(json.dumps(timed))
    report(rows, args.json)


if __name__ == "__main__":
    main()
