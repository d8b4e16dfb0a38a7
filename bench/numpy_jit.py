"""Plain NumPy functions compiled by quern.jit, beside NumPy itself and the JIT compilers that accept them.

    python bench/numpy_jit.py                                            every function, beside NumPy
    python bench/numpy_jit.py --only softmax --peers numpy jax torch --threads 1 2 --json

The functions (numpy_functions.py) are never edited for a compiler: numba and torch.compile get them as they are, JAX gets the
same code with `np` bound to jax.numpy, in 64 bits, functions of numbers alone but NumPy's: so dtypes are those of NumPy. Each
function and system runs in a process of its own, pinned to as many cores as it has threads. `first s` is what a user waits for:
importing the compiler, making the compiled function, and its first call, with no cache on disk; `cached s` the same in another
process that finds it there. The time of a call is the least of its samples; a result that differs from NumPy's by more than 1e-5
of its largest value is no result. One of a narrower dtype is marked, and no peer. Rows are printed when they are measured; with
--json each is a line.
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


class JaxNumPy:
    """jax.numpy, but what NumPy makes of numbers alone is a scalar with a dtype, as in NumPy: float32 by np.sqrt(2) is float64."""

    def __getattr__(self, name):
        import jax
        import numpy as np
        of_arrays, of_numbers = getattr(jax.numpy, name), getattr(np, name)
        if not isinstance(of_numbers, np.ufunc):
            return of_arrays
        return lambda *args: (of_numbers if all(isinstance(a, (int, float)) for a in args) else of_arrays)(*args)


def run_jax(function, threads):
    import jax
    import numpy as np
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_enable_compilation_cache", False)
    compiled = jax.jit(types.FunctionType(function.__code__, {**function.__globals__, "np": JaxNumPy()}, function.__name__))
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
    """The row of a table; its columns depend on the systems alone."""
    row = {"function": name, "size": size, "threads": threads}
    for system, cell in cells.items():
        row[f"{system} us"] = cell.get("us", "fails")
        row[f"{system} narrower"] = cell.get("narrower", False)
    mine = cells.get("quern", {})
    row |= {"first s": mine.get("first_s"), "cached s": mine.get("cached_s"), "best peer": None, "ratio": None}
    peers = {system: cell["us"] for system, cell in cells.items()
             if system != "quern" and "us" in cell and not cell["narrower"]}
    if "us" in mine and peers:
        row["best peer"] = min(peers, key=peers.get)
        row["ratio"] = peers[row["best peer"]] / mine["us"]
    return row


class Printer:
    """Prints each row as it comes: what ends the program loses no row. A narrower result has a star."""

    def __init__(self, as_json):
        self.as_json, self.started = as_json, False

    def print(self, row):
        if self.as_json:
            return print(json.dumps(row), flush=True)
        cells = {}
        for key, value in row.items():
            if not key.endswith(" narrower"):
                cells[key] = timing.show(value) + (" *" if row.get(key.replace(" us", " narrower")) is True else "")
        widths = {key: max(len(key), 20 if key == "function" else 9) for key in cells}
        if not self.started:
            print("| " + " | ".join(key.ljust(widths[key]) for key in cells) + " |")
            print("|" + "|".join("-" * (width + 2) for width in widths.values()) + "|")
        self.started = True
        print("| " + " | ".join(cell.ljust(widths[key]) for key, cell in cells.items()) + " |", flush=True)


def geometric_mean(ratios):
    product = 1.0
    for ratio in ratios:
        product *= ratio ** (1 / len(ratios))
    return product


def main():
    from numpy_functions import FUNCTIONS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=FUNCTIONS, default=list(FUNCTIONS), metavar="NAME", help="(default: all)")
    parser.add_argument("--peers", nargs="*", choices=[s for s in SYSTEMS if s != "quern"], default=["numpy"],
                        help="(default: numpy)")
    parser.add_argument("--threads", nargs="+", type=int, default=[1], help="(default: 1)")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--seconds", type=float, default=0.3, help="of timing for each cell (default: 0.3)")
    parser.add_argument("--json", action="store_true", help="one object a line")
    args = parser.parse_args()
    if missing := [peer for peer in args.peers if not importlib.util.find_spec(peer)]:
        parser.error(f"not installed: {', '.join(missing)}")
    printer, ratios = Printer(args.json), []
    for threads in args.threads:
        for name in args.only:
            cells = {}
            for system in ["quern", *args.peers]:
                timing.progress(name, system, threads, "threads")
                cells[system] = run(name, system, threads, args.sizes, args.seconds)
            for i, size in enumerate(args.sizes):
                row = row_of(name, size, threads, {system: rows[i] for system, rows in cells.items()})
                printer.print(row)
                ratios += [row["ratio"]] if row["ratio"] else []
    if ratios and not args.json:
        print(f"\nahead of the best peer by {geometric_mean(ratios):.2f}x (geometric mean), at least {min(ratios):.2f}x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        name, system, threads, sizes, seconds = sys.argv[2:]
        print(json.dumps(list(measure(name, system, int(threads), sizes.split(","), float(seconds)))))
    else:
        main()
