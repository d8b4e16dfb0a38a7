"""A function bound to the tracing namespace: its own code, with `numpy` and what it reads from outside replaced."""
import builtins
import functools
import sys
import types

import numpy as np


from .creation import NUMPY


class Scope:
    """The outside of a function under trace: modules, arrays, numbers and functions of its globals and closures.

    What is read is remembered: numbers and other constants are part of the program and guarded, arrays become inputs of
    it, so that their values may change between calls.
    """

    def __init__(self, capture):
        self.capture = capture      # (ndarray, how to read it again) -> Tracer
        self.reads = []             # (how to read it again, what it was)
        self._functions = {}        # id of a function -> it, bound
        self._seen = {}

    def bind(self, function):
        """The function, with this scope outside."""
        known = self._functions.get(id(function))
        if known:
            return known[1]
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        bound = types.FunctionType(function.__code__, _Globals(self, function.__globals__), function.__name__,
                                   function.__defaults__, cells)
        bound.__kwdefaults__ = function.__kwdefaults__
        self._functions[id(function)] = (function, bound)
        for name, cell, own in zip(function.__code__.co_freevars, cells, function.__closure__ or ()):
            try:
                thing = own.cell_contents
            except ValueError:      # not assigned yet: the function refers to itself
                continue
            cell.cell_contents = self.see(thing, (_read_cell, own), name)
        return bound

    def see(self, thing, how, name):
        """What the function gets for something outside."""
        if thing is np:
            return NUMPY
        if isinstance(thing, np.ndarray):
            key = (id(how[1]), name)
            if key not in self._seen:
                self._seen[key] = self.capture(thing, how)
            return self._seen[key]
        if isinstance(thing, types.ModuleType):
            return _Module(self, thing) if _is_users(thing.__name__) else thing
        bound = self._bound(thing)
        if not isinstance(thing, (type, types.BuiltinFunctionType, np.ufunc)):
            self.reads.append((how, thing))
        return bound

    def _bound(self, thing):
        """Functions, also those that tables hold, with this scope outside."""
        if isinstance(thing, types.FunctionType):
            return self.bind(thing) if _is_users(thing.__module__) else thing
        if isinstance(thing, types.MethodType):
            return types.MethodType(self._bound(thing.__func__), thing.__self__)
        if isinstance(thing, functools.partial):
            return functools.partial(self._bound(thing.func), *thing.args, **thing.keywords)
        if isinstance(thing, np.vectorize):
            from .mapping import Vectorized
            return Vectorized(self._bound(thing.pyfunc), thing.otypes)
        if type(thing) is dict and any(map(_is_function, thing.values())):
            return {key: self._bound(value) for key, value in thing.items()}
        if type(thing) in (list, tuple) and any(map(_is_function, thing)):
            return type(thing)(map(self._bound, thing))
        wrapped = getattr(thing, "__wrapped__", None)
        if isinstance(wrapped, types.FunctionType) and hasattr(thing, "_programs"):    # a jitted function is traced through
            return self._bound(wrapped)
        return thing

    def reach(self, thing):
        """A function that the function under trace hands over, such as the branches of quern.cond."""
        is_bound = isinstance(thing, types.FunctionType) and isinstance(thing.__globals__, _Globals)
        return thing if is_bound else self._bound(thing)

    def unchanged(self):
        """Whether everything that was read is what it was."""
        return all(_same(read(*where), thing) for (read, *where), thing in self.reads)


def _is_function(thing):
    return isinstance(thing, (types.FunctionType, types.MethodType, functools.partial))


def _is_users(module):
    """Whether code of this module is the user's: neither NumPy's, nor ours, nor of the standard library."""
    root = (module or "").partition(".")[0]
    return root not in ("numpy", "quern") and root not in sys.stdlib_module_names or root == "__main__"


class _Module:
    """A module of the user's; what is read from it is looked at."""

    def __init__(self, scope, module):
        self._scope, self._module = scope, module

    def __getattr__(self, name):
        return self._scope.see(getattr(self._module, name), (_read_global, vars(self._module), name), name)


def _same(now, then):
    if now is then:
        return True
    return type(now) is type(then) and isinstance(now, (bool, int, float, complex, str, bytes, tuple)) and now == then


def _read_cell(cell):
    return cell.cell_contents


def _read_global(namespace, name):
    return namespace.get(name)


class _Globals(dict):
    """The globals of a bound function; each is looked at when it is read."""

    def __init__(self, scope, own):
        super().__init__(__builtins__=own.get("__builtins__", builtins))
        self._scope, self._own = scope, own

    def __getitem__(self, name):
        if name in self._own:
            return self._scope.see(self._own[name], (_read_global, self._own, name), name)
        return dict.__getitem__(self, name)


