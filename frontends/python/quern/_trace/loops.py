"""How each loop of NumPy's ufuncs computes, on Values of the loop's own dtypes."""
import math

import numpy as np

from . import bits, build


def _op(name):
    return lambda x: build.unary(name, x)


def _op2(name):
    return lambda a, b: build.binary(name, a, b)


def _number(x, number):
    return build.like(x, number)


def _add(a, b): return build.binary("or" if a.dtype.kind == "b" else "add", a, b)
def _multiply(a, b): return build.binary("and" if a.dtype.kind == "b" else "mul", a, b)


def _square(x): return _multiply(x, x)
def _reciprocal(x):
    if x.dtype.kind == "f":
        return build.binary("div", _number(x, 1), x)
    divisor, zero = _zero_safe(x)
    invalid = np.iinfo(x.dtype).min if x.dtype.kind == "i" and x.dtype.itemsize >= 4 else 0
    return build.select(zero, _number(x, invalid), build.binary("div", _number(x, 1), divisor))


def _times(number): return lambda x: build.binary("mul", x, _number(x, number))


def _zero_safe(b):
    """An integer divisor with ones for zeros, and where it was zero."""
    zero = build.compare("eq", b, _number(b, 0))
    return build.select(zero, _number(b, 1), b), zero


def _int_divide(a, b):
    """Floor quotient and remainder of integers; both 0 where b is 0, as NumPy's are."""
    divisor, zero = _zero_safe(b)
    quotient = build.binary("div", a, divisor)
    if a.dtype.kind == "i":
        back = build.binary("mul", quotient, divisor)
        inexact = build.compare("ne", back, a)
        opposite = build.compare("lt", build.binary("xor", a, divisor), _number(a, 0))
        step = build.cast(build.binary("and", inexact, opposite), a.dtype)
        quotient = build.binary("sub", quotient, step)
    none = _number(a, 0)
    quotient = build.select(zero, none, quotient)
    return quotient, build.select(zero, none, build.binary("sub", a, build.binary("mul", quotient, divisor)))


def _floor_divide(a, b): return _divmod(a, b)[0]
def _remainder(a, b): return _divmod(a, b)[1]


def _divmod(a, b):
    if a.dtype.kind != "f":
        return _int_divide(a, b)
    one = _number(b, 1)
    remainder = build.binary("mod", a, b, truncated="true")
    quotient = build.binary("div", build.binary("sub", a, remainder), b)
    wrong = build.binary("and", build.compare("ne", remainder, _number(b, 0)),
                         build.binary("xor", build.compare("lt", remainder, _number(b, 0)),
                                      build.compare("lt", b, _number(b, 0))))
    floored = build.select(wrong, build.binary("add", remainder, b), remainder)
    floored = build.select(build.compare("eq", floored, _number(b, 0)), bits.copysign(_number(b, 0), b), floored)
    quotient = build.select(wrong, build.binary("sub", quotient, one), quotient)
    near = build.unary("floor", quotient)
    near = build.select(build.compare("gt", build.binary("sub", quotient, near), _number(b, 0.5)),
                        build.binary("add", near, one), near)
    exact = build.binary("div", a, b)    # where b is 0
    near = build.select(build.compare("eq", quotient, _number(b, 0)), bits.copysign(_number(b, 0), exact), near)
    return build.select(build.compare("eq", b, _number(b, 0)), exact, near), floored


def _fmod(a, b):
    if a.dtype.kind == "f":
        return build.binary("mod", a, b, truncated="true")
    divisor, zero = _zero_safe(b)
    return build.select(zero, _number(a, 0), build.binary("mod", a, divisor, truncated="true"))


def _power(a, b):
    if a.dtype.kind in "iu":
        return _int_power(a, b)
    return build.binary("pow", a, b)


def _int_power(a, b):
    """By squaring, so that products wrap as NumPy's do. A negative power of an integer is an error there; 0 here."""
    result, base, exponent = _number(a, 1), a, b
    for bit in range(6):
        odd = build.compare("ne", build.binary("and", exponent, _number(b, 1 << bit)), _number(b, 0))
        result = build.select(odd, build.binary("mul", result, base), result)
        if bit < 5:
            base = build.binary("mul", base, base)
    return result


def _equals(kind):
    def rule(a, b):
        if a.dtype.kind == "b" and kind not in ("eq", "ne"):
            a, b = (build.cast(value, np.uint8) for value in (a, b))
        if a.dtype != b.dtype:    # int64 against uint64
            return _compare_mixed(kind, a, b)
        return build.compare(kind, a, b)
    return rule


