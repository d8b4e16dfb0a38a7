"""Pipelines of random steps on random frames, beside themselves: the cases of a few seeds.

Where scikit-learn raises, the compiled pipeline does. Not compared is what scikit-learn 1.9 fails on by itself (pandas.NA in
columns of objects), and which of two errors comes first.
"""
import warnings

import numpy as np
import pytest
from estimator_differential import compare
from random_pipelines import draw

import quern

_SEEDS = (3, 6, 8, 10, 14, 26, 35)     # of pipelines that scikit-learn fits
_METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
_ITS_OWN = ("ufunc 'isnan'", "pandas.NA", "boolean value of NA")


def _called(estimator, method, rows):
    """(result, error)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(estimator, method)(rows), None
        except (ValueError, TypeError) as error:
            return None, error


@pytest.mark.parametrize("seed", _SEEDS)
def test_agrees(seed):
    estimator, rows = draw(seed)
    compiled = quern.compile(estimator)
    methods = [method for method in _METHODS if hasattr(estimator, method)]
    assert methods == [method for method in _METHODS if hasattr(compiled, method)]
    for name in ("classes_", "feature_names_in_"):
        assert np.array_equal(getattr(estimator, name, []), getattr(compiled, name, []))
    for what, given in rows.items():
        want, error = _called(estimator, methods[0], given)
        if error is not None and any(text in str(error) for text in _ITS_OWN):
            continue
        got, own = _called(compiled, methods[0], given)
        where = f"seed {seed}: {methods[0]} of {what}"
        assert (own is None) == (error is None), f"{where}: {own!r}, not {error!r}"
        if error is None:
            compare(got, want, 1e-7, where)
    for method in methods[1:]:
        first = next(iter(rows.values()))
        want, error = _called(estimator, method, first)
        if error is None:
            compare(getattr(compiled, method)(first), want, 1e-7, f"seed {seed}: {method}")
