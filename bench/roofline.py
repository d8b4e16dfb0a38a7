#!/usr/bin/env python3
"""Measure this machine's peak f32 FMA rate and its read bandwidth by working-set size.

    python roofline.py [--threads 1,2] [--json]
"""
import argparse
import ctypes
import functools
import json
import subprocess
import tempfile
from pathlib import Path


@functools.cache
def library():
    """libroofline.so, which board.py puts beside this file for machines without a compiler, or roofline.c built here."""
    source, ready = Path(__file__).with_suffix(".c"), Path(__file__).with_name("libroofline.so")
    with tempfile.TemporaryDirectory() as folder:
        path = ready if ready.exists() else Path(folder) / "roofline.so"
        flags = ["-O3", "-march=native", "-ffp-contract=fast", "-pthread", "-shared", "-fPIC"]
        if path != ready:
            subprocess.run(["cc", *flags, source, "-o", path], check=True)
        loaded = ctypes.CDLL(str(path))
    for function, arguments in ((loaded.fma_gflops, "ii"), (loaded.read_gbytes, "iiz")):
        function.restype = ctypes.c_double
        function.argtypes = [{"i": ctypes.c_int, "z": ctypes.c_size_t}[letter] for letter in arguments]
    return loaded


def fma_gflops(threads, repeats=1):
    """The f32 FMA rate just now: 7 ms a repeat, the best counts. Where others run too, ask often and take the best."""
    return library().fma_gflops(threads, repeats)


def roofline(threads):
    """{"threads", "fma_gflops", "read_gbytes": {"16 MiB": GB/s, ...}}"""
    sizes = [1 << shift for shift in range(0, 11, 2)]
    return {"threads": threads, "fma_gflops": round(fma_gflops(threads, 50), 1),
            "read_gbytes": {f"{mib} MiB": round(library().read_gbytes(threads, 5, mib << 20), 1) for mib in sizes}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=lambda s: [int(x) for x in s.split(",")], default=[1])
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    args = parser.parse_args()
    results = [roofline(threads) for threads in args.threads]
    if args.json:
        return print(json.dumps(results, indent=1))
    for r in results:
        reads = "  ".join(f"{size} {rate:.1f}" for size, rate in r["read_gbytes"].items())
        print(f"{r['threads']} thread(s): {r['fma_gflops']:.1f} GFLOP/s f32 FMA;  read GB/s:  {reads}")


if __name__ == "__main__":
    main()
