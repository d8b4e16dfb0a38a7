"""Fitted estimators with random options on random data, drawn from a seed: `draw(family, seed)`.

Each function of FAMILIES takes a Draw and returns (estimator, what it is fitted on, rows to predict).
"""
import warnings

import numpy as np
from random_data import Draw
from sklearn import (calibration, cluster, decomposition, discriminant_analysis, ensemble, feature_selection, impute,
                     linear_model,
                     multiclass, multioutput, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree)

FAMILIES = {}


def family(function):
    FAMILIES[function.__name__] = function
    return function


#--- Linear models ----------------------------------------------------------------------------------

LINE = {"fit_intercept": [True, False]}


@family
def linear_regression(d):
    lm = linear_model
    line, alpha = LINE, {"alpha": [1e-3, 0.1, 1.0, 20.0]}
    several = [(lm.LinearRegression, {**line, "positive": [False, True]}),
               (lm.Ridge, {**line, **alpha, "solver": ["svd", "cholesky", "lsqr"]}),
               (lm.RidgeCV, line), (lm.Lasso, {**line, **alpha, "positive": [False, True]}),
               (lm.ElasticNet, {**line, **alpha}),
               (lm.Lars, {**line, "n_nonzero_coefs": [1, 3]}), (lm.LassoLars, {**line, **alpha}),
               (lm.OrthogonalMatchingPursuit, {**line, "n_nonzero_coefs": [1]})]
    single = [(lm.SGDRegressor, {**line, "loss": ["squared_error", "huber", "epsilon_insensitive"],
                                 "penalty": ["l1", "l2", "elasticnet", None]}),
              (lm.HuberRegressor, line), (lm.TheilSenRegressor, {**line, "max_subpopulation": [200]}),
               (lm.RANSACRegressor, {}),
              (lm.QuantileRegressor, {**line, "quantile": [0.2, 0.5], "alpha": [0.0, 0.1]}), (lm.BayesianRidge, line),
              (lm.ARDRegression, line), (lm.PassiveAggressiveRegressor, line), (lm.LassoCV, line), (lm.ElasticNetCV, line),
              (lm.LarsCV, line), (lm.LassoLarsCV, line), (lm.LassoLarsIC, {**line, "criterion": ["aic", "bic"]}),
              (lm.OrthogonalMatchingPursuitCV, line), (svm.LinearSVR, line)]
    joint = [(lm.MultiTaskLasso, {**line, **alpha}), (lm.MultiTaskElasticNet, line), (lm.MultiTaskLassoCV, line),
             (lm.MultiTaskElasticNetCV, line)]
    positive = [(lm.PoissonRegressor, {**line, **alpha}), (lm.GammaRegressor, line),
                (lm.TweedieRegressor, {**line, "power": [0, 1, 1.5, 2, 3], "link": ["auto", "identity", "log"]})]
    group = d.pick([several, several, single, single, joint, positive])
    kind, options = d.pick(group)
    X = d.numbers(12 if kind is lm.TheilSenRegressor else 40)
    if kind is lm.TheilSenRegressor:
        X = X + 1e-3 * d.rng.normal(size=X.shape)
    y = d.target(X, d.between(2, 4) if group is joint or group is several and d.chance(0.4) else 1)
    if group is positive:
        y = np.exp(y)
        X = preprocessing.scale(X)
    return d.make(kind, **options), (X, y), X


