"""Estimators made of others."""
import numpy as np
from estimator_cases import add
from data import binary, binary_texts, counts, multiclass, multilabel, regression, texts, with_gaps
from sklearn import (calibration, compose, discriminant_analysis, ensemble, feature_selection, frozen, impute, isotonic,
                     linear_model, model_selection, multiclass as several, multioutput, naive_bayes, pipeline, preprocessing,
                     semi_supervised, svm)

_LOGISTIC, _RIDGE, _BAYES = linear_model.LogisticRegression(), linear_model.Ridge(), naive_bayes.GaussianNB()
_SCALER = preprocessing.StandardScaler()
_CLASSES, _ANY = [binary(), multiclass(), texts()], [binary(), multiclass(), texts(), binary_texts()]

add("sklearn.pipeline.Pipeline", pipeline.make_pipeline(_SCALER, _LOGISTIC),
    pipeline.make_pipeline(impute.SimpleImputer(), _SCALER, "passthrough", svm.SVC()), data=_CLASSES)
add("sklearn.pipeline.Pipeline", pipeline.make_pipeline(_SCALER, preprocessing.PolynomialFeatures(2)),
    pipeline.make_pipeline(impute.SimpleImputer(), "passthrough"), data=[(multiclass()[0], None)])
add("sklearn.pipeline.FeatureUnion", pipeline.FeatureUnion(
    [("scaled", _SCALER), ("raw", "passthrough"), ("powers", preprocessing.PolynomialFeatures(2)), ("gone", "drop")],
    transformer_weights={"scaled": 2.0}), data=[(multiclass()[0], None)])
add("sklearn.compose.ColumnTransformer", compose.ColumnTransformer(
    [("scaled", _SCALER, [3, 1]), ("bins", preprocessing.KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), slice(4, 6)),
     ("gone", "drop", [2])], remainder="passthrough", transformer_weights={"scaled": 0.5}), data=[(multiclass()[0], None)])
add("sklearn.compose.TransformedTargetRegressor", compose.TransformedTargetRegressor(_RIDGE, transformer=_SCALER),
    compose.TransformedTargetRegressor(_RIDGE, func=np.arcsinh, inverse_func=np.sinh),
    data=[regression(), regression(targets=2)])

_GAPS = with_gaps(multiclass()[0])
_EMPTY = np.where(np.arange(6) == 2, np.nan, _GAPS)
add("sklearn.impute.SimpleImputer", *(impute.SimpleImputer(strategy=one) for one in ("mean", "median", "most_frequent", "constant")),
    impute.SimpleImputer(add_indicator=True), impute.SimpleImputer(keep_empty_features=True), data=[(_GAPS, None), (_EMPTY, None)],
    dtypes=("float32",))
add("sklearn.impute.SimpleImputer", impute.SimpleImputer(missing_values=0), data=[(counts()[0], None)])
add("sklearn.impute.MissingIndicator", impute.MissingIndicator(), impute.MissingIndicator(features="all"), data=[(_GAPS, None)],
    dtypes=("float32",))
add("sklearn.impute.KNNImputer", impute.KNNImputer(n_neighbors=3), impute.KNNImputer(add_indicator=True),
    data=[(_GAPS, None), (_EMPTY, None)], dtypes=())
# Rounding is all the distance of a row to itself, in scikit-learn too, and weighs it.
add("sklearn.impute.KNNImputer", impute.KNNImputer(n_neighbors=3, weights="distance"), data=[(_GAPS, None), (_EMPTY, None)],
    dtypes=(), tolerance=1e-6)

_S = "sklearn.feature_selection."
for _name, _options in {"GenericUnivariateSelect": {"mode": "k_best", "param": 3}, "SelectFdr": {}, "SelectFpr": {}, "SelectFwe": {},
                        "SelectKBest": {"k": 3}, "SelectPercentile": {"percentile": 50}}.items():
    add(_S + _name, getattr(feature_selection, _name)(**_options), data=[multiclass()])
add(_S + "VarianceThreshold", feature_selection.VarianceThreshold(1.0), data=[(multiclass()[0], None)])
add(_S + "SelectFromModel", feature_selection.SelectFromModel(_LOGISTIC), data=[multiclass()])
add(_S + "SequentialFeatureSelector", feature_selection.SequentialFeatureSelector(_LOGISTIC, n_features_to_select=2, cv=2),
    data=[multiclass()])
for _name in ("RFE", "RFECV"):
    add(_S + _name, getattr(feature_selection, _name)(_LOGISTIC), data=[multiclass(), texts()])

_E = "sklearn.ensemble."
_THREE = [("a", _LOGISTIC), ("b", _BAYES), ("c", svm.SVC())]
add(_E + "VotingClassifier", ensemble.VotingClassifier(_THREE), ensemble.VotingClassifier(_THREE[:2], voting="soft"),
    ensemble.VotingClassifier(_THREE[:2], voting="soft", weights=[1, 3], flatten_transform=False), data=_CLASSES)
_TWO = [("a", _RIDGE), ("b", linear_model.Lasso()), ("c", "drop")]
add(_E + "VotingRegressor", ensemble.VotingRegressor(_TWO), ensemble.VotingRegressor(_TWO, weights=[1, 2, 5]), data=[regression()])
add(_E + "StackingClassifier", ensemble.StackingClassifier(_THREE), ensemble.StackingClassifier(_THREE, passthrough=True),
    ensemble.StackingClassifier(_THREE, final_estimator=linear_model.RidgeClassifier(), stack_method="predict"), data=_ANY)
