"""Operators of one input, for every dtype, at zero, infinities, NaN, subnormals and the edges of ranges."""
import math

import numpy as np
import pytest

from batch import Batch, Case
from numbers_at import REALS, SIGNED, INTEGERS, filled, relative, wide

erf = np.vectorize(math.erf, otypes=[np.float64])
SHAPES = [(5, 7), (1, 1), (0, 3), (3, 33), (16, 16), (1, 1025)]


def sigmoid(x):
    return np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def gelu(x):
    return x / 2 * (1 + erf(np.asarray(x / np.sqrt(2), np.float64)))


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def ramp(x, alpha, beta):
    return np.clip(alpha * x + beta, 0, 1)


def shrink(x, lambd, bias):
    return np.where(x < -lambd, x + bias, np.where(x > lambd, x - bias, 0))


# operator (and what tells rows of one operator apart), attributes, function, error in units of the result's last place,
# error in units of the last place of the input or of 1, whichever is larger: sums of near numbers of opposite signs.
REAL = [
    ("Abs", {}, np.abs, 0, 0),
    ("Neg", {}, np.negative, 0, 0),
    ("Sign", {}, np.sign, 0, 0),
    ("Ceil", {}, np.ceil, 0, 0),
    ("Floor", {}, np.floor, 0, 0),
    ("Round", {}, np.round, 0, 0),
    ("Sqrt", {}, np.sqrt, 1, 0),
    ("Reciprocal", {}, lambda x: 1 / x, 1, 0),
    ("Exp", {}, np.exp, 4, 0),
    ("Log", {}, np.log, 4, 0),
    ("Erf", {}, erf, 4, 0),
    ("Sin", {}, np.sin, 4, 0),
    ("Cos", {}, np.cos, 4, 0),
    ("Tan", {}, np.tan, 4, 0),
    ("Asin", {}, np.arcsin, 4, 0),
    ("Acos", {}, np.arccos, 4, 0),
    ("Atan", {}, np.arctan, 4, 0),
    ("Sinh", {}, np.sinh, 4, 0),
    ("Cosh", {}, np.cosh, 4, 0),
    ("Tanh", {}, np.tanh, 4, 0),
    ("Asinh", {}, np.arcsinh, 4, 0),
    ("Acosh", {}, np.arccosh, 4, 0),
    ("Atanh", {}, np.arctanh, 4, 0),
    ("Sigmoid", {}, sigmoid, 4, 0),
    ("Softplus", {}, softplus, 4, 0),
    ("Softsign", {}, lambda x: x / (1 + np.abs(x)), 2, 0),
    ("Relu", {}, lambda x: np.maximum(x, 0), 0, 0),
    ("LeakyRelu", {"alpha": .125}, lambda x: np.where(x < 0, .125 * x, x), 1, 0),
    ("ThresholdedRelu", {"alpha": .5}, lambda x: np.where(x > .5, x, 0), 0, 0),
    ("Elu", {"alpha": .75}, lambda x: np.where(x < 0, .75 * np.expm1(x), x), 5, 0),
    ("Selu", {"alpha": 1.5, "gamma": 1.25}, lambda x: 1.25 * np.where(x > 0, x, 1.5 * np.expm1(x)), 6, 0),
    ("Celu", {"alpha": 2.}, lambda x: np.maximum(x, 0) + np.minimum(0, 2 * np.expm1(x / 2)), 6, 0),
    ("HardSigmoid", {"alpha": .25, "beta": .375}, lambda x: ramp(x, .25, .375), 2, 1),
    ("HardSwish", {}, lambda x: x * ramp(x, 1 / 6, .5), 6, 2),
    ("Shrink", {"lambd": .5, "bias": .25}, lambda x: shrink(x, .5, .25), 1, 0),
    ("Mish", {}, lambda x: x * np.tanh(softplus(x)), 12, 0),
    ("Gelu", {}, gelu, 6, 4),
    ("Gelu.tanh", {"approximate": "tanh"}, gelu_tanh, 12, 8),
    ("Swish", {"alpha": 1.5}, lambda x: x * sigmoid(1.5 * x), 8, 1),
    ("Identity", {}, lambda x: x, 0, 0),
]
WHOLE = [("Abs", np.abs, INTEGERS), ("Neg", np.negative, SIGNED), ("Sign", np.sign, INTEGERS),
         ("BitwiseNot", np.invert, INTEGERS), ("Relu", lambda x: np.maximum(x, 0).astype(x.dtype), SIGNED)]
OPSETS = {"Swish": 24}


def real_cases():
    for key, attributes, function, ulps, spread in REAL:
        for dtype in REALS:
            operator = key.split(".")[0]
            yield Case(f"{key}-{dtype.__name__}",
                       operator, [[filled(shape, dtype)] for shape in SHAPES],
                       lambda x, function=function: np.asarray(function(wide(x))),
                       relative(function, ulps, spread),
                       attributes,
                       static=1,
                       dtypes=(dtype,),
                       opset=OPSETS.get(operator, 21))


def predicate_cases():
    signs = [("both", 1, 1), ("positive", 0, 1), ("negative", 1, 0), ("neither", 0, 0)]
    for dtype in REALS:
        inputs = [[filled(shape, dtype)] for shape in SHAPES]
        yield Case(f"IsNaN-{dtype.__name__}", "IsNaN", inputs, np.isnan, static=1)
        for label, negative, positive in signs:
            yield Case(f"IsInf.{label}-{dtype.__name__}",
                       "IsInf",
                       inputs,
                       lambda x, n=negative, p=positive: bool(n) & np.isneginf(x) | bool(p) & np.isposinf(x),
                       attributes={"detect_negative": negative, "detect_positive": positive},
                       static=1)
    yield Case("Not-bool", "Not", [[filled(shape, np.bool_)] for shape in SHAPES], np.logical_not, static=1)


def whole_cases():
    for operator, function, dtypes in WHOLE:
        for dtype in dtypes:
            yield Case(f"{operator}-{dtype.__name__}",
                       operator, [[filled(shape, dtype)] for shape in SHAPES],
                       function,
                       static=1)


BATCH = Batch([*real_cases(), *predicate_cases(), *whole_cases()], folded=True)


@BATCH.parametrize()
def test_unary(name, shapes, build):
    BATCH.check(name, shapes, build)


@pytest.mark.parametrize("operator,dtype", [("Exp", np.int32), ("Not", np.float32), ("BitwiseNot", np.float32),
                                            ("Gelu", np.int64)])
def test_wrong_dtypes_are_refused(operator, dtype):
    wrong = Batch([Case(f"{operator}-wrong", operator, [[filled((3,), dtype)]], lambda x: x)])
    with pytest.raises(RuntimeError, match=f"{operator}-wrong.*does not take elements of type"):
        wrong.check(f"{operator}-wrong", "static", "tuned")