@family
def linear_classification(d):
    lm = linear_model
    alpha, C = {"alpha": [1e-4, 0.1, 1.0]}, {"C": [0.1, 1.0, 10.0]}
    kind, options = d.pick([
        (lm.LogisticRegression, {**LINE, **C, "class_weight": ["balanced"]}),
               (lm.LogisticRegression, {"l1_ratio": [1.0],
                                                                                "solver": ["liblinear", "saga"]}),
        (lm.LogisticRegressionCV, {"Cs": [3], "cv": [2]}), (lm.RidgeClassifier, {**LINE, **alpha}), (lm.RidgeClassifierCV,
                                                                                                     LINE),
        (lm.SGDClassifier, {**LINE, **alpha, "loss": ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron",
                                                      "huber"], "average": [True]}),
        (lm.Perceptron, {**LINE, "penalty": ["l1", "l2"]}), (lm.PassiveAggressiveClassifier, {**LINE, **C}),
        (svm.LinearSVC, {**LINE, **C, "multi_class": ["ovr", "crammer_singer"]}),
        (discriminant_analysis.LinearDiscriminantAnalysis, {"solver": ["svd", "lsqr", "eigen"], "n_components": [1]}),
        (discriminant_analysis.QuadraticDiscriminantAnalysis, {"reg_param": [0.1, 0.5]}),
        (neighbors.NearestCentroid, {"metric": ["euclidean", "manhattan"], "shrink_threshold": [0.1]})])
    X = d.numbers()
    if kind in (discriminant_analysis.LinearDiscriminantAnalysis, discriminant_analysis.QuadraticDiscriminantAnalysis,
                neighbors.NearestCentroid):
        X = X[:, :6] + 0.1 * d.rng.normal(size=X[:, :6].shape)
    most = 4 if kind is discriminant_analysis.QuadraticDiscriminantAnalysis else 12
    y = d.multilabels(X) if kind is lm.RidgeClassifier and d.chance(0.4) else d.labels(X, most)
    return d.make(kind, **options), (X, y), X


#--- Kernels, neighbors, clusters, projections ------------------------------------------------------

@family
def support_vectors(d):
    options = {"kernel": ["linear", "poly", "rbf", "sigmoid"], "gamma": ["scale", "auto", 0.05], "degree": [2, 4],
               "coef0": [0.0, 0.5]}
    kind = d.pick([svm.SVC, svm.SVC, svm.NuSVC, svm.SVR, svm.NuSVR, svm.OneClassSVM])
    X = preprocessing.scale(d.numbers(20))
    if kind in (svm.SVC, svm.NuSVC):
        options.update(probability=[True, False], decision_function_shape=["ovr", "ovo"], break_ties=[False, True])
        if kind is svm.NuSVC:
            options["nu"] = [0.05]
        made = d.make(kind, **options)
        if made.decision_function_shape == "ovo":
            made.break_ties = False
        return made, (X, d.labels(X, 6)), X
    return d.make(kind, **options), (X, None if kind is svm.OneClassSVM else d.target(X)), X


METRICS = ["euclidean", "manhattan", "chebyshev", "minkowski", "cosine", "canberra", "braycurtis", "sqeuclidean", "l1",
           "l2", "correlation",
           "cityblock", "nan_euclidean", "infinity", "p"]      # under which no two distances are equal


@family
def nearest(d):
    X = d.numbers(12)
    X = X + 1e-3 * d.rng.normal(size=X.shape)
    metric = d.pick(METRICS)
    options = {"n_neighbors": [1, 2, 5, 9], "weights": ["uniform", "distance"], "p": [1, 2, 3], "metric": [metric],
               "algorithm": ["auto", "brute"]}
    kind = d.pick([neighbors.KNeighborsClassifier, neighbors.KNeighborsRegressor, neighbors.NearestNeighbors,
                   neighbors.RadiusNeighborsClassifier,
                   neighbors.RadiusNeighborsRegressor])
    if kind is neighbors.NearestNeighbors:
        options = {key: options[key] for key in ("n_neighbors", "p", "metric")}
        return d.make(kind, **options), (X, None), X + 0.01
    if "Radius" in kind.__name__:
        del options["n_neighbors"], options["metric"]
        options["radius"] = [1e3]
    made = d.make(kind, **options)
    y = d.labels(X) if "Classifier" in kind.__name__ else d.target(X, d.between(1, 3))
    return made, (X, y), X + 0.01 * d.rng.normal(size=X.shape)


