"""Random estimators of every family on random data, beside themselves: the cases of the first seeds."""
import warnings

import numpy as np
import pytest
from estimator_differential import compare, expected
from random_estimators import FAMILIES, draw

import quern

_SEEDS = 2
_METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors")


@pytest.mark.parametrize("name", FAMILIES)
def test_agrees(name):
    drawn = (draw(name, seed) for seed in range(100, 200))
    for estimator, rows in [one for one, _ in zip((one for one in drawn if one), range(_SEEDS))]:
        _compare(estimator, rows)


def _compare(estimator, rows):
    compiled, layouts = quern.compile(estimator), {"all rows": rows, "one row": rows[:1]}
    if isinstance(rows, np.ndarray) and rows.dtype == float:
        layouts.update({"Fortran order": np.asfortranarray(rows), "backwards": rows[::-1], "strides": np.repeat(rows, 2,
                                                                                                                axis=1)[:,
                                                                                                                        ::2]})
    elif hasattr(rows, "columns"):
        layouts["filtered"] = rows[rows.index % 2 == 0]
    methods = [one for one in _METHODS if hasattr(compiled, one)]
    for method in _METHODS:
        assert method in methods or not _works(estimator, method, rows), f"{estimator} has no {method} when it is compiled"
    for method in methods:
        for what, given in layouts.items() if method == methods[0] else [("all rows", rows)]:
            want = expected(estimator, method, given)
            compare(getattr(compiled, method)(given), want, 1e-7, f"{estimator}: {method} of {what}")


def _works(estimator, method, rows):
    try:
        expected(estimator, method, rows[:2])
    except (AttributeError, NotImplementedError, np.linalg.LinAlgError):
        return False
    return True


@pytest.mark.parametrize("metric", ["hamming", "jaccard", "dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule",
                                    "seuclidean",
                                    "mahalanobis"])
def test_distances(metric):
    """Of metrics under which many rows are equally far, or that take parameters."""
    from sklearn.neighbors import NearestNeighbors
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (80, 9)).astype(float)
    X[:, 0] = 1.0      # no row is all 0, of which some metrics make 0 / 0
    spread = rng.normal(size=(9, 9))
    parameters = {"seuclidean": {"V": rng.random(9) + 0.5}, "mahalanobis": {"VI": spread @ spread.T + np.eye(9)}}.get(metric)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = NearestNeighbors(n_neighbors=7, metric=metric, metric_params=parameters, algorithm="brute").fit(X)
        want = model.kneighbors(X[:30])[0]
    assert np.abs(quern.compile(model).kneighbors(X[:30])[0] - want).max() < 1e-6     # root of a difference of squares


def test_rows_without_neighbors():
    from sklearn.neighbors import RadiusNeighborsClassifier
    X = np.random.default_rng(0).normal(size=(50, 3))
    model = RadiusNeighborsClassifier(2.5).fit(X, X[:, 0] > 0)
    compiled = quern.compile(model)
    assert np.array_equal(compiled.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="No neighbors found for some rows"):
        compiled.predict(X + 100)


def test_frames_with_gaps_in_texts():
    """pandas.NA is a category that was never seen."""
    import pandas as pd
    from sklearn.preprocessing import OneHotEncoder
    frame = pd.DataFrame({"color": ["red", "green", "blue", "red"]})
    model = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(frame)
    rows = pd.DataFrame({"color": pd.array(["green", pd.NA, "red"], dtype="string")})
    assert np.array_equal(quern.compile(model).transform(rows), model.transform(rows))
