"""Arithmetic of complex numbers, by the formulas that NumPy uses."""
from . import build, loops
from .complex import ComplexValue


def _b(op, a, b): return build.binary(op, a, b)


def _add(a, b): return ComplexValue(_b("add", a.real, b.real), _b("add", a.imag, b.imag))
def _subtract(a, b): return ComplexValue(_b("sub", a.real, b.real), _b("sub", a.imag, b.imag))


def _multiply(a, b):
    return ComplexValue(_b("sub", _b("mul", a.real, b.real), _b("mul", a.imag, b.imag)),
                        _b("add", _b("mul", a.real, b.imag), _b("mul", a.imag, b.real)))


def _divide(a, b):
    """Smith's method: scales by the larger part of the divisor, so that its square cannot overflow."""
    wide = build.compare("ge", build.unary("abs", b.real), build.unary("abs", b.imag))
    large, small = build.select(wide, b.real, b.imag), build.select(wide, b.imag, b.real)
    ratio = _b("div", small, large)
    scale = _b("add", large, _b("mul", small, ratio))
    first, second = build.select(wide, a.real, a.imag), build.select(wide, a.imag, a.real)
    real = _b("div", _b("add", first, _b("mul", second, ratio)), scale)
    imag = _b("div", _b("sub", second, _b("mul", first, ratio)), scale)
    return ComplexValue(real, build.select(wide, imag, build.unary("neg", imag)))


def _absolute(x):
    return loops.RULES["hypot"](x.real, x.imag)


def _exp(x):
    size = build.unary("exp", x.real)
    return ComplexValue(_b("mul", size, build.unary("cos", x.imag)), _b("mul", size, build.unary("sin", x.imag)))


def _log(x):
    return ComplexValue(build.unary("log", _absolute(x)), loops.RULES["arctan2"](x.imag, x.real))


def _sqrt(x):
    """sqrt((|x| + |re|) / 2) is the part along re; the other is im over twice that."""
    size = _absolute(x)
    part = build.unary("sqrt", _b("mul", _b("add", size, build.unary("abs", x.real)), build.like(size, 0.5)))
    zero = build.compare("eq", part, build.like(part, 0))
    other = build.select(zero, part, _b("div", build.unary("abs", x.imag), _b("mul", part, build.like(part, 2))))
    right = build.compare("ge", x.real, build.like(part, 0))
    sign = loops.RULES["copysign"]
    return ComplexValue(build.select(right, part, other), sign(build.select(right, other, part), x.imag))


def _power(a, b):
    zero = build.unary("not", _truth(a))
    result = _exp(_multiply(b, _log(a)))
    one = _b("and", zero, build.unary("not", _truth(b)))
    none, unit = build.like(a.real, 0), build.like(a.real, 1)
    real = build.select(zero, build.select(one, unit, none), result.real)
    return ComplexValue(real, build.select(zero, none, result.imag))


def _checks(name, op):
    def rule(x):
        return _b(op, loops.RULES[name](x.real), loops.RULES[name](x.imag))
    return rule


def _ordered(kind):
    """By the real part, then the imaginary one, as NumPy orders complex numbers."""
    def rule(a, b):
        strict = "lt" if kind in ("lt", "le") else "gt"
        first = build.compare(strict, a.real, b.real)
        return _b("or", first, _b("and", build.compare("eq", a.real, b.real), build.compare(kind, a.imag, b.imag)))
    return rule


def _truth(x):
    return _b("or", build.compare("ne", x.real, build.like(x.real, 0)), build.compare("ne", x.imag, build.like(x.real, 0)))


RULES = {
    "add": _add, "subtract": _subtract, "multiply": _multiply, "divide": _divide, "true_divide": _divide,
    "negative": lambda x: ComplexValue(build.unary("neg", x.real), build.unary("neg", x.imag)),
    "positive": lambda x: x, "conjugate": lambda x: ComplexValue(x.real, build.unary("neg", x.imag)),
    "absolute": _absolute, "square": lambda x: _multiply(x, x), "power": _power, "float_power": _power, "sqrt": _sqrt,
    "exp": _exp, "log": _log,
    "reciprocal": lambda x: _divide(ComplexValue(build.like(x.real, 1), build.like(x.real, 0)), x),
    "equal": lambda a, b: _b("and", build.compare("eq", a.real, b.real), build.compare("eq", a.imag, b.imag)),
    "not_equal": lambda a, b: _b("or", build.compare("ne", a.real, b.real), build.compare("ne", a.imag, b.imag)),
    "less": _ordered("lt"), "less_equal": _ordered("le"), "greater": _ordered("gt"), "greater_equal": _ordered("ge"),
    "isnan": _checks("isnan", "or"), "isinf": _checks("isinf", "or"), "isfinite": _checks("isfinite", "and"),
    "logical_not": lambda x: build.unary("not", _truth(x)),
    "logical_and": lambda a, b: _b("and", _truth(a), _truth(b)), "logical_or": lambda a, b: _b("or", _truth(a), _truth(b)),
    "logical_xor": lambda a, b: _b("xor", _truth(a), _truth(b)),
}


def stack(value):
    """[..., 2]: as complex numbers lie in memory."""
    if value.pairs is not None and value.program.is_visible(value.pairs):
        return value.pairs
    rank = len(value.dims)
    return build.concat([build.add_axes(value.real, [rank]), build.add_axes(value.imag, [rank])], rank)


def unstack(value):
    """The complex numbers of [..., 2]."""
    rank = len(value.dims) - 1
    return ComplexValue(build.pick(value, rank, 0), build.pick(value, rank, 1), value)

