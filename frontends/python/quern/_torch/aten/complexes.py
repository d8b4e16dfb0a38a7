"""Operators on complex numbers, which are pairs of real Values."""
import numpy as np
import torch

from ..._trace import analytic, build
from ..._trace import complexes as pairs
from ..._trace.complex import ComplexValue, move
from ..._trace.linalg import matrix_product
from ..._trace.loops import RULES
from ..._trace.program import Value
from ..dtypes import real
from . import elementwise
from .table import LOWERINGS, lowers

COMPLEX = {}


def _of_complex(*names):
    """Registers a function for operators that have another one for real numbers."""
    def register(function):
        COMPLEX.update(dict.fromkeys((f"aten.{name}" for name in names), function))
        return function
    return register


def is_complex(node):
    """Whether complex numbers are among the operands or the results of a node."""
    values = [part.meta.get("val") for part in (node, *node.all_input_nodes)]
    flat = [part for value in values for part in (value if isinstance(value, (tuple, list)) else [value])]
    return any(isinstance(part, torch.Tensor) and part.is_complex() for part in flat)


def rule_of(node):
    name = str(node.target)
    return COMPLEX.get(name) or (LOWERINGS.get(name) if name in _OWN else _by_parts(LOWERINGS[name]) if name in _MOVES else None)


def _result(c, value):
    dims = c.dims()
    return move(lambda part: build.broadcast(part, dims), c.tensor(value, c.dtype()))


#--- One part after the other ---------------------------------------------------------------------

# What computes no element from several, and sums.
_MOVES = {f"aten.{name}" for name in (
    "view.default", "_unsafe_view.default", "unsqueeze.default", "squeeze.dim", "squeeze.dims", "squeeze.default",
    "expand.default", "permute.default", "t.default", "transpose.int", "repeat.default", "cat.default", "flip.default",
    "slice.Tensor", "select.int", "split_with_sizes.default", "split.Tensor", "unbind.int", "diagonal.default", "unfold.default",
    "slice_scatter.default", "select_scatter.default", "diagonal_scatter.default", "tril.default", "triu.default",
    "constant_pad_nd.default", "roll.default", "embedding.default", "index_select.default", "gather.default", "index.Tensor",
    "_unsafe_index.Tensor", "index_put.default", "_unsafe_index_put.default", "scatter.src", "scatter_add.default", "where.self",
    "clone.default", "alias.default", "detach.default", "lift_fresh_copy.default", "copy.default", "full.default",
    "full_like.default", "new_full.default", "fill.Scalar", "fill.Tensor", "scalar_tensor.default", "zeros.default",
    "zeros_like.default", "new_zeros.default", "empty.memory_format", "empty_like.default", "empty_strided.default",
    "new_empty.default", "new_empty_strided.default", "empty_permuted.default", "ones.default", "ones_like.default",
    "new_ones.default", "sum.dim_IntList", "sum.default", "mean.dim", "mean.default", "cumsum.default")}


class _Part:
    """A call for one part of its complex operands: what is real has no imaginary part."""

    def __init__(self, call, number, given):
        self.program, self.symbols, self.node, self.value = call.program, call.symbols, call.node, call.value
        self._call, self._number, self._given = call, number, given
        self.dims = call.dims

    def dtype(self, i=None):
        return real(self._call.dtype(i))

    def tensor(self, x, dtype=None):
        is_real = id(x) in self._given or not isinstance(x, Value)
        if not is_real or dtype is None or np.dtype(dtype).kind != "f":
            return self._call.tensor(x, dtype)
        pair = self._call.tensor(x, np.result_type(dtype, np.complex64))
        return pair.imag if self._number else pair.real

    def wide(self, x, dtype=None):
        return self.tensor(x, x.dtype if dtype is None else dtype)


def _by_parts(rule):
    def on(c, *arguments, **keywords):
        made = []
        for number in (0, 1):
            given = set()

            def part(x):
                if isinstance(x, ComplexValue):
                    return x.imag if number else x.real
                if isinstance(x, (list, tuple)):
                    return type(x)(map(part, x))
                given.add(id(x)) if isinstance(x, Value) else None
                return x
            parts = [part(argument) for argument in arguments]
            made.append(rule(_Part(c, number, given), *parts, **{name: part(value) for name, value in keywords.items()}))
        if isinstance(made[0], tuple):
            return tuple(map(ComplexValue, *made))
        return ComplexValue(*made)
    return on


#--- Elementwise ----------------------------------------------------------------------------------

def _loop(name, is_predicate=False):
    def rule(c, *arguments):
        kind = c.common(*c.node.args) if is_predicate else c.dtype()
        kind = np.result_type(kind, np.complex64)
        return _result(c, analytic.RULES[name](*(c.tensor(argument, kind) for argument in arguments)))
    return rule


