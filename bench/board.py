#!/usr/bin/env python3
"""Our tables on another machine, such as an Arm board, which needs Python 3.10 and a network for pip, and nothing of Quern.

    python board.py pack --models DIR --out quern-board.tar.gz [NAME...]     where Quern is built: compiles for the board
    tar xf quern-board.tar.gz; python3 quern-board/board.py run              on the board

`run` times the models beside ONNX Runtime (peers.py), then each kernel against the board's FMA peak, and writes
results/report.md with all tables and results/*.json with all samples.
"""
import argparse
import contextlib
import importlib.util
import io
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = ("board.py", "peers.py", "systems.py", "artifact.py", "timing.py", "roofline.py")
SUFFIXES = (".onnx", ".inputs.npz", ".outputs.npz", ".json")
WHEELS = ("numpy", "onnxruntime")
# Target -> the C compiler that makes libroofline.so for it.
COMPILERS = {"aarch64": ("aarch64-linux-gnu-gcc",), "native": ("cc", "-march=native")}


# ---------------------------------------------------------------- pack, where Quern is built

def compile_model(model, target, artifact):
    """Empty, or why the model was left out."""
    from quern._compiler import find_compiler
    done = subprocess.run([find_compiler(), "compile", "--quiet", "--no-header", f"--target={target}", model, "-o", artifact],
                          capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


def pack(args):
    from timing import progress
    names = args.names or sorted(path.stem for path in args.models.glob("*.onnx"))
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "quern-board"
        (board / "models").mkdir(parents=True)
        for name in PROGRAMS:
            shutil.copy(HERE / name, board)
        subprocess.run([*COMPILERS[args.target], "-O3", "-ffp-contract=fast", "-pthread", "-shared", "-fPIC", HERE / "roofline.c",
                        "-o", board / "libroofline.so"], check=True)
        for name in names:
            if reason := compile_model(args.models / f"{name}.onnx", args.target, board / "models" / f"{name}.so"):
                progress(f"{name} is left out: {reason}")
                continue
            for suffix in SUFFIXES:
                if (source := args.models / f"{name}{suffix}").exists():
                    shutil.copy(source, board / "models")
            progress(name)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(args.out, "w:gz", compresslevel=1) as archive:
            archive.add(board, board.name)
    progress(f"{args.out}: {args.out.stat().st_size / 1e6:.0f} MB; on the board: tar xf {args.out.name}; python3 quern-board/board.py run")


# ---------------------------------------------------------------- run, on the board

def python_with_wheels():
    """A Python that has NumPy and ONNX Runtime: this one, or that of an environment beside this file."""
    if all(importlib.util.find_spec(name) for name in WHEELS):
        return sys.executable
    python = HERE / "venv/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", HERE / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WHEELS], check=True)
    return str(python)


def describe_machine():
    """What the figures depend on: the processor's own words, clocks and memory."""
    def read(path):
        with contextlib.suppress(OSError):
            return Path(path).read_text().strip()
    return {"machine": platform.machine(), "kernel": platform.release(), "cpus": len(os.sched_getaffinity(0)),
            "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), "model": read("/proc/device-tree/model"),
            "cpuinfo": read("/proc/cpuinfo"), "meminfo": (read("/proc/meminfo") or "").partition("\n")[0]}


def time_kernels(model, seconds, peak):
    """A row for each launch of a kernel, on one thread; `peak` in GFLOP/s."""
    import time

    import numpy as np
    from artifact import Artifact
    samples = {}
    artifact = Artifact(model.with_suffix(".so"), profile=lambda site, ns: samples.setdefault(site, []).append(ns))
    with np.load(model.with_suffix(".inputs.npz")) as inputs:
        artifact.bind(dict(inputs))
    artifact.run()
    samples.clear()
    end = time.perf_counter() + seconds
    while not samples or time.perf_counter() < end:
        artifact.run()
    rows = []
    for number, times in sorted(samples.items()):
        site, ns = artifact.manifest["sites"][number], statistics.median(times)
        kernel, flops = artifact.manifest["kernels"][site["kernel"]], site["flops"]
        rate = flops / ns if isinstance(flops, int) and flops and ns else None    # over open dims it is a text
        rows.append({"model": model.stem, "level": artifact.level, "launch": site["name"], "algorithm": kernel["algorithm"],
                     "us": round(ns / 1e3, 2), "GFLOP/s": rate and round(rate, 2), "of peak": rate and f"{rate / peak:.0%}"})
    return rows


