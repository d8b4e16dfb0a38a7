"""Runs a random function by NumPy and by quern.jit, call after call, and says what differs."""
import copy
import dataclasses
import re
import warnings

import numpy as np
from random_functions import Function

import quern


class Difference(AssertionError):
    pass


# What the README and the messages themselves name: extents that only the run knows decide nothing while tracing, and where
# one of them is 1 it does not broadcast.
_LIMITS = re.compile("an extent that depends on values|may have more than 64 rows|whose size depends on values|"
                     "extents that must be equal: (1 and|[0-9]+ and 1$)")


def compare(function):
    """Raises Difference where a call of the compiled function does something else than NumPy's."""
    compiled = quern.jit((space := function.namespace())["f"])
    for call, (_, outside) in enumerate(function.calls):
        space.update(copy.deepcopy(outside))
        ours = function.arguments(call)
        try:
            got, error = compiled(*ours), None
        except Exception as caught:    # noqa: BLE001
            got, error = None, caught
        want, theirs, table, refused = _numpy(function, call)
        if refused is not None:
            _compare_errors(error, refused, call)
            return
        if error is not None and _LIMITS.search(str(error)):
            return
        if error is not None:
            raise Difference(f"call {call} raises {type(error).__name__}: {error}") from error
        _compare(got, want, f"call {call}: result", _Bounds(function, call))
        names = [parameter.partition("=")[0] for parameter in function.parameters]
        for name, one, other in zip([*names, "TABLE"], [*ours, space["TABLE"]], [*theirs, table]):
            leaves = function.inexact.get(name)
            _compare(one, other, f"call {call}: {name}", _Bounds(leaves and function, call, leaves))


def _numpy(function, call):
    space = function.namespace()
    space.update(copy.deepcopy(function.calls[call][1]))
    arguments = function.arguments(call)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            result = space["f"](*arguments)
        except Exception as error:    # noqa: BLE001
            return None, arguments, None, error
    return result, arguments, space["TABLE"], None


def _compare_errors(got, want, call):
    if got is None:
        raise Difference(f"call {call} raises nothing, NumPy {type(want).__name__}: {want}")
    fine = isinstance(got, quern.QuernError) and not isinstance(got, quern.InternalError) or \
        type(got) in (type(want), ValueError, TypeError, IndexError, np.exceptions.AxisError)
    if not fine:
        raise Difference(f"call {call} raises {type(got).__name__}: {got}; NumPy {type(want).__name__}: {want}") from got


class _Bounds:
    """Of the results of one call, in the order that the function names them."""

    def __init__(self, function, call, names=None):
        self.function, self.call = function, call
        self.names, self.made, self.next = names, None, 0

    def take(self):
        if self.function is None:
            return 0
        if self.made is None:
            self.made = self.function.deviations(self.call, self.names or self.function.results)
        self.next += 1
        return self.made[(self.next - 1) % len(self.made)]


def _compare(got, want, where, bounds):
    if dataclasses.is_dataclass(want):
        if type(got) is not type(want):
            raise Difference(f"{where} is a {type(got).__name__}")
        for field in dataclasses.fields(want):
            _compare(getattr(got, field.name), getattr(want, field.name), f"{where}.{field.name}", bounds)
    elif isinstance(want, (tuple, list)):
        if type(got) is not type(want) or len(got) != len(want):
            raise Difference(f"{where} is a {type(got).__name__}, NumPy's a {type(want).__name__} of {len(want)}")
        for i, (one, other) in enumerate(zip(got, want)):
            _compare(one, other, f"{where}[{i}]", bounds)
    elif isinstance(want, dict):
        if type(got) is not dict or list(got) != list(want):
            raise Difference(f"{where} is {got!r}")
        for name in want:
            _compare(got[name], want[name], f"{where}[{name!r}]", bounds)
    else:
        _compare_leaf(got, want, where, bounds.take())


def _compare_leaf(got, want, where, bound):
    if type(got) is not type(want):
        raise Difference(f"{where} is of {type(got).__name__} ({got!r}), NumPy's of {type(want).__name__} ({want!r})")
    if not isinstance(want, (np.ndarray, np.generic, float, complex)):
        if got != want:
            raise Difference(f"{where} is {got!r}, NumPy's {want!r}")
        return
    got, want = np.asarray(got), np.asarray(want)
    if got.dtype != want.dtype or got.shape != want.shape:
        raise Difference(f"{where} is {got.dtype}{list(got.shape)}, NumPy's {want.dtype}{list(want.shape)}")
    with np.errstate(all="ignore"):
        if not np.any(bound):
            fine = (got == want) | (got != got) & (want != want)
        else:
            eps = np.finfo(want.dtype).eps
            size = np.abs(want)
            slack = 12 * bound + 8 * eps * np.max(size, initial=0, where=np.isfinite(size))
            fine = (np.abs(got - want) <= slack) | (got == want) | (got != got) & (want != want)
    if not np.all(fine):
        place = tuple(int(i) for i in np.argwhere(~fine)[0])
        raise Difference(f"{where}{list(place)} is {got[place]!r}, NumPy's {want[place]!r}, {np.size(fine) - np.sum(fine)} of {np.size(fine)} differ, "
                         f"allowed {np.broadcast_to(bound, fine.shape)[place]:.3g}")


def shrink(function):
    """The function with as few statements, results and calls as still differ in any way."""
    def differs(other):
        try:
            compare(other)
        except Difference:
            return True
        except Exception:    # noqa: BLE001, a statement needs another
            return False
        return False

    def variant(**changes):
        parts = {name: getattr(function, name) for name in ("seed", "parameters", "calls", "statements", "results", "form", "fails")}
        made = Function(**{**parts, **changes})
        made.inexact = function.inexact
        return made

    def runs(other):
        """Whether NumPy does what it did: refuses the last statement, or none."""
        return all((_numpy(other, call)[3] is not None) == other.fails for call in range(len(other.calls)))

    again = True
    while again:
        again = False
        trials = [variant(calls=[one]) for one in function.calls if len(function.calls) > 1]
        trials += [variant(results=[name]) for name in function.results if len(function.results) > 1]
        trials += [variant(statements=[*function.statements[:i], *function.statements[i + 1:]], fails=function.fails and i + 1 < len(function.statements))
                   for i in reversed(range(len(function.statements)))]
        for trial in trials:
            if runs(trial) and differs(trial):
                function, again = trial, True
                break
    return function