@family
def clusters(d):
    X = d.numbers(20)
    kind = d.pick([cluster.KMeans, cluster.MiniBatchKMeans, cluster.BisectingKMeans, cluster.MeanShift,
                   cluster.AffinityPropagation, cluster.Birch])
    options = {"n_clusters": [1, 2, 5, 12], "n_init": [1]} if "KMeans" in kind.__name__ else {}
    return d.make(kind, **options), (X, None), X


@family
def projections(d):
    X = d.numbers()
    whole, dec = list(range(1, X.shape[1] + 1)), decomposition
    kind, options = d.pick([
         (dec.PCA, {"n_components": [*whole, 0.5], "whiten": [True, False], "svd_solver": ["full"]}),
        (dec.IncrementalPCA, {"n_components": whole, "whiten": [True, False]}),
        (dec.TruncatedSVD, {"n_components": whole[:-1] or [1], "algorithm": ["arpack", "randomized"]}),
        (dec.FastICA, {"n_components": whole[:3], "whiten": ["unit-variance", "arbitrary-variance", False]}),
        (dec.FactorAnalysis, {"n_components": whole[:5], "svd_method": ["lapack"]}),
        (dec.NMF, {"n_components": whole[:4], "alpha_W": [0.0, 0.01], "l1_ratio": [0.5]}),
        (dec.LatentDirichletAllocation, {"n_components": [2, 5], "learning_method": ["batch", "online"]}),
        (dec.KernelPCA, {"n_components": [1, 2], "kernel": ["rbf", "linear", "poly"]})])
    if kind in (dec.NMF, dec.LatentDirichletAllocation):
        X = np.abs(np.round(X)) if kind is dec.LatentDirichletAllocation else np.abs(X)
    if kind is dec.TruncatedSVD and X.shape[1] == 1:
        kind, options = dec.PCA, {}
    return d.make(kind, **options), (X, None), X


@family
def bayes(d):
    X = d.numbers(20)
    kind = d.pick([naive_bayes.GaussianNB, naive_bayes.MultinomialNB, naive_bayes.ComplementNB, naive_bayes.BernoulliNB,
                   naive_bayes.CategoricalNB])
    options = {naive_bayes.GaussianNB: {"var_smoothing": [1e-9, 1e-3]},
               naive_bayes.ComplementNB: {"norm": [True, False], "alpha": [0.1, 2]},
               naive_bayes.BernoulliNB: {"binarize": [0.0, None, 1.0],
                                         "alpha": [0.5]}, naive_bayes.CategoricalNB: {"alpha": [0.5, 3]}}
    if kind in (naive_bayes.MultinomialNB, naive_bayes.ComplementNB):
        X = np.abs(np.round(X))
    if kind is naive_bayes.CategoricalNB:
        X = d.rng.integers(0, 5, X.shape).astype(float)
    return d.make(kind, **options.get(kind, {"alpha": [0.1, 1], "fit_prior": [True, False]})), (X, d.labels(X)), X


@family
def perceptrons(d):
    X = preprocessing.scale(d.numbers(20))
    options = {"hidden_layer_sizes": [(3,), (8, 4), (16, 8, 4), (1,)],
               "activation": ["relu", "tanh", "logistic", "identity"], "max_iter": [20]}
    if d.chance(0.5):
        return d.make(neural_network.MLPRegressor, **options), (X, d.target(X, d.between(1, 3))), X
    return d.make(neural_network.MLPClassifier, **options), (X, d.multilabels(X) if d.chance(0.2) else d.labels(X)), X


#--- Trees --------------------------------------------------------------------------------------

