#!/usr/bin/env python3
"""Compare two builds of Quern: the same models compiled by both, run side by side in one process.

    python compare.py --before CHECKOUT --after CHECKOUT --models DIR [--threads N] [--json] [NAME...]

Each checkout's own compiler makes the libraries (build/bin/quern); the package on PYTHONPATH runs both. The ratio is
after over before, below 1 is faster; an interval that holds 1 means no difference was seen.
"""
import argparse
import subprocess
import tempfile
from pathlib import Path

from timing import interleave, paired_ratio, pin, progress, report


def compiled(checkout, model, artifact, target):
    subprocess.run([checkout / "build/bin/quern", "compile", model, "--target", target, "-o", artifact, "--quiet"],
                   check=True)
    return artifact


def measure(args, name, folder):
    import numpy as np
    import quern
    model = args.models / f"{name}.onnx"
    feed = dict(np.load(model.with_suffix(".inputs.npz")))
    calls, sizes = {}, {}
    for side in ("before", "after"):
        artifact = compiled(getattr(args, side), model, Path(folder) / f"{name}-{side}.so", args.target)
        loaded = quern.load(artifact, threads=args.threads)
        calls[side] = lambda run=loaded.run: run(None, feed)
        sizes[side] = artifact.stat().st_size
    worst = max(float(np.abs(a - b).max(initial=0)) for a, b in zip(*(call() for call in calls.values()), strict=True))
    times = interleave(calls, args.seconds)
    return {"model": name} | {f"{side} ms": round(min(t) * 1e3, 4) for side, t in times.items()} | {
        "after / before": paired_ratio(times["after"], times["before"]),
        "bytes": sizes["after"] - sizes["before"], "largest difference": worst}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, metavar="CHECKOUT")
    parser.add_argument("--after", type=Path, default=Path(__file__).resolve().parent.parent, metavar="CHECKOUT",
                        help="default: this checkout")
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--target", default="native")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0, help="timed seconds per model")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to measure (default: all in DIR)")
    args = parser.parse_args()
    pin(args.threads)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.names or sorted(path.stem for path in args.models.glob("*.onnx")):
            rows.append(measure(args, name, folder))
            progress(*rows[-1].values())
    report(rows, args.json)


if __name__ == "__main__":
    main()