def tables(title, show):
    """A section of the report out of what show() prints."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        show()
    return f"## {title}\n\n```\n{text.getvalue().strip()}\n```\n"


def measure(args):
    """Everything, in a Python that has the wheels."""
    from timing import progress, report
    import peers
    import roofline
    args.results.mkdir(parents=True, exist_ok=True)
    names = args.names or sorted(path.stem for path in (HERE / "models").glob("*.so"))
    machine = describe_machine()
    roofs = [roofline.roofline(threads) for threads in args.threads]
    progress("timing the models")
    cells = args.results / "peers.json"
    subprocess.run([sys.executable, HERE / "peers.py", "--models", HERE / "models", "--systems", "ort,artifact", "--json", cells,
                    "--threads", ",".join(map(str, args.threads)), "--seconds", str(args.seconds), "--work", args.results / "work",
                    *names], check=True, stdout=subprocess.DEVNULL)
    peak, kernels = roofline.fma_gflops(1, 50), []
    for name in names:
        progress("timing the kernels of", name)
        kernels += time_kernels(HERE / "models" / f"{name}.onnx", args.seconds, peak)
    (args.results / "machine.json").write_text(json.dumps({"machine": machine, "roofline": roofs}, indent=1))
    (args.results / "kernels.json").write_text(json.dumps(kernels, indent=1))
    sections = [f"# Quern on {machine['model'] or platform.machine()}\n",
                tables("The machine", lambda: report([{"threads": row["threads"], "FMA GFLOP/s": row["fma_gflops"]}
                                                      | {f"read GB/s, {size}": rate for size, rate in row["read_gbytes"].items()}
                                                      for row in roofs])),
                tables("Models beside ONNX Runtime", lambda: peers.print_tables(json.loads(cells.read_text()))),
                tables("Kernels, one thread", lambda: report(kernels))]
    (args.results / "report.md").write_text("\n".join(sections))
    progress(f"written: {args.results}/report.md, and .json files with all samples beside it")


def run(args):
    python = python_with_wheels()
    if python == sys.executable:
        return measure(args)
    raise SystemExit(subprocess.run([python, *sys.argv]).returncode)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="pack|run")
    packing = commands.add_parser("pack", help="compile models for the board and write an archive")
    packing.add_argument("--models", type=Path, default=Path("models"), metavar="DIR", help="of zoo.py")
    packing.add_argument("--target", choices=sorted(COMPILERS), default="aarch64")
    packing.add_argument("--out", type=Path, default=Path("quern-board.tar.gz"), metavar="FILE")
    packing.add_argument("names", nargs="*", metavar="NAME", help="models (default: all in DIR)")
    packing.set_defaults(command=pack)
    running = commands.add_parser("run", help="time what the archive holds, on the board")
    running.add_argument("--threads", type=lambda s: [int(x) for x in s.split(",")], metavar="N,...",
                         default=sorted({1, len(os.sched_getaffinity(0))}), help="default: 1 and all CPUs")
    running.add_argument("--seconds", type=float, default=1.5, help="for each measurement")
    running.add_argument("--results", type=Path, default=HERE / "results", metavar="DIR")
    running.add_argument("names", nargs="*", metavar="NAME", help="models (default: all of the archive)")
    running.set_defaults(command=run)
    args = parser.parse_args()
    args.command(args)


if __name__ == "__main__":
    main()