@family
def forests(d):
    gaps = d.pick([0.0, 0.0, 0.1])
    X = d.numbers(20, gaps)
    options = {"max_depth": [1, 3, 8, None], "min_samples_leaf": [1, 5], "max_features": [0.5, "sqrt", None],
               "max_leaf_nodes": [2, 9], "ccp_alpha": [0.01]}
    many = {"n_estimators": [1, 3, 25], "bootstrap": [True, False]}
    name = d.pick(["DecisionTree", "ExtraTree", "RandomForest", "ExtraTrees", "Isolation"])
    if name == "Isolation":
        return d.make(ensemble.IsolationForest, n_estimators=[1, 20], max_samples=[1, 10, 0.7], max_features=[0.5],
                      contamination=[0.1]), (X, None), X
    options.update(many if name in ("RandomForest", "ExtraTrees") else {"splitter": ["best", "random"]})
    kinds = vars(ensemble) if name in ("RandomForest", "ExtraTrees") else vars(tree)
    if d.chance(0.4):
        options["criterion"] = ["squared_error", "absolute_error", "friedman_mse"][:1 if gaps else None]
        return d.make(kinds[f"{name}Regressor"], **options), (X, d.target(X, d.between(1, 3))), X
    y = d.labels(X) if d.chance(0.7) else np.stack([d.labels(X, 4) for _ in range(2)], axis=1).astype(str)
    return d.make(kinds[f"{name}Classifier"], **options, criterion=["gini", "entropy"]), (X, y), X


@family
def boosting(d):
    X = d.numbers(15)
    options = {"n_estimators": [1, 5, 20], "learning_rate": [0.05, 1.0], "max_depth": [1, 3, 6], "subsample": [0.7],
               "init": ["zero"],
               "max_leaf_nodes": [4]}
    if d.chance(0.3):
        return d.make(ensemble.GradientBoostingRegressor, **options,
                      loss=["squared_error", "absolute_error", "huber", "quantile"]), (X, d.target(X)), X
    y = d.labels(X, 5)
    losses = {"loss": ["exponential", "log_loss"]} if len(np.unique(y)) == 2 else {}
    return d.make(ensemble.GradientBoostingClassifier, **options, **losses), (X, y), X


@family
def histograms(d):
    X = d.numbers(12, d.pick([0.0, 0.1]))
    options = {"max_iter": [1, 5, 30], "max_leaf_nodes": [3, 31], "max_depth": [None, 3], "l2_regularization": [0.5],
               "max_bins": [15, 255],
               "interaction_cst": ["no_interactions"], "min_samples_leaf": [2]}
    if d.chance(0.5):
        chosen = sorted(d.rng.choice(X.shape[1], d.between(1, X.shape[1]), replace=False).tolist())
        X[:, chosen] = np.where(np.isnan(X[:, chosen]), np.nan, d.rng.integers(0, 9, (len(X), len(chosen))))
        options["categorical_features"] = [chosen]
    if d.chance(0.5):
        losses = ["squared_error", "absolute_error", "poisson", "gamma", "quantile"]
        made = d.make(ensemble.HistGradientBoostingRegressor, **options, loss=losses)
        if made.loss == "quantile":
            made.quantile = 0.3
        return made, (X, np.exp(d.target(X))), X
    return d.make(ensemble.HistGradientBoostingClassifier, **options), (X, d.labels(X, 5)), X


#--- Made of others -------------------------------------------------------------------------------

def classifier(d):
    return d.pick([linear_model.LogisticRegression(), tree.DecisionTreeClassifier(max_depth=3, random_state=0),
                   svm.LinearSVC(random_state=0), naive_bayes.GaussianNB(),
                   linear_model.RidgeClassifier(), neighbors.KNeighborsClassifier(3),
                   ensemble.RandomForestClassifier(4, max_depth=3, random_state=0),
                   pipeline.make_pipeline(preprocessing.StandardScaler(),
                                          linear_model.LogisticRegression()), svm.SVC(probability=False)])


def probable(d):
    while True:
        made = classifier(d)
        if hasattr(made, "predict_proba"):
            return made


