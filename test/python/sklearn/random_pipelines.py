"""Pipelines of random steps on random frames, drawn from a seed: `draw(seed)` is a fitted one and rows of many kinds.

The rows to predict have what those of the fit had not: categories, missing values, columns in other dtypes.
"""
import warnings

import numpy as np
import pandas as pd
from random_data import Draw
from sklearn import (calibration, cluster, compose, decomposition, discriminant_analysis, ensemble, feature_selection, impute,
                     kernel_approximation, linear_model, model_selection, multiclass, naive_bayes, neighbors,
                     neural_network, pipeline, preprocessing, svm, tree)

WORDS = ["red", "green", "blau", "", "日本", "x y", "A", "nan", "1"]
NA = object()      # in a table: a gap

#--- Columns: a name of a kind, and a function of (d, values of the kind) to a pandas Series ------------

#: kind -> (values of the fit, values besides, whether they are numbers, dtypes they may be stored in, those that hold gaps)
KINDS = {
    "real": (lambda d, n: d.rng.normal(3, 10, n).tolist(), [], True, ["float64", "float32"], ["float64", "float32", "Float64", "object"]),
    "whole": (lambda d, n: d.rng.integers(-4, 9, n).tolist(), [], True, ["int64", "int32", "int8", "float64", "Int64"],
              ["float64", "Int64", "float32", "Int32"]),
    "flag": (lambda d, n: (d.rng.random(n) < 0.4).tolist(), [], True, ["bool", "boolean"], ["boolean"]),
    "word": (lambda d, n: d.rng.choice(WORDS[:d.between(2, 7)], n).tolist(), ["unseen", "z"], False,
             ["object", "category", "str", "string"], ["object", "category", "str", "string"]),
    "code": (lambda d, n: d.rng.choice([10, 20, 31, 5], n).tolist(), [7, 99], False, ["int64", "category", "float64"],
             ["float64", "Int64"]),
    "truth": (lambda d, n: (d.rng.random(n) < 0.5).tolist(), [], False, ["bool", "object"], ["object", "boolean"]),
}


def series(values, dtype, gap):
    """A column of a dtype; `gap` is what stands for missing values in one of objects."""
    if dtype == "object":
        return pd.Series([gap if one is NA else one for one in values], dtype=object)
    if dtype in ("float64", "float32"):
        return pd.Series([np.nan if one is NA else one for one in values], dtype=dtype)
    return pd.Series([None if one is NA else one for one in values], dtype=dtype)


class Table:
    """Columns of random kinds, of which rows can be drawn again."""

    def __init__(self, d):
        self.d, self.columns = d, {}
        for i in range(d.between(2, 7)):
            kind = d.pick(["real", "real", "whole", "flag", "word", "word", "code", "truth"])
            gaps = 0.15 if d.chance(0.45) else 0.0
            if kind == "truth" and d.chance(0.6):
                kind = "word"
            dtype = d.pick(KINDS[kind][4 if gaps else 3])
            gap = d.pick([np.nan, None]) if kind != "real" else np.nan
            self.columns[f"{kind}{i}"] = (kind, dtype, gaps, gap)

    def names(self, are_numbers):
        return [name for name, (kind, *_) in self.columns.items() if KINDS[kind][2] == are_numbers]

    def has_gaps(self, names):
        return any(self.columns[name][2] for name in names)

    def rows(self, count, unseen=0.0, more_gaps=0.0, swap=False):
        """A frame. unseen: the share of values that the fit has not; more_gaps: of missing values where it has none; swap: other
        dtypes."""
        d, made = self.d, {}
        for name, (kind, dtype, gaps, gap) in self.columns.items():
            values = KINDS[kind][0](d, count)
            if unseen and KINDS[kind][1]:
                values = [d.pick(KINDS[kind][1]) if d.chance(unseen) else one for one in values]
            share = gaps or more_gaps
            values = [NA if d.chance(share) else one for one in values] if share else values
            if swap or share and not gaps:
                dtype = d.pick([one for one in KINDS[kind][4 if share else 3]])
            made[name] = series(values, dtype, gap)
        return pd.DataFrame(made)


#--- Steps ----------------------------------------------------------------------------------------------

FLAGS = [True, False]


