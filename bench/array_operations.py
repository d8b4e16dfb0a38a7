#!/usr/bin/env python3
"""Single NumPy operations under quern.jit beside NumPy: products, reductions and transposes of matrices, however they lie.

    python bench/array_operations.py                                  every operation
    python bench/array_operations.py --only 'x @ W.T' 'W.sum(0)' --sizes 100 1024 --dtypes float64 --json

W is [n, n], S [n, 2], x and y [n]. Extents that are powers of two are apart: rows a page away from each other share the few
places of a cache. The two take turns on `--threads` cores; a time is the least of its samples, of calls from Python; results
are compared first.
"""
import argparse

import timing

OPERATIONS = {
    "W @ x": lambda W, S, x, y: W @ x,
    "W.T @ x": lambda W, S, x, y: W.T @ x,
    "x @ W": lambda W, S, x, y: x @ W,
    "x @ W.T": lambda W, S, x, y: x @ W.T,
    "x @ y": lambda W, S, x, y: x @ y,
    "W @ S": lambda W, S, x, y: W @ S,
    "W.T @ S": lambda W, S, x, y: W.T @ S,
    "S.T @ W": lambda W, S, x, y: S.T @ W,
    "W @ W": lambda W, S, x, y: W @ W,
    "W.T @ W": lambda W, S, x, y: W.T @ W,
    "W @ W.T": lambda W, S, x, y: W @ W.T,
    "W.sum(0)": lambda W, S, x, y: W.sum(0),
    "W.sum(1)": lambda W, S, x, y: W.sum(1),
    "W.max(0)": lambda W, S, x, y: W.max(0),
    "W.std(0)": lambda W, S, x, y: W.std(0),
    "W.argmax(0)": lambda W, S, x, y: W.argmax(0),
    "W.T": lambda W, S, x, y: W.T.copy(),
    "W - W.mean(0)": lambda W, S, x, y: W - W.mean(0),
    "W + W.T": lambda W, S, x, y: W + W.T,
}


def time_operation(name, dtype, extent, threads, seconds):
    import numpy as np
    import quern
    random = np.random.default_rng(0)
    arrays = [random.random(shape).astype(dtype) for shape in ((extent, extent), (extent, 2), extent, extent)]
    operation = OPERATIONS[name]
    compiled = quern.jit(operation, threads=threads)
    np.testing.assert_allclose(compiled(*arrays), operation(*arrays), rtol=1e-4 if dtype == "float32" else 1e-10)
    samples = timing.interleave({"quern": lambda: compiled(*arrays), "numpy": lambda: operation(*arrays)}, seconds)
    quern_us, numpy_us = (min(samples[system]) * 1e6 for system in ("quern", "numpy"))
    return {"operation": name, "dtype": dtype, "n": extent, "quern us": quern_us, "numpy us": numpy_us, "ratio": numpy_us / quern_us}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(OPERATIONS), default=list(OPERATIONS), metavar="OPERATION")
    parser.add_argument("--sizes", nargs="+", type=int, default=[100, 1000, 1024], metavar="N")
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "float64"], default=["float32", "float64"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3, help="for each row (default: 0.3)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    timing.pin(args.threads)
    rows = []
    for extent in args.sizes:
        for dtype in args.dtypes:
            for name in args.only:
                rows.append(time_operation(name, dtype, extent, args.threads, args.seconds))
                timing.progress(name, dtype, extent, f"{rows[-1]['ratio']:.2f}")
    timing.report(rows, args.json)


if __name__ == "__main__":
    main()
