"""Runs a function by NumPy and by quern.jit and compares everything: structure, dtypes, extents, values, arguments."""
import copy
import warnings

import numpy as np

import quern

TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13, "complex64": 2e-6, "complex128": 1e-13}


def check(function, *args, scale=1, **options):
    """`scale` multiplies the tolerance, for functions that add up many terms. Returns the compiled function."""
    compiled = quern.jit(function, **options)
    check_call(compiled, function, *args, scale=scale)
    return compiled


def check_call(compiled, function, *args, scale=1):
    theirs, ours = copy.deepcopy(args), copy.deepcopy(args)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        want = function(*theirs)
    got = compiled(*ours)
    compare(got, want, "the result", scale)
    compare(ours, theirs, "the arguments", scale)


def check_each(cases, *args, scale=1):
    """`cases` maps names to functions of the same arguments: they are compiled together, and told apart if that fails."""
    def together(*arrays):
        return {name: case(*arrays) for name, case in cases.items()}

    try:
        check(together, *args, scale=scale)
    except Exception:    # noqa: BLE001, whatever it was is found again below
        failures = []
        for name, case in cases.items():
            try:
                check(case, *args, scale=scale)
            except Exception as error:    # noqa: BLE001
                failures.append(f"{name}: {type(error).__name__}: {error}")
        raise AssertionError("\n".join(failures) or "the cases fail together, not alone") from None


def compare(got, want, where, scale=1):
    if isinstance(want, (list, tuple)):
        assert type(got) is type(want) and len(got) == len(want), f"{where}: {type(got).__name__} of {len(got)}"
        for i, (one, other) in enumerate(zip(got, want)):
            compare(one, other, f"{where}[{i}]", scale)
    elif isinstance(want, dict):
        assert list(got) == list(want), f"{where}: {list(got)}"
        for name in want:
            compare(got[name], want[name], f"{where}[{name!r}]", scale)
    elif isinstance(want, (np.ndarray, np.generic)):
        assert isinstance(got, (np.ndarray, np.generic)), f"{where} is a {type(got).__name__}"
        assert got.dtype == want.dtype, f"{where} has dtype {got.dtype}, NumPy's {want.dtype}"
        assert got.shape == want.shape, f"{where} has shape {got.shape}, NumPy's {want.shape}"
        tolerance = TOLERANCE.get(want.dtype.name, 0) * scale
        if tolerance:
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * 1e-2, err_msg=where)
        else:
            np.testing.assert_array_equal(got, want, err_msg=where)
    else:
        assert got == want, f"{where} is {got!r}, NumPy's {want!r}"
