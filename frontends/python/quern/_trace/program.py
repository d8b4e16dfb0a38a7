"""A program under construction: graph ops in order, written down as text that the compiler reads."""
import contextlib

import numpy as np

from . import errors
from .extents import Dim, ShapeFacts, dim_of

# The element types of the graph dialect, by NumPy's names.
ELEMENTS = {"bool": "i1", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "ui8", "uint16": "ui16",
            "uint32": "ui32", "uint64": "ui64", "float16": "f16", "float32": "f32", "float64": "f64", "void16": "bf16"}
# NumPy has no bfloat16: its values are two bytes without a meaning there.
BFLOAT16 = np.dtype("V2")
# The dtype of strings, of any length, in programs.
STRING = np.dtype(np.str_)
_TYPES = {**ELEMENTS, STRING.name: "!text.string"}
_SMALL = 64    # elements that a constant may have inside its op


class Value:
    """The result of an op or an argument of a block: a tensor of known dtype and rank."""
    __slots__ = ("program", "name", "dtype", "dims", "block")

    def __init__(self, program, name, dtype, dims, block):
        self.program, self.name, self.dtype, self.dims, self.block = program, name, dtype, tuple(dims), block


class Block:
    """Ops in order: those of the program, of a branch, or of a loop's body."""

    def __init__(self):
        self.arguments, self.ops, self.results = [], [], []


class _Op:
    __slots__ = ("name", "operands", "results", "attributes", "place", "blocks")

    def __init__(self, name, operands, results, attributes, place, blocks=()):
        self.name, self.operands, self.results, self.attributes, self.place = name, operands, results, attributes, place
        self.blocks = blocks