add(_E + "StackingRegressor", ensemble.StackingRegressor(_TWO), ensemble.StackingRegressor(_TWO, passthrough=True),
    data=[regression()])
add(_E + "BaggingClassifier", ensemble.BaggingClassifier(_LOGISTIC, 4, random_state=0),
    ensemble.BaggingClassifier(svm.LinearSVC(), 4, max_features=0.5, random_state=0), data=_CLASSES)
add(_E + "BaggingRegressor", ensemble.BaggingRegressor(_RIDGE, 4, max_features=0.5, random_state=0),
    data=[regression(), regression(targets=2)])
add(_E + "AdaBoostClassifier", ensemble.AdaBoostClassifier(_BAYES, n_estimators=5), data=_ANY)
add(_E + "AdaBoostRegressor", ensemble.AdaBoostRegressor(_RIDGE, n_estimators=5, random_state=0), data=[regression()])

_M = "sklearn.multiclass."
add(_M + "OneVsRestClassifier", several.OneVsRestClassifier(_LOGISTIC), several.OneVsRestClassifier(svm.LinearSVC()),
    several.OneVsRestClassifier(_RIDGE), data=_ANY + [multilabel()])
add(_M + "OneVsOneClassifier", several.OneVsOneClassifier(_LOGISTIC), several.OneVsOneClassifier(_BAYES), data=_ANY)
add(_M + "OutputCodeClassifier", several.OutputCodeClassifier(_LOGISTIC, random_state=0), data=_CLASSES)
_Y = np.stack([multiclass()[1], multiclass()[1] % 2], axis=1)
_CONSTANT = np.stack([multilabel()[1][:, 0], np.ones(300, int)], axis=1)
add(_M + "_ConstantPredictor", several.OneVsRestClassifier(_LOGISTIC), data=[(multilabel()[0], _CONSTANT)])
add("sklearn.multioutput.MultiOutputClassifier", multioutput.MultiOutputClassifier(_LOGISTIC),
    data=[(multiclass()[0], _Y), (multiclass()[0], np.array(["rye", "oat", "spelt", "teff"])[_Y])])
add("sklearn.multioutput.MultiOutputRegressor", multioutput.MultiOutputRegressor(_RIDGE), data=[regression(targets=2)])
add("sklearn.multioutput.ClassifierChain", multioutput.ClassifierChain(_LOGISTIC, order=[2, 0, 1]), data=[multilabel()])
add("sklearn.multioutput.RegressorChain", multioutput.RegressorChain(_RIDGE, order=[1, 0]), data=[regression(targets=2)])

add("sklearn.calibration.CalibratedClassifierCV",
    *(calibration.CalibratedClassifierCV(one, method=method, cv=3, ensemble=together)
      for one in (svm.LinearSVC(), _BAYES) for method, together in (("sigmoid", True), ("isotonic", False), ("temperature", True))),
    data=_CLASSES)
add("sklearn.frozen.FrozenEstimator", frozen.FrozenEstimator(linear_model.LogisticRegression().fit(*multiclass())),
    data=[multiclass()])
add("sklearn.isotonic.IsotonicRegression", isotonic.IsotonicRegression(out_of_bounds="clip"),
    data=[(binary()[0][:, :1], regression()[1])], dtypes=("int64",))
_T = "sklearn.model_selection."
add(_T + "FixedThresholdClassifier", model_selection.FixedThresholdClassifier(_LOGISTIC, threshold=0.3),
    model_selection.FixedThresholdClassifier(svm.LinearSVC()), model_selection.FixedThresholdClassifier(_LOGISTIC, pos_label=0),
    data=[binary()])
add(_T + "TunedThresholdClassifierCV", model_selection.TunedThresholdClassifierCV(_LOGISTIC), data=[binary()])
_GRID = {"C": [0.1, 1.0]}
add(_T + "GridSearchCV", model_selection.GridSearchCV(_LOGISTIC, _GRID), data=[multiclass()])
add(_T + "RandomizedSearchCV", model_selection.RandomizedSearchCV(_LOGISTIC, _GRID, n_iter=2), data=[multiclass()])
from sklearn.experimental import enable_halving_search_cv    # noqa: E402, F401
for _name in ("HalvingGridSearchCV", "HalvingRandomSearchCV"):
    add(_T + _name, getattr(model_selection, _name)(_LOGISTIC, _GRID, random_state=0), data=[multiclass()])
_HALF = np.where(np.arange(300) % 2, multiclass()[1], -1)
add("sklearn.semi_supervised.SelfTrainingClassifier", semi_supervised.SelfTrainingClassifier(_LOGISTIC),
    data=[(multiclass()[0], _HALF)])
for _name in ("LabelPropagation", "LabelSpreading"):
    for _kernel in ("rbf", "knn"):
        add("sklearn.semi_supervised." + _name, getattr(semi_supervised, _name)(_kernel, gamma=0.2), data=[(multiclass()[0], _HALF)])
add("sklearn.linear_model.RANSACRegressor", linear_model.RANSACRegressor(random_state=0), data=[regression()])
add("sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    *(discriminant_analysis.LinearDiscriminantAnalysis(one) for one in ("svd", "lsqr")), data=_CLASSES)
add("sklearn.discriminant_analysis.LinearDiscriminantAnalysis", discriminant_analysis.LinearDiscriminantAnalysis("eigen"),
    data=[multiclass(), texts()])      # not of columns that depend on each other: their scalings are rounding alone
add("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis", discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
    data=_CLASSES)
add("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis", discriminant_analysis.QuadraticDiscriminantAnalysis(),
    data=[multiclass()])