def number_imputer(d):
    """Not by neighbors, of which many are as far in columns of whole numbers: which is found is up to the search."""
    return d.pick([
        lambda: d.make(impute.SimpleImputer, strategy=["mean", "median", "most_frequent"], add_indicator=[False, True],
                       keep_empty_features=FLAGS),
        lambda: d.make(impute.SimpleImputer, strategy=["mean", "median", "most_frequent"]),
        lambda: impute.SimpleImputer(strategy="constant", fill_value=d.pick([-1, 0.5, 0]), add_indicator=d.chance(0.3)),
        lambda: impute.SimpleImputer(strategy="constant", add_indicator=d.chance(0.3))])()


def scaler(d):
    pre = preprocessing
    return d.pick([
        lambda: d.make(pre.StandardScaler, with_mean=FLAGS, with_std=FLAGS), lambda: pre.MinMaxScaler(clip=d.chance(0.5)),
        lambda: d.make(pre.RobustScaler, with_centering=FLAGS, unit_variance=FLAGS), lambda: pre.MaxAbsScaler(),
        lambda: pre.PowerTransformer(), lambda: pre.QuantileTransformer(n_quantiles=20, output_distribution=d.pick(["uniform", "normal"])),
        lambda: pre.Normalizer(d.pick(["l1", "l2", "max"])), lambda: pre.PolynomialFeatures(2, interaction_only=d.chance(0.5)),
        lambda: pre.KBinsDiscretizer(3, encode=d.pick(["onehot", "ordinal", "onehot-dense"]), strategy=d.pick(
            ["uniform", "quantile", "kmeans"]), quantile_method="averaged_inverted_cdf"),
        lambda: pre.SplineTransformer(n_knots=d.between(2, 5), extrapolation=d.pick(["constant", "linear", "continue", "periodic"])),
        lambda: pre.Binarizer(threshold=0.5), lambda: pre.FunctionTransformer(d.pick([np.abs, np.tanh, None])), lambda: "passthrough"])()


def word_imputer(d):
    return d.pick([lambda: impute.SimpleImputer(strategy="most_frequent"),
                   lambda: impute.SimpleImputer(strategy="constant", fill_value=d.pick(["none", "red"])),
                   lambda: impute.SimpleImputer(strategy="constant", fill_value="none", missing_values=None)])()


def encoder(d):
    pre = preprocessing
    return d.pick([
        lambda: pre.OneHotEncoder(handle_unknown=d.pick(["ignore", "error", "infrequent_if_exist", "warn"]), sparse_output=d.chance(0.5),
                                  drop=d.pick([None, None, "first", "if_binary"]), min_frequency=d.pick([None, None, 4, 0.2]),
                                  max_categories=d.pick([None, None, 2, 3]), dtype=d.pick([np.float64, np.float32, np.int32])),
        lambda: pre.OneHotEncoder(handle_unknown="ignore"),
        lambda: pre.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=d.pick([-1, np.nan, 99]),
                                   encoded_missing_value=d.pick([np.nan, -2]), min_frequency=d.pick([None, None, 5]),
                                   max_categories=d.pick([None, None, 3])),
        lambda: pre.OrdinalEncoder(encoded_missing_value=d.pick([np.nan, -2])),
        lambda: pre.TargetEncoder(random_state=0, cv=2, smooth=d.pick(["auto", 2.0]))])()


def reducer(d, few):
    dec, fs = decomposition, feature_selection
    return d.pick([
        lambda: dec.PCA(d.pick([1, 0.9, None]), whiten=d.chance(0.3)), lambda: dec.TruncatedSVD(1),
        lambda: fs.SelectKBest(k=d.pick([1, 2, "all"])), lambda: fs.VarianceThreshold(),
        lambda: fs.SelectPercentile(percentile=d.pick([50, 80])),
        lambda: fs.SelectFromModel(tree.DecisionTreeClassifier(max_depth=3, random_state=0), threshold=d.pick([None, "median"])),
        lambda: pipeline.make_union(dec.PCA(1), preprocessing.StandardScaler()),
        lambda: kernel_approximation.Nystroem(n_components=5, random_state=0), lambda: kernel_approximation.RBFSampler(gamma=0.1, n_components=4, random_state=0),
        lambda: discriminant_analysis.LinearDiscriminantAnalysis(), lambda: cluster.KMeans(3, n_init=1, random_state=0),
        lambda: pipeline.FeatureUnion([("a", preprocessing.MinMaxScaler()), ("b", "passthrough")], transformer_weights={"a": 2.0}),
        lambda: dec.FastICA(1, random_state=0), lambda: "passthrough"])()


