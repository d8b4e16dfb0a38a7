"""A functional graph of ATen operators becomes a program of graph ops, node by node."""
import functools
import operator

import numpy as np
import torch

from .._trace import build, complexes
from .._trace.complex import ComplexValue
from .._trace.dtypes import cast as cast_numpy
from .._trace.errors import TraceError
from .._trace.extents import Extent
from .._trace.program import BFLOAT16, Program, Value
from . import aten
from .dtypes import OF_TORCH, as_array, real
from .refusal import Refusal
from .symbols import Symbols
from .written import Written

FLOAT32 = np.dtype(np.float32)
_SHIFT = 1 << 39    # half of what symbols can be
_SMALL = 64     # elements of a constant that goes with the text
# The overloads of operators that compute with a number as with a tensor.
_WITH_NUMBERS = ("Tensor", "Scalar", "Tensor_Tensor", "Tensor_Scalar")


class Call:
    """One node under lowering: what its function in `aten/` asks about it."""

    def __init__(self, program, symbols, node):
        self.program, self.symbols, self.node, self.value = program, symbols, node, node.meta.get("val")

    def dims(self, i=None):
        """The extents of the result, or of result `i` of several, as PyTorch has them."""
        return self.symbols.dims((self.value if i is None else self.value[i]).shape)

    def dtype(self, i=None):
        return _dtype(self.value if i is None else self.value[i])

    def tensor(self, x, dtype=None):
        """An argument as a Value: a number or an extent becomes a constant. `dtype` None leaves a Value's as it is."""
        if isinstance(x, (Value, ComplexValue)):
            return x if dtype is None else cast(x, dtype)
        dtype = np.dtype(dtype)
        if dtype.kind == "c" and isinstance(x, (bool, int, float, complex)):
            return ComplexValue(*(self.tensor(part, real(dtype)) for part in (complex(x).real, complex(x).imag)))
        if isinstance(x, Extent):
            return cast(build.extents(self.program, [x], scalar=True), dtype)
        if isinstance(x, (bool, int, float)):
            if dtype.kind in "iu" and isinstance(x, int):    # wraps, as PyTorch's does
                bits = 8 * dtype.itemsize
                return self.program.constant(np.array(x & (2 ** bits - 1), f"uint{bits}").view(dtype))
            return build.scalar(self.program, x, dtype)
        raise Refusal(f"an argument is a {type(x).__name__}")

    def wide(self, x, dtype=None):
        """The same for computing: narrow floats in float32, where each operator rounds its result, as PyTorch's do."""
        dtype = x.dtype if dtype is None else dtype
        return self.tensor(x, widened(dtype))

    def common(self, *operands):
        """The dtype in which operands meet, by PyTorch's promotion."""
        kinds = [argument.meta["val"] if isinstance(argument, torch.fx.Node) else argument for argument in operands]
        numbers = {torch.SymInt: torch.empty((), dtype=torch.int64), torch.SymFloat: 1.0}
        first, *rest = [numbers.get(type(kind), kind) for kind in kinds]
        return OF_TORCH[torch.result_type(first, rest[0]) if rest else first.dtype]


def widened(dtype):
    return FLOAT32 if dtype in (BFLOAT16, np.float16) else dtype


def cast(value, dtype):
    """As Tensor.to: floats become narrow integers by way of the widest, whose low bits stay."""
    dtype = np.dtype(dtype)
    if "c" in (value.dtype.kind, dtype.kind):
        return cast_numpy(value, dtype)
    if value.dtype.kind in "fV" and dtype.kind in "iu" and dtype.itemsize < 8:
        return build.cast(build.cast(value, np.int64), dtype)
    if value.dtype != dtype and value.dtype.itemsize == dtype.itemsize == 2 and value.dtype.kind in "fV" and dtype.kind in "fV":
        value = build.cast(value, FLOAT32)      # of the two 16-bit floats neither holds the other
    return build.cast(value, dtype)


def _dtype(tensor):
    dtype = OF_TORCH.get(tensor.dtype)
    if dtype is None:
        raise Refusal(f"tensors of {tensor.dtype} are not supported")
    return dtype


#--- Which nodes ----------------------------------------------------------------------------------

