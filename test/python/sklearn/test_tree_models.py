"""Ensembles of trees where values decide: thresholds, missing values, raw sums to the last bit, deep trees, what is refused."""
import lightgbm
import numpy as np
import pytest
import xgboost
from data import binary, multiclass, regression, with_gaps
from quern._sklearn.lightgbm import _TRANSFORMS
from quern._sklearn.xgboost import _OBJECTIVES
from sklearn import ensemble, tree

import quern


def special_rows(X, thresholds, seed=0):
    """Rows of X, random ones, and rows with thresholds and their neighbours."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([X, rng.normal(size=X.shape), np.zeros((2, X.shape[1])), np.full((1, X.shape[1]), -0.0)])
    at = rng.random(rows.shape) < 0.5
    near = rng.choice(thresholds, at.sum())
    rows[at] = rng.choice([near, np.nextafter(near, -np.inf), np.nextafter(near, np.inf)])
    return rows


def test_thresholds_of_scikit_learn():
    """x is rounded to float32 before it is compared with a float64."""
    X, y = regression()
    model = tree.DecisionTreeRegressor(random_state=0).fit(X, y)
    compiled = quern.compile(model)
    thresholds = model.tree_.threshold[model.tree_.feature >= 0]
    for rows in (special_rows(X, thresholds), special_rows(X, thresholds.astype(np.float32))):
        assert np.array_equal(compiled.predict(rows), model.predict(rows))
        assert np.array_equal(compiled.predict(rows.astype(np.float32)), model.predict(rows.astype(np.float32)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_thresholds_of_lightgbm(dtype):
    X, y = regression()
    model = lightgbm.LGBMRegressor(n_estimators=9, verbose=-1, n_jobs=1).fit(with_gaps(X), y)
    thresholds = [float(one) for line in model.booster_.model_to_string().split("\n") if line.startswith("threshold=")
                  for one in line[10:].split()]
    rows = with_gaps(special_rows(X, thresholds)).astype(dtype)
    rows[::7, 0] = np.inf
    rows[::11, 1] = -np.inf
    assert np.array_equal(quern.compile(model).predict(rows), model.predict(rows))


def test_thresholds_of_xgboost():
    X, y = regression()
    model = xgboost.XGBRegressor(n_estimators=9, n_jobs=1).fit(with_gaps(X), y)
    thresholds = model.get_booster().trees_to_dataframe()["Split"].dropna().to_numpy()
    rows = with_gaps(special_rows(X, thresholds))
    assert np.array_equal(quern.compile(model).predict(rows), model.predict(rows))


def test_zero_as_missing():
    X, y = regression()
    X[np.abs(X) < 0.4] = 0
    model = lightgbm.LGBMRegressor(n_estimators=9, zero_as_missing=True, verbose=-1, n_jobs=1).fit(X, y)
    rows = np.concatenate([X, np.where(X == 0, 1e-36, X), np.where(X == 0, -1e-35, X), np.where(X == 0, 2e-35, X),
                           with_gaps(X)])
    assert np.array_equal(quern.compile(model).predict(rows), model.predict(rows))


def test_numbers_next_to_zero():
    """LightGBM takes those up to 1e-35f for 0, next to which it likes to split."""
    X, y = regression()
    X[np.abs(X) < 0.4] = 0
    model = lightgbm.LGBMRegressor(n_estimators=9, verbose=-1, n_jobs=1).fit(X, y)
    edge = float(np.float32(1e-35))
    assert f"{-edge!r}" in model.booster_.model_to_string()
    for number in (edge, -edge, np.nextafter(edge, 1), np.nextafter(-edge, -1), 1e-38, -1e-38):
        rows = np.where(X == 0, number, X)
        assert np.array_equal(quern.compile(model).predict(rows), model.predict(rows)), number


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "binary:hinge"])
@pytest.mark.parametrize("score", [None, 0.3])
def test_base_scores_of_xgboost(objective, score):
    X, y = binary()
    y = y & (X[:, 0] > 0)      # a score of the fit that is not 0.5
    model = xgboost.train({"objective": objective, "base_score": score, "nthread": 1}, xgboost.DMatrix(X, y), 5)
    np.testing.assert_allclose(quern.compile(model).predict(X), model.predict(xgboost.DMatrix(X)), rtol=1e-5, atol=1e-6)


def _target(objective, y):
    """Numbers y as what an objective learns."""
    ranks = np.argsort(np.argsort(y)) / len(y)
    if objective in ("multi:softprob", "multi:softmax", "multiclass", "multiclassova") or "rank" in objective:
        return (ranks * (2 if objective == "rank:map" else 3)).astype(int)
    if objective.startswith("binary"):
        return (ranks > 0.6).astype(int)
    return ranks + 1e-3      # within (0, 1], for logarithms and cross entropies


def _same_predictions(model, X, wrapped=lambda rows: rows):
    rows = with_gaps(X)
    for count in (len(rows), 9, 1):
        np.testing.assert_allclose(quern.compile(model).predict(rows[:count]), model.predict(wrapped(rows[:count])), rtol=1e-5,
                                   atol=1e-6)


@pytest.mark.parametrize("objective", sorted(_OBJECTIVES))
def test_objectives_of_xgboost(objective):
    X, y = regression()
    target = np.minimum(_target(objective, y), 1) if objective == "reg:logistic" else _target(objective, y)
    data = xgboost.DMatrix(with_gaps(X), target)
    options = {"objective": objective, "nthread": 1, "booster": "dart", "rate_drop": 0.3, "seed": 0}
    if objective.startswith("multi"):
        options["num_class"] = 3
    if objective.startswith("rank"):
        data.set_group([len(y)])
    if objective == "reg:quantileerror":
        options["quantile_alpha"] = [0.2, 0.7]
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", target)
        data.set_float_info("label_upper_bound", np.where(target > 0.5, np.inf, target))
    _same_predictions(xgboost.train(options, data, 9), X, xgboost.DMatrix)


@pytest.mark.parametrize("objective", sorted({*_TRANSFORMS} - {"", "custom"}))
def test_objectives_of_lightgbm(objective):
    X, y = regression()
    data = lightgbm.Dataset(with_gaps(X), _target(objective, y), group=[len(y)] if "rank" in objective else None)
    options = {"objective": objective, "verbose": -1, "num_threads": 1, "boosting": "rf", "bagging_freq": 1,
               "bagging_fraction": 0.7}
    if objective.startswith("multiclass"):
        options["num_class"] = 3
    _same_predictions(lightgbm.train(options, data, 9), X)


def test_no_rows():
    """Of those that take none; scikit-learn's estimators, and LightGBM's, do not."""
    X, y = binary()
    classifier = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, y)
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, y), 2)
    for model, method in ((classifier, "predict"), (classifier, "predict_proba"), (booster, "predict")):
        want, got = getattr(model, method)(X[:0]), getattr(quern.compile(model), method)(X[:0])
        assert got.shape == want.shape and got.dtype == want.dtype
    with pytest.raises(ValueError, match="0 sample"):
        quern.compile(lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y)).predict(X[:0])


def test_sums_are_the_libraries_own():
    """The same additions in the same order: equal to the last bit, for every number of threads and rows."""
    X, y = multiclass(rows=900)
    forest = ensemble.RandomForestClassifier(30, random_state=0).fit(X, y)
    boosted = ensemble.GradientBoostingClassifier(n_estimators=20).fit(X, y)
    for threads in (1, 2):
        one, other = quern.compile(forest, threads=threads), quern.compile(boosted, threads=threads)
        for rows in (X, X[:1], X[:100]):
            assert np.array_equal(one.predict_proba(rows), forest.predict_proba(rows))
            assert np.array_equal(other.decision_function(rows), boosted.decision_function(rows))


def test_deep_trees():
    """A tree as deep as it has leaves, alone and among flat ones."""
    X = np.arange(60.0)[:, None]
    y = 8.0 ** np.arange(60)
    deep = tree.DecisionTreeRegressor().fit(X, y)
    assert deep.get_depth() > 40
    rows = np.linspace(-1, 61, 500)[:, None]
    for count in (1, 3, 500):
        assert np.array_equal(quern.compile(deep).predict(rows[:count]), deep.predict(rows[:count]))
    mixed = ensemble.RandomForestRegressor(9, random_state=0).fit(X, y)
    assert np.array_equal(quern.compile(mixed).predict(rows), mixed.predict(rows))


def test_categories_of_histograms():
    """Categories that the fit did not see, fractions and negative numbers are missing."""
    rng = np.random.default_rng(0)
    X = np.stack([rng.integers(0, 12, 400) * 2.0, rng.normal(size=400)], axis=1)
    y = 5.0 * (X[:, 0] % 3 == 0) + X[:, 1]
    X[rng.random(400) < 0.1, 0] = np.nan
    model = ensemble.HistGradientBoostingRegressor(max_iter=9, categorical_features=[0]).fit(X, y)
    rows = np.stack([rng.choice([0, 1, 2.5, -1, 22, 23, 24, 500, np.nan, *range(0, 24, 2)], 300), rng.normal(size=300)], axis=1)
    assert np.array_equal(quern.compile(model).predict(rows), model.predict(rows))


def test_early_stopping_of_xgboost():
    X, y = binary()
    model = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=3, learning_rate=0.9, n_jobs=1)
    model.fit(X[:150], y[:150], eval_set=[(X[150:], y[150:])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    assert np.abs(quern.compile(model).predict_proba(X) - model.predict_proba(X)).max() < 1e-6


def test_booster_of_xgboost():
    X, y = regression()
    booster = xgboost.train({"max_depth": 3}, xgboost.DMatrix(X, y), 9)
    assert np.array_equal(quern.compile(booster).predict(X), booster.predict(xgboost.DMatrix(X)))
    with pytest.raises(quern.InputError, match="X has 5 features, but Booster is expecting 6"):
        quern.compile(booster).predict(X[:, :5])


def test_names_of_boosters():
    import pandas as pd
    X, y = regression()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(frame, y), 3)
    compiled = quern.compile(booster)
    assert np.array_equal(compiled.predict(frame), booster.predict(xgboost.DMatrix(frame)))
    with pytest.raises(quern.InputError, match="same order"):
        compiled.predict(frame[list("fedcba")])


def _linear(objective, target, **options):
    X, y = regression()
    kind = xgboost.XGBClassifier if ":log" in objective or "multi" in objective else xgboost.XGBRegressor
    return kind(booster="gblinear", objective=objective, n_estimators=5, n_jobs=1, **options).fit(with_gaps(X), target(y))


@pytest.mark.parametrize("objective, target", [
    ("reg:squarederror", lambda y: y), ("reg:squarederror", lambda y: np.stack([y, -y + 1], axis=1)),
    ("count:poisson", lambda y: np.round(np.exp(y / 50))), ("binary:logistic", lambda y: (y > 0).astype(int)),
    ("multi:softprob", lambda y: np.digitize(y, [-20, 90]))])
def test_linear_booster(objective, target):
    """Of several classes, XGBoost adds the first one's base score to all."""
    model, rows = _linear(objective, target), with_gaps(regression()[0])
    compiled = quern.compile(model)
    np.testing.assert_allclose(compiled.predict(rows, output_margin=True), model.predict(rows, output_margin=True), rtol=1e-4, atol=1e-4)
    assert not hasattr(model, "classes_") or np.array_equal(compiled.predict(rows), model.predict(rows))