def classifier(d):
    lm = linear_model
    return d.pick([
        lambda: lm.LogisticRegression(class_weight=d.pick([None, "balanced"])), lambda: lm.RidgeClassifier(), lambda: svm.LinearSVC(),
        lambda: lm.SGDClassifier(d.pick(["hinge", "log_loss", "modified_huber"]), random_state=0), lambda: lm.Perceptron(random_state=0),
        lambda: tree.DecisionTreeClassifier(max_depth=5, random_state=0), lambda: ensemble.RandomForestClassifier(5, random_state=0),
        lambda: ensemble.ExtraTreesClassifier(4, random_state=0), lambda: ensemble.GradientBoostingClassifier(n_estimators=3),
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=4), lambda: naive_bayes.GaussianNB(),
        lambda: naive_bayes.BernoulliNB(), lambda: svm.SVC(kernel=d.pick(["rbf", "linear", "poly"])),
        lambda: neural_network.MLPClassifier((4,), max_iter=15, random_state=0), lambda: discriminant_analysis.LinearDiscriminantAnalysis(),
        lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.5), lambda: neighbors.NearestCentroid(),
        lambda: ensemble.AdaBoostClassifier(n_estimators=3, random_state=0),
        lambda: ensemble.BaggingClassifier(lm.LogisticRegression(), 3, max_features=0.8, random_state=0),
        lambda: ensemble.VotingClassifier([("a", lm.LogisticRegression()), ("b", naive_bayes.GaussianNB())], voting=d.pick(["hard", "soft"])),
        lambda: ensemble.StackingClassifier([("a", lm.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=2))],
                                            passthrough=d.chance(0.5), cv=2),
        lambda: calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2, method=d.pick(["sigmoid", "isotonic"])),
        lambda: multiclass.OneVsRestClassifier(lm.LogisticRegression()), lambda: multiclass.OneVsOneClassifier(svm.LinearSVC()),
        lambda: model_selection.GridSearchCV(lm.LogisticRegression(), {"C": [0.1, 1]}, cv=2)])()


def regressor(d):
    lm = linear_model
    return d.pick([
        lambda: lm.Ridge(), lambda: lm.LinearRegression(), lambda: lm.Lasso(0.1), lambda: lm.HuberRegressor(), lambda: lm.ElasticNet(),
        lambda: lm.BayesianRidge(), lambda: svm.SVR(), lambda: svm.LinearSVR(random_state=0),
        lambda: tree.DecisionTreeRegressor(max_depth=5, random_state=0), lambda: ensemble.RandomForestRegressor(5, random_state=0),
        lambda: ensemble.GradientBoostingRegressor(n_estimators=3), lambda: ensemble.HistGradientBoostingRegressor(max_iter=4),
        lambda: neural_network.MLPRegressor((4,), max_iter=15, random_state=0), lambda: lm.SGDRegressor(random_state=0),
        lambda: ensemble.BaggingRegressor(n_estimators=3, random_state=0), lambda: lm.PoissonRegressor(),
        lambda: ensemble.VotingRegressor([("a", lm.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=2))]),
        lambda: compose.TransformedTargetRegressor(lm.Ridge(), func=np.log1p, inverse_func=np.expm1),
        lambda: compose.TransformedTargetRegressor(lm.Ridge(), transformer=preprocessing.StandardScaler())])()


def others(d):
    return d.pick([lambda: cluster.KMeans(3, n_init=1, random_state=0), lambda: ensemble.IsolationForest(n_estimators=5, random_state=0),
                   lambda: decomposition.PCA(1), lambda: preprocessing.StandardScaler(), lambda: svm.OneClassSVM()])()


#--- Pipelines ------------------------------------------------------------------------------------------

def numbers_part(d, gaps):
    steps = [scaler(d)]
    if gaps or d.chance(0.4):
        steps.insert(0, number_imputer(d))
    if d.chance(0.25):
        steps.append(scaler(d))
    return steps[0] if len(steps) == 1 else pipeline.make_pipeline(*steps)


def words_part(d, gaps):
    steps = [encoder(d)]
    if d.chance(0.6 if gaps else 0.2):
        steps.insert(0, word_imputer(d))
    if d.chance(0.15):
        steps.append(preprocessing.StandardScaler(with_mean=False))
    return steps[0] if len(steps) == 1 else pipeline.make_pipeline(*steps)