def why_not(node):
    """Why a node cannot be part of a program; None where it can, as far as its operator and dtypes say."""
    if node.target is operator.getitem or _is_symbolic(node):
        return None
    if aten.rule_of(node) is None:
        return f"the operator {node.target} is not supported"
    for thing in (*node.all_input_nodes, node):
        for value in _flat(thing.meta.get("val")):
            if isinstance(value, torch.Tensor):
                if value.dtype not in OF_TORCH:
                    return f"tensors of {value.dtype} are not supported"
                if value.layout != torch.strided or value.device.type != "cpu":
                    return f"tensors on {value.device} in layout {value.layout} are not supported"
            elif isinstance(value, torch.SymFloat):
                if node.target._overloadname not in _WITH_NUMBERS and str(node.target) != "aten.scalar_tensor.default":
                    return f"{node.target} with a float that is made of sizes is not supported"
            elif value is not None and not isinstance(value, (int, torch.SymInt)):
                return f"values of type {type(value).__name__} are not supported"
    return None


def _flat(value):
    return value if isinstance(value, (tuple, list)) else (value,)


def _paired(make, dtype, dims):
    """A Value that `make` gives for a dtype and extents; complex numbers lie in memory as pairs."""
    return complexes.unstack(make(real(dtype), (*dims, 2))) if dtype.kind == "c" else make(dtype, dims)


def _read_number(value, number):
    """An int64 as an extent. Symbols are not negative: a number that may be is read with a number added."""
    name = number.node.expr.name
    if number.node.shape_env.bound_sympy(number.node.expr).lower >= 0:
        return build.read_extent(value, name)
    shifted = build.binary("add", value, build.constant(value.program, _SHIFT, np.int64))
    return build.read_extent(shifted, name) - _SHIFT


def _is_symbolic(node):
    """Whether a node computes sizes, whose expression is known already."""
    return isinstance(node.meta.get("val"), (torch.SymInt, torch.SymFloat, torch.SymBool))


#--- The whole graph ------------------------------------------------------------------------------

