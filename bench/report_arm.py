#!/usr/bin/env python3
"""What the hot loops of the zoo's kernels could do on Arm cores by LLVM's models of them: a static bound, not a time.

    python report_arm.py --models DIR [--page PAGE.md] [--json] [NAME...]

For each register tile of Arm, and for each kernel of the models that multiplies and adds: the hot loop, its spills, and the
share of the bound that the floating-point pipes set (one multiply-add per pipe and cycle) that the loop reaches according to
llvm-mca.
"""
import argparse
import collections
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from timing import progress, report

ROOT = Path(__file__).resolve().parent.parent

# Cores, and how many multiply-adds of 128 bits each starts in a cycle (Arm's software optimization guides); products of
# narrow elements as many.
CORES = {"neoverse-n1": 2, "neoverse-n2": 2, "neoverse-v1": 4, "neoverse-v2": 4}
# What a core lacks.
LACKS = {"neoverse-n1": ("aarch64+bf16", "aarch64+i8mm")}
ITERATIONS = 200
MULTIPLY_ADD = r"\s*(?:fml[as]|bfmmla|smmla|us?mmla|su?dot|us?dot)\s"
# Least share that each kind of loop is to reach on every core: products of narrow elements, and tiles of float32.
GOALS = {"mmla": 98, "dot": 98, "8x12": 94, "6x16": 88, "5x16": 88, "4x16": 88}

PAGE = """# Hot loops of AArch64 kernels

What these figures are: for the hot loop of each kernel, the share of the bound of the floating-point pipes ({pipes}
multiply-adds of 128 bits per cycle) that {mca} predicts, if every load finds its data in the nearest cache. The hot loop is the
innermost one with the most multiply-adds by a lane or of narrow elements, which are those of products; without any the one
with the most multiply-adds; of equals the longest. `spills` counts its instructions that write to the stack, `reloads` those
that read it: without spills they read constants, as elementary functions have more of them than there are registers. Products
of one row (1x16, 1x32) use each weight once: loads limit them, not multiply-adds.

What they are not: times, or anything measured on Arm hardware. The models know no caches, prefetchers or branches; the
loops around, edges, and what a task does before and after are not in them. On x86 the same tool predicted what AVX2 was
measured to do and was 1.5 times too pessimistic for AVX-512; how far it is off on Arm is not known here.

`make report-arm` makes this page; it compiles for `{target}`.

"""
TILES = """## Register tiles

Of float32, and of narrow elements by the instructions that levels above `aarch64` add, which no kernel of a model uses yet.
Goals are {goals} on every core.

"""
KERNELS = """
## Kernels

{found}

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
    return sum(bool(re.match(MULTIPLY_ADD, line)) for line in loop)


def heat(loop):
    """What orders loops: multiply-adds of products before others, as those of an epilogue run once for a whole product."""
    products = sum(bool(re.match(MULTIPLY_ADD, line)) and bool(re.search(r"\.(s|4b)\[\d\]|mmla", line)) for line in loop)
    return products, multiply_adds(loop), len(loop)


def hot_loops(assembly):
    """The hottest loop of each function that multiplies and adds."""
    hottest = {}
    for function, loop in innermost_loops(assembly):
        if multiply_adds(loop) and heat(loop) > heat(hottest.get(function, [])):
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


def shares(loop, level="aarch64"):
    return {core: None if level in LACKS.get(core, ()) else round(100 * multiply_adds(loop) / pipes / cycles(tuple(loop), core), 1)
            for core, pipes in CORES.items()}


def describe(loop):
    def on_stack(mnemonic):
        return sum(line.split()[0].startswith(mnemonic) and "[sp" in line for line in loop)
    return {"multiply-adds": multiply_adds(loop), "instructions": len(loop), "spills": on_stack("st"), "reloads": on_stack("ld")}


def measure_tiles(tool):
    """A row for each register tile that the compiler has for Arm."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        listed = subprocess.run([tool, "aarch64", folder], capture_output=True, text=True, check=True).stdout
        for tile in json.loads(listed):
            loop = hot_loops((Path(folder) / f"{tile['symbol']}.s").read_text())[tile["symbol"]]
            rows.append({"instruction": tile["instruction"], "level": tile["level"], "tile": f"{tile['rows']}x{tile['columns']}",
                         **describe(loop), **shares(loop, tile["level"])})
    return rows


def compile_assembly(model, target):
    from quern._compiler import find_compiler
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.s"
        subprocess.run([find_compiler(), "compile", model, "-o", path, f"--target={target}", "--emit=asm", "--quiet"], check=True)
        return path.read_text()


def tiles(model, target):
    """Kernel -> (algorithm, register tile) from the manifest."""
    from quern._compiler import find_compiler
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
            "model": model.stem, "algorithm": algorithm, "tile": tile, "kernels": 0, **describe(loop)})
        row["kernels"] += 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for row, share in zip(rows.values(), pool.map(shares, (loop for _, _, loop in rows))):
            row |= share
    return list(rows.values())


def goal(row):
    """The least share that a row is to have; None: there is no goal."""
    return next((share for kind, share in GOALS.items() if kind in row.get("instruction", "") or kind == row["tile"]), None)


def misses(rows):
    """Rows that touch the stack, and rows with a core below its goal."""
    below = [row for row in rows if goal(row) and min(row[core] for core in CORES if row[core] is not None) < goal(row)]
    return [row for row in rows if row["spills"] or row["reloads"]], below


def summary(rows):
    spilling, below = misses(rows)
    products = [row for row in rows if row["tile"] != "-"]
    least = ", ".join(f"{core} {min(row[core] for row in products if goal(row))} %" for core in CORES) if any(map(goal, products)) else "-"
    def kernels(chosen):
        return sum(row["kernels"] for row in chosen)
    return (f"{kernels(rows)} kernels of {len({row['model'] for row in rows})} models. Hot loops that touch the stack: "
            f"{kernels(spilling)}, of products {kernels(row for row in spilling if row in products)}. Tiles below their goal: "
            f"{kernels(below)}; the least share of one with a goal: {least}.")


def table(rows):
    lines = [" | ".join(rows[0]), "|".join("---" for _ in rows[0])]
    lines += [" | ".join("-" if value is None else str(value) for value in row.values()) for row in rows]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def page(tile_rows, rows, target):
    mca = re.search(r"LLVM version \S+", subprocess.run([find_mca(), "--version"], capture_output=True, text=True).stdout)[0]
    pipes = ", ".join(f"{core}: {count}" for core, count in CORES.items())
    goals = ", ".join(f"{share} % for {kind}" for kind, share in GOALS.items())
    return (PAGE.format(pipes=pipes, mca=f"llvm-mca of {mca}", target=target) + TILES.format(goals=goals) + table(tile_rows) +
            KERNELS.format(found=summary(rows)) + table(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--target", default="aarch64", help="default: aarch64")
    parser.add_argument("--tiles", type=Path, default=ROOT / "build" / "bin" / "emit-tiles", metavar="TOOL", help="of the build")
    parser.add_argument("--page", type=Path, metavar="PAGE.md", help="also write the tables with what they mean")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models (default: all in DIR)")
    args = parser.parse_args()
    tile_rows, rows = measure_tiles(args.tiles), []
    for name in args.names or sorted(path.stem for path in args.models.glob("*.onnx")):
        rows += measure(args.models / f"{name}.onnx", args.target)
        progress(name, len(rows))
    report(rows, args.json)
    progress(summary(rows))
    if args.page:
        args.page.parent.mkdir(parents=True, exist_ok=True)
        args.page.write_text(page(tile_rows, rows, args.target))


if __name__ == "__main__":
    main()