def of_columns(d, table):
    """A ColumnTransformer."""
    numbers, words = table.names(True), table.names(False)
    select, parts = compose.make_column_selector, []
    how = d.pick(["names", "names", "selector", "places", "each"])
    if numbers and how == "each":
        parts += [(f"of {name}", numbers_part(d, table.has_gaps([name])), [name]) for name in numbers[:2]]
    elif numbers:
        chosen = {"selector": select(dtype_include=["number", "bool", "boolean"]) if not any(name.startswith("code") for name in words)
                  else numbers, "places": [list(table.columns).index(name) for name in numbers]}.get(how, numbers)
        parts.append(("numbers", numbers_part(d, table.has_gaps(numbers)), chosen))
    if words:
        parts.append(("words", words_part(d, table.has_gaps(words)), words if how != "selector" else
                      [name for name in words] if d.chance(0.5) else select("word|code|truth")))
    rest = "drop"
    if numbers and d.chance(0.3) and len(parts) > 1:
        parts = [part for part in parts if part[0] != "numbers"]
        rest = d.pick(["passthrough", preprocessing.StandardScaler(), "drop"])
    elif d.chance(0.2):
        parts.append(("again", d.pick(["passthrough", "drop", preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)]),
                      [d.pick(numbers or words)]))
    parts = [part for _, part in sorted(zip(d.rng.random(len(parts)), parts), key=lambda pair: pair[0])]
    made = compose.ColumnTransformer(parts, remainder=rest, verbose_feature_names_out=d.pick([True, True, False, "{feature_name}_of_{transformer_name}"]),
                                     sparse_threshold=d.pick([0, 0.3]))
    if d.chance(0.25):
        made.set_params(transformer_weights={parts[0][0]: 2.0})
    if d.chance(0.2):
        made.set_output(transform="pandas") if made.sparse_threshold == 0 else None
    return made


def whole(d, table, X):
    """(estimator, target or None)."""
    has_words, gaps = bool(table.names(False)), table.has_gaps(table.columns)
    if has_words or d.chance(0.6):
        first = of_columns(d, table)
        steps = [first, *([impute.SimpleImputer()] if d.chance(0.6) else [])]
    else:
        steps = [number_imputer(d)] if gaps or d.chance(0.4) else []
        steps.append(scaler(d))
    if d.chance(0.5):
        steps.append(scaler(d) if d.chance(0.4) else reducer(d, 1))
    kind = d.pick(["classifier", "classifier", "regressor", "other", "none"])
    numbers = np.stack([pd.to_numeric(X[name], errors="coerce").astype("Float64").to_numpy(float, na_value=0) if name in table.names(True)
                        else pd.factorize(X[name])[0].astype(float) for name in X], axis=1)
    if kind == "classifier":
        return pipeline.make_pipeline(*steps, classifier(d)), d.labels(numbers, 4)
    if kind == "regressor":
        return pipeline.make_pipeline(*steps, regressor(d)), np.exp(d.target(numbers) / 2)
    made = pipeline.make_pipeline(*steps, *([others(d)] if kind == "other" else []))
    return made, d.labels(numbers, 3)


def draw(seed):
    """(estimator, {what: rows}), or None where scikit-learn cannot fit what was drawn."""
    d = Draw(seed)
    table = Table(d)
    X = table.rows(d.between(60, 120))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator, y = whole(d, table, X)
        fitted_on = X
        if d.chance(0.12):
            fitted_on = as_polars(X)
        elif not table.names(False) and d.chance(0.4):
            fitted_on = X.astype(float).to_numpy()
        try:
            estimator.fit(fitted_on, y)
        except Exception:      # whatever a step raises: this one is not for comparing
            return None
    rows = {"those of the fit": X, "one row": X[:1], "others": table.rows(30), "unseen": table.rows(30, unseen=0.2),
            "gaps": table.rows(30, more_gaps=0.2), "other dtypes": table.rows(30, swap=True), "objects": X.astype(object),
            "columns backwards": X[X.columns[::-1]], "one column less": X[X.columns[1:]], "filtered": X[::3]}
    rows["polars"] = as_polars(X)
    rows["array"] = X.to_numpy()
    return estimator, rows


def as_polars(frame):
    import polars
    made = {}
    for name, column in frame.items():
        values = [None if one is pd.NA or one is None or isinstance(one, float) and np.isnan(one) and column.dtype == object else one
                  for one in column.tolist()]
        if str(column.dtype) == "category" and all(one is None or isinstance(one, str) for one in values):
            made[name] = polars.Series(values, dtype=polars.Categorical)
        else:
            kinds = {"float32": polars.Float32, "int8": polars.Int8, "int32": polars.Int32}
            made[name] = polars.Series(values, dtype=kinds.get(str(column.dtype)), strict=False)
    return polars.DataFrame(made)
