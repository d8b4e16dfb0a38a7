"""Ensembles of decision trees compiled from their libraries' models, beside the libraries themselves, ONNX Runtime and
compilers of trees (tree_peers.py).

    python bench/trees.py                                         every model, what is installed
    python bench/trees.py --models lightgbm,xgboost --batches 1,10000 --threads 2 --json

Each model has a process of its own, pinned to as many cores as there are threads, in which the systems take turns on float64
rows that change from call to call: on one row a branch predictor learns every tree by heart. A time is the least of its
samples. `ns/node` is the time of a row in the largest batch for each node on its way, leaf included, as counted on the model;
`made` is what making the predictor took, quern.compile without its cache. Results of all systems must agree but for rows at
float32's rounding of a threshold. Fitted models are kept in ~/.cache/quern-bench.
"""
import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time

import timing
import tree_peers

_TRAINING, _POOL = 20_000, 10_000


def classes(count, features=30):
    """Training rows, their classes, and rows to predict."""
    from sklearn.datasets import make_classification
    X, y = make_classification(_TRAINING + _POOL, features, n_informative=features // 2, n_classes=count, random_state=0)
    return X[:_TRAINING], y[:_TRAINING], X[_TRAINING:]


def classifier(library, name, count=2, **options):
    """A fitted classifier of `count` classes, and rows for it."""
    def make():
        X, y, pool = classes(count)
        return getattr(importlib.import_module(library), name)(**options).fit(X, y), pool
    return make


def regressor(library, name, **options):
    def make():
        X, y, pool = classes(2)
        target = X[:, :8].sum(axis=1) * (1 + y) + X[:, 8] * X[:, 9]
        return getattr(importlib.import_module(library), name)(**options).fit(X, target), pool
    return make


_ENSEMBLE, _FAST = "sklearn.ensemble", {"random_state": 0, "n_jobs": -1}
_LIGHTGBM = {"n_estimators": 500, "num_leaves": 64, "verbose": -1, "n_jobs": 1}
_XGBOOST = {"n_estimators": 300, "max_depth": 6, "n_jobs": 1}
MODELS = {
    "random_forest": classifier(_ENSEMBLE, "RandomForestClassifier", 3, max_depth=12, **_FAST),
    "random_forest_binary_depth8": classifier(_ENSEMBLE, "RandomForestClassifier", 2, max_depth=8, **_FAST),
    "random_forest_full": classifier(_ENSEMBLE, "RandomForestClassifier", 3, **_FAST),
    "random_forest_500_depth8": classifier(_ENSEMBLE, "RandomForestClassifier", 3, max_depth=8, n_estimators=500, **_FAST),
    "random_forest_500_full": classifier(_ENSEMBLE, "RandomForestClassifier", 3, n_estimators=500, **_FAST),
    "random_forest_regression": regressor(_ENSEMBLE, "RandomForestRegressor", max_features=0.3, **_FAST),
    "random_forest_regression_depth8": regressor(_ENSEMBLE, "RandomForestRegressor", max_features=0.3, max_depth=8, **_FAST),
    "extra_trees": classifier(_ENSEMBLE, "ExtraTreesClassifier", 3, **_FAST),
    "extra_trees_regression_depth8": regressor(_ENSEMBLE, "ExtraTreesRegressor", max_depth=8, **_FAST),
    "gradient_boosting": classifier(_ENSEMBLE, "GradientBoostingClassifier", random_state=0),
    "gradient_boosting_multiclass": classifier(_ENSEMBLE, "GradientBoostingClassifier", 3, random_state=0),
    "gradient_boosting_regression": regressor(_ENSEMBLE, "GradientBoostingRegressor", random_state=0),
    "hist_gradient_boosting": classifier(_ENSEMBLE, "HistGradientBoostingClassifier", max_iter=200),
    "hist_gradient_boosting_multiclass": classifier(_ENSEMBLE, "HistGradientBoostingClassifier", 3, max_iter=200),
    "hist_gradient_boosting_regression": regressor(_ENSEMBLE, "HistGradientBoostingRegressor", max_iter=200),
    "isolation_forest": classifier(_ENSEMBLE, "IsolationForest", random_state=0),
    "lightgbm": classifier("lightgbm", "LGBMClassifier", **_LIGHTGBM),
    "lightgbm_multiclass": classifier("lightgbm", "LGBMClassifier", 3, **{**_LIGHTGBM, "n_estimators": 170}),
    "lightgbm_regression": regressor("lightgbm", "LGBMRegressor", **_LIGHTGBM),
    "xgboost": classifier("xgboost", "XGBClassifier", **_XGBOOST),
    "xgboost_multiclass": classifier("xgboost", "XGBClassifier", 3, **{**_XGBOOST, "n_estimators": 100}),
    "xgboost_regression": regressor("xgboost", "XGBRegressor", **_XGBOOST),
}


def load(name):
    """The fitted model and its rows; kept on disk after the first fit."""
    import joblib
    path = os.path.expanduser(f"~/.cache/quern-bench/trees_{name}.joblib")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        joblib.dump(MODELS[name](), path)
    return joblib.load(path)


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
    return next(name for name in ("predict_proba", "decision_function", "predict") if hasattr(model, name))


def library(model, method, threads):
    if "n_jobs" in model.get_params():
        model.set_params(n_jobs=threads)
    return getattr(model, method)


def quern_system(model, method, threads):
    import quern
    return getattr(quern.compile(model, threads=threads), method)


def onnxruntime_system(model, method, threads):
    import numpy as np
    import onnxruntime
    from skl2onnx import to_onnx
    if hasattr(model, "booster_") or hasattr(model, "get_booster"):
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType
        types = [("X", FloatTensorType([None, model.n_features_in_]))]
        onnx = (onnxmltools.convert_lightgbm(model, initial_types=types, zipmap=False) if hasattr(model, "booster_")
                else onnxmltools.convert_xgboost(model, initial_types=types))
    else:
        options = {"options": {id(model): {"zipmap": False}}} if method == "predict_proba" else {}
        onnx = to_onnx(model, np.zeros((1, model.n_features_in_), np.float32), target_opset={"": 17, "ai.onnx.ml": 3},
                       **options)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(onnx.SerializeToString(), settings)
    feed, output = session.get_inputs()[0].name, session.get_outputs()[-1].name
    return lambda X: session.run([output], {feed: X.astype(np.float32)})[0]


def compiler_of_trees(name):
    return lambda model, method, threads: getattr(tree_peers, f"run_{name}")(model, threads)


SYSTEMS = {"quern": quern_system, "library": library, "onnxruntime": onnxruntime_system,
           **{name: compiler_of_trees(name) for name in ("native", "treelite", "tl2cgen", "lleaves")}}
_PACKAGES = {"library": "sklearn", "onnxruntime": "skl2onnx", "native": "lightgbm"}     # whose names are others


#--- One model in one process ----------------------------------------------------------------------------------------

def measure(name, systems, batches, seconds, threads):
    timing.pin(threads)
    import numpy as np
    model, pool = load(name)
    method = method_of(model)
    calls, made, want = {}, {}, getattr(model, method)(pool)
    for system in systems:
        try:
            start = time.perf_counter()
            call = SYSTEMS[system](model, method, threads)
            seconds_to_make = time.perf_counter() - start
            far = np.mean(_columns(call(pool), want) > 1e-3 * max(1.0, np.abs(want).max()))
            assert far < 1e-2, f"{far:.1%} of the results differ"
            calls[system], made[system] = call, seconds_to_make
        except Exception as error:    # noqa: BLE001, a system that refuses a model is a result
            timing.progress(f"{system} has no {name}: {type(error).__name__}: {' '.join(str(error).split())[:150]}")
    made.pop("library", None)
    rows = [{"model": name, "what": "made, s", **made}]
    for batch in batches:
        samples = timing.interleave({system: _on_other_rows(call, pool, batch) for system, call in calls.items()}, seconds)
        rows.append(_row(name, f"{batch} rows, us", {system: min(times) * 1e6 for system, times in samples.items()}))
    nodes = nodes_of_row(model, pool[:500]) * max(batches)
    rows.append(_row(name, f"ns/node of {max(batches)}", {one: rows[-1][one] * 1e3 / nodes for one in calls}))
    return rows


def _row(name, what, values):
    """A line of the table: what was measured of the systems, the best of the others, how far ahead of it we are."""
    row = {"model": name, "what": what, **values}
    peers = {system: value for system, value in values.items() if system != "quern"}
    if peers and "quern" in values:
        row["best peer"] = best = min(peers, key=peers.get)
        row["ratio"] = peers[best] / values["quern"]
    return row


def _columns(got, want):
    """The differences; of two classes the second one's alone."""
    import numpy as np
    got, want = (np.asarray(one).reshape(len(want), -1) for one in (got, want))
    got, want = (one[:, -1:] if one.shape[1] == 2 else one for one in (got, want))
    return np.abs(got - want)


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
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    systems = [one for one in args.systems.split(",") if importlib.util.find_spec(_PACKAGES.get(one, one))]
    if args.worker:
        batches = [int(one) for one in args.batches.split(",")]
        return print(json.dumps(measure(args.models, systems, batches, args.seconds, args.threads)))
    rows = []
    for name in args.models.split(","):
        timing.progress(name)
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run([sys.executable, __file__, "--worker", f"--models={name}",
                                   f"--systems={','.join(systems)}",
                                   f"--batches={args.batches}", f"--seconds={args.seconds}", f"--threads={args.threads}"],
                                  stdout=subprocess.PIPE, text=True, env=environment(cache), check=True)
        rows += json.loads(done.stdout.splitlines()[-1])
    keys = ["model", "what", *systems, "best peer", "ratio"]
    timing.report([{key: row.get(key) for key in keys} for row in rows], args.json)


def environment(cache):
    return {**os.environ, "XDG_CACHE_HOME": cache}


if __name__ == "__main__":
    main()