class Lowered:
    """The program of a graph.

    inputs, weights, results: as Written has them; a symbolic int is an int64 of rank 0. The weights' contents come later.
    refused: {node: why}, where `collect` lets the lowering go on behind what is refused.
    """

    def __init__(self, graph, name, weights, collect=False, size_names=None, numbers=False):
        """weights: the numbers of placeholders that become part of the program. size_names: what to call PyTorch's symbols.
        numbers: results that are numbers are outputs of rank 0."""
        self.name, self.program = name, Program(name)
        self.symbols = Symbols(self.program.facts, size_names or {})
        self.inputs, self.results, self.weights, self.refused, self._values = [], [], [], {}, {}
        self.has_complex_ends = False
        placeholders = [node for node in graph.nodes if node.op == "placeholder"]
        self.input_count = len(placeholders)
        self._bind(placeholders, weights)
        for node in graph.nodes:
            if node.op == "call_function":
                self._try(node) if collect else self._lower(node)
            elif node.op == "get_attr":
                thing = getattr(graph.owning_module, node.target)      # a tensor, or the graph of a branch
                if isinstance(thing, torch.Tensor):
                    self._values[node] = self._constant(node.name, thing)
        self._outputs = []
        for result in _flat(next(node for node in graph.nodes if node.op == "output").args[0]):
            self._result(result, numbers)
        self.program.place = None

    def written(self, input_names=None, output_names=None):
        constants = {name: array for name, array in self.program.weights.items() if array is not None}
        text = self.program.text(self._outputs, input_names, output_names)
        return Written(self.name, text, self.inputs, self.input_count, self.weights, constants, self.results)

    @property
    def output_count(self):
        return len(self._outputs)

    def _bind(self, placeholders, weights):
        numbers = []
        for i, node in enumerate(placeholders):
            value = node.meta["val"]
            if i in weights:
                self.weights.append([i, self._weight_name(node.name)])
                weight = functools.partial(self.program.weight, self.weights[-1][1])
                self._values[node] = _paired(weight, _dtype(value), value.shape)
            elif isinstance(value, torch.Tensor):
                dims = [self.symbols.bind(size, f"in{i}_{axis}") for axis, size in enumerate(value.shape)]
                self._values[node] = _paired(self.program.input, _dtype(value), dims)
                self.has_complex_ends |= value.is_complex()
                self.inputs.append(i)
            elif isinstance(value, torch.SymInt):
                numbers.append((i, node))
            elif node.users:
                raise Refusal(f"the input {node.name} is a {type(value).__name__}")
        for i, node in numbers:      # those that are no extents of a tensor
            expression = node.meta["val"].node.expr
            if expression.is_Symbol and not self.symbols.is_known(expression):
                value = self.program.input(np.int64, ())
                self.inputs.append(i)
                self.symbols.set(expression, _read_number(value, node.meta["val"]))

    def _weight_name(self, name):
        return "".join(letter if letter.isalnum() else "_" for letter in name)

    def _constant(self, name, tensor):
        array = as_array(tensor)
        if array.size <= _SMALL:
            value = self.program.constant(array)
        else:
            name = self._weight_name(name)
            value = self.program.weight(name, array.dtype, array.shape)
            self.program.weights[name] = array
        return complexes.unstack(value) if tensor.is_complex() else value

    def _try(self, node):
        """Lowers a node; what is refused counts as an input from there on."""
        try:
            self._lower(node)
        except Refusal as refusal:
            self.refused[node] = str(refusal)
            self._values[node] = self._stand_in(node.meta.get("val"))

    def _stand_in(self, value):
        if isinstance(value, (tuple, list)):
            return tuple(map(self._stand_in, value))
        if not isinstance(value, torch.Tensor) or value.dtype not in OF_TORCH:
            return None
        dims = [self.symbols.bind(size, f"after{self.program.count}_{axis}") for axis, size in enumerate(value.shape)]
        return _paired(self.program.input, _dtype(value), dims)

    def _lower(self, node):
        if _is_symbolic(node):
            return
        refused = why_not(node)
        if refused:
            raise Refusal(refused)
        arguments, keywords = torch.fx.map_arg((node.args, node.kwargs), self._argument)
        if node.target is operator.getitem:
            self._values[node] = arguments[0][arguments[1]]
            return
        self.program.place = (node.name, str(node.target))
        try:
            result = aten.rule_of(node)(Call(self.program, self.symbols, node), *arguments, **keywords)
        except TraceError as error:
            raise Refusal(f"{node.target}: {error.reason}") from error
        except ValueError as error:     # of rules that follow NumPy's, which refuse what PyTorch takes
            raise Refusal(f"{node.target}: {error}") from error
        self._check(node, result)
        self._values[node] = result

    def _argument(self, node):
        value = node.meta.get("val")
        if isinstance(value, torch.SymInt):
            return self.symbols.extent(value)
        if isinstance(value, torch.SymFloat):
            return self.symbols.number(self.program, value.node.expr)
        if self._values.get(node) is None:
            raise Refusal(f"its operand {node.name} is not part of the program")
        return self._values[node]

    def _check(self, node, result):
        """What was built has the dtype and the extents that PyTorch says."""
        for value, expected in zip(_flat(result), _flat(node.meta.get("val"))):
            if value is None or not isinstance(expected, torch.Tensor):
                continue
            dims = self.symbols.dims(expected.shape)
            if value.dtype != _dtype(expected) or len(value.dims) != len(dims) or any(
                    isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(value.dims, dims)):
                raise Refusal(f"{node.target} gave {value.dtype}{list(value.dims)}, expected {_dtype(expected)}{list(dims)}")

    def _result(self, result, numbers):
        if numbers and (value := self._number(result)) is not None:
            self._output("output", value)
        elif isinstance(result, torch.fx.Node) and isinstance(result.meta.get("val"), torch.Tensor):
            value = self._values[result]
            if isinstance(value, ComplexValue):
                self.has_complex_ends = True
                self._output("complex", complexes.stack(value))
            else:
                self._output("output", value)
        elif isinstance(result, torch.fx.Node):
            raise Refusal(f"the result {result.name} is a {type(result.meta.get('val')).__name__}")
        else:
            self.results.append(["constant", result])

    def _output(self, kind, value):
        self.results.append([kind, len(self._outputs)])
        self._outputs.append(value)

    def _number(self, result):
        """A number among the results as a Value; None for what is none."""
        if isinstance(result, torch.fx.Node):
            result = result.meta.get("val")
        if isinstance(result, torch.SymInt):
            return build.extents(self.program, [self.symbols.extent(result)], scalar=True)
        if isinstance(result, torch.SymFloat):
            return self.symbols.number(self.program, result.node.expr)
        return self.program.constant(np.array(result)) if isinstance(result, (bool, int, float)) else None