def _compare_mixed(kind, a, b):
    """A signed and an unsigned integer, by value."""
    signed_first = a.dtype.kind == "i"
    signed = a if signed_first else b
    low = build.compare("lt", signed, _number(signed, 0))
    compared = build.compare(kind, build.cast(a, np.uint64), build.cast(b, np.uint64))
    answer = kind == "ne" or (kind in ("lt", "le")) == signed_first and kind not in ("eq", "ne")
    return build.select(low, build.constant(a.program, answer), compared)


def _truth(x):
    return x if x.dtype.kind == "b" else build.compare("ne", x, _number(x, 0))


def _logical(name): return lambda a, b: build.binary(name, _truth(a), _truth(b))
def _logical_not(x): return build.unary("not", _truth(x))


def _fmax(op):
    def rule(a, b):
        if a.dtype.kind != "f":
            return _extremum(op)(a, b)
        plain_result = build.binary(op, a, b)
        return build.select(build.predicate("is_nan", a), b, build.select(build.predicate("is_nan", b), a, plain_result))
    return rule


def _extremum(op):
    return lambda a, b: build.binary({"max": "or", "min": "and"}[op] if a.dtype.kind == "b" else op, a, b)


def _absolute(x): return x if x.dtype.kind in "ub" else build.unary("abs", x)


def _sign(x):
    if x.dtype.kind == "u":
        return build.cast(build.compare("ne", x, _number(x, 0)), x.dtype)
    return build.unary("sign", x)


def _negative(x):
    return build.binary("sub", _number(x, 0), x) if x.dtype.kind == "u" else build.unary("neg", x)


def _rounding(name): return lambda x: x if x.dtype.kind in "iub" else build.unary(name, x)
def _trunc(x):
    if x.dtype.kind != "f":
        return x
    return build.select(build.compare("lt", x, _number(x, 0)), build.unary("ceil", x), build.unary("floor", x))


def _isfinite(x):
    if x.dtype.kind != "f":
        return build.broadcast(build.constant(x.program, True), x.dims)
    return build.unary("not", build.binary("or", build.predicate("is_nan", x), _isinf(x)))


def _isinf(x):
    if x.dtype.kind != "f":
        return build.broadcast(build.constant(x.program, False), x.dims)
    return build.predicate("is_inf", x, negative="true", positive="true")


def _isnan(x):
    if x.dtype.kind != "f":
        return build.broadcast(build.constant(x.program, False), x.dims)
    return build.predicate("is_nan", x)


def _wide(rule):
    """Computes float16 and float32 in the next wider type, where the formula would lose bits."""
    def widened(*values):
        kind = values[0].dtype
        if kind.name == "float64":
            return rule(*values)
        wider = np.float64 if kind.name == "float32" else np.float32
        return build.cast(rule(*(build.cast(value, wider) for value in values)), kind)
    return widened


def _arctan2(y, x):
    zero = _number(x, 0)
    base = build.unary("atan", build.binary("div", y, x))
    half = bits.copysign(_number(y, math.pi), y)
    left = build.binary("add", base, half)
    result = build.select(bits.signbit(x), left, base)
    both_zero = build.binary("and", build.compare("eq", x, zero), build.compare("eq", y, zero))
    on_axis = build.select(bits.signbit(x), half, bits.copysign(zero, y))
    infinite = build.binary("and", _isinf(x), _isinf(y))
    diagonal = build.select(bits.signbit(x), bits.copysign(_number(y, 3 * math.pi / 4), y),
                            bits.copysign(_number(y, math.pi / 4), y))
    return build.select(both_zero, on_axis, build.select(infinite, diagonal, result))


def _hypot(a, b):
    a, b = build.unary("abs", a), build.unary("abs", b)
    large, small = build.binary("max", a, b), build.binary("min", a, b)
    ratio = build.binary("div", small, build.select(build.compare("eq", large, _number(a, 0)), _number(a, 1), large))
    root = build.unary("sqrt", build.binary("add", build.binary("mul", ratio, ratio), _number(a, 1)))
    infinite = build.binary("or", _isinf(a), _isinf(b))
    return build.select(infinite, _number(a, np.inf), build.binary("mul", large, root))


def _logaddexp(scale):
    def rule(a, b):
        large = build.binary("max", a, b)
        gap = build.unary("abs", build.binary("sub", a, b))
        gap = build.select(build.compare("eq", a, b), _number(a, 0), gap)    # infinities of one sign
        small = build.unary("log1p", build.unary("exp", build.binary("mul", gap, _number(a, -scale))))
        return build.binary("add", large, build.binary("div", small, _number(a, scale)))
    return rule


def _heaviside(x, middle):
    step = build.cast(build.compare("gt", x, _number(x, 0)), x.dtype)
    return build.select(build.predicate("is_nan", x), x, build.select(build.compare("eq", x, _number(x, 0)), middle, step))


