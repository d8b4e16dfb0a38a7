#!/usr/bin/env python3
"""Single NumPy operations under quern.jit beside NumPy: products, reductions and transposes of matrices, however they lie,
copies of parts of them, places of elements, orders, systems of equations.

    python bench/array_operations.py                                  every operation
    python bench/array_operations.py --only 'x @ W.T' 'W.sum(0)' --sizes 100 1024 --dtypes float64 --json

W is [n, n], S [n, 2], x and y [n]. Extents that are powers of two are apart: rows a page away from each other share the few
places of a cache. The two take turns on `--threads` cores; a time is the least of its samples, of calls from Python; results
are compared first.
"""
import argparse

import timing


def replace_part(W, S, x, y):
    V = W.copy()
    V[1:] -= W[:-1]
    return V


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
    "tile": lambda W, S, x, y: np.tile(W, (1, 2)),
    "repeat": lambda W, S, x, y: np.repeat(W, 2, axis=0),
    "roll": lambda W, S, x, y: np.roll(W, 3, axis=1),
    "concatenate": lambda W, S, x, y: np.concatenate([W, W], axis=1),
    "pad": lambda W, S, x, y: np.pad(W, 2),
    "pad reflect": lambda W, S, x, y: np.pad(W, 2, mode="reflect"),
    "diff": lambda W, S, x, y: np.diff(W, axis=0),
    "W[1:] -= W[:-1]": replace_part,
    "W[W > 0.5]": lambda W, S, x, y: W[W > 0.5],
    "nonzero": lambda W, S, x, y: np.nonzero(W.ravel() > 0.5)[0],
    "W.max()": lambda W, S, x, y: W.max(),
    "W.argmax()": lambda W, S, x, y: W.argmax(),
    "W.argmax(1)": lambda W, S, x, y: W.argmax(1),
    "sort(x)": lambda W, S, x, y: np.sort(x),
    "sort(W)": lambda W, S, x, y: np.sort(W),
    "sort(W, axis=0)": lambda W, S, x, y: np.sort(W, axis=0),
    "sort(W, axis=None)": lambda W, S, x, y: np.sort(W, axis=None),
    "argsort(W, stable)": lambda W, S, x, y: np.argsort(W, axis=None, kind="stable"),
    "median(W)": lambda W, S, x, y: np.median(W),
    "inv": lambda W, S, x, y: np.linalg.inv(W + len(W) * np.eye(len(W), dtype=W.dtype)),
    "solve": lambda W, S, x, y: np.linalg.solve(W + len(W) * np.eye(len(W), dtype=W.dtype), x),
    "fft(W)": lambda W, S, x, y: np.fft.fft(W),
    "fft(x)": lambda W, S, x, y: np.fft.fft(x + 1j * y),
    "rfft(W)": lambda W, S, x, y: np.fft.rfft(W),
    "rfft(W.ravel())": lambda W, S, x, y: np.fft.rfft(W.ravel()),
    "irfft(W)": lambda W, S, x, y: np.fft.irfft(W[:, :len(W) // 2 + 1] + 0j, len(W)),
    "fft2(W)": lambda W, S, x, y: np.fft.fft2(W),
    "det": lambda W, S, x, y: np.linalg.slogdet(W)[1],
    "cholesky": lambda W, S, x, y: np.linalg.cholesky(W + W.T + len(W) * np.eye(len(W), dtype=W.dtype)),
    "lstsq": lambda W, S, x, y: np.linalg.lstsq(W[:, :3], x, rcond=None)[0],
}


def time_operation(name, dtype, extent, threads, seconds):
    global np
    import numpy as np      # not before timing.pin, for its threads
    import quern
    random = np.random.default_rng(0)
    arrays = [random.random(shape).astype(dtype) for shape in ((extent, extent), (extent, 2), extent, extent)]
    operation = OPERATIONS[name]
    compiled = quern.jit(operation, threads=threads)
    want, tolerance = operation(*arrays), 1e-4 if dtype == "float32" else 1e-10
    np.testing.assert_allclose(compiled(*arrays), want, rtol=tolerance, atol=tolerance * np.max(np.abs(want)))
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
