"""PyTorch's symbolic sizes as extents."""
import fractions
import functools
import math

import numpy as np
import sympy
import torch
from torch.fx.experimental.symbolic_shapes import statically_known_true
from torch.utils._sympy import functions as torch_functions
from torch.utils._sympy.printers import PythonPrinter

from .._trace import build
from .._trace.extents import Extent, dim_of
from .._dims import Dim
from .refusal import Refusal

_FLOOR_DIVISIONS = (torch_functions.FloorDiv, torch_functions.CleanDiv)
_QUOTIENTS = (torch_functions.IntTrueDiv, torch_functions.FloatTrueDiv)
_ROUNDED_DOWN = (torch_functions.TruncToInt, torch_functions.FloorToInt)    # sizes are not negative
_MOST_SCALE = 1000      # terms of a ratio that stands for a float
_MOST_SIZE = 1 << 20    # for which a ratio is tried
_REMAINDERS = (torch_functions.Mod, torch_functions.PythonMod)


class Symbols:
    """The extents of a program: each of PyTorch's symbols is one of the program's, once an input has it as an extent."""

    def __init__(self, facts, names):
        """names: what to call PyTorch's symbols, where it is not their own name."""
        self._facts, self._names = facts, names
        self._known = {}    # PyTorch's name -> extent
        self._negative = set()    # the dims that are
        self._found = {}    # a symbol of PyTorch that is no extent -> what it is by those that are

    def extent(self, size):
        """An int, or an Extent."""
        if isinstance(size, int):
            return size
        if isinstance(size, torch.SymInt):
            extent = self.extent(size.node.expr)
            if isinstance(extent, Extent) and statically_known_true(size < 0):
                self._negative.add(extent.dim)
            return extent
        size = size.xreplace(self._found)
        if isinstance(size, sympy.Integer):
            return int(size)
        return self._facts.extent(self._dim(size))

    def is_negative(self, number):
        """Whether a number is; of one that varies PyTorch has made sure of it."""
        return number.dim in self._negative if isinstance(number, Extent) else number < 0

    def dims(self, sizes):
        return tuple(map(self.extent, sizes))

    def bind(self, size, name):
        """The extent of an input's axis: a symbol of PyTorch becomes the program's own, an expression gets a symbol of its
        own, because inputs have numbers and symbols as extents."""
        if isinstance(size, int) or size.node.expr.is_Integer:
            return int(size)
        expression = size.node.expr
        if not expression.is_Symbol:
            return self._bind_expression(expression, name)
        if expression.name not in self._known:
            self._known[expression.name] = self._facts.symbol(self._names.get(expression.name, expression.name))
        return self._known[expression.name]

    def _bind_expression(self, expression, name):
        """Sizes that are multiples of a symbol, like 2*s0 - 1, say what the symbol is."""
        own = sympy.Symbol(name, integer=True, positive=True)
        self._known[name] = self._facts.symbol(name)
        if found := _solved(expression, own):
            self._found.setdefault(*found)
        return self._known[name]

    def is_known(self, expression):
        return expression.is_Symbol and expression.name in self._known

    def set(self, expression, extent):
        self._known[expression.name] = extent

    def number(self, program, expression):
        """A float that is made of sizes, as a Value: float64 of rank 0."""
        def parts():
            return (self.number(program, part) for part in expression.args)

        if expression.is_Number:
            return build.scalar(program, float(expression), np.float64)
        if expression.is_integer:
            return build.cast(build.extents(program, [self.extent(expression)], scalar=True), np.float64)
        if isinstance(expression, torch_functions.ToFloat):
            return next(parts())
        if isinstance(expression, _QUOTIENTS):
            return build.binary("div", *parts())
        if isinstance(expression, torch_functions.FloatPow):
            return build.binary("pow", *parts())
        if isinstance(expression, torch_functions.OpaqueUnaryFn_sqrt):
            return build.unary("sqrt", next(parts()))
        if expression.is_Add or expression.is_Mul:
            return functools.reduce(functools.partial(build.binary, "add" if expression.is_Add else "mul"), parts())
        raise Refusal(f"a number is the expression {expression}, which programs do not compute")

    def _dim(self, expression):
        if expression.is_Integer:
            return Dim.of(int(expression))
        if expression.is_Symbol:
            if expression.name not in self._known:
                raise Refusal(f"the size {expression} is known only from values")
            return dim_of(self._known[expression.name])
        if expression.is_Pow and expression.exp.is_Integer and 0 < expression.exp <= 8:
            return self._fold([expression.base] * int(expression.exp), Dim.mul)
        if expression.is_Add or expression.is_Mul:
            top, bottom = expression.as_numer_denom()
            if bottom.is_Integer and bottom != 1:      # of what is found from multiples, which are exact
                return Dim.floordiv(self._dim(top), self._dim(bottom))
        if expression.is_Add:
            return self._fold(expression.args, Dim.add)
        if expression.is_Mul:
            return self._fold(expression.args, Dim.mul)
        if isinstance(expression, _FLOOR_DIVISIONS):
            return self._fold(expression.args, Dim.floordiv)
        if isinstance(expression, _REMAINDERS):
            return self._fold(expression.args, Dim.mod)
        if isinstance(expression, torch_functions.Max):
            return self._fold(expression.args, Dim.max)
        if isinstance(expression, torch_functions.Min):
            return self._fold(expression.args, Dim.min)
        if isinstance(expression, _ROUNDED_DOWN) and (scaled := self._scaled(expression.args[0])):
            return scaled
        raise Refusal(f"a size is the expression {expression}, which extents cannot be")

    def _scaled(self, expression):
        """A size times a float like 1.5, rounded down; None for what is no such product."""
        factor, size = expression.as_coeff_Mul()
        top, bottom = _ratio(float(factor))
        if not isinstance(size, torch_functions.ToFloat) or not top:
            return None
        return Dim.floordiv(Dim.mul(self._dim(size.args[0]), Dim.of(top)), Dim.of(bottom))

    def _fold(self, parts, combine):
        first, *rest = map(self._dim, parts)
        for part in rest:
            first = combine(first, part)
        return first


