#!/usr/bin/env python3
"""What NVIDIA's assembler and the limits of its devices say of the zoo's kernels: static figures, not times.

    python report_nvptx.py --models DIR [--target sm_80] [--page PAGE.md] [--json] [NAME...]

Compiles each model, assembles every distinct kernel with ptxas, and says for each: registers, shared memory, spills, how
many of a multiprocessor's threads can be resident (occupancy), operations, bytes, and what bounds it at best. The exit
status is 1 where a kernel does not assemble, spills, or takes more shared memory than its schedule says.
"""
import argparse
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from timing import progress, report


@dataclass(frozen=True)
class Device:
    """A device of the target's generation. Limits of a multiprocessor: CUDA C++ Programming Guide, compute capabilities, and
    the allocation units of the CUDA occupancy calculator. Peaks: NVIDIA's data sheets, dense, in FLOP/s by element type."""
    name: str
    multiprocessors: int
    shared: int    # bytes, of a multiprocessor
    bandwidth: float    # bytes/s
    peaks: dict
    registers: int = 65536
    warps: int = 64
    blocks: int = 32
    shared_unit: int = 128
    shared_reserved: int = 1024    # bytes of each block that the system takes
    register_unit: int = 256    # of a warp
    warp_unit: int = 4


DEVICES = {
    "sm_80": Device("A100 SXM 80 GB", 108, 164 << 10, 2.039e12, {"f32": 19.5e12, "f64": 9.7e12, "tf32": 156e12, "f16": 312e12,
                                                                "bf16": 312e12}),
    "sm_90a": Device("H100 SXM 80 GB", 132, 228 << 10, 3.35e12, {"f32": 66.9e12, "f64": 33.5e12, "tf32": 494.7e12,
                                                                "f16": 989.4e12, "bf16": 989.4e12}),
}

PAGE = """# Kernels for {name}, statically

What these figures are: what `ptxas` ({ptxas}) says of each distinct kernel's registers, shared memory (bytes of a block) and
spills (bytes); `occupancy`, the share of a multiprocessor's {threads} threads that can be resident with them, and what limits
it; operations and bytes of a launch by the definition of its operators, each byte moved once; and the time that {name} would
need for these at its documented peaks ({bandwidth:g} GB/s, {flops:g} TFLOP/s of float32; kernels that use tensor cores are held
against the peak of their element type), with what sets it. `blocks` is what a launch has; a device runs {multiprocessors} at a
time without sharing. `-`: known only when the model runs.

What they are not: times, or anything measured on a device. They know no caches, no latencies and no launch overhead.

`make report-nvptx` makes this page.

"""


