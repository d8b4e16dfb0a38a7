#!/usr/bin/env python3
"""Time ONNX models under several inference systems.

    python peers.py --models DIR --systems ort,openvino --threads 1,2 --json out.json
    python peers.py --json out.json --table            print the tables of an earlier run
    python peers.py --forget quern --json out.json ... measure quern anew, keep the others

DIR holds NAME.onnx, NAME.inputs.npz and NAME.outputs.npz (see zoo.py); inductor also reads NAME.pt2.

Every (model, system, threads) cell is measured in its own process, pinned to as many CPUs as it has threads, after
a warm-up; the systems take turns over several rounds. A cell's time is the lowest of its rounds' medians. Inputs are
bound before timing starts. Each round also records how many CPUs other processes used meanwhile; a round that was
disturbed is repeated. Cells already in the JSON file are skipped, so an interrupted run can be continued.

The systems themselves are in systems.py.
"""
import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from systems import SYSTEMS

QUIET = 0.03            # CPUs that other processes may use while a round still counts as undisturbed
ERROR_LIMIT = 1e-3      # largest |difference| over largest |reference| that counts as the same f32 result


# ---------------------------------------------------------------- one measurement, in its own process

def to_numpy(x):
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def errors(outputs, expected):
    """Largest absolute difference, and the largest one relative to its output's magnitude."""
    absolute = relative = 0.0
    for got, want in zip(map(to_numpy, outputs), expected, strict=True):
        if got.shape != want.shape:
            raise ValueError(f"output shape {got.shape}, expected {want.shape}")
        difference = np.nan_to_num(np.abs(got.astype("f8") - want), nan=np.inf).max(initial=0)
        absolute = max(absolute, difference)
        relative = max(relative, difference / max(np.abs(want).max(initial=0), 1e-30))
    return float(absolute), float(relative)


def busy_elsewhere():
    """CPU seconds that all other processes have used since boot."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, idle, wait, *rest = (int(f) / os.sysconf("SC_CLK_TCK") for f in fields)
    own = resource.getrusage(resource.RUSAGE_SELF)
    return user + nice + system + sum(rest) - own.ru_utime - own.ru_stime


def time_runs(run, seconds, minimum):
    times, end = [], time.perf_counter() + seconds
    while len(times) < minimum or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def worker(step, model, system, threads, artifact, seconds):
    """Compile or measure, and return what was observed."""
    adapter = SYSTEMS[system]()
    start = time.perf_counter()
    if step == "compile":
        adapter.compile(model, artifact)
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return {"compile_s": time.perf_counter() - start, "compile_rss_mb": peak / 1024}
    inputs, expected = (dict(np.load(model.with_suffix(f".{kind}.npz"))) for kind in ("inputs", "outputs"))
    start = time.perf_counter()
    adapter.load(model, artifact, inputs, threads)
    load = time.perf_counter() - start
    absolute, relative = errors(adapter.run(), expected.values())
    time_runs(adapter.run, seconds / 5, 2)
    elsewhere, start = busy_elsewhere(), time.perf_counter()
    times = time_runs(adapter.run, seconds, 3)
    elsewhere = (busy_elsewhere() - elsewhere) / (time.perf_counter() - start)
    return {"round": {"median_ms": statistics.median(times) * 1e3, "min_ms": min(times) * 1e3, "runs": len(times),
                      "elsewhere": max(0, elsewhere)},
            "load_s": load, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "max_abs": absolute, "max_rel": relative}


def spawn(step, model, system, threads, artifact, seconds, timeout):
    """Run worker() in a fresh process on `threads` CPUs; on failure return {"error": reason}."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    command = ["taskset", "-c", ",".join(map(str, cpus)), sys.executable, __file__, "--worker",
               json.dumps([step, str(model), system, threads, str(artifact), seconds])]
    env = os.environ | {"OMP_NUM_THREADS": str(threads), "TORCHINDUCTOR_CACHE_DIR": f"{artifact}.cache"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
                               start_new_session=True)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return {"error": f"{step}: over {timeout:.0f} s"}
    if process.returncode == 0:
        return json.loads(out.splitlines()[-1])
    lines = err.splitlines()
    diagnostics = [l for l in lines if "error:" in l][:1] or [l for l in lines if "Error" in l] or lines
    return {"error": f"{step}: {diagnostics[-1].strip()[:200] if diagnostics else f'signal {-process.returncode}'}"}


# ---------------------------------------------------------------- driver

