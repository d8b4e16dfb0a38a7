#!/usr/bin/env python3
"""Count the AArch64 instructions of one inference under qemu, Quern's beside ONNX Runtime's: no times.

    python arm_instructions.py --models DIR [--page PAGE.md] [--json] [NAME...]

Both run on one thread of the same emulated CPU. --root is where ONNX Runtime for Arm is put (arm_root.py); --keep names a
file of what earlier runs counted, which is not counted again.
"""
import argparse
import dataclasses
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import arm_root
from peers import errors
from timing import progress, report

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "test/harness"))

GETPPID = 173    # of AArch64
# Models of fewer FLOPs run a second time, which counts, as the first allocates; in longer ones that is nothing.
WARM_UP_BELOW = 2e9

HEADING = "# Instructions per inference"
PAGE = HEADING + """

What these figures are: the AArch64 instructions, in millions, that one inference executes on one thread of an emulated
{cpu} ({qemu}), Quern's beside those of ONNX Runtime {ort}'s own wheel for aarch64. `ratio` is ONNX Runtime's by Quern's: above
1, Quern executes fewer. `error` is the largest difference from the float64 reference over the output's largest value. The
count is exact and the same in every run. Quern's is of `quern_run` called from C, ONNX Runtime's of `run_with_iobinding`
called from Python, whose own share is {call} million: what it executes for a model of one addition of one element.

What they are not: times. An instruction that waits for memory counts as much as one that does not, a vector of 16 bytes as
much as an addition of two registers; the same count can take twice as long on another core. They say how much work a program
asks of a core, not how fast a core does it.

`bench/arm_instructions.py` makes this table.

"""


def build_plugin(folder):
    plugin = folder / "count.so"
    subprocess.run(["cc", "-std=c11", "-O2", "-shared", "-fPIC", f"-DMARK={GETPPID}", HERE / "count_instructions.c", "-o", plugin],
                   check=True)
    return plugin


def counting(plugin, log):
    """The options of qemu that count into the file `log`."""
    return ("-plugin", str(plugin), "-d", "plugin", "-D", str(log))


def counts(log):
    """Instructions of each bracketed part: marks come in pairs."""
    marks = [int(line) for line in log.read_text().split()]
    return [end - begin for begin, end in zip(marks[::2], marks[1::2], strict=True)]


def count_quern(model, inputs, runs, cpu, plugin, folder):
    """(instructions of the last run, its outputs)."""
    from emulated import MACHINES, EmulatedRuntime, compile_for
    artifact, log = folder / "model.so", folder / "quern.log"
    compile_for("aarch64", model, artifact)
    machine = MACHINES["aarch64"]
    program, *rest = machine.emulator
    machine = dataclasses.replace(machine, cpu=cpu, emulator=(program, *counting(plugin, log), *rest))
    runtime = EmulatedRuntime(machine, str(artifact), threads=1, max_level=0)
    values = [inputs[name] for name, _, _ in runtime.inputs]
    for _ in range(runs):
        outputs = runtime.run(*values)
    runtime.close()
    return counts(log)[-1], outputs


def count_onnxruntime(model, runs, cpu, root, plugin, folder):
    """(instructions of the last run, its outputs)."""
    log, outputs = folder / "ort.log", folder / "ort.npz"
    command = ["qemu-aarch64", "-cpu", cpu, "-L", root, *counting(plugin, log), arm_root.python_of(root), HERE / "arm_session.py",
               model, runs, outputs]
    arm_root.run(command, env=arm_root.environment(root, HERE))
    with np.load(outputs) as arrays:
        return counts(log)[-1], [arrays[name] for name in arrays.files]


def count_call(cpu, root, plugin):
    """What ONNX Runtime executes for one addition of one element."""
    import onnx
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "one.onnx"
        onnx.save(onnx.parser.parse_model('<ir_version: 8, opset_import: ["": 17]> graph (float[1] x) => (float[1] y) { y = Add (x, x) }'),
                  model)
        np.savez(model.with_suffix(".inputs.npz"), x=np.ones(1, np.float32))
        return count_onnxruntime(model, 2, cpu, root, plugin, Path(folder))[0]