@pytest.mark.parametrize("target", [lambda y: np.stack([y, -y, y * y], axis=1), lambda y: np.digitize(y, [-20, 20]),
                                    lambda y: np.stack([y > 0, y > 30], axis=1).astype(int)], ids=["numbers", "classes", "labels"])
@pytest.mark.parametrize("strategy", ["multi_output_tree", "one_output_per_tree"])
def test_several_outputs(target, strategy):
    X, y = regression()
    kind = xgboost.XGBRegressor if target(y).dtype.kind == "f" else xgboost.XGBClassifier
    model = kind(n_estimators=5, multi_strategy=strategy, n_jobs=1).fit(X, target(y))
    compiled, rows = quern.compile(model), with_gaps(X)
    for method in ("predict", "predict_proba") if hasattr(model, "predict_proba") else ("predict",):
        got, want = getattr(compiled, method)(rows), getattr(model, method)(rows)
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    assert np.array_equal(compiled.apply(rows), model.apply(rows))


def test_one_class_of_xgboost():
    """The base score is 0, which XGBoost moves to where it has a logarithm."""
    X, y = binary()
    model = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, np.zeros(len(X), int))
    assert np.abs(quern.compile(model).predict_proba(X) - model.predict_proba(X)).max() < 1e-7


def test_linear_trees():
    """A leaf is a linear function, or a constant where it lacks a feature."""
    X, y = multiclass()
    for target, kind in ((X[:, 0] * X[:, 1], lightgbm.LGBMRegressor), (y, lightgbm.LGBMClassifier)):
        model = kind(n_estimators=6, linear_tree=True, verbose=-1, n_jobs=1).fit(with_gaps(X), target)
        rows = with_gaps(X)
        for given in (rows, rows[:1], X.astype(np.float32)):
            want = model.predict(given, raw_score=True)
            np.testing.assert_allclose(quern.compile(model).predict(given, raw_score=True), want, rtol=1e-9, atol=1e-9)


