"""Compares a compiled estimator with the one that it was made of."""
import warnings

import numpy as np


def compare(got, want, tolerance, what=""):
    """Results of a method: the same dtypes and shapes, labels equal, floats within tolerance times the largest value."""
    if hasattr(want, "toarray"):
        want = want.toarray()
    if isinstance(want, (list, tuple)):
        assert type(got) is type(want) and len(got) == len(want), what
        for one, other in zip(got, want):
            compare(one, other, tolerance, what)
        return
    want = np.asarray(want)
    assert isinstance(got, np.ndarray), (what, type(got))
    assert got.shape == want.shape, (what, got.shape, want.shape)
    if want.dtype.kind != "f":
        assert got.dtype.kind == want.dtype.kind or {got.dtype.kind, want.dtype.kind} <= set("OU"), (what, got.dtype, want.dtype)
        wrong = int(((got != want) & ((got == got) | (want == want))).sum())      # objects may be NaN
        assert wrong == 0, f"{what}: {wrong} of {want.size} labels differ"
        return
    assert got.dtype == want.dtype, (what, got.dtype, want.dtype)
    assert np.array_equal(np.isnan(got), np.isnan(want)), f"{what}: NaN in other places"
    infinite = np.isinf(want)
    assert np.array_equal(got[infinite], want[infinite]), f"{what}: infinities differ"
    finite = np.isfinite(want)
    scale = max(1.0, float(np.abs(want[finite]).max(initial=0)))
    worst = float(np.abs(got[finite].astype(float) - want[finite].astype(float)).max(initial=0))
    if want.dtype.itemsize < 8:
        tolerance = max(tolerance, 2e-5 if want.dtype == np.float32 else 2e-2)
    assert worst <= tolerance * scale, f"{what}: error {worst} at values of up to {scale}"


def expected(estimator, method, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(estimator, method)(rows)
