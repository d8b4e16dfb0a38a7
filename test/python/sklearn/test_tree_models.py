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


X, Y = regression()
REFUSED = {
    "linear trees": lambda: lightgbm.LGBMRegressor(linear_tree=True, n_estimators=2, verbose=-1).fit(X, Y),
    "booster 'gblinear'": lambda: xgboost.XGBRegressor(booster="gblinear").fit(X, Y),
    "init": lambda: ensemble.GradientBoostingRegressor(init=tree.DecisionTreeRegressor(max_depth=2), n_estimators=2).fit(X, Y),
    "several outputs": lambda: xgboost.XGBRegressor(
        n_estimators=2, multi_strategy="multi_output_tree").fit(X, np.stack([Y, -Y], axis=1)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused(message):
    with pytest.raises(quern.UnsupportedError, match=message):
        quern.compile(REFUSED[message]())
