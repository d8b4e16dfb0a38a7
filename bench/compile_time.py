#!/usr/bin/env python3
"""Compile models cold with the `quern` tool: seconds, and the peak of anonymous and of all resident memory.

    python compile_time.py --models DIR [--quern build/bin/quern] [--json] [NAME...]

Memory is summed over the tool and its children, read from /proc every few milliseconds. Required on two cores: less
than 15 s, and anonymous memory of at most 300 MB and 1.5 times the initializers (goal: 200 MB and 1.1 times). The
initializers are taken to be the whole file.
"""
import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from timing import progress, report

ROOT = Path(__file__).resolve().parent.parent
INTERVAL = 5e-3    # seconds between two looks at /proc
MOST_SECONDS = 15


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory(pid):
    """Bytes (anonymous, all resident) of a process and its descendants."""
    anonymous = resident = 0
    try:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        anonymous, resident = (int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "VmRSS"))
    except (OSError, KeyError):
        pass    # it has ended
    for child in children(pid):
        more = memory(child)
        anonymous, resident = anonymous + more[0], resident + more[1]
    return anonymous, resident


def memory_limits(initializers):
    """Anonymous bytes (required, goal) for a model with so many bytes of initializers."""
    return 300e6 + 1.5 * initializers, 200e6 + 1.1 * initializers


def measure(quern, model, target, artifact=None):
    """One row of the table. The artifact goes to `artifact`, or is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = artifact or Path(folder) / f"{model.stem}.so"
        command = [quern, "compile", model, "--target", target, "-o", artifact]
        start = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        peak = (0, 0)
        while process.poll() is None:
            peak = tuple(map(max, peak, memory(process.pid)))
            time.sleep(INTERVAL)
        seconds = time.perf_counter() - start
        error = process.stderr.read().strip()[:200] if process.returncode else ""
        size = 0 if error else artifact.stat().st_size
    anonymous, resident = peak
    required, goal = memory_limits(model.stat().st_size)
    ok = not error and seconds < MOST_SECONDS and anonymous <= required
    return {"model": model.stem, "target": target, "seconds": round(seconds, 2), "required s": f"< {MOST_SECONDS}",
            "anonymous MB": round(anonymous / 1e6), "required MB": round(required / 1e6), "goal MB": round(goal / 1e6),
            "resident MB": round(resident / 1e6), "artifact MB": round(size / 1e6, 1),
            "verdict": "ok" if ok else error or "missed"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--quern", type=Path, default=ROOT / "build/bin/quern", help="the tool (default: this build's)")
    parser.add_argument("--target", default="native", metavar="TARGET,...", help="several: the ratio is to the first (default: native)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", default=["resnet50", "bert_base_s128"])
    args = parser.parse_args()
    rows = []
    for name in args.names:
        targets = [measure(args.quern, args.models / f"{name}.onnx", target) for target in args.target.split(",")]
        for row in targets:
            rows.append(row | {"ratio": round(row["seconds"] / max(targets[0]["seconds"], 0.01), 2)})
            progress(*rows[-1].values())
    report(rows, args.json)


if __name__ == "__main__":
    main()
