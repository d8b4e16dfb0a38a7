"""Runs kernel.funcs through build/bin/run-kernel and holds the numbers against a float64 reference."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / "build" / "bin" / "run-kernel"
LEVELS = ["x86-64-v4", "x86-64-v3"]
_FLAGS = Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
RUNNABLE = [level for level in LEVELS if level != "x86-64-v4" or "avx512vl" in _FLAGS]
NAMES = {"float32": "f32", "float64": "f64", "float16": "f16", "int32": "i32", "int64": "i64", "int8": "i8", "bool": "i1",
         "int16": "i16", "uint8": "ui8", "uint16": "ui16", "uint32": "ui32", "uint64": "ui64"}


def tensor(shape, dtype="float32"):
    """MLIR's spelling of a tensor type; strings in `shape` are expressions over d0, d1, ..."""
    sizes = "".join("?x" if isinstance(dim, str) else f"{dim}x" for dim in shape)
    dims = ", ".join(f'"{dim}"' if isinstance(dim, str) else '""' for dim in shape)
    encoding = f", #graph.dims<[{dims}]>" if any(isinstance(dim, str) for dim in shape) else ""
    return f"tensor<{sizes}{NAMES[np.dtype(dtype).name]}{encoding}>"


def kernel(algorithm, parameters, arguments, body, result, dims=0):
    """A module with one kernel.func: arguments are types, body is text that ends in the value `%result` names."""
    settings = ", ".join(f"{name} = {value} : i64" for name, value in parameters.items())
    names = ", ".join(f"%a{i}: {type}" for i, type in enumerate(arguments))
    return (f'kernel.func @k attributes {{dims = {dims} : i64, schedule = #kernel.schedule<"{algorithm}", {{{settings}}}, "test">}} {{\n'
            f'^bb0({names}):\n{body}\n  kernel.yield %result : {result}\n}}\n')


def run(text, level, inputs, shape, dtype="float32", dims=(), repeat=0):
    """The kernel's result and the tool's report."""
    (result,), report = run_all(text, level, inputs, [(shape, dtype)], dims, repeat)
    return result, report


def run_all(text, level, inputs, outputs, dims=(), repeat=0):
    """All results, of these shapes and dtypes, and the report."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "kernel.mlir").write_text(text)
        command = [TOOL, folder / "kernel.mlir", f"--level={level}", f"--repeat={repeat}"]
        if dims:
            command.append("--dims=" + ",".join(map(str, dims)))
        for i, array in enumerate(inputs):
            np.ascontiguousarray(array).tofile(folder / f"in{i}")
            command.append(f"--in={folder / f'in{i}'}")
        for i, (shape, dtype) in enumerate(outputs):
            command.append(f"--out={folder / f'out{i}'}:{int(np.prod(shape)) * np.dtype(dtype).itemsize}")
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr[-3000:]}\n{text}"
        results = [np.fromfile(folder / f"out{i}", dtype).reshape(shape) for i, (shape, dtype) in enumerate(outputs)]
        return results, json.loads(done.stdout)


def panels(weight):
    """[K, N] -> [ceil(N/16), K, 16], zeros past the end."""
    depth, columns = weight.shape
    columns_of = -(-columns // 16)
    padded = np.zeros((depth, -(-columns // 16) * 16), weight.dtype)
    padded[:, :columns] = weight
    return np.ascontiguousarray(padded.reshape(depth, columns_of, 16).transpose(1, 0, 2))


def check_products(actual, exact, magnitude, terms):
    """The componentwise bound of a sum of products: |c' - c| <= gamma(k) * (|A| |B|)."""
    if not np.issubdtype(actual.dtype, np.floating):
        np.testing.assert_array_equal(actual, exact)
        return
    unit = np.finfo(actual.dtype).eps / 2
    if actual.dtype == np.float16:  # sums are float32, one rounding at the end
        bound = terms * np.finfo(np.float32).eps * magnitude + unit * np.abs(exact) + 1e-7
    else:
        bound = (terms + 2) * unit / (1 - (terms + 2) * unit) * magnitude + 1e-300
    error = np.abs(actual.astype(np.float64) - exact)
    assert np.isfinite(actual).all(), "an element was not written, or is not finite"
    worst = np.max(error / bound)
    assert worst <= 1, f"error {worst:.3g} times the bound"


def check_machine_code(report):
    """What no hot loop of a contraction may have."""
    assert report["code"] == 0 and report["fma"] > 0
    assert report["stackLoads"] == 0 and report["stackStores"] == 0, report
    assert report["calls"] == 0 and report["scalarFma"] == 0 and not report["dynamicStack"], report