def runs_for(model):
    meta = model.with_suffix(".json")
    flops = json.loads(meta.read_text()).get("flops") if meta.exists() else None
    return 1 if flops and flops >= WARM_UP_BELOW else 2


def measure(model, cpu, root, plugin, known=None):
    """A row of the table. `known` is the row of an earlier run, whose counts of ONNX Runtime are taken over."""
    inputs, expected = (dict(np.load(model.with_suffix(f".{kind}.npz"))) for kind in ("inputs", "outputs"))
    runs = runs_for(model)
    with tempfile.TemporaryDirectory() as folder:
        ours, got = count_quern(model, inputs, runs, cpu, plugin, Path(folder))
        progress(model.stem, "Quern", f"{ours:,}")
        peer = {name: known[name] for name in ("ORT", "ORT error")} if known else {}
        if not known:
            theirs, outputs = count_onnxruntime(model, runs, cpu, root, plugin, Path(folder))
            progress(model.stem, "ONNX Runtime", f"{theirs:,}")
            peer = {"ORT": theirs, "ORT error": relative_error(outputs, expected)}
    return {"model": model.stem, "Quern": ours, "ORT": peer["ORT"], "ratio": round(peer["ORT"] / ours, 3),
            "error": relative_error(got, expected), "ORT error": peer["ORT error"]}


def relative_error(outputs, expected):
    return float(f"{errors(outputs, expected.values())[1]:.1e}")


def millions(rows):
    """The table that people read, with the geometric mean of the ratios."""
    shown = [row | {name: f"{row[name] / 1e6:,.3f}" for name in ("Quern", "ORT")} for row in rows]
    mean = math.exp(sum(math.log(row["ratio"]) for row in rows) / len(rows))
    return [*shown, dict.fromkeys(shown[0], "") | {"model": "geometric mean", "ratio": round(mean, 3)}]


def page(rows, cpu, call):
    import onnxruntime
    version = subprocess.run(["qemu-aarch64", "--version"], capture_output=True, text=True, check=True).stdout.split("(")[0].strip()
    lines = [f"| {' | '.join(rows[0])} |", "|" + "---|" * len(rows[0])]
    lines += [f"| {' | '.join(map(str, row.values()))} |" for row in millions(rows)]
    return PAGE.format(cpu=cpu, qemu=version, ort=onnxruntime.__version__, call=f"{call / 1e6:.3f}") + "\n".join(lines) + "\n"


def write_section(path, text):
    """Puts it at the end of the page, in place of the one that an earlier run wrote."""
    before = path.read_text().partition(HEADING)[0] if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before.rstrip()}\n\n{text}".lstrip())


def save(path, kept):
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(kept, indent=1))
        temporary.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--root", type=Path, default=Path("out/arm-root"), metavar="DIR", help="default: out/arm-root")
    parser.add_argument("--cpu", default="cortex-a72", help="qemu's name of the CPU (default: cortex-a72)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="what was counted; models that it has are not counted again")
    parser.add_argument("--again", action="store_true", help="count Quern's anew, and keep ONNX Runtime's")
    parser.add_argument("--page", type=Path, metavar="PAGE.md", help="also write the table with what it means behind this page")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models (default: all in DIR)")
    args = parser.parse_args()
    kept = json.loads(args.keep.read_text()) if args.keep and args.keep.exists() else {}
    counted = kept.setdefault(args.cpu, {"models": {}})
    names = args.names or sorted(path.stem for path in args.models.glob("*.onnx"))
    root = arm_root.prepare(args.root)
    with tempfile.TemporaryDirectory() as folder:
        plugin = build_plugin(Path(folder))
        if "call" not in counted:
            counted["call"] = count_call(args.cpu, root, plugin)
        for name in names:
            known = counted["models"].get(name)
            if not known or args.again:
                counted["models"][name] = measure((args.models / f"{name}.onnx").resolve(), args.cpu, root, plugin, known)
                save(args.keep, kept)
    rows = [counted["models"][name] for name in names]
    report(rows if args.json else millions(rows), args.json)
    if args.page:
        write_section(args.page, page(rows, args.cpu, counted["call"]))


if __name__ == "__main__":
    main()
