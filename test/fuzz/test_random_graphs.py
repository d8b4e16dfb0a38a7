"""Random graphs, compiled with static and with symbolic extents, optimized and at -O0, at every instruction-set level,
against float64 with a bound of the error of each element.

    python test/fuzz/test_random_graphs.py --seeds 1000 [--from 0] [--keep FOLDER]    prints what fails, made small
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e")]
import quern    # noqa: E402
from batch import LEVELS, compile_file    # noqa: E402
from random_graphs import make    # noqa: E402

MODES = [(dynamic, optimize) for dynamic in (False, True) for optimize in (True, False)]
QUICK = 24


def failures(graph, dynamic, optimize, outputs=None):
    """The outputs that are wrong, and how; an error of the compiler or the run counts for all of them."""
    wanted = outputs or graph.outputs
    model = graph.model(dynamic, wanted)
    with tempfile.TemporaryDirectory(prefix="quern-fuzz-") as folder:
        path = os.path.join(folder, "model.onnx")
        onnx.save(model, path)
        try:
            artifact = compile_file(path, optimize)
        except RuntimeError as error:
            return {value.name: str(error) for value in wanted}
        found = {}
        for level, most in LEVELS.items():
            loaded = quern.load(artifact, max_level=most)
            for choice in range(len(wanted[0].data) if dynamic else 1):
                try:
                    results = loaded.run(None, graph.feeds(choice, model))
                except Exception as error:
                    return {value.name: f"choice {choice}, {level}: {error}" for value in wanted}
                for value, got in zip(wanted, results):
                    problem = difference(got, value.data[choice], value.error[choice])
                    if problem and value.name not in found:
                        found[value.name] = f"choice {choice}, {level}: {problem}"
        return found


def difference(got, want, error):
    if got.shape != want.shape:
        return f"shape {got.shape}, expected {want.shape}"
    with np.errstate(all="ignore"):
        if got.dtype.kind != "f":
            error = np.zeros(want.shape)
        tiny = float(np.finfo(got.dtype).tiny) if got.dtype.kind == "f" else 0
        wrong = ~((np.abs(got - want) <= 2 * error + tiny) | (np.isnan(want) & np.isnan(got)) |
                  (got == want) | ~np.isfinite(error))
    if not wrong.any():
        return None
    at = tuple(int(axis[0]) for axis in np.nonzero(wrong))
    return (f"{int(wrong.sum())} of {wrong.size} differ, first at {at}: "
            f"{got[at]}, expected {want[at]} within {2 * error[at]:.3g}")


def reduced(graph, dynamic, optimize, failing):
    """The same failure with fewer nodes: one output if that fails too, then values that become inputs of the graph."""
    outputs = [value for value in graph.outputs if value.name == failing]
    if not failures(graph, dynamic, optimize, outputs):
        outputs = graph.outputs
    for value in reversed(graph.values):
        if value.name in graph.inputs or value in outputs:
            continue
        node = next((n for n in graph.nodes if value.name in n.output), None)
        if node is None:
            continue
        dims = [value.shape[a] if value.fixed[a] else f"{value.name}_{a}" for a in range(value.rank)]
        graph.inputs[value.name] = (dims, [data.astype(graph.dtype) for data in value.data])
        before, graph.nodes = graph.nodes, [n for n in graph.nodes if value.name not in n.output]
        exact, value.data = value.data, [data.astype(graph.dtype).astype(data.dtype) for data in value.data]
        if len(node.output) > 1 or not failures(graph, dynamic, optimize, outputs):
            graph.nodes, value.data = before, exact
            del graph.inputs[value.name]
    return outputs


@pytest.mark.parametrize("seed", range(QUICK))
def test_random_graph(seed):
    graph = make(seed)
    for dynamic, optimize in MODES[:3] if seed % 4 else MODES:
        found = failures(graph, dynamic, optimize)
        assert not found, f"seed {seed}, {'dynamic' if dynamic else 'static'}, {'tuned' if optimize else 'O0'}: {found}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=QUICK)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--keep", type=Path, help="folder for models that fail")
    args = parser.parse_args()
    wrong = 0
    for seed in range(args.first, args.first + args.seeds):
        graph = make(seed)
        for dynamic, optimize in MODES:
            if not graph.outputs or not (found := failures(graph, dynamic, optimize)):
                continue
            wrong += 1
            label = f"seed {seed}, {'dynamic' if dynamic else 'static'}, {'tuned' if optimize else 'O0'}"
            name, problem = next(iter(found.items()))
            outputs = reduced(graph, dynamic, optimize, name)
            model = graph.model(dynamic, outputs)
            print(f"{label}: {problem}\n  made small: {failures(graph, dynamic, optimize, outputs)}")
            for info in model.graph.input:
                print(f"    {info.name}: {[d.dim_param or d.dim_value for d in info.type.tensor_type.shape.dim]}")
            for node in model.graph.node:
                constants = {
                    n: graph.constants[n].tolist() if graph.constants[n].size < 9 else graph.constants[n].shape
                    for n in node.input if n in graph.constants
                }
                print(
                    f"    {node.op_type}({', '.join(node.input)}) -> {', '.join(node.output)} "
                    f"{ {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute} or ''} {constants or ''}")
            sys.stdout.flush()
            if args.keep:
                args.keep.mkdir(parents=True, exist_ok=True)
                onnx.save(model, args.keep / f"seed{seed}-{int(dynamic)}{int(optimize)}.onnx")
            break
        if (seed + 1) % 50 == 0:
            print(f"{seed + 1 - args.first} graphs, {wrong} with failures", flush=True)
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
