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
    random: tuple = ()     # methods that draw numbers, which are not read
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


def parameters(rows="numbers"):
    return [pytest.param(case, id=label) for label, case in load().items() if case.rows == rows]
