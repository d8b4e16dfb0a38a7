"""Elementwise operators of several inputs, for every dtype and every form of broadcasting."""
import numpy as np
import pytest

from batch import Batch, Case
from numbers_at import ALL, INTEGERS, NUMBERS, REALS, UNSIGNED, filled, relative, wide

# The shapes of two inputs; the runs of one dynamic artifact have the same extents of 1.
FORMS = {
    "same": [((5, 7), (5, 7)), ((0, 3), (0, 3)), ((3, 33), (3, 33)), ((1, 16), (1, 16))],
    "row": [((5, 7), (7,)), ((4, 0), (0,)), ((3, 33), (33,)), ((2, 65), (65,))],
    "column": [((5, 7), (5, 1)), ((0, 7), (0, 1)), ((33, 17), (33, 1))],
    "outer": [((5, 1), (1, 7)), ((4, 1), (1, 33)), ((3, 1), (1, 0))],
    "scalar": [((), (3, 5, 7)), ((), (2, 0, 3)), ((), (1, 33, 2))],
    "one": [((1,), (37,)), ((1,), (0,)), ((1,), (16,))],
    "middle": [((2, 1, 33), (2, 5, 33)), ((3, 1, 16), (3, 2, 16))],
    "crossed": [((2, 1, 33), (5, 1)), ((3, 1, 7), (2, 1))],
    "ends": [((1, 5, 1), (2, 5, 33)), ((1, 3, 1), (4, 3, 7))],
    "scalars": [((), ())],
}


def trunc_div(a, b):
    """Toward zero, as ONNX has it; the quotient of the smallest number by -1 wraps."""
    if a.dtype.kind == "u":
        return a // b
    quotient = np.abs(a.astype(object)) // np.abs(b.astype(object)) * np.where((a < 0) != (b < 0), -1, 1)
    return wrapped(quotient, a.dtype)


def wrapped(values, dtype):
    """Python integers modulo the range of a dtype."""
    bits = np.iinfo(dtype).bits
    unsigned = np.array([int(value) % 2**bits for value in np.asarray(values, object).reshape(-1)], f"uint{bits}")
    return unsigned.astype(dtype).reshape(np.shape(values))


def power(a, b):
    if a.dtype.kind == "f":
        return np.power(wide(a), wide(b) if b.dtype.kind == "f" else b.astype(wide(a).dtype))
    if b.dtype.kind == "f":
        return np.power(a.astype(np.float64), b).astype(a.dtype)
    shape = np.broadcast_shapes(a.shape, b.shape)
    pairs = zip(np.broadcast_to(a, shape).reshape(-1), np.broadcast_to(b, shape).reshape(-1))
    return wrapped(np.array([int(x)**int(y) for x, y in pairs], object).reshape(shape), a.dtype)


def shift(left):
    def function(a, b):
        bits = np.iinfo(a.dtype).bits
        inside = np.minimum(b, bits - 1)
        moved = np.left_shift(a, inside) if left else np.right_shift(a, inside)
        return np.where(b < bits, moved, 0).astype(a.dtype)

    return function


def nonzero(values):
    values[values == 0] = 1
    return values


def pairs(form, a, b):
    return [[a(left, 0), b(right, 3)] for left, right in FORMS[form]]


def cases_of(operator, key, form, dtype, function, ulps=None, b=filled, attributes={}, static=1):
    left = lambda shape, seed: filled(shape, dtype, seed)
    right = lambda shape, seed: b(shape, dtype, seed)
    real = ulps is not None and np.dtype(dtype).kind == "f"
    expected = (lambda x, y: np.asarray(function(wide(x), wide(y)))) if real else function
    return Case(f"{key}.{form}-{np.dtype(dtype).name}",
                operator,
                pairs(form, left, right),
                expected,
                relative(function, ulps) if real else None,
                dict(attributes),
                static=static,
                dtypes=(dtype,) if real else ())


ARITHMETIC = [("Add", np.add, .5), ("Sub", np.subtract, .5), ("Mul", np.multiply, .5), ("Max", np.maximum, 0),
              ("Min", np.minimum, 0)]
COMPARISONS = [("Less", np.less), ("LessOrEqual", np.less_equal), ("Greater", np.greater),
               ("GreaterOrEqual", np.greater_equal)]
LOGIC = [("And", np.logical_and), ("Or", np.logical_or), ("Xor", np.logical_xor)]
BITS = [("BitwiseAnd", np.bitwise_and), ("BitwiseOr", np.bitwise_or), ("BitwiseXor", np.bitwise_xor)]


