"""Operators that compute each element from those at the same place."""
import math

import numpy as np

from ..._trace import build
from ..._trace.loops import RULES
from ..refusal import Refusal
from .table import LOWERINGS, lowers

BOOL = np.dtype(bool)
_binary, _unary, _like, _select, _compare = build.binary, build.unary, build.like, build.select, build.compare


def result(c, value):
    """In the dtype and the extents of the result."""
    return build.broadcast(c.tensor(value, c.dtype()), c.dims())


#--- By the rules of NumPy's loops ----------------------------------------------------------------

# operator: the loop, which runs in the dtype of the result; predicates in that of the operand.
UNARY = {
    "abs": "absolute", "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atanh": "arctanh", "bitwise_not": "invert", "ceil": "ceil", "cos": "cos", "cosh": "cosh", "exp": "exp", "exp2": "exp2",
    "expm1": "expm1", "floor": "floor", "log": "log", "log10": "log10", "log1p": "log1p", "log2": "log2", "neg": "negative",
    "reciprocal": "reciprocal", "round": "rint", "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "tan": "tan",
    "tanh": "tanh", "trunc": "trunc",
}
PREDICATES = {"isinf": "isinf", "isnan": "isnan", "logical_not": "logical_not", "signbit": "signbit"}
BINARY = {
    "atan2.default": "arctan2", "bitwise_and.Tensor": "bitwise_and", "bitwise_and.Scalar": "bitwise_and",
    "bitwise_or.Tensor": "bitwise_or", "bitwise_or.Scalar": "bitwise_or", "bitwise_xor.Tensor": "bitwise_xor",
    "bitwise_xor.Scalar": "bitwise_xor", "copysign.Tensor": "copysign", "copysign.Scalar": "copysign",
    "div.Tensor": "divide", "div.Scalar": "divide",
    "hypot.default": "hypot", "fmax.default": "fmax", "fmin.default": "fmin", "maximum.default": "maximum", "minimum.default": "minimum", "mul.Tensor": "multiply", "mul.Scalar": "multiply",
    "__lshift__.Tensor": "left_shift", "__lshift__.Scalar": "left_shift", "bitwise_left_shift.Tensor": "left_shift",
    "bitwise_left_shift.Tensor_Scalar": "left_shift", "__rshift__.Tensor": "right_shift", "__rshift__.Scalar": "right_shift",
    "bitwise_right_shift.Tensor": "right_shift", "bitwise_right_shift.Tensor_Scalar": "right_shift",
}
COMPARISONS = {
    **{f"{name}.{kind}": loop for name, loop in
       {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items()
       for kind in ("Tensor", "Scalar")},
    "logical_and.default": "logical_and", "logical_or.default": "logical_or", "logical_xor.default": "logical_xor",
}


def _unary_loop(loop):
    return lambda c, x: result(c, RULES[loop](c.wide(x, c.dtype())))


def _predicate_loop(loop):
    return lambda c, x: RULES[loop](c.wide(x))


def _binary_loop(loop):
    return lambda c, a, b: result(c, RULES[loop](c.wide(a, c.dtype()), c.wide(b, c.dtype())))


def _comparison_loop(loop):
    def rule(c, a, b):
        kind = c.common(*c.node.args)
        return result(c, RULES[loop](c.wide(a, kind), c.wide(b, kind)))
    return rule


for _name, _loop in UNARY.items():
    LOWERINGS[f"aten.{_name}.default"] = _unary_loop(_loop)
for _name, _loop in PREDICATES.items():
    LOWERINGS[f"aten.{_name}.default"] = _predicate_loop(_loop)
for _name, _loop in BINARY.items():
    LOWERINGS[f"aten.{_name}"] = _binary_loop(_loop)
for _name, _loop in COMPARISONS.items():
    LOWERINGS[f"aten.{_name}"] = _comparison_loop(_loop)


#--- Arithmetic with a factor or a mode -----------------------------------------------------------

def _scaled(c, b, alpha):
    b = c.wide(b, c.dtype())
    return b if alpha == 1 else RULES["multiply"](b, c.tensor(alpha, b.dtype))


@lowers("add.Tensor", "add.Scalar")
def add(c, a, b, alpha=1):
    return result(c, RULES["add"](c.wide(a, c.dtype()), _scaled(c, b, alpha)))


@lowers("sub.Tensor", "sub.Scalar")
def sub(c, a, b, alpha=1):
    return result(c, _binary("sub", c.wide(a, c.dtype()), _scaled(c, b, alpha)))


@lowers("rsub.Scalar", "rsub.Tensor")
def rsub(c, a, b, alpha=1):
    return result(c, _binary("sub", c.wide(b, c.dtype()), _scaled(c, a, alpha)))


@lowers("div.Tensor_mode", "div.Scalar_mode")
def div_mode(c, a, b, rounding_mode=None):
    a, b = c.wide(a, c.dtype()), c.wide(b, c.dtype())
    if rounding_mode == "floor":
        return result(c, RULES["floor_divide"](a, b))
    quotient = _binary("div", a, b)
    return result(c, RULES["trunc"](quotient) if rounding_mode == "trunc" else quotient)


@lowers("floor_divide.default")
def floor_divide(c, a, b):
    return div_mode(c, a, b, "floor")


@lowers("fmod.Tensor", "fmod.Scalar")
def fmod(c, a, b):
    return result(c, RULES["fmod"](c.wide(a, c.dtype()), c.wide(b, c.dtype())))


@lowers("remainder.Tensor", "remainder.Scalar", "remainder.Scalar_Tensor")
def remainder(c, a, b):
    return result(c, RULES["remainder"](c.wide(a, c.dtype()), c.wide(b, c.dtype())))


@lowers("pow.Tensor_Scalar")
def power_of_number(c, a, b):
    return result(c, RULES["power"](c.wide(a, c.dtype()), c.wide(b, c.dtype())))


@lowers("pow.Tensor_Tensor", "pow.Scalar")
def power(c, a, b):
    a, b = c.wide(a, c.dtype()), c.wide(b, c.dtype())
    if a.dtype.kind != "i":
        return result(c, RULES["power"](a, b))
    whole = RULES["power"](a, _unary("abs", b))      # of 1 and -1, whose powers are never fractions; those of others become 0
    is_fraction = _binary("and", _compare("lt", b, _like(b, 0)), _compare("ne", _unary("abs", a), _like(a, 1)))
    return result(c, _select(is_fraction, _like(whole, 0), whole))


@lowers("round.decimals")
def round_decimals(c, x, decimals):
    x = c.wide(x)
    if x.dtype.kind != "f":
        return x
    factor = _like(x, 10.0 ** abs(decimals))
    there, back = ("mul", "div") if decimals >= 0 else ("div", "mul")
    return result(c, _binary(back, _unary("round", _binary(there, x, factor)), factor))


#--- Activations ----------------------------------------------------------------------------------

@lowers("relu.default")
def relu(c, x):
    return _binary("max", x, _like(x, 0))


@lowers("sigmoid.default")
def sigmoid(c, x):
    return result(c, _unary("sigmoid", c.wide(x, c.dtype())))


@lowers("sign.default", "sgn.default")
def sign(c, x):
    x = c.wide(x)
    y = x if x.dtype == BOOL else RULES["sign"](x)
    if x.dtype.kind == "f":      # that of NaN is 0 here
        y = _select(build.predicate("is_nan", x), _like(x, 0), y)
    return result(c, y)


@lowers("erf.default")
def erf(c, x):
    return result(c, _unary("erf", c.wide(x, c.dtype())))


@lowers("rsqrt.default")
def rsqrt(c, x):
    x = c.wide(x, c.dtype())
    return result(c, _binary("div", _like(x, 1), _unary("sqrt", x)))


@lowers("gelu.default")
def gelu(c, x, approximate="none"):
    x = c.wide(x)

    def times(value, number): return _binary("mul", value, _like(value, number))
    if approximate == "tanh":
        cube = _binary("mul", _binary("mul", x, x), x)
        inner = _unary("tanh", times(_binary("add", x, times(cube, 0.044715)), math.sqrt(2 / math.pi)))
    else:
        inner = _unary("erf", times(x, math.sqrt(0.5)))
    return result(c, _binary("mul", times(x, 0.5), _binary("add", inner, _like(x, 1))))


@lowers("silu.default")
def silu(c, x):
    x = c.wide(x)
    return result(c, _binary("mul", x, _unary("sigmoid", x)))


@lowers("mish.default")
def mish(c, x):
    x = c.wide(x)
    return result(c, _binary("mul", x, _unary("tanh", _unary("softplus", x))))


@lowers("hardsigmoid.default")
def hardsigmoid(c, x):
    return result(c, _ramp(c.wide(x)))


@lowers("hardswish.default")
def hardswish(c, x):
    x = c.wide(x)
    return result(c, _binary("mul", x, _ramp(x)))


def _ramp(x):
    """min(max(x / 6 + 1 / 2, 0), 1)."""
    line = _binary("add", _binary("mul", x, _like(x, 1 / 6)), _like(x, 0.5))
    return _binary("max", _binary("min", line, _like(x, 1)), _like(x, 0))


@lowers("softplus.default")
def softplus(c, x, beta=1, threshold=20):
    x = c.wide(x)
    scaled = x if beta == 1 else _binary("mul", x, _like(x, beta))
    soft = _unary("softplus", scaled)
    soft = soft if beta == 1 else _binary("div", soft, _like(x, beta))
    return result(c, _select(_compare("gt", scaled, _like(x, threshold)), x, soft))


@lowers("elu.default")
def elu(c, x, alpha=1.0, scale=1.0, input_scale=1.0):
    x = c.wide(x)
    inner = x if input_scale == 1 else _binary("mul", x, _like(x, input_scale))
    low = _binary("mul", _unary("expm1", inner), _like(x, alpha * scale))
    high = x if scale == 1 else _binary("mul", x, _like(x, scale))
    return result(c, _select(_compare("gt", x, _like(x, 0)), high, low))


@lowers("leaky_relu.default")
def leaky_relu(c, x, negative_slope=0.01):
    x = c.wide(x)
    return result(c, _select(_compare("gt", x, _like(x, 0)), x, _binary("mul", x, _like(x, negative_slope))))


@lowers("hardtanh.default")
def hardtanh(c, x, low=-1.0, high=1.0):
    return clamp(c, x, low, high)


@lowers("clamp.default", "clamp.Tensor")
def clamp(c, x, low=None, high=None):
    x = c.wide(x, c.dtype())
    if low is not None:
        x = _binary("max", x, c.tensor(low, x.dtype))
    if high is not None:
        x = _binary("min", x, c.tensor(high, x.dtype))
    return result(c, x)


@lowers("clamp_min.default", "clamp_min.Tensor")
def clamp_min(c, x, low):
    return clamp(c, x, low)


@lowers("clamp_max.default", "clamp_max.Tensor")
def clamp_max(c, x, high):
    return clamp(c, x, None, high)




#--- Choices and dtypes ---------------------------------------------------------------------------

@lowers("where.self")
def where(c, condition, a, b):
    condition = condition if condition.dtype == BOOL else c.tensor(condition, BOOL)
    return result(c, _select(condition, c.tensor(a, c.dtype()), c.tensor(b, c.dtype())))


@lowers("_to_copy.default", "clone.default", "alias.default", "detach.default", "lift_fresh_copy.default")
def to_copy(c, x, **_options):
    return c.tensor(x, c.dtype())


@lowers("copy.default")
def copy(c, _target, source, non_blocking=False):
    return result(c, source)


@lowers("native_dropout.default")
def native_dropout(c, x, p, train):
    if train:
        raise Refusal("it draws random numbers")
    return x, build.broadcast(build.constant(c.program, True), x.dims)