def regressor(d):
    return d.pick([linear_model.Ridge(), tree.DecisionTreeRegressor(max_depth=3, random_state=0),
                   linear_model.LinearRegression(), svm.SVR(),
                   neighbors.KNeighborsRegressor(3), ensemble.GradientBoostingRegressor(n_estimators=3, random_state=0),
                   pipeline.make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge())])


@family
def ensembles(d):
    X = preprocessing.scale(d.numbers(10))
    is_classifier = d.chance(0.6)
    kind = "Classifier" if is_classifier else "Regressor"
    one, name = (classifier if is_classifier else regressor), d.pick(["AdaBoost", "Bagging", "Bagging", "Voting",
                                                                      "Stacking"])
    y = d.labels(X, 5) if is_classifier else d.target(X)
    make = vars(ensemble)[name + kind]
    if name == "AdaBoost":
        return d.make(make, n_estimators=[1, 5], learning_rate=[0.5],
                      estimator=[tree.DecisionTreeClassifier(max_depth=2) if is_classifier else regressor(d)]), (X, y), X
    if name == "Bagging":
        if not is_classifier and d.chance(0.3):
            y = d.target(X, 2)
            return make(linear_model.Ridge(), n_estimators=3, random_state=0), (X, y), X
        return make(one(d), n_estimators=d.pick([1, 4]), max_features=d.pick([1.0, 0.5]), bootstrap_features=d.chance(0.3),
                    random_state=0), (X, y), X
    members = [(f"m{i}", one(d)) for i in range(d.between(1, 3))]
    if name == "Voting":
        options = {"weights": d.pick([None, list(range(1, len(members) + 1))])}
        if is_classifier and d.chance(0.5):
            members, options["voting"] = [(label, probable(d)) for label, _ in members], "soft"
        return make(members, **options), (X, y), X
    return make(members, passthrough=d.chance(0.5), cv=2, final_estimator=d.pick([None, one(d)])), (X, y), X


@family
def reductions(d):
    X, mc, mo = preprocessing.scale(d.numbers(10)), multiclass, multioutput
    what = d.pick(["calibrated", "calibrated", "ovr", "ovo", "code", "multi", "multi regressor", "chain", "regressor chain",
                   "search", "target"])
    if what == "calibrated":
        return calibration.CalibratedClassifierCV(classifier(d), method=d.pick(["sigmoid", "isotonic"]),
                                                  ensemble=d.chance(0.5), cv=2), (X, d.labels(X, 4)), X
    if what in ("ovr", "ovo", "code"):
        y = d.multilabels(X) if what == "ovr" and d.chance(0.4) else d.labels(X, 5)
        make = {"ovr": mc.OneVsRestClassifier, "ovo": mc.OneVsOneClassifier,
                "code": lambda one: mc.OutputCodeClassifier(one, random_state=0)}[what]
        return make(classifier(d)), (X, y), X
    if what == "multi":
        y = np.stack([d.labels(X, 4) for _ in range(2)], axis=1)
        return mo.MultiOutputClassifier(classifier(d)), (X, y), X
    if what == "multi regressor":
        return mo.MultiOutputRegressor(regressor(d)), (X, d.target(X, 3)), X
    if what == "chain":
        return mo.ClassifierChain(classifier(d), order=d.pick([None, "random"]), random_state=0), (X, d.multilabels(X)), X
    if what == "regressor chain":
        return mo.RegressorChain(regressor(d), order=d.pick([None, "random"]), random_state=0), (X, d.target(X, 3)), X
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.model_selection import GridSearchCV
    if what == "search":
        return GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1.0]}, cv=2), (X, d.target(X)), X
    scale = d.pick([{"transformer": preprocessing.StandardScaler()}, {"func": np.log1p, "inverse_func": np.expm1},
                    {"func": np.log, "inverse_func": np.exp},
                    {"transformer": preprocessing.QuantileTransformer(n_quantiles=20)},
                     {"transformer": preprocessing.PowerTransformer()}])
    return TransformedTargetRegressor(regressor(d), **scale), (X, np.exp(d.target(X))), X


