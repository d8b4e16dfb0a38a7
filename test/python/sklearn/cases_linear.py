import numpy as np
from estimator_cases import add
from data import binary, binary_texts, multiclass, multilabel, positive, regression, texts
from sklearn import linear_model, svm

_LINEAR = "sklearn.linear_model."
for _name in ("ARDRegression BayesianRidge ElasticNet ElasticNetCV HuberRegressor Lars LarsCV Lasso LassoCV LassoLars "
              "LassoLarsCV LassoLarsIC LinearRegression OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV "
              "PassiveAggressiveRegressor QuantileRegressor Ridge RidgeCV SGDRegressor TheilSenRegressor").split():
    add(_LINEAR + _name, getattr(linear_model, _name)(), data=[regression()])
for _name in "LinearRegression Ridge Lasso ElasticNet Lars".split():
    add(_LINEAR + _name, getattr(linear_model, _name)(), data=[regression(targets=3)])
add(_LINEAR + "LinearRegression", linear_model.LinearRegression(fit_intercept=False), data=[regression()])
for _name in "MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV".split():
    add(_LINEAR + _name, getattr(linear_model, _name)(), data=[regression(targets=2)])
for _name in "GammaRegressor PoissonRegressor TweedieRegressor".split():
    add(_LINEAR + _name, getattr(linear_model, _name)(), data=[positive()])
add(_LINEAR + "TweedieRegressor", linear_model.TweedieRegressor(power=1.5), data=[positive()])
add("sklearn.svm.LinearSVR", svm.LinearSVR(max_iter=5000), data=[regression()])

_CLASSES = [binary(), multiclass(), texts(), binary_texts()]
for _name in "LogisticRegression LogisticRegressionCV PassiveAggressiveClassifier Perceptron RidgeClassifier RidgeClassifierCV".split():
    add(_LINEAR + _name, getattr(linear_model, _name)(), data=_CLASSES)
add(_LINEAR + "RidgeClassifier", linear_model.RidgeClassifier(), data=[multilabel()])
add(_LINEAR + "LogisticRegression", linear_model.LogisticRegression(),
    data=[(multiclass()[0], multiclass()[1] + 0.5 > 2), (binary()[0], binary()[1].astype(np.int32))])
add("sklearn.svm.LinearSVC", svm.LinearSVC(), data=_CLASSES)
add(_LINEAR + "SGDClassifier", *(linear_model.SGDClassifier(loss=loss, random_state=0) for loss in
                                 ("hinge", "log_loss", "modified_huber")), data=_CLASSES[:3])
add(_LINEAR + "SGDOneClassSVM", linear_model.SGDOneClassSVM(random_state=0), data=[(binary()[0], None)])
