#!/usr/bin/env python3
"""Largest difference from the zoo's float64 references: ours beside ONNX Runtime's.

    python accuracy.py --models DIR [--json] [NAME...]

A difference is given relative to the largest magnitude of its output.
"""
import argparse
import importlib.util
from pathlib import Path

import numpy as np

from timing import progress, report


def largest_difference(outputs, expected):
    """The largest |difference| over its output's largest |value|; infinite where a shape or a NaN differs."""
    worst = 0.0
    for got, want in zip(outputs, expected, strict=True):
        if np.shape(got) != want.shape:
            return float("inf")
        scale = max(np.abs(want).max(initial=0), 1e-30)
        difference = np.abs(np.asarray(got, "f8") - want)
        worst = max(worst, float(np.nan_to_num(difference, nan=np.inf).max(initial=0) / scale))
    return worst


def onnxruntime_outputs(path, feed):
    import onnxruntime as ort
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feed)


def quern_outputs(path, feed):
    import quern
    return quern.compile(path, target="native").run(None, feed)


SYSTEMS = {"quern": quern_outputs, "onnxruntime": onnxruntime_outputs}


def measure(path):
    feed, expected = (dict(np.load(path.with_suffix(f".{kind}.npz"))) for kind in ("inputs", "outputs"))
    row = {"model": path.stem}
    for name, outputs in SYSTEMS.items():
        try:
            row[name] = f"{largest_difference(outputs(path, feed), expected.values()):.2g}"
        except Exception as e:
            row[name] = f"{type(e).__name__}: {str(e)[:100]}"
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to check (default: all in DIR)")
    args = parser.parse_args()
    for name in [name for name in SYSTEMS if not importlib.util.find_spec(name)]:
        parser.error(f"no {name} here")
    rows = []
    for name in args.names or sorted(path.stem for path in args.models.glob("*.onnx")):
        rows.append(measure(args.models / f"{name}.onnx"))
        progress(*rows[-1].values())
    report(rows, args.json)


if __name__ == "__main__":
    main()
