#!/usr/bin/env python3
"""Call overhead: y = x + 1 on four floats, so that nothing but the call itself takes time.

    python bench/overhead.py                                 every system that is installed
    python bench/overhead.py --systems quern_jit,ort_run --json

Each system runs in a process of its own, pinned to one core; the time of a call is the least of its samples. quern_c and
quern_c_run are calls from C (overhead.c): the plain function of the model's header, and quern_run.
"""
import argparse
import ctypes
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import timing

ROOT = Path(__file__).resolve().parent.parent
WORKER = "--worker"


def increment(x):
    return x + 1


def onnx_model():
    """The bytes of the model y = x + 1."""
    from onnx import parser
    text = '<ir_version: 8, opset_import: ["" : 17]> increment (float[4] x) => (float[4] y) <float one = {1}> { y = Add (x, one) }'
    return parser.parse_model(text).SerializeToString()


#--- Systems: make a call and its arguments ----------------------------------------------------------------------------

def floats():
    import numpy as np
    return np.array([1, 2, 3, 4], np.float32)


def python_call():
    """A Python function that returns its argument: the floor of any Python interface."""
    return (lambda x: x), floats()


def ctypes_call():
    """A C function on raw pointers through ctypes."""
    import numpy as np
    source = "void f(const float *x, float *y) { for (int i = 0; i < 4; i++) y[i] = x[i] + 1; }"
    library = Path(tempfile.mkdtemp()) / "increment.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=source.encode(), check=True)
    function = ctypes.CDLL(str(library)).f
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_void_p], None
    x, y = floats(), np.empty(4, np.float32)
    pointers = x.ctypes.data, y.ctypes.data

    def call(_):
        function(*pointers)
        return y
    return call, x


def numpy_add():
    return increment, floats()


def quern_onnx():
    import quern
    return quern.compile(onnx_model(), threads=1), floats()


def quern_jit():
    import quern
    return quern.jit(increment, threads=1), floats()


def quern_sklearn():
    import quern
    return quern.compile(regression(), threads=1).predict, floats()[None]


def quern_torch():
    import torch
    return torch.compile(increment, backend="quern", options={"threads": 1}), torch.from_numpy(floats())


def regression():
    import numpy as np
    from sklearn.linear_model import LinearRegression
    return LinearRegression().fit(np.eye(4, dtype=np.float32), floats())


def sklearn_predict():
    return regression().predict, floats()[None]


def ort_session():
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx_model(), options, providers=["CPUExecutionProvider"])


def ort_run():
    session = ort_session()
    return lambda x: session.run(None, {"x": x})[0], floats()


def ort_iobinding():
    import numpy as np
    import onnxruntime
    session = ort_session()
    binding = session.io_binding()
    output = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty(4, np.float32))
    binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(floats()))
    binding.bind_ortvalue_output("y", output)

    def call(_):
        session.run_with_iobinding(binding)
        return output.numpy()
    return call, floats()


def openvino_call():
    import openvino
    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(core.read_model(onnx_model()), "CPU", options)
    return lambda x: compiled(x)[0], floats()


def torch_with(**options):
    import torch
    torch.set_num_threads(1)
    return (torch.compile(increment, **options) if options else increment), torch.from_numpy(floats())


def torch_eager():
    return torch_with()


def torch_dynamo():
    """torch.compile that compiles nothing: the cost of its guards."""
    return torch_with(backend="eager")


def torch_inductor():
    return torch_with(backend="inductor")


def jax_jit():
    import jax
    compiled = jax.jit(increment)
    return lambda x: compiled(x).block_until_ready(), jax.device_put(floats())


def numba_njit():
    import numba
    return numba.njit(increment), floats()


# name: (what makes it, the module that it needs)
SYSTEMS = {"python_call": (python_call, "numpy"), "ctypes_call": (ctypes_call, "numpy"), "numpy_add": (numpy_add, "numpy"),
           "quern_jit": (quern_jit, "quern"), "quern_onnx": (quern_onnx, "quern"), "quern_sklearn": (quern_sklearn, "sklearn"),
           "quern_torch": (quern_torch, "torch"), "numba_njit": (numba_njit, "numba"), "ort_run": (ort_run, "onnxruntime"),
           "ort_iobinding": (ort_iobinding, "onnxruntime"), "openvino_call": (openvino_call, "openvino"),
           "jax_jit": (jax_jit, "jax"), "torch_eager": (torch_eager, "torch"), "torch_dynamo": (torch_dynamo, "torch"),
           "torch_inductor": (torch_inductor, "torch"), "sklearn_predict": (sklearn_predict, "sklearn")}


def work(name, seconds):
    """One system, in this process: prints the microseconds of a call."""
    call, x = SYSTEMS[name][0]()
    result = call(x)
    if name not in ("python_call", "quern_sklearn", "sklearn_predict"):
        assert [float(value) for value in result] == [2, 3, 4, 5], result
    samples = timing.interleave({name: lambda: call(x)}, seconds, rounds=20)[name]
    print(json.dumps({"system": name, "least_us": 1e6 * min(samples), "median_us": 1e6 * statistics.median(samples)}))


def from_c():
    """The rows of overhead.c."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "increment.onnx").write_bytes(onnx_model())
        subprocess.run([ROOT / "build/bin/quern", "compile", folder / "increment.onnx", "--target=native", "--quiet", "-o",
                        folder / "increment.so"], check=True)
        subprocess.run(["cc", "-O2", "-std=c11", f"-I{folder}", f"-I{ROOT}/runtime/include", Path(__file__).with_suffix(".c"),
                        folder / "increment.so", f"-Wl,-rpath,{folder}", "-o", folder / "overhead"], check=True)
        times = json.loads(subprocess.run([folder / "overhead"], check=True, stdout=subprocess.PIPE).stdout)
    return [{"system": system, "least_us": time / 1e3, "median_us": None} for system, time in times.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", help="(default: those that are installed)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of timing for each (default: 0.5)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(WORKER, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        timing.pin(1)
        return work(args.worker, args.seconds)
    wanted = args.systems.split(",") if args.systems else [
        name for name, (_, module) in SYSTEMS.items() if importlib.util.find_spec(module)] + ["quern_c"]
    if unknown := set(wanted) - {*SYSTEMS, "quern_c"}:
        parser.error(f"unknown systems {', '.join(sorted(unknown))}: there are {', '.join(SYSTEMS)}, quern_c")
    rows = []
    for name in wanted:
        timing.progress(name)
        if name == "quern_c":
            rows += from_c()
            continue
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run([sys.executable, __file__, WORKER, name, "--seconds", str(args.seconds)],
                                  stdout=subprocess.PIPE, env={**os.environ, "XDG_CACHE_HOME": cache})
        if done.returncode:
            timing.progress(f"{name} failed")
        else:
            rows.append(json.loads(done.stdout))
    timing.report(sorted(rows, key=lambda row: row["least_us"]), args.json)


if __name__ == "__main__":
    main()