def round_up(value, unit):
    return -(-value // unit) * unit


def occupancy(device, threads, registers, shared):
    """(share of the resident threads, what limits them)."""
    warps = -(-threads // 32)
    by_registers = device.registers // round_up(max(registers, 1) * 32, device.register_unit)
    limits = {"blocks": device.blocks, "threads": device.warps // warps,
              "registers": by_registers // device.warp_unit * device.warp_unit // warps,
              "shared memory": device.shared // round_up(shared + device.shared_reserved, device.shared_unit)}
    limit = min(limits, key=limits.get)
    return limits[limit] * warps / device.warps, limit


def arithmetic(ptx):
    """The element type of the products that a kernel's peak is a peak of."""
    if tensor := re.search(r"mma\S*\.(tf32|bf16|f16)\b", ptx):
        return tensor[1]
    return "f64" if "fma.rn.f64" in ptx and "fma.rn.f32" not in ptx else "f32"


def bound(device, element, multiply_adds, size):
    """(seconds at best, what sets them); nothing where an amount is an expression."""
    if not isinstance(multiply_adds, int) or not isinstance(size, int):
        return None, "-"
    computing, moving = multiply_adds / device.peaks[element], size / device.bandwidth
    return max(computing, moving), element if computing > moving else "memory"


@functools.cache
def find_ptxas():
    for name in ("ptxas", "/usr/local/cuda/bin/ptxas"):
        if path := shutil.which(name):
            return path
    raise SystemExit("report_nvptx.py: no ptxas here: it is in NVIDIA's CUDA toolkit, package cuda-nvcc")


def assemble(path, target):
    """What ptxas says of a kernel; `error` is its complaint, or empty."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([find_ptxas(), "-v", f"-arch={target}", path, "-o", Path(folder) / "cubin"], capture_output=True, text=True)
    if done.returncode or "warning" in done.stderr:
        return {"registers": 0, "shared": 0, "spills": 0, "stack": 0, "error": done.stderr.strip().splitlines()[0]}
    number = lambda pattern: sum(map(int, re.findall(pattern, done.stderr)))
    return {"registers": number(r"Used (\d+) registers"), "shared": number(r"(\d+) bytes smem"),
            "spills": number(r"(\d+) bytes spill"), "stack": number(r"(\d+) bytes stack frame"), "error": ""}


def compile_ptx(model, target, folder):
    """The manifest; the kernels' PTX lies in `folder`."""
    from quern._compiler import find_compiler
    done = subprocess.run([find_compiler(), "compile", model, "-o", folder, f"--target={target}", "--emit=ptx", "--json"],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"report_nvptx.py: {model}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measure(model, target):
    """A row for each distinct kernel of the model, those of the processor left out."""
    device = DEVICES[target]
    with tempfile.TemporaryDirectory() as folder:
        manifest = compile_ptx(model, target, folder)
        kernels = {number: kernel for number, kernel in enumerate(manifest["kernels"]) if "threads" in kernel}
        paths = {number: Path(folder) / f"{kernel['name']}_{target}.ptx" for number, kernel in kernels.items()}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            said = dict(zip(paths, pool.map(lambda path: assemble(path, target), paths.values())))
        types = {number: arithmetic(path.read_text()) for number, path in paths.items()}
    rows = []
    for number, kernel in kernels.items():
        launches = [site for site in manifest["sites"] if site["kernel"] == number]
        largest = max(launches, key=lambda site: site["bytes"] if isinstance(site["bytes"], int) else -1)
        share, limit = occupancy(device, kernel["threads"], said[number]["registers"], said[number]["shared"])
        seconds, bounded = bound(device, types[number], largest["multiply_adds"], largest["bytes"])
        error = said[number]["error"]
        if not error and said[number]["shared"] > kernel["block_memory"]:
            error = f"its schedule says {kernel['block_memory']} bytes of shared memory"
        rows.append({"model": model.stem, "kernel": kernel["name"], "algorithm": kernel["algorithm"],
                     "tile": " ".join(f"{name}={value}" for name, value in kernel["parameters"].items()) or "-",
                     "launches": len(launches), "blocks": kernel["tasks"], "threads": kernel["threads"],
                     "registers": said[number]["registers"], "shared": said[number]["shared"],
                     "spills": said[number]["spills"] + said[number]["stack"], "occupancy %": round(100 * share),
                     "limited by": limit, "MFLOP": scaled(largest["flops"], 1e-6), "MB": scaled(largest["bytes"], 1e-6),
                     "bound": bounded, "at best us": scaled(seconds, 1e6), "error": error or "-"})
    return rows


def scaled(amount, factor):
    return round(amount * factor, 3) if isinstance(amount, (int, float)) else None


def page(rows, target):
    device = DEVICES[target]
    version = re.search(r"release \S+", subprocess.run([find_ptxas(), "--version"], capture_output=True, text=True).stdout)[0]
    text = PAGE.format(name=device.name, ptxas=version.rstrip(","), threads=device.warps * 32, bandwidth=device.bandwidth / 1e9,
                       flops=device.peaks["f32"] / 1e12, multiprocessors=device.multiprocessors)
    show = lambda value: "-" if value is None else str(value)
    lines = [list(rows[0]) if rows else [], ["---"] * (len(rows[0]) if rows else 0)]
    lines += [[show(value) for value in row.values()] for row in rows]
    return text + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def faults(rows):
    return [f"{row['model']} {row['kernel']}: {row['error'] if row['error'] != '-' else 'spills'}" for row in rows
            if row["error"] != "-" or row["spills"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--target", default="sm_80", choices=DEVICES, help="default: sm_80")
    parser.add_argument("--page", type=Path, metavar="PAGE.md", help="also write the table with what it means")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models (default: all in DIR)")
    args = parser.parse_args()
    find_ptxas()
    rows = []
    for name in args.names or sorted(path.stem for path in args.models.glob("*.onnx")):
        rows += measure(args.models / f"{name}.onnx", args.target)
        progress(name, len(rows))
    report(rows, args.json)
    if args.page:
        args.page.parent.mkdir(parents=True, exist_ok=True)
        args.page.write_text(page(rows, args.target))
    if found := faults(rows):
        raise SystemExit("report_nvptx.py: " + "; ".join(found))


if __name__ == "__main__":
    main()
