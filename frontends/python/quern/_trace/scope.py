"""A function bound to the tracing namespace: its own code, with `numpy` and what it reads from outside replaced."""
import copy
import enum
import functools
import math
import sys
import types

import numpy as np

from .creation import is_numpys, refuse_random, under_trace
from .errors import TraceError
from .outside import ATTRIBUTE, CELL, COUNT, ENTRY, ITEM, proxy_of, read, super_of
from .python import BUILTINS, Math, of_math


class Scope:
    """The outside of a function under trace: what its globals and closures hold, and the attributes, items and functions
    of that.

    What is read is remembered: numbers and other constants are part of the program and guarded, arrays become inputs of
    it, so that their values may change between calls.
    """

    def __init__(self, capture):
        self.capture = capture      # (ndarray, how to read it again) -> Tracer
        self.reads = []             # (how to read it again, what it was)
        self._functions = {}        # id of a function -> it, bound
        self._seen = {}             # id of an array, container or object -> it, what the function gets, how it was read
        self._copies = []           # (what the function got for a list or dict, its items then)
        self._cells = []            # (a name, its cell, what it held)

    def bind(self, function):
        """The function, with this scope outside."""
        known = self._functions.get(id(function))
        if known:
            return known[1]
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        bound = types.FunctionType(function.__code__, _Globals(self, function.__globals__), function.__name__,
                                   function.__defaults__ and tuple(map(self._bound, function.__defaults__)), cells)
        bound.__kwdefaults__ = function.__kwdefaults__ and {key: self._bound(it) for key, it in function.__kwdefaults__.items()}
        self._functions[id(function)] = (function, bound)
        for name, cell, own in zip(function.__code__.co_freevars, cells, function.__closure__ or ()):
            try:
                thing = own.cell_contents
            except ValueError:      # not assigned yet: the function refers to itself
                continue
            cell.cell_contents = self.see(thing, (CELL, own, name))
            self._cells.append((name, cell, cell.cell_contents))
        return bound

    def see(self, thing, how):
        """What the function gets for something outside."""
        if isinstance(thing, (np.ndarray, list, tuple, dict)):
            return self._contents(thing, how)
        if isinstance(thing, types.ModuleType) and _is_users(thing.__name__):
            return _Module(self, thing)
        bound = self._bound(thing)
        if isinstance(thing, type):
            self.reads += [((ATTRIBUTE, thing, name), value) for name, value in vars(thing).items()
                           if _is_users(thing.__module__) and type(value) in (bool, int, float, complex, str)]
        elif not isinstance(thing, (types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
            self.reads.append((how, thing))
        return bound

    def _contents(self, thing, how):
        """An array as an input; a container of what is seen for its items."""
        if id(thing) in self._seen:
            _, made, first = self._seen[id(thing)]
            if first[1:] != how[1:]:        # it stays the same thing in both places
                self.reads += [(first, thing), (how, thing)]
            return made
        if isinstance(thing, np.ndarray):
            made = self.capture(thing, how)
        elif isinstance(thing, tuple):
            items = [self.see(item, (ITEM, thing, i)) for i, item in enumerate(thing)]
            made = thing._make(items) if hasattr(thing, "_make") else tuple(items)
        else:
            made = copy.copy(thing)
        self._seen[id(thing)] = (thing, made, how)
        if isinstance(thing, (list, dict)):
            self.reads.append(((COUNT, thing, None), len(thing)))
            for key, item in list(thing.items() if isinstance(thing, dict) else enumerate(thing)):
                made[key] = self.see(item, (ENTRY if isinstance(thing, dict) else ITEM, thing, key))
            self._copies.append((made, copy.copy(made)))
        if not isinstance(thing, np.ndarray):
            self.reads.append((how, thing))
        return made

    def _bound(self, thing):
        """Functions and objects with this scope outside; NumPy's functions as they are under trace."""
        refuse_random(thing)
        if thing is math:
            return Math()
        if getattr(thing, "__self__", None) is math:
            return of_math(thing.__name__)
        if isinstance(getattr(thing, "__self__", None), np.ndarray):     # a method of an array
            return getattr(self.see(thing.__self__, (ATTRIBUTE, thing, "__self__")), thing.__name__)
        if isinstance(thing, np.vectorize):
            from .mapping import Vectorized
            return Vectorized(self._bound(thing.pyfunc), thing.otypes)
        if is_numpys(thing):
            return under_trace(thing)
        if isinstance(thing, types.FunctionType):
            return self.bind(thing) if _is_users(thing.__module__) else thing
        if isinstance(thing, types.MethodType):
            return types.MethodType(self._bound(thing.__func__), self._bound(thing.__self__))
        if isinstance(thing, functools.partial):
            return functools.partial(self._bound(thing.func), *self.see(thing.args, (ATTRIBUTE, thing, "args")),
                                     **self.see(thing.keywords, (ATTRIBUTE, thing, "keywords")))
        wrapped = getattr(thing, "__wrapped__", None)
        if isinstance(wrapped, types.FunctionType) and hasattr(thing, "_programs"):    # a jitted function is traced through
            return self._bound(wrapped)
        return self.object(thing) if _is_object(thing) else thing

    def object(self, thing):
        """An object of a user's class: what is read from it is looked at."""
        if id(thing) not in self._seen:
            self._seen[id(thing)] = (thing, proxy_of(self, thing), None)
        return self._seen[id(thing)][1]

    def reach(self, thing):
        """A function that the function under trace hands over, such as the branches of quern.cond."""
        is_bound = isinstance(thing, types.FunctionType) and isinstance(thing.__globals__, _Globals)
        return thing if is_bound else self._bound(thing)

    def check_unwritten(self):
        """Refuses what the function has assigned outside of itself, which a compiled one would not do."""
        written = [name for _, bound in self._functions.values() for name in bound.__globals__ if name != "__builtins__"]
        written += [name for name, cell, held in self._cells if _held(cell) is not held]
        if written:
            raise TraceError(f"the function assigns to {written[0]}, which is not its own: return the new value instead")
        for made, items in self._copies:
            if len(made) != len(items) or any(made[key] is not item for key, item in
                                              (items.items() if isinstance(items, dict) else enumerate(items))):
                raise TraceError(f"the function changes a {type(made).__name__} from outside: return the new items instead")

    def unchanged(self):
        """Whether everything that was read is what it was."""
        return all(_same(read(how), thing) for how, thing in self.reads)


def _is_users(module):
    """Whether code of this module is the user's: neither NumPy's, nor ours, nor of the standard library."""
    root = (module or "").partition(".")[0]
    return root not in ("numpy", "quern") and root not in sys.stdlib_module_names or root == "__main__"


def _is_object(thing):
    """Whether it has attributes that may change: neither a class, nor a constant, nor an array of another library."""
    return _is_users(type(thing).__module__) and not isinstance(thing, (type, enum.Enum, BaseException)) and \
        not hasattr(type(thing), "__array__")


def _held(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return None


class _Module:
    """A module of the user's; what is read from it is looked at."""

    def __init__(self, scope, module):
        self._scope, self._module = scope, module

    def __getattr__(self, name):
        return self._scope.see(getattr(self._module, name), (ENTRY, vars(self._module), name))


def _same(now, then):
    if now is then:
        return True
    if type(now) is tuple is type(then):
        return len(now) == len(then) and all(map(_same, now, then))
    return type(now) is type(then) and isinstance(now, (bool, int, float, complex, str, bytes)) and now == then


class _Globals(dict):
    """The globals of a bound function; each is looked at when it is read."""

    def __init__(self, scope, own):
        super().__init__(__builtins__={**BUILTINS, "super": super_of(scope)})
        self._scope, self._own = scope, own
        self._is_users = _is_users(own.get("__name__"))

    def __getitem__(self, name):
        if name not in self._own:
            return dict.__getitem__(self, name)
        thing = self._own[name]
        return self._scope.see(thing, (ENTRY, self._own, name)) if self._is_users else self._scope._bound(thing)
