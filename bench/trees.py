"""Ensembles of decision trees compiled from their libraries' models, beside the libraries themselves and ONNX Runtime.

    python bench/trees.py                                         every model, what is installed
    python bench/trees.py --models lightgbm,xgboost --batches 1,10000 --json

Each model has a process of its own, pinned to one core, in which the systems take turns on rows that change from call to call:
on one row a branch predictor learns every tree by heart. A time is the least of its samples. `ns/node` is the time of a row in
the largest batch for each node on its way, leaf included, as counted on the model; `compile s` is quern.compile without its
cache. Labels of all systems must agree but for rows at float32's rounding of a threshold.
"""
import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time

import timing

_TRAINING, _POOL = 20_000, 10_000


def classes(count, features=30):
    """Training rows, their classes, and rows to predict."""
    from sklearn.datasets import make_classification
    X, y = make_classification(_TRAINING + _POOL, features, n_informative=features // 2, n_classes=count, random_state=0)
    return X[:_TRAINING], y[:_TRAINING], X[_TRAINING:]


def sklearn_model(name, count=2, **options):
    def make():
        from sklearn import ensemble
        X, y, pool = classes(count)
        return getattr(ensemble, name)(random_state=0, **options).fit(X, y), pool
    return make


def lightgbm_model():
    import lightgbm
    X, y, pool = classes(2)
    return lightgbm.LGBMClassifier(n_estimators=500, num_leaves=64, verbose=-1, n_jobs=1).fit(X, y), pool


def xgboost_model():
    import xgboost
    X, y, pool = classes(2)
    return xgboost.XGBClassifier(n_estimators=300, max_depth=6, n_jobs=1).fit(X, y), pool


MODELS = {
    "random_forest": sklearn_model("RandomForestClassifier", 3, max_depth=12),
    "gradient_boosting": sklearn_model("GradientBoostingClassifier"),
    "hist_gradient_boosting": sklearn_model("HistGradientBoostingClassifier", max_iter=200),
    "isolation_forest": sklearn_model("IsolationForest"),
    "lightgbm": lightgbm_model,
    "xgboost": xgboost_model,
}


#--- Nodes on the way of a row ------------------------------------------------------------------------------------

def nodes_of_row(model, rows):
    """The mean over rows; of histograms, over those of the fit."""
    import numpy as np
    if hasattr(model, "booster_"):
        frame = model.booster_.trees_to_dataframe()
        leaves = frame[frame.split_feature.isna()]
        depth = {(tree, int(name.rpartition("L")[2])): deep for tree, name, deep in
                 zip(leaves.tree_index, leaves.node_index, leaves.node_depth)}
        return np.mean([sum(depth[at] for at in enumerate(row)) for row in model.booster_.predict(rows, pred_leaf=True)])
    if hasattr(model, "get_booster"):
        import xgboost
        trees = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
        depths = [np.array([_depth(tree["parents"], node) for node in range(len(tree["parents"]))]) for tree in trees]
        found = model.get_booster().predict(xgboost.DMatrix(rows), pred_leaf=True).astype(int)
        return np.mean(sum(depth[found[:, i]] for i, depth in enumerate(depths)))
    if hasattr(model, "_predictors"):
        trees = [tree.nodes[tree.nodes["is_leaf"] != 0] for trees in model._predictors for tree in trees]
        return sum(np.average(leaves["depth"] + 1, weights=leaves["count"]) for leaves in trees)
    return sum(tree.decision_path(rows.astype(np.float32)).sum() / len(rows) for tree in np.ravel(model.estimators_))


def _depth(parents, node):
    count = 1
    while parents[node] < len(parents):
        node, count = parents[node], count + 1
    return count


#--- Systems: a model -> the function of rows that scores them ------------------------------------------------------

def method_of(model):
    return "predict_proba" if hasattr(model, "predict_proba") else "decision_function"


def library(model, method):
    return getattr(model, method)


def quern_system(model, method):
    import quern
    return getattr(quern.compile(model, threads=1), method)


def onnxruntime_system(model, method):
    import numpy as np
    import onnxruntime
    from skl2onnx import to_onnx
    if hasattr(model, "booster_") or hasattr(model, "get_booster"):
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType
        convert = onnxmltools.convert_lightgbm if hasattr(model, "booster_") else onnxmltools.convert_xgboost
        onnx = convert(model, initial_types=[("X", FloatTensorType([None, model.n_features_in_]))])
    else:
        options = {} if method == "decision_function" else {"options": {id(model): {"zipmap": False}}}
        onnx = to_onnx(model, np.zeros((1, model.n_features_in_), np.float32), target_opset={"": 17, "ai.onnx.ml": 3}, **options)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx.SerializeToString(), settings)
    feed, output = session.get_inputs()[0].name, session.get_outputs()[-1].name
    return lambda X: session.run([output], {feed: X.astype(np.float32)})[0]