#--- Transformers -----------------------------------------------------------------------------------

@family
def scalers(d):
    X, pre = d.numbers(12, d.pick([0.0, 0.0, 0.1])), preprocessing
    dense = np.nan_to_num(X)
    flags = [True, False]
    kind, options, rows = d.pick([
        (pre.StandardScaler, {"with_mean": flags, "with_std": flags}, X),
               (pre.MinMaxScaler, {"feature_range": [(-1, 2)], "clip": flags}, X),
        (pre.MaxAbsScaler, {}, X),
               (pre.RobustScaler, {"with_centering": flags, "with_scaling": flags, "unit_variance": flags,
                                     "quantile_range": [(10, 80)]}, X),
        (pre.Normalizer, {"norm": ["l1", "l2", "max"]}, dense), (pre.Binarizer, {"threshold": [0.5]}, dense),
        (pre.QuantileTransformer, {"n_quantiles": [5, 30], "output_distribution": ["uniform", "normal"]}, X),
        (pre.PowerTransformer, {"standardize": flags}, X), (pre.PowerTransformer, {"method": ["box-cox"]},
                                                            np.abs(dense) + 0.1 + d.rng.random(dense.shape)),
        (pre.KBinsDiscretizer, {"n_bins": [2, 4], "encode": ["ordinal", "onehot", "onehot-dense"],
                                "strategy": ["uniform", "quantile", "kmeans"],
                                "quantile_method": ["linear"]}, dense),
        (pre.PolynomialFeatures, {"degree": [1, 2, 3, (2, 3)], "interaction_only": flags, "include_bias": flags,
                                  "order": ["C", "F"]}, dense[:, :6]),
        (pre.SplineTransformer, {"n_knots": [2, 4], "degree": [0, 1, 2, 3], "include_bias": flags,
                                 "knots": ["uniform", "quantile"],
                                 "extrapolation": ["constant", "linear", "continue", "periodic"]}, dense),
        (pre.FunctionTransformer, {"func": [np.log1p, np.abs, np.sqrt], "validate": [True]}, np.abs(dense)),
        (feature_selection.VarianceThreshold, {"threshold": [0.0, 0.1]},
         np.concatenate([X, d.rng.normal(size=(len(X), 1))], axis=1))])
    extra = {"subsample": None} if kind is pre.KBinsDiscretizer else {}
    return d.make(kind, **options).set_params(**extra), (rows, None), rows


@family
def imputers(d):
    X = d.rng.normal(size=(d.between(40, 160), d.between(3, 10)))      # no two rows as far from a third
    X[d.rng.random(X.shape) < 0.1] = np.nan
    flags = [True, False]
    if d.chance(0.15):
        X[:, 0] = np.nan
    kind, options = d.pick([
        (impute.SimpleImputer, {"strategy": ["mean", "median", "most_frequent"], "add_indicator": flags,
                                "keep_empty_features": flags}),
        (impute.SimpleImputer, {"strategy": ["constant"], "fill_value": [-1.0, 0], "add_indicator": flags}),
        (impute.KNNImputer, {"n_neighbors": [1, 4], "weights": ["uniform", "distance"], "add_indicator": flags}),
        (impute.MissingIndicator, {"features": ["all", "missing-only"], "error_on_new": [False]})])
    return d.make(kind, **options), (X, None), X


