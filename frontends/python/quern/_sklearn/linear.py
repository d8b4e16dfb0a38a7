"""Linear models: scores are X @ coef_.T + intercept_."""
import numpy as np

from .formulas import expit, one_against_rest, pair, pick, softmax, with_log
from .registry import reader, refuse
from .rows import Labels, dense, validate, watch


def scores(X, name, coef, intercept):
    """[N] or [N, K], as the ranks of coef_; they are not finite where a row is not."""
    X = validate(X, name, watch=False)
    return watch(X @ (coef.T if coef.ndim > 1 else coef) + intercept)


def _numbers(intercept):
    """An intercept for results in the dtype that NumPy gives them: a Python number has none of its own."""
    return intercept if isinstance(intercept, (int, float)) and not isinstance(intercept, np.generic) else np.array(intercept)


#--- Regression -----------------------------------------------------------------------------------

@reader(*(f"sklearn.linear_model.{name}" for name in (
    "ARDRegression ElasticNet ElasticNetCV HuberRegressor Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC "
    "LinearRegression MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV OrthogonalMatchingPursuit "
    "OrthogonalMatchingPursuitCV PassiveAggressiveRegressor QuantileRegressor Ridge RidgeCV SGDRegressor TheilSenRegressor "
    "BayesianRidge").split()), "sklearn.svm.LinearSVR")
def regression(estimator):
    name, coef, intercept = type(estimator).__name__, dense(estimator.coef_), _numbers(estimator.intercept_)
    if name in _RAVELED:
        coef, intercept = coef.ravel(), intercept.ravel()
    if coef.ndim == 1 and np.shape(intercept) == (1,):
        intercept = intercept[0]
    return {"predict": lambda X: scores(X, name, coef, intercept)}


_RAVELED = ("SGDRegressor", "PassiveAggressiveRegressor")    # their decision function is raveled


@reader("sklearn.linear_model.GammaRegressor", "sklearn.linear_model.PoissonRegressor",
        "sklearn.linear_model.TweedieRegressor")
def generalized(estimator):
    name, coef, intercept = type(estimator).__name__, dense(estimator.coef_), _numbers(estimator.intercept_)
    link = type(estimator._base_loss.link).__name__
    inverse = {"IdentityLink": lambda raw: raw, "LogLink": np.exp}.get(link)
    if inverse is None:
        refuse(estimator, "link")
    return {"predict": lambda X: inverse(scores(X, name, coef, intercept))}


#--- Classification -------------------------------------------------------------------------------

def classifier(name, coef, intercept, classes, proba=None):
    """The methods of a linear classifier; `proba` makes probabilities of its decision function."""
    coef, intercept = dense(coef), _numbers(intercept)

    def decision(X):
        result = scores(X, name, coef, intercept)
        return result[:, 0] if result.ndim == 2 and len(coef) == 1 else result

    methods = {"predict": lambda X: Labels(pick(decision(X)), classes), "decision_function": decision}
    if proba:
        methods["predict_proba"] = lambda X: proba(decision(X))
    return with_log(methods) if proba else methods


def _multinomial(raw):
    return softmax(raw) if raw.ndim == 2 else pair(expit(raw))


@reader("sklearn.linear_model.LogisticRegression", "sklearn.linear_model.LogisticRegressionCV")
def logistic(estimator):
    return classifier(type(estimator).__name__, estimator.coef_, estimator.intercept_, estimator.classes_, _multinomial)


@reader("sklearn.svm.LinearSVC", "sklearn.linear_model.Perceptron", "sklearn.linear_model.PassiveAggressiveClassifier")
def hinge(estimator):
    return classifier(type(estimator).__name__, estimator.coef_, estimator.intercept_, estimator.classes_)


@reader("sklearn.linear_model.RidgeClassifier", "sklearn.linear_model.RidgeClassifierCV")
def ridge(estimator):
    if estimator._label_binarizer.y_type_.startswith("multilabel"):
        name, coef, intercept = type(estimator).__name__, dense(estimator.coef_), _numbers(estimator.intercept_)
        return {"predict": lambda X: (scores(X, name, coef, intercept) > 0).astype(np.int64),
                "decision_function": lambda X: scores(X, name, coef, intercept)}
    return classifier(type(estimator).__name__, estimator.coef_, estimator.intercept_, estimator.classes_)


@reader("sklearn.linear_model.SGDClassifier")
def stochastic(estimator):
    proba = {"log_loss": one_against_rest, "modified_huber": _modified_huber}.get(estimator.loss)
    return classifier("SGDClassifier", estimator.coef_, estimator.intercept_, estimator.classes_, proba)


def _modified_huber(raw):
    positive = (np.clip(raw, -1, 1) + 1) / 2
    if raw.ndim == 1:
        return pair(positive)
    total = np.sum(positive, axis=1, keepdims=True)
    none = total == 0
    return np.where(none, 1.0, positive) / np.where(none, float(raw.shape[1]), total)


@reader("sklearn.linear_model.SGDOneClassSVM")
def one_class(estimator):
    coef, offset = dense(estimator.coef_), np.array(estimator.offset_)

    def decision(X):
        X = validate(X, "SGDOneClassSVM", watch=False)
        return watch(X @ coef.ravel()) - offset

    return {"predict": lambda X: np.where(decision(X) >= 0, 1, -1), "decision_function": decision,
            "score_samples": lambda X: decision(X) + offset}