def _with_categories(words, rows=300, seed=0):
    import pandas as pd
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=rows), "c": pd.Categorical(rng.choice(words, rows)),
                          "d": pd.Categorical(rng.choice([3, 1, 7], rows)), "flag": rng.random(rows) < 0.5,
                          "count": rng.integers(0, 5, rows)})
    frame.loc[::9, "c"] = np.nan
    return frame, (frame.a + frame.c.map(dict(zip(words, (2, -1, 0.5, 0)))).astype(float).fillna(3) + frame.d.astype(float) / 3).to_numpy()


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("onehot", [1, 100])
def test_categories_of_frames(library, onehot):
    """They are the fit's, whatever numbers a frame's columns have for them."""
    import pandas as pd
    words = ["x", "y", "é" if library == "lightgbm" else "e", "w w"]
    frame, y = _with_categories(words)
    made = (lambda kind: getattr(lightgbm, "LGBM" + kind)(n_estimators=6, verbose=-1, n_jobs=1, min_data_per_group=5, cat_smooth=1,
                                                          max_cat_to_onehot=onehot)) if library == "lightgbm" else (
        lambda kind: getattr(xgboost, "XGB" + kind)(n_estimators=6, n_jobs=1, enable_categorical=True, max_cat_to_onehot=onehot))
    other = frame.assign(c=frame.c.cat.set_categories(words[::-1]), d=pd.Categorical(frame.d.astype(int), categories=[7, 3, 1]))
    as_codes = frame.assign(c=frame.c.cat.codes.replace(-1, np.nan), d=frame.d.cat.codes).to_numpy(float)
    for kind, target in (("Regressor", y), ("Classifier", (y > 1).astype(int))):
        model = made(kind).fit(frame, target)
        compiled = quern.compile(model)
        for rows in (frame, other, frame[:1], as_codes):
            np.testing.assert_allclose(compiled.predict(rows), model.predict(rows), rtol=1e-5, atol=1e-6)
    new = frame.assign(c=frame.c.cat.add_categories(["zz"]).fillna("zz"))
    if library == "xgboost":
        with pytest.raises(quern.InputError, match="category not in the training set in column 'c'"):
            compiled.predict(new)
    else:
        assert np.array_equal(compiled.predict(new), model.predict(new))
    with pytest.raises(quern.InputError, match="column 'c' has numbers"):
        compiled.predict(frame.assign(c=1.0))


