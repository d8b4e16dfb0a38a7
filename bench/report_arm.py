#!/usr/bin/env python3
"""What the hot loops of the zoo's kernels could do on Arm cores by LLVM's models of them: a static bound, not a time.

    python report_arm.py --models DIR [--page PAGE.md] [--json] [NAME...]

For each kernel that multiplies and adds: the innermost loop with the most `fmla`, its spills, and the share of the bound
that the floating-point pipes set (one `fmla` per pipe and cycle) that the loop reaches according to llvm-mca.
"""
import argparse
import collections
import functools
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from timing import progress, report

# Cores, and how many multiply-adds of 128 bits each starts in a cycle (Arm's software optimization guides).
CORES = {"neoverse-n1": 2, "neoverse-n2": 2, "neoverse-v1": 4, "neoverse-v2": 4}
ITERATIONS = 200

PAGE = """# Hot loops of AArch64 kernels

What these figures are: for the innermost loop with the most multiply-adds of each kernel, the share of the bound of the
floating-point pipes ({pipes} `fmla` of 128 bits per cycle) that {mca} predicts, if every load finds its data in the nearest
cache. `spills` counts the loop's instructions that touch the stack.

What they are not: times, or anything measured on Arm hardware. The models know no caches, prefetchers or branches; the
loops around, edges, and what a task does before and after are not in them. On x86 the same tool predicted what AVX2 was
measured to do and was 1.5 times too pessimistic for AVX-512; how far it is off on Arm is not known here.

`make report-arm` makes this page; it compiles for `{target}`.

"""


def innermost_loops(assembly):
    """Pairs of a function and the lines of a loop: from the target of a backward branch to it, none other inside."""
    function, labels, branches, lines = None, {}, [], assembly.splitlines()
    for number, line in enumerate(lines):
        if match := re.match(r"([A-Za-z_]\w*):", line):
            function, labels, branches = match[1], {}, []
        elif match := re.match(r"(\.LBB\w+):", line):
            labels[match[1]] = number
        elif (match := re.match(r"\s+(?:b|b\.\w+|cbn?z|tbn?z)\s.*?(\.LBB\w+)", line)) and match[1] in labels:
            start = labels[match[1]]
            if not any(start <= branch for branch in branches):
                yield function, [text.split("//")[0] for text in lines[start:number + 1] if re.match(r"\s+[a-z]", text)]
            branches.append(number)


def multiply_adds(loop):
    return sum(bool(re.match(r"\s*fml[as]\s", line)) for line in loop)


def hot_loops(assembly):
    """The loop with the most multiply-adds of each function that has any."""
    hottest = {}
    for function, loop in innermost_loops(assembly):
        if multiply_adds(loop) > multiply_adds(hottest.get(function, [])):
            hottest[function] = loop
    return hottest


@functools.cache
def find_mca():
    for name in ("llvm-mca-19", "/usr/lib/llvm-19/bin/llvm-mca", "llvm-mca"):
        if path := shutil.which(name):
            return path
    raise SystemExit("report_arm.py: no llvm-mca here: it is in the Debian package llvm-19")


@functools.cache
def cycles(loop, core):
    """Per iteration of the loop's lines, once its pipeline is full."""
    command = [find_mca(), "-mtriple=aarch64", f"-mcpu={core}", f"-iterations={ITERATIONS}"]
    text = subprocess.run(command, input="\n".join(loop), capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Total Cycles:\s+(\d+)", text)[1]) / ITERATIONS


def shares(loop):
    return {core: round(100 * multiply_adds(loop) / pipes / cycles(tuple(loop), core), 1) for core, pipes in CORES.items()}


def compile_assembly(model, target):
    from quern._compile import find_compiler
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.s"
        subprocess.run([find_compiler(), "compile", model, "-o", path, f"--target={target}", "--emit=asm", "--quiet"], check=True)
        return path.read_text()


def tiles(model, target):
    """Kernel -> (algorithm, register tile) from the manifest."""
    import json
    from quern._compile import find_compiler
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([find_compiler(), "compile", model, "-o", Path(folder) / "model.so", f"--target={target}", "--json",
                               "--no-header"], capture_output=True, text=True, check=True)
    kernels = json.loads(done.stdout)["kernels"]
    return {kernel["name"]: (kernel["algorithm"], next(iter(kernel["tile"].values()), "-")) for kernel in kernels}


def measure(model, target):
    """A row for each kernel; kernels of equal loops are one row."""
    names = tiles(model, target)
    rows = collections.OrderedDict()
    for function, loop in hot_loops(compile_assembly(model, target)).items():
        algorithm, tile = names.get(function.rsplit("_", 1)[0], ("-", "-"))
        row = rows.setdefault((algorithm, tile, tuple(loop)), {
            "model": model.stem, "algorithm": algorithm, "tile": tile, "kernels": 0, "fmla": multiply_adds(loop),
            "instructions": len(loop), "spills": sum("[sp" in line for line in loop)})
        row["kernels"] += 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for row, share in zip(rows.values(), pool.map(shares, (loop for _, _, loop in rows))):
            row |= share
    return list(rows.values())


def page(rows, target):
    mca = re.search(r"LLVM version \S+", subprocess.run([find_mca(), "--version"], capture_output=True, text=True).stdout)[0]
    pipes = ", ".join(f"{core}: {count}" for core, count in CORES.items())
    lines = [PAGE.format(pipes=pipes, mca=f"llvm-mca of {mca}", target=target), " | ".join(rows[0]), "|".join("---" for _ in rows[0])]
    lines[1:] = [f"| {line} |" for line in lines[1:]]
    lines += ["| " + " | ".join(map(str, row.values())) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--target", default="aarch64", help="default: aarch64")
    parser.add_argument("--page", type=Path, metavar="PAGE.md", help="also write the table with what it means")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models (default: all in DIR)")
    args = parser.parse_args()
    rows = []
    for name in args.names or sorted(path.stem for path in args.models.glob("*.onnx")):
        rows += measure(args.models / f"{name}.onnx", args.target)
        progress(name, len(rows))
    report(rows, args.json)
    if args.page:
        args.page.parent.mkdir(parents=True, exist_ok=True)
        args.page.write_text(page(rows, args.target))


if __name__ == "__main__":
    main()