class Program:
    """Inputs, ops, results. The text is made at the end, when all that is known of the extents is known."""

    def __init__(self, name, narrow=False):
        """narrow: computes in float32 what would be float64; inputs stay what they are."""
        self.name = name
        self.narrow = narrow
        self.facts = ShapeFacts()
        self.inputs = []       # Values
        self._main = Block()
        self._open = [self._main]
        self._literals = []    # the ops of constants, before all others
        self._weights = []     # (name, bytes), written with the text
        self.weights = {}      # name -> array, in a file of their own beside the text (compiler/ProgramWeights.h)
        self.elsewhere = {}    # why -> [what]: parts of the model that this program leaves to others, for `quern explain`
        self._constants = {}   # (dtype, shape, bytes) -> Value
        self.doubts = None    # bools that say where the results are wrong; None: nothing may be assumed of values
        self.count = 0
        # What the ops are said to come from, alone or with the operator that they are part of; by default the line of the
        # user's function.
        self.place = None

    def _value(self, dtype, dims, narrow=None):
        self.count += 1
        if (self.narrow if narrow is None else narrow) and dtype == np.float64:
            dtype = np.float32
        return Value(self, f"%{self.count}", np.dtype(dtype), dims, self._open[-1])

    def may_assume(self):
        """Whether ops here may take something for granted of values and say where it does not hold."""
        return self.doubts is not None and len(self._open) == 1

    def is_visible(self, value):
        """Whether an op here may use it: what a branch or a loop's body made is seen there alone."""
        return value.block in self._open

    @contextlib.contextmanager
    def block(self, arguments=()):
        """A branch or a body under construction; `arguments` are (dtype, dims). Its results are to be set."""
        block = Block()
        self._open.append(block)
        try:
            block.arguments = [self._value(*argument) for argument in arguments]
            yield block
        finally:
            self._open.pop()

    def input(self, dtype, dims):
        value = self._value(dtype, dims, narrow=False)
        self.inputs.append(value)
        return self.emit("cast", [value], [(np.float32, dims)]) if self.narrow and value.dtype == np.float64 else value

    def weight(self, name, dtype, shape):
        """The Value of an array that is not written with the text: `weights[name]` has to be set to it. Names are unique."""
        value = self._value(dtype, shape)
        value.block = self._main
        kind = _type(value.dtype, shape)
        self._literals.append(_Op("constant", [], [value], {"value": f"dense_resource<{name}> : {kind}"}, None))
        self.weights[name] = None
        return value

    def emit(self, name, operands, results, blocks=(), **attributes):
        """Adds an op. `results` are (dtype, dims); returns their Values, or the one Value. Attributes are texts, or
        lists of extents."""
        if not all(map(self.is_visible, operands)):
            raise errors.TraceError("a value that a branch or a loop's body made is used outside of it: return it from "
                                    "there")
        values = [self._value(*result) for result in results]
        place = self.place or _user_place()
        place = (place, name) if isinstance(place, str) else place
        self._open[-1].ops.append(_Op(name, operands, values, attributes, place, blocks))
        return values[0] if len(values) == 1 else values

    def constant(self, array):
        """The Value of an array; equal arrays are one."""
        array = np.asarray(array, order="C")
        if self.narrow and array.dtype == np.float64:
            array = array.astype(np.float32)
        data = array.tobytes()
        key = (array.dtype, array.shape, data)
        if key not in self._constants:
            value = self._value(array.dtype, array.shape)
            value.block = self._main
            self._literals.append(_Op("constant", [], [value], {"value": self._literal(array, data)}, None))
            self._constants[key] = value
        return self._constants[key]

    def _literal(self, array, data):
        kind = _type(array.dtype, array.shape)
        if array.size == 0:
            return f"dense<> : {kind}"
        if array.size > _SMALL:
            name = f"weight{len(self._weights)}"
            alignment = max(array.dtype.itemsize, 1).to_bytes(4, "little")
            self._weights.append((name, alignment + data))
            return f"dense_resource<{name}> : {kind}"
        if array.dtype.kind == "b":
            elements = ["true" if element else "false" for element in array.ravel()]
        elif array.dtype.kind in "fV":
            width = array.dtype.itemsize
            elements = [f"0x{int.from_bytes(data[i:i + width], 'little'):0{2 * width}X}"
                        for i in range(0, len(data), width)]
        else:
            elements = [str(element) for element in array.ravel().tolist()]
        if len(elements) == 1:
            return f"dense<{elements[0]}> : {kind}"
        for extent in reversed(array.shape):    # nested as the shape is
            elements = [f"[{', '.join(elements[i:i + extent])}]" for i in range(0, len(elements), extent)]
        return f"dense<{elements[0]}> : {kind}"

    def _dim(self, extent):
        dim = self.facts.resolve(dim_of(extent))
        return dim

    def _type(self, value):
        dims = [self._dim(extent) for extent in value.dims]
        shape = "".join(f"{'?' if dim.constant is None else dim.constant}x" for dim in dims)
        encoding = ""
        if any(dim.constant is None for dim in dims):
            encoding = ", #graph.dims<[" + ", ".join(f'"{dim}"' if dim.constant is None else '""' for dim in dims) + "]>"
        return f"tensor<{shape}{_TYPES[value.dtype.name]}{encoding}>"

    def _attribute(self, value):
        if isinstance(value, list):
            return "[" + ", ".join(f'"{self._dim(extent)}"' for extent in value) + "]"
        if isinstance(value, Dim):
            return f'"{self.facts.resolve(value)}"'
        return value

    def _lines(self, op, indent):
        if op.name == "constant":
            return [f"{indent}{op.results[0].name} = graph.constant {op.attributes['value']}"]
        if op.name == "guard":
            a, b, message = (self._attribute(op.attributes[key]) for key in ("lhs", "rhs", "message"))
            return [f"{indent}graph.guard {a}, {b}, {message}"]
        attributes = ", ".join(f"{key} = {self._attribute(value)}" for key, value in sorted(op.attributes.items()))
        left = ", ".join(value.name for value in op.results)
        name = op.name if "." in op.name else f"graph.{op.name}"
        head = (f"{indent}{left}{' = ' if left else ''}{name} {', '.join(value.name for value in op.operands)}"
                f"{f' {{{attributes}}}' if attributes else ''} : ({', '.join(map(self._type, op.operands))})"
                f" -> {self._result_types(op.results)}")
        place = f"loc(\"{_quoted(op.place[0])}\"(\"{op.place[1]}\"))"
        if not op.blocks:
            return [f"{head} {place}"]
        lines = [f"{head} {{"]
        for number, block in enumerate(op.blocks):
            lines += [f"{indent}}} else {{"] if number else []
            if block.arguments:
                arguments = ", ".join(f"{value.name}: {self._type(value)}" for value in block.arguments)
                lines.append(f"{indent}^bb0({arguments}):")
            lines += [line for inner in block.ops for line in self._lines(inner, indent + "  ")]
            lines.append(f"{indent}  graph.yield {', '.join(value.name for value in block.results)} : "
                         f"{', '.join(map(self._type, block.results))}")
        return [*lines, f"{indent}}} {place}"]

    def _result_types(self, values):
        types = ", ".join(map(self._type, values))
        return types if len(values) == 1 else f"({types})"

    def _attributes(self):
        if not self.elsewhere:
            return ""
        groups = ("[" + ", ".join(f'"{_quoted(part)}"' for part in (reason, *nodes)) + "]"
                  for reason, nodes in self.elsewhere.items())
        return f" attributes {{quern.unfused = [{', '.join(groups)}]}}"

    def text(self, results, input_names=None, output_names=None):
        """The module with these Values as the results of @main."""
        inputs = input_names or [f"input{i}" for i in range(len(self.inputs))]
        outputs = output_names or [f"output{i}" for i in range(len(results))]
        arguments = ", ".join(f'{value.name}: {self._type(value)} {{graph.name = "{_quoted(name)}"}}'
                              for value, name in zip(self.inputs, inputs))
        types = ", ".join(f'{self._type(value)} {{graph.name = "{_quoted(name)}"}}'
                          for value, name in zip(results, outputs))
        lines = [f"module{self._attributes()} {{", f"  func.func @main({arguments}) -> ({types}) {{"]
        lines += [line for op in (*self._literals, *self._main.ops) for line in self._lines(op, "    ")]
        lines += [f"    return {', '.join(value.name for value in results)} : {', '.join(map(self._type, results))}",
                  "  }", "}"]
        if self._weights:
            weights = ",\n".join(f'      {name}: "0x{data.hex()}"' for name, data in self._weights)
            lines += ["{-#", "  dialect_resources: {", "    builtin: {", weights, "    }", "  }", "#-}"]
        return "\n".join(lines) + "\n"


def _user_place():
    _, line, function = errors.user_line()
    return f"{function}:{line}"


def _type(dtype, shape):
    return f"tensor<{''.join(f'{extent}x' for extent in shape)}{ELEMENTS[dtype.name]}>"


def _quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')
