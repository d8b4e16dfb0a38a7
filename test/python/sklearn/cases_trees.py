import lightgbm
import numpy as np
import xgboost
from estimator_cases import CASES, Case, add
from data import binary, binary_texts, multiclass, positive, regression, texts, with_gaps
from sklearn import ensemble, tree

_TREE, _ENSEMBLE = "sklearn.tree.", "sklearn.ensemble."
_CLASSES = [binary(), multiclass(), texts(), binary_texts()]


def _several(classes=False):
    X, y = regression(targets=2)
    return X, (y > 0).astype(np.int64) + (y > 50) if classes else y


def _gaps(X, y):
    return with_gaps(X), y


def _constant():
    X, y = regression()
    return X, np.ones_like(y)


def categories(y, seed=0, gaps=False):
    """Rows whose columns 2 and 5 are categories that matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(len(y), 6))
    X[:, 2], X[:, 5] = rng.integers(0, 9, len(y)), 3 * rng.integers(0, 5, len(y))
    y = y + 40 * (X[:, 2] % 3 == 1) - 30 * (X[:, 5] == 6)
    return (with_gaps(X), y) if gaps else (X, y)


#--- Trees and forests ------------------------------------------------------------------------------

for _name in "DecisionTree ExtraTree".split():
    _classifier, _regressor = getattr(tree, _name + "Classifier"), getattr(tree, _name + "Regressor")
    add(f"{_TREE}{_name}Classifier", _classifier(random_state=0), data=[*_CLASSES, _several(classes=True)])
    add(f"{_TREE}{_name}Classifier", _classifier(max_leaf_nodes=7, random_state=0), data=[_gaps(*multiclass())], gaps=True)
    add(f"{_TREE}{_name}Regressor", _regressor(random_state=0), data=[regression(), _several(), _constant()])
    add(f"{_TREE}{_name}Regressor", _regressor(max_depth=1, random_state=0), data=[_gaps(*regression())], gaps=True)
for _name in "RandomForest ExtraTrees".split():
    _classifier, _regressor = getattr(ensemble, _name + "Classifier"), getattr(ensemble, _name + "Regressor")
    add(f"{_ENSEMBLE}{_name}Classifier", _classifier(12, random_state=0), data=[*_CLASSES, _several(classes=True)])
    add(f"{_ENSEMBLE}{_name}Regressor", _regressor(12, random_state=0), data=[regression(), _several()])
add(_ENSEMBLE + "RandomForestClassifier", ensemble.RandomForestClassifier(12, random_state=0),
    data=[_gaps(*multiclass())], gaps=True)
add(_ENSEMBLE + "IsolationForest", *(ensemble.IsolationForest(n_estimators=12, random_state=0, **options) for options in
                                     ({}, {"max_features": 3}, {"contamination": 0.2})), data=[(binary()[0], None)])

add(_ENSEMBLE + "RandomTreesEmbedding", ensemble.RandomTreesEmbedding(5, random_state=0), data=[(binary()[0], None)])

#--- Boosting ---------------------------------------------------------------------------------------

add(_ENSEMBLE + "GradientBoostingClassifier", ensemble.GradientBoostingClassifier(n_estimators=9, random_state=0),
    data=_CLASSES)
add(_ENSEMBLE + "GradientBoostingClassifier",
    ensemble.GradientBoostingClassifier(loss="exponential", n_estimators=9, init="zero", random_state=0), data=[binary()])
add(_ENSEMBLE + "GradientBoostingRegressor",
    *(ensemble.GradientBoostingRegressor(n_estimators=9, loss=loss, random_state=0) for loss in
      ("squared_error", "huber", "quantile")), data=[regression()])
add(_ENSEMBLE + "GradientBoostingRegressor",
    ensemble.GradientBoostingRegressor(init=tree.DecisionTreeRegressor(max_depth=2), n_estimators=4), data=[regression()])
add(_ENSEMBLE + "GradientBoostingClassifier", *(ensemble.GradientBoostingClassifier(
    init=tree.DecisionTreeClassifier(max_depth=2), loss=_loss, n_estimators=4) for _loss in ("log_loss", "exponential")),
    data=[binary()])
add(_ENSEMBLE + "GradientBoostingClassifier",
    ensemble.GradientBoostingClassifier(init=tree.DecisionTreeClassifier(max_depth=2), n_estimators=4), data=[multiclass()])
_HISTOGRAMS = ensemble.HistGradientBoostingClassifier(max_iter=9)
add(_ENSEMBLE + "HistGradientBoostingClassifier", _HISTOGRAMS, data=_CLASSES)
add(_ENSEMBLE + "HistGradientBoostingClassifier", _HISTOGRAMS, data=[_gaps(*multiclass())], gaps=True)
add(_ENSEMBLE + "HistGradientBoostingRegressor", ensemble.HistGradientBoostingRegressor(max_iter=9), data=[regression()])
add(_ENSEMBLE + "HistGradientBoostingRegressor", ensemble.HistGradientBoostingRegressor(max_iter=9, loss="poisson"),
    data=[positive()])
add(_ENSEMBLE + "HistGradientBoostingRegressor",
    ensemble.HistGradientBoostingRegressor(max_iter=9, categorical_features=[2, 5]),
    data=[categories(regression()[1]), categories(regression()[1], gaps=True)], gaps=True)

#--- LightGBM and XGBoost ---------------------------------------------------------------------------

_LIGHTGBM, _XGBOOST = "lightgbm.sklearn.LGBM", "xgboost.sklearn."
_OPTIONS = {"n_estimators": 9, "verbose": -1, "n_jobs": 1}
add(_LIGHTGBM + "Classifier", lightgbm.LGBMClassifier(**_OPTIONS), data=_CLASSES)
add(_LIGHTGBM + "Classifier", lightgbm.LGBMClassifier(**_OPTIONS), data=[_gaps(*multiclass())], gaps=True)
add(_LIGHTGBM + "Classifier", lightgbm.LGBMClassifier(objective="ova", **_OPTIONS), data=[multiclass()])
add(_LIGHTGBM + "Classifier", lightgbm.LGBMClassifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, **_OPTIONS),
    lightgbm.LGBMClassifier(boosting_type="dart", **_OPTIONS), data=[binary()])
add(_LIGHTGBM + "Regressor", *(lightgbm.LGBMRegressor(**options, **_OPTIONS) for options in (
    {}, {"zero_as_missing": True}, {"use_missing": False}, {"reg_sqrt": True})), data=[_gaps(*regression())], gaps=True)
add(_LIGHTGBM + "Regressor", lightgbm.LGBMRegressor(objective="tweedie", **_OPTIONS), data=[positive()])
add(_LIGHTGBM + "Regressor", lightgbm.LGBMRegressor(categorical_feature=[2, 5], min_data_per_group=5, **_OPTIONS),
    data=[categories(regression()[1], gaps=True)], gaps=True)

_ROUNDS = {"n_estimators": 9, "n_jobs": 1}
add(_XGBOOST + "XGBClassifier", xgboost.XGBClassifier(**_ROUNDS), data=[binary(), multiclass()])
add(_XGBOOST + "XGBClassifier", xgboost.XGBClassifier(**_ROUNDS), data=[_gaps(*multiclass())], gaps=True)
add(_XGBOOST + "XGBClassifier", xgboost.XGBClassifier(booster="dart", rate_drop=0.3, **_ROUNDS),
    xgboost.XGBClassifier(objective="binary:hinge", **_ROUNDS), data=[binary()])
add(_XGBOOST + "XGBClassifier", xgboost.XGBClassifier(objective="multi:softmax", **_ROUNDS), data=[multiclass()])
add(_XGBOOST + "XGBRFClassifier", xgboost.XGBRFClassifier(**_ROUNDS), data=[binary()])
add(_XGBOOST + "XGBRegressor", *(xgboost.XGBRegressor(**options, **_ROUNDS) for options in ({}, {"missing": 1.0})),
    data=[_gaps(*regression()), _several()], gaps=True)
add(_XGBOOST + "XGBRegressor", xgboost.XGBRegressor(objective="count:poisson", **_ROUNDS), data=[positive()])
add(_XGBOOST + "XGBRegressor",
    xgboost.XGBRegressor(enable_categorical=True, feature_types=list("qqcqqc"), max_cat_to_onehot=3, **_ROUNDS),
    data=[categories(regression()[1], gaps=True)], gaps=True)
add(_XGBOOST + "XGBRFRegressor", xgboost.XGBRFRegressor(**_ROUNDS), data=[regression()])


def _booster():
    X, y = binary()
    return lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(X, y), 9), X


def _ranker(kind, **options):
    def fit():
        X, y = multiclass()
        return kind(**options).fit(X, y, group=[10] * 30), X
    return fit


CASES["LGBMRanker"] = Case(_LIGHTGBM + "Ranker", _ranker(lightgbm.LGBMRanker, **_OPTIONS))
CASES["XGBRanker"] = Case(_XGBOOST + "XGBRanker", _ranker(xgboost.XGBRanker, **_ROUNDS))
CASES["Booster-lightgbm"] = Case("lightgbm.basic.Booster", _booster)
