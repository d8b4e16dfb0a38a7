"""Ops on strings, and the tables that they look up. Strings are Values of dtype STRING."""
import struct

import numpy as np

from .build import I64, _flag, cast, constant
from .program import STRING

NONE, NAN, NUMBER = b"\xffNone", b"\xffnan", b"\xfff"    # no UTF-8: quern/runtime.h, frontends/python/StringArray.h


def string_key(value):
    """What stands for an element of an array of strings, or of objects, in programs; None for what cannot be one."""
    if isinstance(value, str):
        return value.encode()
    if value is None:
        return NONE
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return NAN if number != number else NUMBER + struct.pack("<d", number + 0.0) if number == value else None


def number_keys(values):
    """The keys of numbers, as rows of float64 or int64 look them up."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        values = values.astype(np.float64) + 0.0
        values[np.isnan(values)] = np.nan
    return [value.tobytes() for value in values.astype(values.dtype if values.dtype.kind == "f" else np.int64)]


class Table:
    """A hash table of groups of keys (bytes)."""

    def __init__(self, program, groups):
        keys = [key for group in groups for key in group]
        self.groups = len(groups)
        self.longest = max(map(len, keys), default=0)
        sizes = np.array([len(key) for key in keys], np.int64)
        starts = np.array([0, *np.cumsum([len(group) for group in groups])], np.int64)
        operands = [constant(program, np.frombuffer(b"".join(keys), np.uint8)),
                    constant(program, np.concatenate([[0], np.cumsum(sizes)]), np.int64), constant(program, starts)]
        slots = 1 << (2 * len(keys) + 1).bit_length()
        size = 32 + 8 * (len(starts) + len(keys) + 1 + slots) + int(sizes.sum())
        self.value = program.emit("text.hash_table", operands, [(np.uint8, (size,))])


def wide(value):
    """float64, also in a program that computes in float32."""
    return value if value.dtype == np.float64 else value.program.emit("cast", [value], [(np.float64, value.dims, False)])


def lookup(keys, table, required=False):
    """int64 numbers of keys (strings, float64 or int64) in their groups; -1 where unknown and not required. The last axis
    is as long as the table has groups, or there is one group."""
    attributes = {"groups": f"{table.groups} : i64", **({"required": "unit"} if required else {})}
    return keys.program.emit("text.lookup", [keys, table.value], [(I64, keys.dims)], **attributes)


def pick_strings(numbers, table, others=None):
    """The keys with these numbers; `others` where there is none."""
    operands = [numbers, table.value, *([] if others is None else [others])]
    return numbers.program.emit("text.pick_strings", operands, [(STRING, numbers.dims)])


def terms(texts, table, count, factors=None, **options):
    """The weighed terms [N, count] of texts [N] as float64. `options` are the op's attributes as Python has them."""
    attributes = {"longest": f"{table.longest} : i64", "terms": f"{count} : i64"}
    for name, value in options.items():
        attributes[name] = (_flag(value) if isinstance(value, bool) else f'"{value}"' if isinstance(value, str)
                            else f"{value} : i64")
    operands = [texts, table.value, *([] if factors is None else [wide(constant(texts.program, factors, np.float64))])]
    result = texts.program.emit("text.terms", operands, [(np.float64, (texts.dims[0], count), False)], **attributes)
    return cast(result, np.float32) if texts.program.narrow else result
