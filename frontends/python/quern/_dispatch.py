"""What Dispatcher of the extension takes: rows that say which arguments a program fits and what a call returns."""
import dataclasses

import numpy as np

from ._runtime import _kind

# As the enumerations of Arguments.h, ResultTree.h and Dispatcher.h have them.
ARRAY, NUMBER, CONSTANT, ANY_EXTENTS, SCALAR, TUPLE, LIST, DICT, RECORD = range(9)
RESULT_ARRAY, RESULT_CONSTANT, RESULT_TUPLE, RESULT_LIST, RESULT_DICT, RESULT_MADE = range(6)
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def fields_of(thing):
    """The names of a named tuple's or a dataclass's fields; none where it is neither."""
    kind = type(thing)
    if issubclass(kind, tuple):
        return getattr(kind, "_fields", ())
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


def is_constant(thing):
    """Whether an argument is a part of the program: what has a hash, such as a frozen dataclass of numbers."""
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def remade(kind, values):
    """A named tuple or dataclass of these values for its fields."""
    if issubclass(kind, tuple):
        return kind._make(values)
    made = object.__new__(kind)
    for field, value in zip(dataclasses.fields(kind), values):
        object.__setattr__(made, field.name, value)
    return made


def argument_row(argument):
    """(what, type, rank, ones, value, children) for arguments like this one; None where only Python can tell."""
    kind = type(argument)
    if kind is np.ndarray:
        ones = sum(1 << axis for axis, extent in enumerate(argument.shape) if extent == 1)
        return (ARRAY, *_kind(argument), ones, None, [])
    if kind is float:
        return (NUMBER, 0, 0, 0, None, [])
    if argument is None or kind in (bool, int, str) or kind.__hash__ is object.__hash__:
        return (CONSTANT, 0, 0, 0, argument, [])
    if isinstance(argument, np.generic) and argument.dtype.kind in "biufc":
        return (SCALAR, 0, 0, 0, kind, [])
    if kind not in (tuple, list, dict):
        fields = () if is_constant(argument) else fields_of(argument)
        children = [argument_row(getattr(argument, name)) for name in fields]
        return (RECORD, 0, 0, 0, (kind, *fields), children) if fields and None not in children else None
    children = [argument_row(item) for item in (argument.values() if kind is dict else argument)]
    if None in children:
        return None
    return ({tuple: TUPLE, list: LIST, dict: DICT}[kind], 0, 0, 0, tuple(argument) if kind is dict else None, children)


def result_row(tree):
    """(what, index, value, children) of a tree as `_jit` has it."""
    kind = tree[0]
    if kind == "array":
        return (RESULT_ARRAY, tree[1], tree[2] or None, [])
    if kind == "constant":
        return (RESULT_CONSTANT, 0, tree[1], [])
    children = [result_row(item) for item in tree[-1]]
    if kind == "dict":
        return (RESULT_DICT, 0, tuple(tree[1]), children)
    if kind is tuple:
        return (RESULT_TUPLE, 0, None, children)
    if kind is list:
        return (RESULT_LIST, 0, None, children)
    return (RESULT_MADE, 0, kind, children)


def signature_row(signature):
    """What Dispatcher._sign takes; None where a function takes any number of arguments."""
    parameters = list(signature.parameters.values())
    kinds = [parameter.kind for parameter in parameters]
    if any(kind in (kind.VAR_POSITIONAL, kind.VAR_KEYWORD) for kind in kinds):
        return None
    defaults = [(i, parameter.default) for i, parameter in enumerate(parameters)
                if parameter.default is not parameter.empty]
    positional_only = sum(kind is kind.POSITIONAL_ONLY for kind in kinds)
    positional = sum(kind in (kind.POSITIONAL_ONLY, kind.POSITIONAL_OR_KEYWORD) for kind in kinds)
    return [parameter.name for parameter in parameters], positional_only, positional, defaults
