"""Scalers and other transformations of single features."""
import itertools

import numpy as np

from .formulas import normal_quantile, normal_share
from .registry import Fitted, reader, refuse
from .rows import call_users, full, matrix, take, trace, validate

_FLOATS = [np.float64, np.float32, np.float16]


def both_ways(estimator, transform, inverse):
    """A Fitted of functions on rows, NaN among them; `inverse` undoes `transform`."""
    name = type(estimator).__name__

    def on_rows(function):
        return lambda X: function(validate(X, name, dtype=_FLOATS, allow_nan=True))

    return Fitted(name, {"transform": on_rows(transform)}, inverse=on_rows(inverse))


def like(X, constants):
    """Constants in the dtype of the rows: scikit-learn scales in place."""
    return np.asarray(constants).astype(X.dtype)


def center_and_scale(estimator, center, scale):
    """(X - center) / scale, without what is None."""
    def transform(X):
        X = X if center is None else X - like(X, center)
        return X if scale is None else X / like(X, scale)

    def inverse(X):
        X = X if scale is None else X * like(X, scale)
        return X if center is None else X + like(X, center)

    return both_ways(estimator, transform, inverse)


@reader("sklearn.preprocessing.StandardScaler")
def standard(estimator):
    return center_and_scale(estimator, estimator.mean_ if estimator.with_mean else None,
                            estimator.scale_ if estimator.with_std else None)


@reader("sklearn.preprocessing.MinMaxScaler")
def min_max(estimator):
    scale, least, limits = estimator.scale_, estimator.min_, estimator.feature_range

    def transform(X):
        X = X * like(X, scale) + like(X, least)
        return np.clip(X, *limits) if estimator.clip else X

    return both_ways(estimator, transform, lambda X: (X - like(X, least)) / like(X, scale))


@reader("sklearn.preprocessing.MaxAbsScaler")
def max_abs(estimator):
    scale = estimator.scale_

    def transform(X):
        X = X / like(X, scale)
        return np.clip(X, -1.0, 1.0) if getattr(estimator, "clip", False) else X

    return both_ways(estimator, transform, lambda X: X * like(X, scale))


@reader("sklearn.preprocessing.RobustScaler")
def robust(estimator):
    return center_and_scale(estimator, estimator.center_ if estimator.with_centering else None,
                            estimator.scale_ if estimator.with_scaling else None)


@reader("sklearn.preprocessing.Normalizer")
def normalizer(estimator):
    def transform(X):
        X = validate(X, "Normalizer", dtype=_FLOATS)
        size = {"l1": lambda: np.sum(np.abs(X), axis=1, keepdims=True),
                "l2": lambda: np.sqrt(np.sum(X * X, axis=1, keepdims=True)),
                "max": lambda: np.max(np.abs(X), axis=1, keepdims=True)}[estimator.norm]()
        return X / np.where(size == 0, np.ones_like(size), size)

    return {"transform": transform}


@reader("sklearn.preprocessing.Binarizer")
def binarizer(estimator):
    def transform(X):
        X = validate(X, "Binarizer")
        return (X > estimator.threshold).astype(X.dtype)

    return {"transform": transform}


@reader("sklearn.preprocessing.FunctionTransformer", takes="columns")
def function(estimator):
    arguments, backward = estimator.kw_args or {}, estimator.inv_kw_args or {}

    def apply(function, X, keywords):
        X = validate(X, "FunctionTransformer") if estimator.validate else X
        return X if function is None else call_users(function, matrix(X), **keywords)

    return Fitted("FunctionTransformer", {"transform": lambda X: apply(estimator.func, X, arguments)}, "columns",
                  takes_none=not estimator.validate, inverse=lambda X: apply(estimator.inverse_func, X, backward))


@reader("sklearn.preprocessing.PolynomialFeatures")
def polynomial(estimator):
    first, last = estimator._min_degree, estimator._max_degree
    pick = itertools.combinations if estimator.interaction_only else itertools.combinations_with_replacement

    def transform(X):
        X = validate(X, "PolynomialFeatures", dtype=_FLOATS)
        columns, known = [X[:, i] for i in range(X.shape[1])], {}
        for degree in range(1, last + 1):       # each product from one that is there
            for chosen in pick(range(len(columns)), degree):
                known[chosen] = columns[chosen[0]] if degree == 1 else known[chosen[:-1]] * columns[chosen[-1]]
        terms = [known[chosen] for degree in range(max(first, 1), last + 1) for chosen in pick(range(len(columns)), degree)]
        if estimator.include_bias:
            terms.insert(0, full(X, (), 1, X.dtype))
        return np.stack(terms, axis=1)

    return {"transform": transform}


