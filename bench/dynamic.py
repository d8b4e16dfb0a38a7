#!/usr/bin/env python3
"""Our dynamic shapes against our static ones: NAME_dynamic.onnx and NAME.onnx on the same inputs, interleaved.

    python dynamic.py --models DIR [--threads N] [--json] [NAME...]

DIR holds both: `zoo.py --out DIR` writes the static ones, `zoo.py --out DIR --dynamic` the others.
The ratio is dynamic over static time with its 95 % confidence interval. Required: dynamic shapes run at 0.9 of the
static speed or more, so a ratio of at most 1.11. The difference is relative to the largest static output.
"""
import argparse
from pathlib import Path

from timing import interleave, paired_ratio, pin, progress, report


MOST = 1 / 0.9    # dynamic over static time


def runner(path, feed, threads):
    import quern
    model = quern.compile(path, target="native", threads=threads)
    return lambda: model.run(None, feed)


def measure(models, name, threads, seconds):
    import numpy as np
    feed = dict(np.load(models / f"{name}.inputs.npz"))
    calls = {kind: runner(models / f"{name}{suffix}.onnx", feed, threads)
             for kind, suffix in (("static", ""), ("dynamic", "_dynamic"))}
    static, dynamic = (call() for call in calls.values())
    worst = max(float(np.abs(a - b).max(initial=0) / max(np.abs(a).max(initial=0), 1e-30))
                for a, b in zip(static, dynamic, strict=True))
    times = interleave(calls, seconds)
    ratio = paired_ratio(times["dynamic"], times["static"])
    return {"model": name} | {f"{kind} ms": round(min(t) * 1e3, 4) for kind, t in times.items()} | {
        "dynamic / static": ratio, "required": f"<= {MOST:.2f}", "verdict": "ok" if ratio.value <= MOST else "missed",
        "relative difference": worst}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="timed seconds per model")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to measure (default: all that have both)")
    args = parser.parse_args()
    pin(args.threads)
    suffix = "_dynamic.onnx"
    rows = []
    for name in args.names or sorted(p.name.removesuffix(suffix) for p in args.models.glob(f"*{suffix}")):
        rows.append(measure(args.models, name, args.threads, args.seconds))
        progress(*rows[-1].values())
    report(rows, args.json)


if __name__ == "__main__":
    main()
