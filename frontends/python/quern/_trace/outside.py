"""What lies outside of a function under trace: where a thing was read, and objects whose attributes are looked at."""
import dataclasses
import inspect
import sys
import types

from .errors import TraceError

# How a thing is read: (one of these, where, its name there). As Dispatcher::Read has them.
ENTRY, CELL, ITEM, ATTRIBUTE, COUNT = range(5)
_READERS = {ENTRY: lambda place, name: place[name], CELL: lambda place, _: place.cell_contents,
            ITEM: lambda place, name: place[name], ATTRIBUTE: getattr, COUNT: lambda place, _: len(place)}


def read(how):
    """What is there now; None where nothing is."""
    what, place, name = how
    try:
        return _READERS[what](place, name)
    except (LookupError, AttributeError, ValueError):
        return None


class Outside:
    """An object from outside, as a function under trace has it: its class's methods run under trace, and what is read from
    it is guarded. Special methods are those of its class, see `proxy_of`."""
    __slots__ = ("_outside",)       # no __dict__ of its own: that is the object's

    def __init__(self, scope, thing):
        object.__setattr__(self, "_outside", (scope, thing))

    @property
    def __class__(self):
        return type(object.__getattribute__(self, "_outside")[1])

    def __getattr__(self, name):
        scope, thing = object.__getattribute__(self, "_outside")
        found = inspect.getattr_static(type(thing), name, None)
        if isinstance(found, property):
            return scope.reach(found.fget)(self)
        own = getattr(thing, "__dict__", {})
        if name in own:
            return scope.see(own[name], (ENTRY, own, name))
        if isinstance(found, types.FunctionType):
            return types.MethodType(scope.reach(found), self)
        if isinstance(found, staticmethod):
            return scope.reach(found.__func__)
        if isinstance(found, classmethod):
            return types.MethodType(scope.reach(found.__func__), type(thing))
        return scope.see(getattr(thing, name), (ATTRIBUTE, thing, name))

    def __setattr__(self, name, value):
        if getattr(self, name, None) is not value:      # as after `self.total += x`, which changes the array itself
            raise TraceError(f"the function assigns to the attribute {name} of an object from outside: return the new value instead")


# What a class may define for its objects, besides what makes, copies and destroys them.
_SPECIAL = ["call", "len", "getitem", "setitem", "contains", "iter", "next", "bool", "float", "int", "index", "enter", "exit", "eq", "ne", "lt",
            "le", "gt", "ge", "hash", "neg", "pos", "abs", "invert", "round",
            *(f"{prefix}{name}" for name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and", "or",
                                             "xor", "lshift", "rshift") for prefix in ("", "r"))]
_classes = {}


def _forward(name):
    def special(self, *args, **keywords):
        scope, thing = object.__getattribute__(self, "_outside")
        found = inspect.getattr_static(type(thing), name)
        if isinstance(found, types.FunctionType):
            return scope.reach(found)(self, *args, **keywords)
        return getattr(thing, name)(*args, **keywords)
    return special


def proxy_of(scope, thing):
    """The Outside of an object; its class has the special methods that the object's has."""
    kind = type(thing)
    if kind not in _classes:
        names = [f"__{name}__" for name in _SPECIAL]
        own = {name: _forward(name) for name in names if hasattr(kind, name)} | {"__slots__": ()}
        if dataclasses.is_dataclass(kind):      # for dataclasses.replace and its like
            own["__dataclass_fields__"] = kind.__dataclass_fields__
        _classes[kind] = type(kind.__name__, (Outside,), own)
    return _classes[kind](scope, thing)


def super_of(scope):
    """`super` for methods under trace, whose next ones run under trace too."""
    class Super:
        def __init__(self, kind=None, of=None):
            if kind is None:        # as Python finds them: the class of the method's cell, the method's first argument
                frame = sys._getframe(1)
                kind, of = frame.f_locals["__class__"], frame.f_locals[frame.f_code.co_varnames[0]]
            self._kind, self._of = kind, of

        def __getattr__(self, name):
            found = getattr(super(self._kind, self._of), name)
            if isinstance(found, types.MethodType) and issubclass(type(self._of), Outside):
                return types.MethodType(scope.reach(found.__func__), self._of)
            return found
    return Super


def real(thing):
    """The object that an Outside stands for; anything else as it is."""
    return object.__getattribute__(thing, "_outside")[1] if issubclass(type(thing), Outside) else thing