def divisors(shape, dtype, seed):
    return nonzero(filled(shape, dtype, seed))


def by_dtype():
    """Every operator with every dtype."""
    for form in ("row", "outer"):
        for operator, function, ulps in ARITHMETIC:
            for dtype in NUMBERS:
                yield cases_of(operator, operator, form, dtype, function, ulps)
        for dtype in REALS:
            yield cases_of("Div", "Div", form, dtype, np.divide, .5)
            yield cases_of("Mod", "Mod.fmod", form, dtype, np.fmod, 0, attributes={"fmod": 1})
        for dtype in INTEGERS:
            yield cases_of("Div", "Div", form, dtype, trunc_div, b=divisors)
            yield cases_of("Mod", "Mod", form, dtype, np.mod, b=divisors)
            yield cases_of("Mod", "Mod.fmod", form, dtype, np.fmod, b=divisors, attributes={"fmod": 1})
        for operator, function in COMPARISONS:
            for dtype in NUMBERS:
                yield cases_of(operator, operator, form, dtype, function)
        for dtype in ALL:
            yield cases_of("Equal", "Equal", form, dtype, np.equal)
        for operator, function in LOGIC:
            yield cases_of(operator, operator, form, np.bool_, function)
        for operator, function in BITS:
            for dtype in INTEGERS:
                yield cases_of(operator, operator, form, dtype, function)
        for dtype in UNSIGNED:
            amounts = lambda shape, dtype, seed: (filled(shape, dtype, seed) % 80).astype(dtype)
            for direction in ("LEFT", "RIGHT"):
                yield cases_of("BitShift",
                               f"BitShift.{direction}",
                               form,
                               dtype,
                               shift(direction == "LEFT"),
                               b=amounts,
                               attributes={"direction": direction})


def by_form():
    """Every form of broadcasting, either operand the larger one."""
    for form in FORMS:
        for dtype in (np.float32, np.int8, np.float64):
            yield cases_of("Sub", "Sub.form", form, dtype, np.subtract, .5, static=None)
            flipped = cases_of("Sub", "Sub.flipped", form, dtype, np.subtract, .5, static=None)
            flipped.operands = [operands[::-1] for operands in flipped.operands]
            yield flipped
        yield cases_of("Xor", "Xor.form", form, np.bool_, np.logical_xor, static=None)


EXPONENTS = [(np.float32, np.float32), (np.float64, np.float64), (np.float32, np.int64), (np.float32, np.int32),
             (np.float64, np.float32), (np.float32, np.uint8), (np.int32, np.int32), (np.int64, np.int64),
             (np.int32, np.float32), (np.int64, np.int8), (np.float64, np.int64), (np.int32, np.uint16)]


def power_cases():
    for base, exponent in EXPONENTS:
        operands = []
        for left, right in FORMS["outer"]:
            a, b = filled(left, base), filled(right, exponent, 3)
            if a.dtype.kind == "i":
                a = a % 23 - 11
            if b.dtype.kind != "f" or a.dtype.kind == "i":
                b = np.abs(np.where(np.isfinite(b), b, 2)) % (18 if a.dtype == np.int64 else 9)
                b = np.floor(b).astype(exponent)
            operands.append([a, b])
        name = f"Pow-{base.__name__}-{exponent.__name__}"
        real = np.dtype(base).kind == "f"
        yield Case(name, "Pow", operands, power, relative(power, 4) if real else None, dtypes=(base,), static=1)


def negative_power_cases():
    """Of integers to negative powers only 1 and -1 leave something."""
    for dtype in (np.int32, np.int64):
        base, exponent = (filled((1, 7), dtype) % 7 - 3).astype(dtype), np.arange(-3, 3, dtype=dtype)[:, None]
        yield Case(
            f"Pow.negative-{dtype.__name__}", "Pow", [[base, exponent]], lambda a, b: np.where(
                b >= 0, a**np.maximum(b, 0), np.where(a == 1, 1, np.where(a == -1, 1 - 2 * (b % 2), 0))))


