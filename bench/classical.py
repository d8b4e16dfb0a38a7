"""Fitted scikit-learn style models compiled by quern.compile, beside the library itself and the systems that take them.

    python bench/classical.py                                         every model, what is installed, 1 thread
    python bench/classical.py --models svc_rbf,knn --systems quern,sklearn --threads 1,2 --json

Everyone gets the same rows: float32 ones where they are numbers (--rows float64: of the precision that scikit-learn computes
in), frames or texts otherwise; what a system must make of them first is part of its call, because users pay for it. Other
rows in each call: on one row the branch predictor learns every tree by heart. The systems of a model take turns in one process,
pinned to as many cores as they have threads; a time is the least of its samples. `error` is our largest difference from
scikit-learn on float64 rows, or the share of labels that differ; others that differ by much are named.
"""
import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from itertools import cycle

import timing
import tree_peers
from tree_peers import family

BATCHES = (1, 100, 10_000)


#--- Systems: (fitted model, rows, method, threads) -> the call ---------------------------------------------------------

def run_quern(model, rows, method, threads):
    import quern
    return getattr(quern.compile(model, threads=threads), method)


def run_quern_float32(model, rows, method, threads):
    """Computing in float32, as the converters to ONNX do."""
    import quern
    return getattr(quern.compile(model, threads=threads, precision="float32"), method)


def run_sklearn(model, rows, method, threads):
    if "n_jobs" in model.get_params():
        model.set_params(n_jobs=threads)
    return getattr(model, method)