def _cbrt(x):
    size = build.unary("abs", x)
    root = build.binary("pow", size, _number(x, 1 / 3))
    nonzero = build.binary("and", build.compare("gt", size, _number(x, 0)), _isfinite(x))
    safe = build.select(nonzero, root, _number(x, 1))
    gap = build.binary("sub", root, build.binary("div", size, build.binary("mul", safe, safe)))
    step = build.binary("div", gap, _number(x, 3))
    return bits.copysign(build.select(nonzero, build.binary("sub", root, step), root), x)


def _shift(op):
    def rule(a, b):
        width = a.dtype.itemsize * 8
        inside = build.binary("and", build.compare("ge", b, _number(b, 0)), build.compare("lt", b, _number(b, width)))
        unsigned = np.dtype(f"uint{width}")
        bits = build.cast(a, unsigned)
        amount = build.cast(build.select(inside, b, _number(b, 0)), unsigned)
        shifted = build.binary(op, bits, amount)
        none = _number(shifted, 0)
        if op == "shift_right" and a.dtype.kind == "i":    # the sign comes in from the left
            negative = build.compare("lt", a, _number(a, 0))
            flipped = build.unary("not", build.binary(op, build.unary("not", bits), amount))
            shifted = build.select(negative, flipped, shifted)
            none = build.select(negative, build.unary("not", none), none)
        return build.cast(build.select(inside, shifted, none), a.dtype)
    return rule


def _modf(x):
    whole = _trunc(x)
    fraction = build.select(_isinf(x), _number(x, 0), build.binary("sub", x, whole))
    return bits.copysign(fraction, x), whole


_LOG2, _LOG10 = math.log(2), math.log(10)

RULES = {
    "add": _add, "subtract": _op2("sub"), "multiply": _multiply, "divide": _op2("div"), "true_divide": _op2("div"),
    "floor_divide": _floor_divide, "remainder": _remainder, "divmod": _divmod, "fmod": _fmod, "power": _power,
    "float_power": _power, "negative": _negative, "positive": lambda x: x, "absolute": _absolute, "fabs": _op("abs"),
    "sign": _sign, "square": _square, "sqrt": _op("sqrt"), "cbrt": _cbrt, "reciprocal": _reciprocal,
    "exp": _op("exp"), "expm1": _op("expm1"), "exp2": _wide(lambda x: build.binary("pow", _number(x, 2), x)),
    "log": _op("log"), "log1p": _op("log1p"), "log2": _wide(lambda x: _times(1 / _LOG2)(build.unary("log", x))),
    "log10": _wide(lambda x: _times(1 / _LOG10)(build.unary("log", x))),
    "logaddexp": _logaddexp(1.0), "logaddexp2": _logaddexp(_LOG2),
    "sin": _op("sin"), "cos": _op("cos"), "tan": _op("tan"), "arcsin": _op("asin"), "arccos": _op("acos"),
    "arctan": _op("atan"), "arctan2": _arctan2, "hypot": _wide(_hypot), "sinh": _op("sinh"), "cosh": _op("cosh"),
    "tanh": _op("tanh"), "arcsinh": _op("asinh"), "arccosh": _op("acosh"), "arctanh": _op("atanh"),
    "deg2rad": _times(math.pi / 180), "radians": _times(math.pi / 180), "rad2deg": _times(180 / math.pi),
    "degrees": _times(180 / math.pi), "floor": _rounding("floor"), "ceil": _rounding("ceil"), "rint": _rounding("round"),
    "trunc": _trunc, "maximum": _extremum("max"), "minimum": _extremum("min"), "fmax": _fmax("max"), "fmin": _fmax("min"),
    "equal": _equals("eq"), "not_equal": _equals("ne"), "less": _equals("lt"), "less_equal": _equals("le"),
    "greater": _equals("gt"), "greater_equal": _equals("ge"), "logical_and": _logical("and"), "logical_or": _logical("or"),
    "logical_xor": _logical("xor"), "logical_not": _logical_not, "bitwise_and": _op2("and"), "bitwise_or": _op2("or"),
    "bitwise_xor": _op2("xor"), "invert": _op("not"), "left_shift": _shift("shift_left"),
    "right_shift": _shift("shift_right"), "isnan": _isnan, "isinf": _isinf, "isfinite": _isfinite, "heaviside": _heaviside, "modf": _modf,
    "conjugate": lambda x: x, **bits.RULES,
    # scipy.special's, which are ufuncs, too
    "erf": _op("erf"), "expit": _op("sigmoid"),
    "logit": _wide(lambda x: build.binary("sub", build.unary("log", x), build.unary("log1p", build.unary("neg", x)))),
}