def where_cases():
    forms = [((5, 7), (7,), (5, 1)), ((1,), (3, 33), (3, 33)), ((), (2, 1), (1, 5)), ((4, 1), (), (4, 35)),
             ((2, 17), (2, 17), (2, 17))]
    for dtype in ALL:
        for i, shapes in enumerate(forms if dtype in (np.float32, np.int64) else forms[:1]):
            condition, x, y = shapes
            yield Case(f"Where.{i}-{np.dtype(dtype).name}", "Where",
                       [[filled(condition, np.bool_, 2),
                         filled(x, dtype), filled(y, dtype, 3)]], np.where)
            yield Case(f"Where.dynamic.{i}-{np.dtype(dtype).name}", "Where",
                       [[filled(condition, np.bool_, 2),
                         filled(x, dtype, 5), filled(y, dtype, 4)]], np.where)


def slopes(x, slope):
    return np.where(x < 0, x * slope, x)


def variadic_cases():
    for dtype in NUMBERS:
        operands = [[filled((5, 1), dtype), filled((1, 7), dtype, 2),
                     filled((5, 7), dtype, 5)],
                    [filled((3, 1), dtype), filled((1, 33), dtype, 2),
                     filled((3, 33), dtype, 5)]]
        yield Case(f"Max.three-{dtype.__name__}",
                   "Max",
                   operands,
                   lambda *x: np.maximum(np.maximum(x[0], x[1]), x[2]),
                   static=1)
        yield Case(f"Min.one-{dtype.__name__}", "Min", [[filled((5, 7), dtype)]], lambda x: x)
    for dtype in REALS:
        operands = [[
            filled((5, 1), dtype, edges=False),
            filled((1, 7), dtype, 2, False),
            filled((5, 7), dtype, 5, False)
        ]]
        eps = np.finfo(dtype).eps
        for operator, scale in (("Sum", 1), ("Mean", 3)):
            yield Case(f"{operator}.three-{dtype.__name__}",
                       operator,
                       operands,
                       lambda *x, scale=scale: (wide(x[0]) + wide(x[1]) + wide(x[2])) / scale,
                       lambda *x, eps=eps: 3 * eps * (abs(x[0]) + abs(x[1]) + abs(x[2])),
                       dtypes=(dtype,))
        yield Case(f"PRelu.channels-{dtype.__name__}",
                   "PRelu", [[filled((2, 3, 4, 5), dtype), filled((3, 1, 1), dtype, 3)]],
                   lambda *x: slopes(*map(wide, x)),
                   relative(slopes, .5),
                   dtypes=(dtype,))
        for label, low, high in (("both", -.75, 1.25), ("low", -.5, None), ("high", None, .5), ("crossed", 1., -1.),
                                 ("nothing", None, None)):
            bounds = [None if limit is None else np.array(limit, dtype) for limit in (low, high)]
            yield Case(f"Clip.{label}-{dtype.__name__}",
                       "Clip", [[filled(shape, dtype), *bounds] for shape in ((5, 7), (0, 3), (3, 33))],
                       lambda x, low, high: np.minimum(np.maximum(x, -np.inf if low is None else low), np.inf
                                                       if high is None else high),
                       static=1)
    for dtype in INTEGERS:
        yield Case(f"Clip-{dtype.__name__}", "Clip", [[filled(
            (5, 7), dtype), np.array(2, dtype), np.array(100, dtype)]], lambda x, low, high: np.clip(x, low, high))
    for dtype in (np.int32, np.int64, np.uint32, np.uint64):
        yield Case(f"PRelu-{dtype.__name__}", "PRelu", [[filled((5, 7), dtype), filled((7,), dtype, 3)]], slopes)


BATCHES = {
    "dtype": Batch(list(by_dtype()), folded=True), "form": Batch(list(by_form()), folded=True), "others":
    Batch([*power_cases(), *negative_power_cases(), *where_cases(), *variadic_cases()], folded=True)
}


@BATCHES["dtype"].parametrize()
def test_every_dtype(name, shapes, build):
    BATCHES["dtype"].check(name, shapes, build)


@BATCHES["form"].parametrize()
def test_every_form_of_broadcasting(name, shapes, build):
    BATCHES["form"].check(name, shapes, build)


@BATCHES["others"].parametrize()
def test_powers_choices_and_many_inputs(name, shapes, build):
    BATCHES["others"].check(name, shapes, build)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint32])
@pytest.mark.parametrize("operator", ["Div", "Mod"])
def test_division_by_zero_is_an_error(operator, dtype):
    divisor = nonzero(filled((3, 33), dtype))
    divisor[-1, -1] = 0
    wrong = Batch([Case(operator, operator, [[filled((3, 33), dtype), divisor]], lambda a, b: a)])
    with pytest.raises(Exception, match="zero"):
        wrong.check(operator, "static", "tuned")
