"""Plain NumPy functions compiled by quern.jit, beside NumPy itself and the JIT compilers that accept them.

    python bench/numpy_jit.py                                            every function, what is installed
    python bench/numpy_jit.py --functions softmax --systems quern,numpy --threads 1,2 --json

The functions (numpy_functions.py) are never edited for a compiler: numba and torch.compile get them as they are, JAX gets the
same code with `np` bound to jax.numpy. Each function and system runs in a process of its own, pinned to as many cores as it
has threads. `first s` is what a user waits for: importing the compiler, making the compiled function, and its first call, with
no cache on disk; `cached s` the same in another process that finds it there. The time of a call is the least of its samples; a
result that differs from NumPy's by more than 1e-5 of its largest value is no result. One of another dtype is marked: JAX and
torch compute in float32 where NumPy has float64.
"""
import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import types

import timing


#--- Systems: (function, threads) -> (what makes the system's own arguments once, untimed; the call) -------------------

def run_numpy(function, threads):
    return lambda args: args, function


def run_quern(function, threads):
    import quern
    return lambda args: args, quern.jit(function, threads=threads)


def run_numba(function, threads):
    import numba
    return lambda args: args, numba.njit(function, parallel=threads > 1)


def run_jax(function, threads):
    import jax
    import numpy as np
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_enable_compilation_cache", False)
    compiled = jax.jit(types.FunctionType(function.__code__, {**function.__globals__, "np": jax.numpy}, function.__name__))
    return (lambda args: [jax.device_put(a) if isinstance(a, np.ndarray) else a for a in args],
            lambda *args: jax.block_until_ready(compiled(*args)))


def run_torch(function, threads):
    import torch
    torch.set_num_threads(threads)
    return lambda args: args, torch.compile(function, dynamic=False)


SYSTEMS = {"quern": run_quern, "numpy": run_numpy, "numba": run_numba, "jax": run_jax, "torch": run_torch}
SIZES = ("small", "large")


#--- One function in one process ----------------------------------------------------------------------------------

def leaves(result):
    import numpy as np
    return [np.asarray(one) for one in (result if isinstance(result, tuple) else (result,))]


def largest_error(got, want):
    import numpy as np
    worst = 0.0
    for g, w in zip(leaves(got), leaves(want), strict=True):
        if g.shape != w.shape:
            raise ValueError(f"the result has shape {g.shape}, NumPy's {w.shape}")
        worst = max(worst, float(np.abs(g - w).max() / max(np.abs(w).max(), 1e-300)))
    return worst


def is_narrower(got, want):
    return any(g.dtype.itemsize < w.dtype.itemsize for g, w in zip(leaves(got), leaves(want)))


def measure(name, system, threads, sizes, seconds):
    """One row for each size."""
    timing.pin(threads)
    import numpy as np
    from numpy_functions import FUNCTIONS
    function, builders = FUNCTIONS[name]
    for size in sizes:
        args = builders[size](np.random.default_rng(0))
        try:
            start = time.perf_counter()
            convert, call = SYSTEMS[system](function, threads)
            made = time.perf_counter() - start
            own = convert(args)
            start = time.perf_counter()
            result = call(*own)
            first = made + time.perf_counter() - start
            if (error := largest_error(result, function(*args))) > 1e-5:
                raise ValueError(f"differs from NumPy by {error:.1e}")
            samples = timing.interleave({system: lambda: call(*own)}, seconds)[system]
            yield {"us": min(samples) * 1e6, "first_s": first, "error": error, "narrower": is_narrower(result, function(*args))}
        except Exception as error:    # noqa: BLE001, a system that refuses a function is a result
            yield {"failed": f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]}


def run(name, system, threads, sizes, seconds):
    """The rows of a fresh process; what it dies of is the row's failure."""
    with tempfile.TemporaryDirectory() as cache:
        cells = in_process(name, system, threads, sizes, seconds, cache)
        if system == "quern":
            for cell, again in zip(cells, in_process(name, system, threads, sizes, 0, cache)):
                if "first_s" in again:
                    cell["cached_s"] = again["first_s"]
    return cells


def in_process(name, system, threads, sizes, seconds, cache):
    done = subprocess.run([sys.executable, __file__, "--worker", name, system, str(threads), ",".join(sizes), str(seconds)],
                          capture_output=True, text=True, env=environment(cache))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return [{"failed": f"exit code {done.returncode}: {last[:200]}"} for _ in sizes]
    return json.loads(done.stdout.splitlines()[-1])


def environment(cache):
    """A cache of its own; bytecode is kept, as that of installed packages is."""
    import os
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "XDG_CACHE_HOME": cache, "NUMBA_CACHE_DIR": cache, "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}


#--- Tables ---------------------------------------------------------------------------------------------------------

def row_of(name, size, threads, cells):
    row = {"function": name, "size": size, "threads": threads}
    times = {system: cell["us"] for system, cell in cells.items() if "us" in cell}
    for system, cell in cells.items():
        row[f"{system} us"] = cell.get("us", "fails")
        if cell.get("narrower"):
            row[f"{system} narrower"] = True
    if "quern" in times:
        row["first s"] = cells["quern"]["first_s"]
        row["cached s"] = cells["quern"].get("cached_s")
        peers = {system: us for system, us in times.items() if system != "quern"}
        if peers:
            best = min(peers, key=peers.get)
            row["best peer"] = best
            row["ratio"] = peers[best] / times["quern"]
    return row


def geometric_mean(ratios):
    product = 1.0
    for ratio in ratios:
        product *= ratio ** (1 / len(ratios))
    return product


def main():
    from numpy_functions import FUNCTIONS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", default=",".join(FUNCTIONS), help="(default: all)")
    parser.add_argument("--systems", help=f"of {','.join(SYSTEMS)} (default: those that are installed)")
    parser.add_argument("--threads", default="1", help="such as 1,2 (default: 1)")
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--seconds", type=float, default=0.3, help="of timing for each cell (default: 0.3)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    names, sizes = args.functions.split(","), args.sizes.split(",")
    systems = args.systems.split(",") if args.systems else [s for s in SYSTEMS if importlib.util.find_spec(s)]
    for given, known in ((names, FUNCTIONS), (systems, SYSTEMS), (sizes, SIZES)):
        if unknown := [one for one in given if one not in known]:
            parser.error(f"no such function, system or size: {unknown[0]}; expected {', '.join(known)}")
    rows = []
    for threads in map(int, args.threads.split(",")):
        for name in names:
            cells = {}
            for system in systems:
                timing.progress(name, system, threads, "threads")
                cells[system] = run(name, system, threads, sizes, args.seconds)
            rows += [row_of(name, size, threads, {system: cells[system][i] for system in systems}) for i, size in enumerate(sizes)]
    keys = dict.fromkeys(key for row in rows for key in row)
    timing.report([{key: row.get(key) for key in keys} for row in rows], args.json)
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    if ratios and not args.json:
        print(f"\nahead of the best peer by {geometric_mean(ratios):.2f}x (geometric mean), at least {min(ratios):.2f}x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        name, system, threads, sizes, seconds = sys.argv[2:]
        print(json.dumps(list(measure(name, system, int(threads), sizes.split(","), float(seconds)))))
    else:
        main()
