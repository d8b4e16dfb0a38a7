"""Elementary functions of complex numbers. The formulas are those of W. Kahan, "Branch cuts for complex elementary
functions" (1987), whose signs are right on both sides of the cuts."""
import math

import numpy as np

from . import build, complexes, loops
from .complex import ComplexValue


def _b(op, a, b): return build.binary(op, a, b)
def _u(op, x): return build.unary(op, x)
def _of(name, *values): return loops.RULES[name](*values)
def _scaled(x, number): return _b("mul", x, build.like(x, number))
def _turned(x): return ComplexValue(_u("neg", x.imag), x.real)              # i x
def _turned_back(x): return ComplexValue(x.imag, _u("neg", x.real))         # -i x


def _through(rule):
    """f(x) = -i g(i x)."""
    return lambda x: _turned_back(rule(_turned(x)))


def _rotated_product(a, b):
    """The imaginary part of conj(a) b."""
    return _b("sub", _b("mul", a.real, b.imag), _b("mul", a.imag, b.real))


def _roots(x):
    """sqrt(1 - x) and sqrt(1 + x)."""
    one = build.like(x.real, 1)
    return (complexes.RULES["sqrt"](ComplexValue(_b("sub", one, x.real), _u("neg", x.imag))),
            complexes.RULES["sqrt"](ComplexValue(_b("add", one, x.real), x.imag)))


def _arcsin(x):
    minus, plus = _roots(x)
    product = _b("sub", _b("mul", minus.real, plus.real), _b("mul", minus.imag, plus.imag))
    return ComplexValue(_of("arctan2", x.real, product), _u("asinh", _rotated_product(minus, plus)))


def _arccos(x):
    minus, plus = _roots(x)
    return ComplexValue(_scaled(_of("arctan2", minus.real, plus.real), 2), _u("asinh", _rotated_product(plus, minus)))


def _arccosh(x):
    one = build.like(x.real, 1)
    below = complexes.RULES["sqrt"](ComplexValue(_b("sub", x.real, one), x.imag))
    above = complexes.RULES["sqrt"](ComplexValue(_b("add", x.real, one), x.imag))
    product = _b("add", _b("mul", below.real, above.real), _b("mul", below.imag, above.imag))
    return ComplexValue(_u("asinh", product), _scaled(_of("arctan2", below.imag, above.real), 2))


def _arctanh(x):
    one = build.like(x.real, 1)
    low, square = _b("sub", one, x.real), _b("mul", x.imag, x.imag)
    real = _u("log1p", _b("div", _scaled(x.real, 4), _b("add", _b("mul", low, low), square)))
    turn = _of("arctan2", _scaled(x.imag, 2), _b("sub", _b("mul", low, _b("add", one, x.real)), square))
    return ComplexValue(_scaled(real, 0.25), _scaled(turn, 0.5))


def _sinh(x):
    return ComplexValue(_b("mul", _u("sinh", x.real), _u("cos", x.imag)), _b("mul", _u("cosh", x.real), _u("sin", x.imag)))


def _cosh(x):
    return ComplexValue(_b("mul", _u("cosh", x.real), _u("cos", x.imag)), _b("mul", _u("sinh", x.real), _u("sin", x.imag)))


def _tanh(x):
    """By the sine and the tangent, of which neither overflows early; far from 0 it is the sign of the real part."""
    limit = 22 if x.real.dtype == np.float64 else 11
    far = build.compare("gt", _u("abs", x.real), build.like(x.real, limit))
    near = build.select(far, build.like(x.real, 0), x.real)
    tangent, size = _u("tan", x.imag), _u("sinh", near)
    one = build.like(size, 1)
    beta = _b("add", one, _b("mul", tangent, tangent))
    rho = _u("sqrt", _b("add", one, _b("mul", size, size)))
    scale = _b("add", one, _b("mul", _b("mul", beta, size), size))
    real = _b("div", _b("mul", _b("mul", beta, rho), size), scale)
    rest = _u("exp", _scaled(_u("abs", x.real), -2))
    little = _b("mul", _scaled(_b("mul", _u("sin", x.imag), _u("cos", x.imag)), 4), rest)
    return ComplexValue(build.select(far, _of("copysign", one, x.real), real),
                        build.select(far, little, _b("div", tangent, scale)))


def _expm1(x):
    half = _u("sin", _scaled(x.imag, 0.5))
    real = _b("sub", _b("mul", _u("expm1", x.real), _u("cos", x.imag)), _scaled(_b("mul", half, half), 2))
    return ComplexValue(real, _b("mul", _u("exp", x.real), _u("sin", x.imag)))


def _log1p(x):
    above = _b("add", x.real, build.like(x.real, 1))
    return ComplexValue(_u("log", _of("hypot", above, x.imag)), _of("arctan2", x.imag, above))


def _log_of_base(base):
    def rule(x):
        value = RULES["log"](x)
        return ComplexValue(_scaled(value.real, 1 / math.log(base)), _scaled(value.imag, 1 / math.log(base)))
    return rule


def _sign(x):
    """x / |x|. Of infinities only one part may be infinite; then that part's sign."""
    size = RULES["absolute"](x)
    zero, infinite = build.compare("eq", size, build.like(size, 0)), loops.RULES["isinf"](size)
    divisor = build.select(zero, build.like(size, 1), size)
    both = _b("and", loops.RULES["isinf"](x.real), loops.RULES["isinf"](x.imag))

    def part(value):
        unit = build.select(loops.RULES["isinf"](value), _of("copysign", build.like(value, 1), value), build.like(value, 0))
        unit = build.select(both, build.like(value, np.nan), unit)
        ordinary = build.select(zero, build.like(value, 0), _b("div", value, divisor))
        ordinary = build.select(build.predicate("is_nan", size), build.like(value, np.nan), ordinary)
        return build.select(infinite, unit, ordinary)

    return ComplexValue(part(x.real), part(x.imag))


def _rint(x):
    return ComplexValue(_u("round", x.real), _u("round", x.imag))


def _extremum(order, keeps):
    """The first where it is before the second in NumPy's order or, `keeps` says which, has or lacks a NaN."""
    def rule(a, b):
        chosen = _b("or", RULES[order](a, b), RULES["isnan"](a if keeps == "first" else b))
        return ComplexValue(build.select(chosen, a.real, b.real), build.select(chosen, a.imag, b.imag))
    return rule


RULES = {
    **complexes.RULES,
    "sin": _through(_sinh), "cos": lambda x: _cosh(_turned(x)), "tan": _through(_tanh),
    "sinh": _sinh, "cosh": _cosh, "tanh": _tanh, "arcsin": _arcsin, "arccos": _arccos, "arctan": _through(_arctanh),
    "arcsinh": _through(_arcsin), "arccosh": _arccosh, "arctanh": _arctanh,
    "exp2": lambda x: RULES["exp"](ComplexValue(_scaled(x.real, math.log(2)), _scaled(x.imag, math.log(2)))),
    "expm1": _expm1, "log1p": _log1p, "log2": _log_of_base(2), "log10": _log_of_base(10), "sign": _sign, "rint": _rint,
    "maximum": _extremum("greater_equal", "first"), "minimum": _extremum("less_equal", "first"),
    "fmax": _extremum("greater_equal", "second"), "fmin": _extremum("less_equal", "second"),
}