def to_onnx(model, rows):
    """The ONNX form of a fitted model, by the converter that its library recommends."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    accept_booleans()
    if family(model) in ("lightgbm", "xgboost"):
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType as Floats
        kinds = [("X", Floats([None, rows.shape[1]]))]
        if family(model) == "lightgbm":
            return onnxmltools.convert_lightgbm(model, initial_types=kinds, zipmap=False)
        return onnxmltools.convert_xgboost(model, initial_types=kinds)
    if hasattr(rows, "columns"):
        kinds = [(c, (FloatTensorType if rows[c].dtype.kind == "f" else StringTensorType)([None, 1])) for c in rows]
    else:
        kinds = [("X", StringTensorType([None]) if rows.dtype.kind == "U" else FloatTensorType([None, rows.shape[1]]))]
    # an estimator without the zipmap option raises NameError, and so does a Pipeline with LinearSVC given no option
    for options in ({"zipmap": False}, {"nocl": False}):
        try:
            return convert_sklearn(model, initial_types=kinds, options={id(model): options},
                                   target_opset={"": 18, "ai.onnx.ml": 3})
        except NameError:
            continue
    return convert_sklearn(model, initial_types=kinds, target_opset={"": 18, "ai.onnx.ml": 3})


def accept_booleans():
    """skl2onnx writes booleans into integer attributes, which current protobuf rejects."""
    import numpy as np
    from skl2onnx.common import _container
    make_node = _container.make_node
    if make_node.__name__ == "with_integers":
        return

    def with_integers(*args, **attributes):
        for key, value in attributes.items():
            if isinstance(value, list) and any(isinstance(v, (bool, np.bool_)) for v in value):
                attributes[key] = [int(v) for v in value]
        return make_node(*args, **attributes)
    _container.make_node = with_integers


def run_onnxruntime(model, rows, method, threads):
    import numpy as np
    import onnxruntime
    from onnx.helper import make_attribute
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    proto = to_onnx(model, rows)
    for node in proto.graph.node:       # its default locale, en_US, is not everywhere
        if node.op_type == "StringNormalizer" and not any(a.name == "locale" for a in node.attribute):
            node.attribute.append(make_attribute("locale", "C"))
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs = [one.name for one in session.get_outputs()]
    wanted = [outputs[-1] if method in ("predict_proba", "decision_function", "score_samples") else outputs[0]]

    def feed(X):
        if hasattr(X, "columns"):
            return {c: X[c].to_numpy(np.float32 if X[c].dtype.kind == "f" else object).reshape(-1, 1) for c in X}
        return {"X": X.astype(object) if X.dtype.kind == "U" else X.astype(np.float32, copy=False)}

    return lambda X: session.run(wanted, feed(X))[0]


def run_trees(system):
    return lambda model, rows, method, threads: getattr(tree_peers, system)(model, threads)


SYSTEMS = {"quern": run_quern, "quern float32": run_quern_float32, "sklearn": run_sklearn,
           "onnxruntime": run_onnxruntime, "native": run_trees("run_native"),
           "treelite": run_trees("run_treelite"), "tl2cgen": run_trees("run_tl2cgen"), "lleaves": run_trees("run_lleaves")}
OURS = ("quern", "quern float32")


#--- One model in one process -------------------------------------------------------------------------------------------

def difference(got, want):
    """The largest difference, or the share of labels that differ; two columns of two classes count as one."""
    import numpy as np
    got, want = (np.asarray(y).reshape(len(y), -1) for y in (got, want))
    got, want = (y[:, -1:] if y.shape[1] == 2 else y for y in (got, want))
    if got.shape != want.shape:
        raise ValueError(f"the result has shape {got.shape}, scikit-learn's {want.shape}")
    return float(np.abs(got - want).max()) if want.dtype.kind == "f" else float((got != want).mean())


def load(name):
    """The fitted model and its rows; kept on disk after the first fit."""
    import joblib
    from classical_models import CASES
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "quern-bench", f"{name}.joblib")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        joblib.dump(CASES[name].fit(), path)
    return joblib.load(path), CASES[name].method


def measure(name, systems, threads, dtype, seconds):
    """{system: {"us": [for each batch], "error", "made_s"} or {"failed"}}."""
    timing.pin(threads)
    warnings.filterwarnings("ignore")
    import numpy as np
    (model, rows), method = load(name)
    want = getattr(model, method)(rows[:1_000])
    if not hasattr(rows, "columns") and rows.dtype.kind == "f":
        rows = np.ascontiguousarray(rows, dtype)
    cells, calls = {}, {}
    for system in systems:
        try:
            start = time.perf_counter()
            calls[system] = SYSTEMS[system](model, rows, method, threads)
            made = time.perf_counter() - start
            error = difference(calls[system](rows[:1_000]), want)
            # trees split where float32 rows may fall on the other side
            if error > (1e-2 if want.dtype.kind == "f" else 1e-3) and system != "quern":
                timing.progress(name, system, f"differs by {error:.1e}")
            cells[system] = {"us": [], "error": error, "made_s": made}
        except Exception as error:    # noqa: BLE001, a system that refuses a model is a result
            calls.pop(system, None)
            cells[system] = {"failed": f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]}
    for batch in BATCHES:
        feeds = {system: cycle([rows[i:i + batch] for i in range(0, min(len(rows), 500 * batch),
                                                                 batch)]) for system in calls}
        timed = timing.interleave({system: (lambda call, feed: lambda: call(next(feed)))(call, feeds[system])
                                   for system, call in calls.items()}, seconds * len(calls), rounds=3)
        for system, samples in timed.items():
            cells[system]["us"].append(min(samples) * 1e6)
    return cells


def run(name, systems, threads, dtype, seconds):
    """The cells of a fresh process; what it dies of is the failure of all."""
    done = subprocess.run([sys.executable, __file__, "--worker", name, ",".join(systems), str(threads), dtype, str(seconds)],
                          capture_output=True, text=True)
    sys.stderr.write("".join(line + "\n" for line in done.stderr.splitlines() if line.startswith(name)))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return {system: {"failed": f"exit code {done.returncode}: {last[:200]}"} for system in systems}
    return json.loads(done.stdout.splitlines()[-1])


#--- Tables ---------------------------------------------------------------------------------------------------------

def rows_of(name, threads, cells):
    for i, batch in enumerate(BATCHES):
        row = {"model": name, "threads": threads, "batch": batch}
        times = {system: cell["us"][i] for system, cell in cells.items() if "us" in cell}
        for system in cells:
            row[f"{system} us"] = times.get(system)
        peers = {system: us for system, us in times.items() if system not in OURS}
        if "quern" in times:
            row["error"] = cells["quern"]["error"]
        if "quern" in times and peers:
            row["best peer"] = best = min(peers, key=peers.get)
            row["ratio"] = peers[best] / times["quern"]
            # ONNX Runtime computes these in float32: so may we
            row["same precision"] = peers[best] / (times.get("quern float32", times["quern"]) if best == "onnxruntime"
                                                   else times["quern"])
        yield row


def summary(rows):
    """Geometric means of the ratios, for each batch and number of threads."""
    import statistics
    groups = {}
    for row in rows:
        for kind in ("ratio", "same precision"):
            if kind in row:
                groups.setdefault((row["threads"], row["batch"], kind), []).append((row[kind], row["model"]))
    for (threads, batch, kind), ratios in sorted(groups.items()):
        print(f"{threads} threads, {batch} rows, {len(ratios)} models, {kind}: ahead of the best peer by "
              f"{statistics.geometric_mean(r for r, _ in ratios):.2f}x (geometric mean), least {min(ratios)[0]:.2f}x "
              f"({min(ratios)[1]})")


def main():
    from classical_models import CASES
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(CASES), help="(default: all)")
    parser.add_argument("--systems", help=f"of {','.join(SYSTEMS)} (default: those that are installed)")
    parser.add_argument("--threads", default="1", help="such as 1,2 (default: 1)")
    parser.add_argument("--rows", choices=("float32", "float64"), default="float32")
    parser.add_argument("--seconds", type=float, default=0.3, help="of timing for each cell (default: 0.3)")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    needs = {"native": "lightgbm", "quern float32": "quern"}
    systems = args.systems.split(",") if args.systems else [s for s in SYSTEMS if importlib.util.find_spec(needs.get(s, s))]
    for given, known in ((args.models.split(","), CASES), (systems, SYSTEMS)):
        if unknown := [one for one in given if one not in known]:
            parser.error(f"no such model or system: {unknown[0]}; expected {', '.join(known)}")
    rows = []
    for threads in map(int, args.threads.split(",")):
        for name in args.models.split(","):
            timing.progress(name, threads, "threads")
            cells = run(name, systems, threads, args.rows, args.seconds)
            for system, cell in cells.items():
                if "failed" in cell and not cell["failed"].startswith("Unsupported:"):
                    timing.progress(f"  {system}: {cell['failed']}")
            rows += rows_of(name, threads, cells)
    keys = dict.fromkeys(key for row in rows for key in row)
    timing.report([{key: row.get(key) for key in keys} for row in rows], args.json)
    if not args.json:
        summary(rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        name, systems, threads, dtype, seconds = sys.argv[2:]
        print(json.dumps(measure(name, systems.split(","), int(threads), dtype, float(seconds))))
    else:
        main()