@reader("sklearn.preprocessing.PowerTransformer")
def power(estimator):
    lambdas, scaler = [float(one) for one in estimator.lambdas_], estimator._scaler if estimator.standardize else None
    forward = {"yeo-johnson": _yeo_johnson, "box-cox": _box_cox}[estimator.method]
    backward = {"yeo-johnson": _yeo_johnson_inverse, "box-cox": _box_cox_inverse}[estimator.method]

    def transform(X):
        if estimator.method == "box-cox":
            rows = X
            trace().refuse(lambda: rows <= 0, "The Box-Cox transformation can only be applied to strictly positive data")
        X = np.stack([forward(X[:, i], one) for i, one in enumerate(lambdas)], axis=1)
        return X if scaler is None else (X - like(X, scaler.mean_)) / like(X, scaler.scale_)

    def inverse(X):
        X = X if scaler is None else X * like(X, scaler.scale_) + like(X, scaler.mean_)
        return np.stack([backward(X[:, i], one) for i, one in enumerate(lambdas)], axis=1)

    return both_ways(estimator, transform, inverse)


_EPS = np.spacing(1.0)


def _yeo_johnson(x, power):
    if np.isnan(power):
        return x
    up, down = np.log1p(np.maximum(x, 0)), np.log1p(np.maximum(-x, 0))
    positive = up if abs(power) < _EPS else np.expm1(power * up) / power
    negative = -down if abs(power - 2) <= _EPS else -np.expm1((2 - power) * down) / (2 - power)
    return np.where(x < 0, negative, np.where(np.isnan(x), x, positive))


def _yeo_johnson_inverse(x, power):
    up, down = np.maximum(x, 0), np.minimum(x, 0)
    positive = np.expm1(up) if abs(power) < _EPS else np.exp(np.log1p(up * power) / power) - 1
    negative = -np.expm1(-down) if abs(power - 2) <= _EPS else 1 - np.exp(np.log1p(-(2 - power) * down) / (2 - power))
    return np.where(x < 0, negative, np.where(np.isnan(x), x, positive))


def _box_cox(x, power):
    if np.isnan(power):
        return x
    return np.log(x) if abs(power) < 1e-19 else np.expm1(power * np.log(x)) / power


def _box_cox_inverse(x, power):
    return np.exp(x) if power == 0 else np.exp(np.log1p(power * x) / power)


@reader("sklearn.preprocessing.QuantileTransformer")
def quantile(estimator):
    quantiles, references = estimator.quantiles_, estimator.references_
    bound = 1e-7

    def one(x, points):
        up, down = np.interp(x, points, references), np.interp(-x, -points[::-1], -references[::-1])
        y = 0.5 * (up - down)
        if estimator.output_distribution == "normal":
            low, high = x - bound < points[0], x + bound > points[-1]
        else:
            low, high = x == points[0], x == points[-1]
        y = np.where(low, 0.0, np.where(high, 1.0, y))
        y = np.where(np.isnan(x), x, y)
        if estimator.output_distribution == "normal":
            limits = _normal_limits(bound)
            y = np.where(np.isnan(x), x, np.clip(normal_quantile(y), *limits))
        return y

    def transform(X):
        return np.stack([one(X[:, i], quantiles[:, i]) for i in range(quantiles.shape[1])], axis=1).astype(X.dtype)

    def back(x, points):
        if estimator.output_distribution == "normal":
            x = normal_share(x)
            low, high = x - bound < 0, x + bound > 1
        else:
            low, high = x == 0, x == 1
        y = np.where(np.isnan(x), x, np.interp(x, references, points))
        return np.where(low, points[0], np.where(high, points[-1], y))

    def inverse(X):
        return np.stack([back(X[:, i], quantiles[:, i]) for i in range(quantiles.shape[1])], axis=1).astype(X.dtype)

    return both_ways(estimator, transform, inverse)


def _normal_limits(bound):
    from statistics import NormalDist
    normal = NormalDist()
    return normal.inv_cdf(bound - np.spacing(1)), normal.inv_cdf(1 - (bound - np.spacing(1)))


