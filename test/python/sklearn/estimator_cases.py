"""The estimators that are tested, by the public names of their classes: every class that has a reader has cases here.

The files cases_<family>.py fill CASES.
"""
import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest

CASES = {}     # id -> Case


@dataclass
class Case:
    """A fitted estimator, and rows for it.

    tolerance: of floats, times the largest value of scikit-learn's result. dtypes: of rows besides float64.
    gaps: whether its rows have NaN.
    """
    name: str              # the public name of the class
    fit: Callable          # () -> (fitted estimator, rows)
    tolerance: float = 1e-9
    dtypes: tuple = ("float32", "int64")
    gaps: bool = False
    rows: str = "numbers"  # or "categories", "texts", "values": see test_strings.py
    one_row: bool = True   # whether scikit-learn gives one row's result the rank of many rows'


def add(name, *estimators, data, **options):
    """A case for each estimator (not fitted) and each (X, y) of `data`. Other dtypes are tested in the first of a class."""
    for estimator in estimators:
        for X, y in data:
            if any(case.name == name for case in CASES.values()):
                options["dtypes"] = ()
            CASES[f"{name.rsplit('.', 1)[1]}-{len(CASES)}"] = Case(name, _fit(estimator, X, y), **options)


def _fit(estimator, X, y):
    def fit():
        from sklearn.base import clone
        fresh = clone(estimator)
        return (fresh.fit(X) if y is None else fresh.fit(X, y)), X
    return fit


def load():
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("cases_"):
            importlib.import_module(module.name)
    return CASES


# Cases that are known to differ from scikit-learn, and how. A line goes when its case passes.
KNOWN = {
    "KNNImputer-31": "weights by distance: a distance of 0 is 1e-8 by rounding",
    "KNNImputer-32": "weights by distance: a distance of 0 is 1e-8 by rounding",
    "VarianceThreshold-41": "infinity is refused, which scikit-learn takes",
    "IsotonicRegression-137": "integer rows are not interpolated",
    "LinearDiscriminantAnalysis-155": "the transform differs by 3e-8 of its largest value",
    "LinearDiscriminantAnalysis-158": "transform is not read for the solver lsqr, where scikit-learn has it and raises",
    "LinearDiscriminantAnalysis-159": "transform is not read for the solver lsqr, where scikit-learn has it and raises",
    "LinearDiscriminantAnalysis-160": "transform is not read for the solver lsqr, where scikit-learn has it and raises",
    "GaussianMixture-165": "scikit-learn rounds the densities of integer rows to integers",
    "BayesianGaussianMixture-169": "scikit-learn rounds the densities of integer rows to integers",
    "GaussianProcessRegressor-183": "the fit fails on some machines: the kernel's matrix is not positive definite",
    "KernelRidge-197": "scikit-learn fails on rows that are a list",
    "KMeans-312": "scikit-learn fails on float32 rows after a fit on float64",
    "MiniBatchKMeans-313": "scikit-learn fails on float32 rows after a fit on float64",
    "BisectingKMeans-314": "scikit-learn fails on float32 rows after a fit on float64",
    "KNeighborsClassifier-323": "neighbours at equal distances come in another order",
    "KNeighborsClassifier-327": "weights by distance: a distance of 0 is 1e-8 by rounding",
    "RadiusNeighborsRegressor-341": "weights by distance: a distance of 0 is 1e-8 by rounding",
    "RadiusNeighborsRegressor-342": "weights by distance: a distance of 0 is 1e-8 by rounding",
    "MLPClassifier-378": "float32 rows are refused",
    "BernoulliRBM-381": "score_samples draws random numbers, and is not read",
    **{f"LGBMClassifier-{i}": "decision_function is not read" for i in range(656, 664)},
}


def parameters(rows="numbers"):
    return [pytest.param(case, id=label, marks=[pytest.mark.xfail(reason=KNOWN[label])] if label in KNOWN else [])
            for label, case in load().items() if case.rows == rows]