@family
def selections(d):
    fs, X = feature_selection, preprocessing.scale(d.numbers(15))
    y = d.labels(X, 3)
    kind, options = d.pick([
        (fs.SelectKBest, {"k": [1, "all"]}), (fs.SelectPercentile, {"percentile": [30, 100]}),
               (fs.SelectFpr, {"alpha": [0.9]}), (fs.SelectFdr, {"alpha": [0.9]}),
        (fs.SelectFromModel, {"estimator": [tree.DecisionTreeClassifier()], "threshold": ["mean", "0.1*mean"]}),
        (fs.RFE, {"estimator": [linear_model.LogisticRegression()], "n_features_to_select": [1]})])
    if "estimator" in options:
        return kind(options["estimator"][0]), (X, y), X
    return d.make(kind, **options), (X, y), X


@family
def pipelines(d):
    X = d.numbers(8, 0.1)
    steps = [impute.SimpleImputer(), d.pick([preprocessing.StandardScaler(), preprocessing.RobustScaler(), "passthrough"]),
             d.pick([preprocessing.PolynomialFeatures(2), decomposition.PCA(),
                     pipeline.make_union(decomposition.PCA(1), preprocessing.MinMaxScaler()), None])]
    steps = [(f"s{i}", one) for i, one in enumerate(steps)]
    if d.chance(0.2):
        return pipeline.Pipeline(steps), (X, None), X
    if d.chance(0.5):
        return pipeline.Pipeline([*steps, ("last", regressor(d))]), (X, d.target(X)), X
    return pipeline.Pipeline([*steps, ("last", classifier(d))]), (X, d.labels(X, 5)), X


#--- Frames, categories, texts ----------------------------------------------------------------------

def table(d, rows):
    """A frame of columns of every dtype that pandas has for numbers and texts, some with gaps."""
    import pandas as pd
    rng, words = d.rng, np.array(["red", "green", "blau", "", "日本", "x y"])
    gaps = lambda column, missing: column.mask(pd.Series(rng.random(rows) < 0.15), missing)    # noqa: E731
    frame = pd.DataFrame({
        "age": rng.normal(40, 10, rows), "small": rng.normal(size=rows).astype(np.float32), "count": rng.integers(0, 9,
                                                                                                                  rows),
        "byte": rng.integers(0, 4, rows).astype(np.int8), "flag": rng.random(rows) < 0.5, "color": rng.choice(words, rows),
        "size": rng.choice(["S", "M", "L"], rows)})
    frame["height"] = gaps(pd.Series(rng.normal(size=rows)), np.nan)
    frame["visits"] = gaps(pd.Series(rng.integers(0, 5, rows)).astype("Int64"), pd.NA)
    frame["share"] = gaps(pd.Series(rng.normal(size=rows)).astype("Float64"), pd.NA)
    frame["job"] = gaps(pd.Series(rng.choice(["nurse", "cook"], rows)).astype(object), np.nan)
    frame["size"] = frame["size"].astype("category")
    frame["color"] = frame["color"].astype(d.pick(["str", object, "category"]))
    return frame


NUMBERS, TEXTS = ["age", "small", "count", "byte", "flag", "height", "visits", "share"], ["color", "size", "job"]


@family
def frames(d):
    from sklearn.compose import ColumnTransformer, make_column_selector
    frame, pre = table(d, 120), preprocessing
    numbers = [name for name in NUMBERS if d.chance(0.6)] or ["age"]
    texts = [name for name in TEXTS if d.chance(0.6)] or ["color"]
    scale = pipeline.make_pipeline(impute.SimpleImputer(strategy=d.pick(["mean", "median"]), add_indicator=d.chance(0.3)),
                                   d.pick([pre.StandardScaler(), pre.MinMaxScaler()]))
    encode = d.pick([pre.OneHotEncoder(handle_unknown="ignore", sparse_output=d.chance(0.5)),
                     pre.OneHotEncoder(drop="if_binary"),
                     pre.OneHotEncoder(min_frequency=30,
                                       handle_unknown="infrequent_if_exist"), pre.OneHotEncoder(max_categories=2),
                     pre.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)])
    parts = [("numbers", scale, numbers), ("texts", encode, texts)]
    remainder = "drop"
    if d.chance(0.3):
        parts = [("numbers", scale, make_column_selector(dtype_include="number")), ("texts", encode, ["color", "size"])]
    elif d.chance(0.4):
        parts += [("left", d.pick(["passthrough", "drop"]), ["count"])]
    elif d.chance(0.4):
        frame = frame[[*numbers, *texts, "count"]] if "count" not in numbers else frame[[*numbers, *texts]]
        remainder = "passthrough"
    made = ColumnTransformer(parts, remainder=remainder, sparse_threshold=d.pick([0, 0.3]), verbose_feature_names_out=False)
    if d.chance(0.3):
        return made, (frame, None), frame
    X = np.nan_to_num(frame[[one for one in NUMBERS if one in frame]].astype(float).to_numpy())
    last = d.pick([linear_model.LogisticRegression(), tree.DecisionTreeClassifier(max_depth=4, random_state=0)])
    return pipeline.make_pipeline(made, last), (frame, d.labels(X, 3)), frame


