"""Classifiers whose probabilities or thresholds were fitted afterwards, and searches for parameters."""
import numpy as np

from .ensemble import average, takes_of
from .formulas import expit, softmax
from .registry import Fitted, public_name, read, reader, refuse
from .rows import Labels, full, trace, validate


#--- Calibration ------------------------------------------------------------------------------

def interpolation(estimator):
    """An IsotonicRegression as a function of [N]."""
    x, y = np.asarray(estimator.X_thresholds_), np.asarray(estimator.y_thresholds_)
    if len(y) == 1:
        return lambda T: full(T, (), y[0])
    low, high = estimator.X_min_, estimator.X_max_

    def run(T):
        T = T.astype(x.dtype)
        inside = np.interp(np.clip(T, low, high), x, y).astype(x.dtype)
        if estimator.out_of_bounds == "clip":
            return inside
        beyond = (T < low) | (T > high)
        if estimator.out_of_bounds == "raise":
            trace().refuse(lambda: beyond, f"IsotonicRegression: a value in x_new is beyond the interpolation range, {low} to {high}")
        return np.where(beyond, np.nan, inside)

    return run


@reader("sklearn.isotonic.IsotonicRegression")
def isotonic(estimator):
    run = interpolation(estimator)

    def predict(X):
        return run(validate(X, "IsotonicRegression")[:, 0])

    return Fitted("IsotonicRegression", {"predict": predict, "transform": predict}, "one feature", features=1)


def _calibrator(calibrator):
    kind = public_name(type(calibrator))
    if type(calibrator).__name__ == "_SigmoidCalibration":
        a, b = float(calibrator.a_), float(calibrator.b_)
        return lambda T: expit(-(T.astype(np.float64) * a + b))
    if kind == "sklearn.isotonic.IsotonicRegression":
        return interpolation(calibrator)
    refuse(calibrator, "method", kind)


def _response(part):
    """decision_function or predict_proba as scikit-learn's _get_response_values gives them: a list of [N]."""
    if "decision_function" in part.methods:
        def run(X):
            made = part.methods["decision_function"](X)
            return [made] if made.ndim == 1 else [made[:, i] for i in range(made.shape[1])]
    else:
        def run(X):
            made = part.methods["predict_proba"](X)
            return [made[:, 1]] if made.shape[1] == 2 else [made[:, i] for i in range(made.shape[1])]
    return run


def _calibrated(member):
    """predict_proba of one classifier of a CalibratedClassifierCV."""
    part, classes, count = read(member.estimator), member.classes, len(member.classes)
    if member.method == "temperature":
        return part, _temperature(part, float(member.calibrators[0].beta_), count)
    respond, calibrators = _response(part), [_calibrator(one) for one in member.calibrators]
    places = np.searchsorted(classes, member.estimator.classes_)

    def proba(X):
        fitted = [calibrator(score) for calibrator, score in zip(calibrators, respond(X))]
        if count == 2:
            Y = np.stack([1.0 - fitted[0], fitted[0]], axis=1)
        else:
            columns = {int(place): one for place, one in zip(places, fitted)}
            none = full(fitted[0], (), 0.0, np.float64)
            Y = np.stack([columns.get(i, none) for i in range(count)], axis=1)
            total = np.sum(Y, axis=1, keepdims=True)
            Y = np.where(total != 0, Y / np.where(total != 0, total, 1.0), 1 / count)
        return np.where((Y > 1.0) & (Y <= 1.0 + 1e-5), 1.0, Y)

    return part, proba


def _temperature(part, beta, count):
    def logits(X):
        if "decision_function" in part.methods:
            made = part.methods["decision_function"](X)
            return np.stack([-made, made], axis=1) if made.ndim == 1 else made
        return np.log(part.methods["predict_proba"](X) + 1e-12)

    return lambda X: softmax(logits(X) * beta)


@reader("sklearn.calibration.CalibratedClassifierCV")
def calibrated(estimator):
    members, classes = [_calibrated(one) for one in estimator.calibrated_classifiers_], estimator.classes_

    def proba(X):
        return average([member(X) for _, member in members])

    return Fitted("CalibratedClassifierCV", {"predict": lambda X: Labels(np.argmax(proba(X), axis=1), classes),
                                             "predict_proba": proba}, takes_of([part for part, _ in members]))


@reader("sklearn.frozen.FrozenEstimator")
def frozen(estimator):
    return read(estimator.estimator)


#--- Thresholds -------------------------------------------------------------------------------

@reader("sklearn.model_selection.FixedThresholdClassifier", "sklearn.model_selection.TunedThresholdClassifierCV")
def threshold(estimator):
    part, classes = read(getattr(estimator, "estimator_", estimator.estimator)), estimator.classes_
    tuned = hasattr(estimator, "best_threshold_")
    positive = estimator._curve_scorer._get_pos_label() if tuned else estimator.pos_label
    if len(classes) != 2:
        refuse(estimator, "estimator", f"one of {len(classes)} classes")
    place = 1 if positive is None else int(np.flatnonzero(classes == positive)[0])
    wanted = estimator._get_response_method()
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    method = next(one for one in wanted if one in part.methods)
    limit = estimator.best_threshold_ if tuned else estimator.threshold
    if isinstance(limit, str):
        limit = 0.5 if method == "predict_proba" else 0.0

    def predict(X):
        made = part.methods[method](X)
        score = made[:, place] if method == "predict_proba" else made if place == 1 else -made
        over = (score >= float(limit)).astype(np.int64)
        return Labels(over if place == 1 else 1 - over, classes)

    methods = {name: part.methods[name] for name in ("predict_proba", "predict_log_proba", "decision_function")
               if name in part.methods}
    return Fitted(type(estimator).__name__, {"predict": predict, **methods}, part.takes)


#--- Searches ---------------------------------------------------------------------------------

@reader(*(f"sklearn.model_selection.{name}" for name in (
    "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")))
def search(estimator):
    part = read(estimator.best_estimator_)
    restores = part.restores
    if part.inverse is not None and restores is None and hasattr(estimator.best_estimator_, "get_feature_names_out"):
        restores = len(estimator.best_estimator_.get_feature_names_out())
    return Fitted(type(estimator).__name__, dict(part.methods), part.takes, inverse=part.inverse, restores=restores)


@reader("sklearn.semi_supervised.SelfTrainingClassifier")
def self_training(estimator):
    part = read(estimator.estimator_)
    return Fitted("SelfTrainingClassifier", dict(part.methods), part.takes)


@reader("sklearn.linear_model.RANSACRegressor")
def consensus(estimator):
    part = read(estimator.estimator_)
    return Fitted("RANSACRegressor", {"predict": part.methods["predict"]}, part.takes)
