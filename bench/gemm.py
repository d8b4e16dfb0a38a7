#!/usr/bin/env python3
"""Matrix products y = a @ W with a constant W: ours beside NumPy (OpenBLAS) and torch (oneDNN), interleaved.

    python gemm.py [--threads N] [--json] [MxNxK ...]

Ours is an ONNX MatMul compiled for this machine; what its call costs is in its time. The FMA peak takes its turn with
the others: a machine whose cores share their units with others has no fixed one.
"""
import argparse
import importlib.util

from roofline import fma_gflops
from timing import interleave, pin, progress, report

# Square ones, and BERT-base's: attention's projections and the two of its MLP, at 128, 32 and 1 tokens.
BERT = ["768x768", "3072x768", "768x3072"]
SHAPES = ["512x512x512", "1024x1024x1024", *(f"{m}x{nk}" for m in (128, 32, 1) for nk in BERT)]


def matmul_model(m, weight):
    """The serialised model y = a @ weight for m rows."""
    from onnx import TensorProto, helper, numpy_helper
    k, n = weight.shape
    a = helper.make_tensor_value_info("a", TensorProto.FLOAT, [m, k])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [m, n])
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "w"], ["y"])], f"gemm_{m}x{n}x{k}", [a], [y],
                              [numpy_helper.from_array(weight, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def ours(a, weight, threads):
    import quern
    model = quern.compile(matmul_model(a.shape[0], weight), target="native", threads=threads)
    feed = {"a": a}
    return lambda: model.run(None, feed)[0]


def numpy_product(a, weight, threads):
    import numpy as np
    y = np.empty((a.shape[0], weight.shape[1]), a.dtype)
    return lambda: np.matmul(a, weight, out=y)


def torch_product(a, weight, threads):
    import torch
    torch.set_num_threads(threads)
    ta, tw = torch.from_numpy(a), torch.from_numpy(weight)
    y = torch.empty(a.shape[0], weight.shape[1])
    return lambda: torch.mm(ta, tw, out=y)


SYSTEMS = {"quern": ours, "numpy": numpy_product, "torch": torch_product}


def measure(shape, threads, seconds):
    import numpy as np
    m, n, k = map(int, shape.split("x"))
    rng = np.random.default_rng(0)
    a, weight = rng.standard_normal((m, k), "f4"), rng.standard_normal((k, n), "f4")
    calls = {name: make(a, weight, threads) for name, make in SYSTEMS.items() if importlib.util.find_spec(name)}
    expected = a.astype("f8") @ weight
    for name, call in calls.items():
        error = np.abs(np.asarray(call()) - expected).max()
        if error > 1e-6 * k:
            raise SystemExit(f"{name} is off by {error:g} at {shape}")
    peaks = []
    best = {name: min(times) for name, times in
            interleave(calls | {"peak": lambda: peaks.append(fma_gflops(threads))}, seconds).items()}
    rates = {name: 2e-9 * m * n * k / t for name, t in best.items() if name != "peak"}
    others = [rate for name, rate in rates.items() if name != "quern"]
    row = {"m x n x k": shape, "FMA peak": round(max(peaks), 1)}
    row |= {f"{name} GFLOP/s": round(rate, 1) for name, rate in rates.items()}
    if "quern" in rates:
        row |= {"to the best other": round(rates["quern"] / max(others), 3),
                "of FMA peak": f"{rates['quern'] / max(peaks):.0%}"}
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="timed seconds per shape")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("shapes", nargs="*", metavar="MxNxK", default=SHAPES)
    args = parser.parse_args()
    pin(args.threads)
    rows = []
    for shape in args.shapes:
        rows.append(measure(shape, args.threads, args.seconds))
        progress(*rows[-1].values())
    report(rows, args.json)


if __name__ == "__main__":
    main()