for _name, _loop_name in elementwise.UNARY.items():
    if _loop_name in analytic.RULES and _name != "abs":
        COMPLEX[f"aten.{_name}.default"] = _loop(_loop_name)
for _name, _loop_name in elementwise.BINARY.items():
    if _loop_name in analytic.RULES:
        COMPLEX[f"aten.{_name}"] = _loop(_loop_name)
for _names, _is_predicate in ((elementwise.PREDICATES, True), (elementwise.COMPARISONS, True)):
    for _name, _loop_name in _names.items():
        if _loop_name in analytic.RULES:
            COMPLEX[f"aten.{_name if '.' in _name else _name + '.default'}"] = _loop(_loop_name, _is_predicate)
_of_complex("pow.Tensor_Tensor", "pow.Tensor_Scalar", "pow.Scalar")(_loop("power"))
_of_complex("sgn.default")(_loop("sign"))


def _scaled(c, x, alpha):
    x = c.tensor(x, c.dtype())
    return x if alpha == 1 else analytic.RULES["multiply"](x, c.tensor(alpha, c.dtype()))


@_of_complex("add.Tensor", "add.Scalar")
def add(c, a, b, alpha=1):
    return _result(c, analytic.RULES["add"](c.tensor(a, c.dtype()), _scaled(c, b, alpha)))


@_of_complex("sub.Tensor", "sub.Scalar")
def sub(c, a, b, alpha=1):
    return _result(c, analytic.RULES["subtract"](c.tensor(a, c.dtype()), _scaled(c, b, alpha)))


@_of_complex("rsub.Tensor", "rsub.Scalar")
def rsub(c, a, b, alpha=1):
    return sub(c, b, a, alpha)


@_of_complex("abs.default")
def absolute(c, x):
    return analytic.RULES["absolute"](x)


@_of_complex("_to_copy.default")
def to_copy(c, x, **_options):
    return c.tensor(x, c.dtype())


#--- Products -------------------------------------------------------------------------------------

@_of_complex("mm.default", "bmm.default")
def mm(c, a, b):
    return matrix_product(a, b)


@_of_complex("mv.default")
def mv(c, a, b):
    column = move(lambda part: build.add_axes(part, [1]), b)
    return move(lambda part: build.drop_axes(part, [1]), matrix_product(a, column))


@_of_complex("dot.default")
def dot(c, a, b):
    row, column = move(lambda part: build.add_axes(part, [0]), a), move(lambda part: build.add_axes(part, [1]), b)
    return move(lambda part: build.reshape(part, []), matrix_product(row, column))


@_of_complex("addmm.default", "baddbmm.default")
def addmm(c, bias, a, b, beta=1, alpha=1):
    return _result(c, analytic.RULES["add"](_scaled(c, bias, beta), _scaled(c, matrix_product(a, b), alpha)))


#--- From parts and to them -----------------------------------------------------------------------

@lowers("view_as_real.default")
def view_as_real(c, x):
    return pairs.stack(x)


@lowers("view_as_complex.default")
def view_as_complex(c, x):
    return pairs.unstack(x)


@lowers("complex.default")
def complex_(c, a, b):
    dims = c.dims()
    return ComplexValue(build.broadcast(a, dims), build.broadcast(b, dims))


@lowers("polar.default")
def polar(c, size, angle):
    dims = c.dims()
    return ComplexValue(*(build.broadcast(build.binary("mul", size, build.unary(name, angle)), dims) for name in ("cos", "sin")))


@lowers("angle.default")
def angle(c, x):
    """Of a real number 0 or pi, and NaN of NaN."""
    if isinstance(x, ComplexValue):
        return RULES["arctan2"](x.imag, x.real)
    x = c.wide(x, c.dtype())
    turned = build.select(build.compare("lt", x, build.like(x, 0)), build.like(x, np.pi), build.like(x, 0))
    return elementwise.result(c, build.select(build.predicate("is_nan", x), x, turned))


@lowers("_conj.default", "_conj_physical.default", "conj_physical.default")
def conj(c, x):
    return analytic.RULES["conjugate"](x) if isinstance(x, ComplexValue) else x


@lowers("resolve_conj.default", "resolve_neg.default")
def resolve(c, x):
    return x


# Operators whose function takes complex numbers as well.
_OWN = {f"aten.{name}.default" for name in (
    "view_as_real", "view_as_complex", "complex", "polar", "angle", "_conj", "_conj_physical", "conj_physical", "resolve_conj",
    "resolve_neg", "_fft_r2c", "_fft_c2c", "_fft_c2r")}