def test_keywords_of_predict():
    X, y = multiclass()
    rows = with_gaps(X)
    light = lightgbm.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1).fit(X, y)
    extreme = xgboost.XGBClassifier(n_estimators=4, n_jobs=1).fit(X, y)
    booster = extreme.get_booster()
    for model, keyword, wrapped in ((light, "raw_score", rows), (light, "pred_leaf", rows), (light.booster_, "pred_leaf", rows),
                                    (extreme, "output_margin", rows), (booster, "pred_leaf", xgboost.DMatrix(rows))):
        got, want = quern.compile(model).predict(rows, **{keyword: True}), model.predict(wrapped, **{keyword: True})
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        assert np.array_equal(quern.compile(model).predict(rows, **{keyword: False}), quern.compile(model).predict(rows))
    with pytest.raises(quern.UsageError, match="'num_iteration'"):
        quern.compile(light).predict(rows, num_iteration=2)


@pytest.mark.parametrize("kind", [tree.DecisionTreeClassifier, tree.ExtraTreeRegressor, ensemble.RandomForestClassifier,
                                  ensemble.ExtraTreesRegressor, ensemble.RandomTreesEmbedding])
def test_paths(kind):
    """The nodes that a row comes by, as a dense matrix."""
    X, y = multiclass()
    model = kind(**({"n_estimators": 4} if kind.__module__.startswith("sklearn.ensemble") else {}), random_state=0).fit(X, y)
    compiled, rows = quern.compile(model), X[::-1][:50] + 0.1
    got, want = compiled.decision_path(rows), model.decision_path(rows)
    if isinstance(want, tuple):
        assert np.array_equal(got[1], want[1])
        got, want = got[0], want[0]
    assert got.dtype == want.dtype and np.array_equal(got, want.toarray())
    assert np.array_equal(compiled.apply(rows), model.apply(rows))


def test_large_integers_in_frames():
    """LightGBM reads a frame of int64 as float64."""
    import pandas as pd
    values = np.random.default_rng(0).integers(2 ** 24, 2 ** 24 + 64, 300)
    frame = pd.DataFrame({"a": values, "b": values % 7})
    model = lightgbm.LGBMRegressor(n_estimators=5, min_data_in_leaf=2, verbose=-1, n_jobs=1).fit(frame, values % 5)
    assert np.array_equal(quern.compile(model).predict(frame), model.predict(frame))


def _letters():
    frame, y = _with_categories(["x", "y", "é", "日本"])
    return xgboost.XGBRegressor(enable_categorical=True, n_estimators=2, n_jobs=1).fit(frame, y)


X, Y = regression()
REFUSED = {
    "not ASCII": _letters,
    "objective": lambda: lightgbm.LGBMClassifier(objective=lambda y, raw: (raw - y, np.ones_like(raw)), n_estimators=2,
                                                 verbose=-1).fit(X, (Y > 0).astype(int)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused(message):
    with pytest.raises(quern.UnsupportedError, match=message):
        quern.compile(REFUSED[message]())
