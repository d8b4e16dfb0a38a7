"""PyTorch's symbolic sizes as extents."""
import functools

import numpy as np
import sympy
import torch
from torch.utils._sympy import functions as torch_functions

from .._trace import build
from .._trace.extents import dim_of
from .._dims import Dim
from .refusal import Refusal

_FLOOR_DIVISIONS = (torch_functions.FloorDiv, torch_functions.CleanDiv)
_QUOTIENTS = (torch_functions.IntTrueDiv, torch_functions.FloatTrueDiv)
_ROUNDED_DOWN = (torch_functions.TruncToInt, torch_functions.FloorToInt)    # sizes are not negative
_MOST_SCALE = 1 << 10   # with terms of at most this, products of sizes are exact in PyTorch's float64 too
_REMAINDERS = (torch_functions.Mod, torch_functions.PythonMod)


class Symbols:
    """The extents of a program: each of PyTorch's symbols is one of the program's, once an input has it as an extent."""

    def __init__(self, facts, names):
        """names: what to call PyTorch's symbols, where it is not their own name."""
        self._facts, self._names = facts, names
        self._known = {}    # PyTorch's name -> extent

    def extent(self, size):
        """An int, or an Extent."""
        if isinstance(size, int):
            return size
        if isinstance(size, torch.SymInt):
            size = size.node.expr
        if isinstance(size, sympy.Integer):
            return int(size)
        return self._facts.extent(self._dim(size))

    def dims(self, sizes):
        return tuple(map(self.extent, sizes))

    def bind(self, size, name):
        """The extent of an input's axis: a symbol of PyTorch becomes the program's own, an expression gets a symbol of its
        own, because inputs have numbers and symbols as extents."""
        if isinstance(size, int) or size.node.expr.is_Integer:
            return int(size)
        expression = size.node.expr
        if not expression.is_Symbol:
            return self._facts.symbol(name)
        if expression.name not in self._known:
            self._known[expression.name] = self._facts.symbol(self._names.get(expression.name, expression.name))
        return self._known[expression.name]

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
        top, bottom = float(factor).as_integer_ratio()
        if not isinstance(size, torch_functions.ToFloat) or top <= 0 or max(top, bottom) > _MOST_SCALE:
            return None
        return Dim.floordiv(Dim.mul(self._dim(size.args[0]), Dim.of(top)), Dim.of(bottom))

    def _fold(self, parts, combine):
        first, *rest = map(self._dim, parts)
        for part in rest:
            first = combine(first, part)
        return first


class Sizes:
    """What these sizes are in a call, from its inputs. Raises Refusal for those that no input says. Can be pickled."""
    _FUNCTIONS = {"FloorDiv": lambda a, b: a // b, "CleanDiv": lambda a, b: a // b, "Mod": lambda a, b: a % b,
                  "PythonMod": lambda a, b: a % b, "Max": max, "Min": min}

    def __init__(self, sizes, examples):
        places = {}     # symbol -> (input, axis); no axis: the input is the size
        for i, example in enumerate(examples):
            if isinstance(example, torch.SymInt):
                places.setdefault(example.node.expr, (i, None))
            elif isinstance(example, torch.Tensor):
                for axis, size in enumerate(example.shape):
                    if isinstance(size, torch.SymInt):
                        places.setdefault(size.node.expr, (i, axis))
        expressions = [size.node.expr if isinstance(size, torch.SymInt) else sympy.Integer(size) for size in sizes]
        symbols = sorted(set().union(*(expression.free_symbols for expression in expressions)), key=str)
        missing = [symbol for symbol in symbols if symbol not in places]
        if missing:
            raise Refusal(f"the size {missing[0]} of a result is known only from values")
        self._set(symbols, expressions, [places[symbol] for symbol in symbols])

    def _set(self, symbols, expressions, reads):
        self._state, self._reads = (symbols, expressions, reads), reads
        fixed = None if symbols else [int(expression) for expression in expressions]
        self._compute = sympy.lambdify(symbols, expressions, modules=[self._FUNCTIONS, "math"]) if symbols else lambda: fixed

    def __getstate__(self):
        return self._state

    def __setstate__(self, state):
        self._set(*state)

    def __call__(self, arguments):
        """A list of ints."""
        return self._compute(*(arguments[i] if axis is None else arguments[i].shape[axis] for i, axis in self._reads))