@family
def encoders(d):
    frame, pre = table(d, 100), preprocessing
    columns = [name for name in ("color", "size", "count", "byte", "job") if d.chance(0.6)] or ["color"]
    rows = frame[columns]
    if d.chance(0.4):
        rows = rows.astype(object).to_numpy()
    kind, options = d.pick([
        (pre.OneHotEncoder, {"drop": ["first", "if_binary"], "handle_unknown": ["ignore", "error"],
                             "sparse_output": [True, False], "dtype": [np.float32]}),
        (pre.OneHotEncoder, {"min_frequency": [5, 0.3], "max_categories": [2, 3],
                             "handle_unknown": ["infrequent_if_exist"]}),
        (pre.OrdinalEncoder, {"encoded_missing_value": [-5], "dtype": [np.float32]}),
               (pre.OrdinalEncoder, {"min_frequency": [20],
                                                                                        "max_categories": [2]}),
        (pre.TargetEncoder, {"smooth": [1.0, "auto"]})])
    y = d.pick([d.rng.normal(size=100), d.rng.integers(0, 2, 100),
                d.rng.integers(0, 3, 100)]) if kind is pre.TargetEncoder else None
    return d.make(kind, **options), (rows, y), rows


@family
def vectorizers(d):
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
    words = ["the", "Cat", "a", "I", "sat", "DOG", "naïve", "Straße", "日本語", "don't",
             "x1", "_", "42", "😀", "of", "mat."]
    rows = [d.pick([" ", "  ", "\n"]).join(d.pick(words) for _ in range(d.between(0, 12))) for _ in range(60)]
    options = {"analyzer": ["word", "char", "char_wb"], "ngram_range": [(1, 2), (2, 3)], "lowercase": [False],
               "stop_words": ["english", ["cat", "the"]],
               "min_df": [2], "max_df": [0.5], "max_features": [10], "binary": [True], "token_pattern": [r"(?u)\b\w+\b"]}
    weights = {"norm": ["l1", "l2", None], "use_idf": [False], "smooth_idf": [False], "sublinear_tf": [True]}
    made = d.make(d.pick([CountVectorizer]), **options) if d.chance(0.4) else d.make(TfidfVectorizer, **options, **weights)
    if d.chance(0.3):
        made = pipeline.make_pipeline(d.make(CountVectorizer, **options), d.make(TfidfTransformer, **weights),
                                      d.pick([naive_bayes.MultinomialNB(), linear_model.LogisticRegression()]))
        return made, (rows, d.rng.integers(0, 3, 60)), rows
    return made, (rows, None), rows


def draw(name, seed):
    """(estimator, rows) of a family, or None where scikit-learn cannot fit what was drawn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator, (X, y), rows = FAMILIES[name](Draw(seed))
        try:
            estimator.fit(X) if y is None else estimator.fit(X, y)
        except (ValueError, TypeError, np.linalg.LinAlgError):
            return None
    return estimator, rows