def measure(args, results, save):
    names = args.names or sorted(p.stem for p in args.models.glob("*.onnx"))
    stop = time.monotonic() + args.budget
    for turn, name, threads, system in itertools.product(range(args.rounds), names, args.threads, args.systems):
        model = args.models / f"{name}.onnx"
        meta = model.with_suffix(".json")
        results["models"][name] = json.loads(meta.read_text()) if meta.exists() else {}
        cell = results["cells"].setdefault(f"{name} {system} {threads}", {"rounds": []})
        artifact = args.work / name / system
        artifact.parent.mkdir(parents=True, exist_ok=True)
        while "error" not in cell and rounds_done(cell, args.rounds) <= turn:
            if time.monotonic() > stop:
                return print("out of time; run again to continue", file=sys.stderr)
            cell.update(measure_once(args, results["compiled"], model, system, threads, artifact))
            if "round" in cell:
                cell["rounds"].append(cell.pop("round"))
            save()
            shown = cell.get("error") or f"{cell['rounds'][-1]['median_ms']:.3f} ms"
            print(f"{name:24} {system:14} {threads}  {shown}", file=sys.stderr, flush=True)


def rounds_done(cell, wanted):
    """Undisturbed rounds so far, or all that were wanted if a busy machine spoilt too many."""
    quiet = sum(r.get("elsewhere", 1) < QUIET for r in cell["rounds"])
    return quiet if len(cell["rounds"]) < 3 * wanted else wanted


def measure_once(args, compiled, model, system, threads, artifact):
    if any(word in model.stem for word in SYSTEMS[system].unsupported):
        return {"error": "unsupported"}
    if SYSTEMS[system].compiled:
        key = f"{model.stem} {system}"
        if key not in compiled:
            compiled[key] = spawn("compile", model, system, max(args.threads), artifact, 0, args.compile_timeout)
        if "error" in compiled[key]:
            return compiled[key]
    return spawn("run", model, system, threads, artifact, args.seconds, args.compile_timeout)


def print_tables(results):
    cells = results["cells"]
    systems = list(dict.fromkeys(k.split()[1] for k in cells))
    for threads in sorted({k.split()[2] for k in cells}):
        print(f"\n{threads} thread(s), ms (~ marks outputs off by more than {ERROR_LIMIT:g} of their range)\n")
        print(f"{'model':24}", *(f"{s:>14}" for s in systems), f"{'best f32':>14}  GFLOP/s")
        for name, meta in results["models"].items():
            row, exact = [], {}
            for system in systems:
                cell = cells.get(f"{name} {system} {threads}", {})
                if cell.get("rounds"):
                    best = min(r["median_ms"] for r in cell["rounds"])
                    inexact = cell["max_rel"] > ERROR_LIMIT
                    if not system.endswith("bf16") and (not inexact or "int8" in name):
                        exact[system] = best
                    row.append(f"{best:.3f}" + "~" * inexact)
                else:
                    row.append(cell.get("error", "-").partition(":")[0])
            best = min(exact, key=exact.get, default="-")
            rate = f"{meta['flops'] / exact[best] / 1e6:8.1f}" if exact and meta.get("flops") else ""
            print(f"{name:24}", *(f"{r:>14}" for r in row), f"{best:>14} {rate}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda s: [int(x) for x in s.split(",")]
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--systems", type=lambda s: s.split(","), default=["ort", "openvino"], help=", ".join(SYSTEMS))
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.5, help="timed seconds per round")
    parser.add_argument("--compile-timeout", type=float, default=120)
    parser.add_argument("--json", type=Path, default=Path("peers.json"))
    parser.add_argument("--work", type=Path, default=Path("out/peers-work"), help="folder for compiled artifacts")
    parser.add_argument("--budget", type=float, default=1e9, help="start no measurement after this many seconds")
    parser.add_argument("--forget", metavar="SYSTEM", help="first drop what the JSON file has of this system")
    parser.add_argument("--table", action="store_true", help="only print the tables")
    parser.add_argument("--worker", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to measure (default: all in DIR)")
    args = parser.parse_args()
    if unknown := set(args.systems) - set(SYSTEMS):
        parser.error(f"no such system, or not installed: {', '.join(sorted(unknown))}")
    if args.worker:
        step, model, system, threads, artifact, seconds = args.worker
        return print(json.dumps(worker(step, Path(model), system, threads, Path(artifact), seconds)))
    results = {"models": {}, "compiled": {}, "cells": {}}
    if args.json.exists():
        results = json.loads(args.json.read_text())

    if args.forget:
        for part in ("compiled", "cells"):
            results[part] = {k: v for k, v in results[part].items() if k.split()[1] != args.forget}

    def save():
        temporary = args.json.with_suffix(".tmp")
        temporary.write_text(json.dumps(results, indent=1))
        temporary.replace(args.json)

    if not args.table:
        measure(args, results, save)
    print_tables(results)


if __name__ == "__main__":
    main()
