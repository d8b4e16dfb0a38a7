"""Systems for ensembles of decision trees alone: the boosting libraries' own predictors, treelite's interpreter (gtil),
tl2cgen (C through gcc), lleaves (LLVM).

Each function takes a fitted model and a number of threads, and returns the function of rows whose results are the model's
predict_proba (of two classes the second one's alone), decision_function or predict, or raises Unsupported.
"""
import os
import tempfile

# gcc needs hours for the C of larger ensembles
_MOST_LEAVES_IN_C = 60_000


class Unsupported(Exception):
    pass


def family(model):
    return type(model).__module__.split(".")[0]


def treelite_model(model):
    import treelite
    if family(model) == "lightgbm":
        return treelite.frontend.from_lightgbm(model.booster_)
    if family(model) == "xgboost":
        return treelite.frontend.from_xgboost(model.get_booster())
    if any(word in type(model).__name__ for word in ("Forest", "ExtraTrees", "GradientBoosting")):
        return treelite.sklearn.import_model(model)
    raise Unsupported("ensembles of trees only")


def _finished(model, run):
    """The results of treelite's models as the libraries have them."""
    import numpy as np
    if type(model).__name__ == "IsolationForest":
        return lambda X: -run(X).ravel() - model.offset_
    if type(model).__name__.endswith("Regressor"):
        return lambda X: run(X).ravel()
    return lambda X: np.squeeze(run(X), 1) if run(X[:1]).ndim == 3 else run(X)


def _leaf_count(model):
    import numpy as np
    if family(model) == "lightgbm":
        return model.n_estimators * model.num_leaves
    if family(model) == "xgboost":
        return len(model.get_booster().trees_to_dataframe()) // 2
    if hasattr(model, "_predictors"):
        return sum(tree.get_n_leaf_nodes() for trees in model._predictors for tree in trees)
    return sum(tree.tree_.n_leaves for tree in np.ravel(model.estimators_))


def run_native(model, threads):
    """The boosting library's own predictor, without the wrapper for scikit-learn."""
    if family(model) == "lightgbm":
        return lambda X: model.booster_.predict(X, num_threads=threads)
    if family(model) != "xgboost":
        raise Unsupported("no native predictor")
    booster = model.get_booster()
    booster.set_param({"nthread": threads})
    return booster.inplace_predict


def run_treelite(model, threads):
    import treelite
    trees = treelite_model(model)
    return _finished(model, lambda X: treelite.gtil.predict(trees, X, nthread=threads))


def run_tl2cgen(model, threads):
    import tl2cgen
    trees = treelite_model(model)
    if (count := _leaf_count(model)) > _MOST_LEAVES_IN_C:
        raise Unsupported(f"{count} leaves are more than gcc compiles in minutes")
    path = os.path.join(tempfile.mkdtemp(prefix="quern-bench-"), "trees.so")
    tl2cgen.export_lib(trees, "gcc", path, verbose=False)
    predictor = tl2cgen.Predictor(path, nthread=threads)
    return _finished(model, lambda X: predictor.predict(tl2cgen.DMatrix(X)))


def run_lleaves(model, threads):
    if family(model) != "lightgbm":
        raise Unsupported("LightGBM only")
    import lleaves
    path = os.path.join(tempfile.mkdtemp(prefix="quern-bench-"), "trees.txt")
    model.booster_.save_model(path)
    compiled = lleaves.Model(model_file=path)
    compiled.compile()
    return lambda X: compiled.predict(X, n_jobs=threads)
