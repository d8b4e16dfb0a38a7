"""Every estimator that has a reader, beside itself."""
import warnings

import numpy as np
import pytest
from cases import load, parameters
from differential import compare, expected

import quern
from quern._sklearn import registry

registry.load()


@pytest.mark.parametrize("name", sorted(set(registry.READERS) - {"xgboost.core.Booster"}))    # test_trees.py
def test_has_cases(name):
    assert any(case.name == name for case in load().values()), f"no case of {name} in test/python/sklearn/cases_*.py"


@pytest.fixture(params=parameters())
def fitted(request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return request.param, *request.param.fit()


def test_methods(fitted):
    """All methods on float64 rows in every layout, and the first method on other dtypes."""
    case, estimator, X = fitted
    compiled = quern.compile(estimator)
    for method in compiled._methods:
        _compare_batches(case, estimator, compiled, method, X)
    for attribute in ("predict", "predict_proba", "decision_function", "transform", "score_samples"):
        assert not hasattr(compiled, attribute) or hasattr(estimator, attribute), attribute
    if hasattr(estimator, "classes_"):
        assert compiled.classes_ is not None
    first = compiled._methods[0]
    for dtype in case.dtypes:
        rows = X.astype(dtype)
        compare(getattr(compiled, first)(rows), expected(estimator, first, rows), case.tolerance, f"{first} of {dtype}")


def _compare_batches(case, estimator, compiled, method, X):
    many = np.concatenate([X] * (1000 // len(X) + 1))[:1000]
    padded = np.zeros((len(X), X.shape[1] * 2))
    padded[:, ::2] = X
    layouts = {"batch 1": X[:1], "batch 7": X[:7], "batch 1000": many, "Fortran order": np.asfortranarray(X[:50]),
               "strides": padded[:50, ::2], "a list": X[:3].tolist()}
    for what, rows in layouts.items():
        got, want = getattr(compiled, method)(rows), expected(estimator, method, np.asarray(rows))
        if method == "predict_log_proba":      # the last bit of a probability near 1 is the first of its complement's
            got, want = np.exp(got), np.exp(want)
        compare(got, want, case.tolerance, f"{method}, {what}")


def test_refuses_what_scikit_learn_refuses(fitted):
    case, estimator, X = fitted
    if not case.name.startswith("sklearn."):
        pytest.skip("the library takes rows that scikit-learn would refuse")
    compiled = quern.compile(estimator)
    method = compiled._methods[0]
    run = getattr(compiled, method)
    for rows in (X[:0], X[0], X[:, :-1], X[:3].astype(complex), X[:3, :, None]):
        with pytest.raises(quern.InputError):
            run(rows)
        with pytest.raises(ValueError):
            expected(estimator, method, rows)
    for bad in (np.nan, np.inf, -np.inf):
        for row in (0, 4):
            rows = np.array(X[:5])
            rows[row, -1] = bad
            _same_refusal(case, run, estimator, method, rows)


def _same_refusal(case, run, estimator, method, rows):
    try:
        want = expected(estimator, method, rows)
    except ValueError as error:
        with pytest.raises(ValueError, match="NaN" if "NaN" in str(error) else "infinity"):
            run(rows)
    else:
        compare(run(rows), want, case.tolerance, f"{method} of {rows}")