@reader("sklearn.preprocessing.KBinsDiscretizer")
def bins(estimator):
    edges = [np.asarray(one) for one in estimator.bin_edges_]

    def codes(X):
        """The number of inner edges that are not above the value; NaN is above all."""
        return [np.sum(~(X[:, i, None] < one[1:-1]), axis=1, dtype=np.int64) for i, one in enumerate(edges)]

    def transform(X):
        X = validate(X, "KBinsDiscretizer", dtype=[np.float64, np.float32] if estimator.dtype is None else estimator.dtype)
        positions = codes(X)
        if estimator.encode == "ordinal":
            return np.stack(positions, axis=1).astype(X.dtype)
        return np.concatenate([(one[:, None] == np.arange(count)).astype(X.dtype)
                               for one, count in zip(positions, estimator.n_bins_)], axis=1)

    def inverse(X):
        X = validate(X, "KBinsDiscretizer", dtype=_FLOATS)
        if estimator.encode == "ordinal":
            positions = [X[:, i].astype(np.int64) for i in range(len(edges))]
        else:
            ends = np.cumsum(estimator.n_bins_)
            positions = [np.argmax(X[:, end - count:end], axis=1) for end, count in zip(ends, estimator.n_bins_)]
        for place, count in zip(positions, estimator.n_bins_):
            trace().refuse(lambda place=place, count=count: (place < 0) | (place >= count), "X has numbers of bins that are not there")
        result = np.stack([take(0.5 * (one[1:] + one[:-1]), np.clip(place, 0, len(one) - 2))
                           for one, place in zip(edges, positions)], axis=1)
        return result.astype(X.dtype) if estimator.encode == "ordinal" else result

    return Fitted("KBinsDiscretizer", {"transform": transform}, inverse=inverse)


@reader("sklearn.preprocessing.SplineTransformer")
def spline(estimator):
    with_gaps = getattr(estimator, "handle_missing", "error") == "zeros"
    splines, degree = estimator.bsplines_, estimator.degree
    count = splines[0].c.shape[1]

    def transform(X):
        X = validate(X, "SplineTransformer", dtype=_FLOATS, allow_nan=with_gaps)
        if estimator.extrapolation == "error":
            ends = [(one.t[degree], one.t[-degree - 1]) for one in splines]
            trace().refuse(lambda: np.stack([(X[:, i] < low) | (X[:, i] > high) for i, (low, high) in enumerate(ends)]),
                           "X contains values beyond the limits of the knots.")
        parts = [_spline_of(X[:, i].astype(np.float64), one, degree, estimator.extrapolation)
                 for i, one in enumerate(splines)]
        if not estimator.include_bias:
            parts = [part[:, :count - 1] for part in parts]
        if with_gaps:
            parts = [np.where(np.isnan(X[:, i, None]), 0.0, part) for i, part in enumerate(parts)]
        return np.concatenate(parts, axis=1).astype(X.dtype)

    return {"transform": transform}


def _spline_of(x, spline, degree, extrapolation):
    """The basis functions [N, count] at x: of each interval between knots the polynomials, by their derivatives at its
    left end."""
    knots, order = spline.t, spline.k
    inner = knots[order:len(knots) - order]
    low, high = inner[0], inner[-1]
    wanted = x
    if extrapolation == "periodic":
        x = low + (x - low) % (high - low)
    elif extrapolation in ("constant", "linear"):
        x = np.clip(x, low, high)
    starts = inner[:-1]
    tables, factor = [], 1.0
    for derivative in range(order + 1):
        factor = factor * derivative if derivative else 1.0
        tables.append(_right_derivative(spline, starts, derivative) / factor)
    index = np.maximum(np.sum(x[:, None] >= starts, axis=1, dtype=np.int64) - 1, 0)
    offset = (x - take(starts, index))[:, None]
    result = take(tables[-1], index)
    for table in reversed(tables[:-1]):
        result = result * offset + take(table, index)
    if extrapolation == "linear":
        slope_low, slope_high = spline(low, nu=1), spline(high, nu=1)
        result = result + np.minimum(wanted - low, 0.0)[:, None] * slope_low + np.maximum(wanted - high, 0.0)[:, None] * slope_high
    return result


def _right_derivative(spline, points, derivative):
    return np.asarray(spline(points, nu=derivative))


