"""Every estimator that has a reader, beside itself."""
import warnings

import numpy as np
import pytest
from estimator_cases import load, parameters
from estimator_differential import compare, expected

import quern
from quern import _compile_cache
from quern._sklearn import programs, registry

registry.load()


@pytest.mark.parametrize("name", sorted(set(registry.READERS) - {"xgboost.core.Booster"}))    # test_tree_models.py
def test_has_cases(name):
    assert any(case.name == name for case in load().values()), f"no case of {name} in test/python/sklearn/cases_*.py"


@pytest.mark.parametrize("case", parameters())
def test_agrees(case):
    """All methods on float64 rows in every layout, the first on other dtypes, and what scikit-learn refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator, X = case.fit()
    compiled = quern.compile(estimator)
    for method in compiled._methods:
        assert hasattr(estimator, method), f"the estimator has no {method}"
    for method in ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors"):
        if method not in case.random and _has(estimator, method, X):
            assert hasattr(compiled, method), f"{method} is missing"
    first = compiled._methods[0]
    _compare_batches(case, estimator, first, getattr(compiled, first), X)
    others = [method for method in compiled._methods[1:] if method != "inverse_transform"]
    if others:
        together = _together(compiled, others, X.dtype)
        for position, method in enumerate(others):
            _compare_batches(case, estimator, method, lambda rows: together(rows)[position], X)
    if "inverse_transform" in compiled._methods:
        made = compiled.transform(X)
        compare(compiled.inverse_transform(made), expected(estimator, "inverse_transform", made), case.tolerance, "inverse_transform")
    for dtype in case.dtypes:
        rows = X.astype(dtype)
        # scikit-learn rounds to float32 on the way where it computes in place
        tolerance = max(case.tolerance, 2e-6) if dtype == "float32" else case.tolerance
        compare(getattr(compiled, first)(rows), expected(estimator, first, rows), tolerance, f"{first} of {dtype}")
    _compare_refusals(case, estimator, first, getattr(compiled, first), X)


def _has(estimator, method, X):
    """Whether a method is there and does something."""
    try:
        expected(estimator, method, X[:2])
    except (AttributeError, NotImplementedError):
        return False
    return True


def _together(compiled, methods, dtype):
    """Several methods in one program, as `save` makes it."""
    traced = programs.Traced(compiled._reading(), compiled._expected, methods, ("matrix", dtype.name), flagged=False)
    model = _compile_cache.compile_program(traced.text, "together", *compiled._settings)

    def run(rows):
        outputs = model._model.run(np.asarray(rows, dtype))
        return [programs.unflatten(tree, outputs) for tree in traced.tree]

    return run


def _compare_batches(case, estimator, method, run, X):
    many = np.concatenate([X] * (1000 // len(X) + 1))[:1000]
    padded = np.zeros((len(X), X.shape[1] * 2), X.dtype)
    padded[:, ::2] = X
    layouts = {"batch 1": X[:1], "batch 7": X[:7], "batch 1000": many, "Fortran order": np.asfortranarray(X[:50]),
               "strides": padded[:50, ::2]}
    if X.dtype == np.float64:
        layouts["a list"] = X[:3].tolist()
    for what, rows in layouts.items():
        if len(rows) == 1 and not case.one_row:
            continue
        got, want = run(rows), expected(estimator, method, np.asarray(rows))
        if method == "predict_log_proba":      # the last bit of a probability near 1 is the first of its complement's
            got, want = np.exp(got), np.exp(want)
        # Distances are roots of differences of squares, of which some bits of the last places are left near 0.
        tolerance = max(case.tolerance, 1e-6) if method == "kneighbors" else case.tolerance
        compare(got, want, tolerance, f"{method}, {what}")


def _compare_refusals(case, estimator, method, run, X):
    if not case.name.startswith("sklearn.") or case.name.startswith("sklearn.dummy."):
        return      # the library takes rows that scikit-learn would refuse; of rows of a Dummy it only matters how many there are
    for rows in (X[:0], X[0], X[:, :-1], X[:3].astype(complex), X[:3, :, None]):
        if case.name == "sklearn.isotonic.IsotonicRegression" and rows.ndim == 1:
            continue      # takes them: see test_isotonic_regression_of_a_column
        with pytest.raises(quern.InputError):
            run(rows)
    for bad in (np.nan, np.inf, -np.inf):
        for row in (0, 4):
            rows = np.array(X[:5], dtype=float)
            rows[row, -1] = bad
            try:
                want = expected(estimator, method, rows)
            except ValueError as error:
                with pytest.raises(ValueError, match="NaN" if "NaN" in str(error) else "infinity" if "infinity" in str(
                        error) else None):
                    run(rows)
            else:
                compare(run(rows), want, case.tolerance, f"{method} of {rows}")


def test_isotonic_regression_of_a_column():
    from sklearn.isotonic import IsotonicRegression
    x = np.linspace(-2, 2, 40)
    model = IsotonicRegression(out_of_bounds="clip").fit(x, np.sin(3 * x))
    compiled = quern.compile(model)
    for rows in (x, x[:, None], x[:3], np.array([-9.0, 9.0])):
        compare(compiled.predict(rows), model.predict(rows), 1e-12)
    with pytest.raises(quern.InputError):
        compiled.predict(np.ones((3, 2)))


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbors_at_equal_distances(weights):
    """Which of them are found is up to the search; their distances are not."""
    from sklearn.neighbors import KNeighborsRegressor
    X = np.random.default_rng(0).integers(0, 4, (200, 3)).astype(float)
    model = KNeighborsRegressor(7, weights=weights).fit(X, X @ [1.0, 10.0, 100.0])
    compiled = quern.compile(model)
    distances, positions = compiled.kneighbors(X[:50])
    np.testing.assert_allclose(distances, model.kneighbors(X[:50])[0], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(X[positions] - X[:50, None], axis=2), distances, atol=1e-12)
    assert all(len(set(row)) == 7 for row in positions.tolist())