SYSTEMS = {"quern": quern_system, "library": library, "onnxruntime": onnxruntime_system}


#--- One model in one process ----------------------------------------------------------------------------------------

def measure(name, systems, batches, seconds):
    timing.pin(1)
    import numpy as np
    model, pool = MODELS[name]()
    method = method_of(model)
    row = {"model": name, "nodes": float(nodes_of_row(model, pool[:500]))}
    calls, want = {}, getattr(model, method)(pool)
    for system in systems:
        try:
            start = time.perf_counter()
            calls[system] = SYSTEMS[system](model, method)
            if system == "quern":
                row["compile s"] = time.perf_counter() - start
            got = np.asarray(calls[system](pool))
            far = np.mean(np.abs(got.reshape(want.shape) - want) > 1e-3)
            assert far < 1e-2, f"{far:.1%} of the results differ"
        except Exception as error:    # noqa: BLE001, a system that refuses a model is a result
            timing.progress(f"{system} has no {name}: {type(error).__name__}: {' '.join(str(error).split())[:150]}")
            calls.pop(system, None)
    for batch in batches:
        samples = timing.interleave({system: _on_other_rows(call, pool, batch) for system, call in calls.items()}, seconds)
        for system, times in samples.items():
            row[f"{system} {batch}, us"] = min(times) * 1e6
            if batch == max(batches):
                row[f"{system} ns/node"] = min(times) * 1e9 / batch / row["nodes"]
    return row


def _on_other_rows(call, pool, batch):
    """Calls on one batch of the pool after the other."""
    parts = [pool[start:start + batch].copy() for start in range(0, min(len(pool), 500 * batch) - batch + 1, batch)]
    at = iter(())

    def next_call():
        nonlocal at
        part = next(at, None)
        if part is None:
            at = iter(parts)
            part = next(at)
        return call(part)

    return next_call


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS), help="(default: all)")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="(default: all)")
    parser.add_argument("--batches", default="1,100,10000")
    parser.add_argument("--seconds", type=float, default=2.0, help="of timing for each batch (default: 2)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    systems = [one for one in args.systems.split(",") if one != "onnxruntime" or importlib.util.find_spec("skl2onnx")]
    if args.worker:
        batches = [int(one) for one in args.batches.split(",")]
        return print(json.dumps(measure(args.models, systems, batches, args.seconds)))
    rows = []
    for name in args.models.split(","):
        timing.progress(name)
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run([sys.executable, __file__, "--worker", f"--models={name}", f"--systems={','.join(systems)}",
                                   f"--batches={args.batches}", f"--seconds={args.seconds}"],
                                  stdout=subprocess.PIPE, text=True, env=environment(cache), check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    keys = list(dict.fromkeys(key for row in rows for key in row))
    timing.report([{key: row.get(key) for key in keys} for row in rows], args.json)


def environment(cache):
    import os
    return {**os.environ, "XDG_CACHE_HOME": cache}


if __name__ == "__main__":
    main()