def _solved(expression, value):
    """(symbol, what it is) where the expression of this value has one symbol, times a number and plus another; or None."""
    if len(expression.free_symbols) != 1:
        return None
    symbol, = expression.free_symbols
    expression = sympy.expand(expression)
    scale = expression.coeff(symbol)
    rest = expression - scale * symbol
    if not scale.is_Integer or scale == 0 or not rest.is_Integer:
        return None
    return symbol, (value - rest) / scale


@functools.cache
def _ratio(factor):
    """Terms by which sizes are scaled as by a float, 17 / 10 for 1.7, though its product is rounded; 0, 1 where there are none."""
    ratio = fractions.Fraction(factor).limit_denominator(_MOST_SCALE)
    sizes = np.arange(_MOST_SIZE)
    if not 0 < ratio.numerator <= _MOST_SCALE or \
            not np.array_equal(np.trunc(sizes * factor), sizes * ratio.numerator // ratio.denominator):
        return 0, 1
    return ratio.numerator, ratio.denominator


class Sizes:
    """What these sizes are in a call, from its inputs. Raises Refusal for those that no input says. Can be pickled."""
    def __init__(self, sizes, examples):
        places = {}     # symbol -> (input, axis); no axis: the input is the size
        found = {}      # symbol -> what it is by the sizes of inputs that are its multiples
        for i, example in enumerate(examples):
            if isinstance(example, torch.SymInt):
                places.setdefault(example.node.expr, (i, None))
            elif isinstance(example, torch.Tensor):
                for axis, size in enumerate(example.shape):
                    if isinstance(size, torch.SymInt):
                        own = sympy.Symbol(f"in{i}_{axis}", integer=True)
                        places.setdefault(size.node.expr, (i, axis))
                        if not size.node.expr.is_Symbol and (solved := _solved(size.node.expr, own)):
                            places[own] = (i, axis)
                            found.setdefault(*solved)
        found = {symbol: value for symbol, value in found.items() if symbol not in places}
        expressions = [size.node.expr.xreplace(found) if isinstance(size, torch.SymInt) else sympy.Integer(size) for size in sizes]
        symbols = sorted(set().union(*(expression.free_symbols for expression in expressions)), key=str)
        missing = [symbol for symbol in symbols if symbol not in places]
        if missing:
            raise Refusal(f"the size {missing[0]} of a result is known only from values")
        self._set(symbols, expressions, [places[symbol] for symbol in symbols])

    def _set(self, symbols, expressions, reads):
        self._state, self._reads = (symbols, expressions, reads), reads
        names, values = (", ".join(map(PythonPrinter().doprint, parts)) for parts in (symbols, expressions))
        self._compute = eval(f"lambda {names}: [{values}]", {"math": math, "torch": torch})     # as PyTorch's guards compute

    def __getstate__(self):
        return self._state

    def __setstate__(self, state):
        self._set(*state)

    def __call__(self, arguments):
        """A list of ints."""
        return self._compute(*(arguments[i] if axis is None else arguments[i].shape[axis] for i, axis in self._reads))
