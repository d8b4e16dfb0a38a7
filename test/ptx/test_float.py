"""Float instructions on edge values: NaN, infinities, zeros, subnormals, ties."""
import math
from fractions import Fraction

import numpy as np
import pytest

from device import Device, run_elementwise

EDGES = np.array([
    0.0, -0.0, 1.0, -1.0, 1.5, 3.0, 1 / 3, 2.0 ** -126, 2.0 ** -127, -(2.0 ** -149), 2.0 ** 24, 2.0 ** 24 + 2,
    3.4028235e38, -3.4028235e38, 2.0 ** 127, 1e-20, 0.5, 2.5, -2.5, np.inf, -np.inf, np.nan
], np.float32)
ROUNDINGS = ["rn", "rz", "rm", "rp"]


@pytest.fixture
def device():
    with Device() as device:
        yield device


def pairs():
    a, b = np.meshgrid(EDGES, EDGES)
    return a.ravel(), b.ravel()


def flushed(x):
    return np.where(np.abs(x) < 2.0 ** -126, np.copysign(np.float32(0), x), x).astype(np.float32)


def same(result, expected):
    """Equal bits, but any NaN for a NaN."""
    nan = np.isnan(expected)
    unsigned = f"u{result.dtype.itemsize}"
    assert np.array_equal(np.isnan(result), nan)
    assert result[~nan].view(unsigned).tolist() == expected[~nan].view(unsigned).tolist()


def round_exactly(value, mode):
    """A Fraction to the nearest float32 in the mode."""
    near = np.float32(float(value)) if abs(value) < Fraction(2) ** 128 else np.float32(np.inf if value > 0 else -np.inf)
    candidates = [near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))]
    finite = [
        Fraction(float(c)) if np.isfinite(c) else (Fraction(2) ** 128 if c > 0 else -Fraction(2) ** 128)
        for c in candidates
    ]
    if mode == "rz":
        mode = "rm" if value > 0 else "rp"
    allowed = [(abs(f - value), i) for i, f in enumerate(finite)
               if mode == "rn" or (f <= value if mode == "rm" else f >= value)]
    best = min(d for d, _ in allowed)
    ties = [candidates[i] for d, i in allowed if d == best]
    return next((t for t in ties if not t.view(np.uint32) & 1), ties[0])


FUNCTIONS = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b}


@pytest.mark.parametrize("ftz", ["", ".ftz"])
@pytest.mark.parametrize("name", [*FUNCTIONS, "div"])
def test_arithmetic_to_nearest(device, name, ftz):
    a, b = pairs()
    with np.errstate(all="ignore"):
        x, y = (flushed(a), flushed(b)) if ftz else (a, b)
        expected = x / y if name == "div" else FUNCTIONS[name](x, y)
        expected = flushed(expected) if ftz else expected
    same(run_elementwise(device, f"{name}.rn{ftz}.f32 %d, %a, %b;", np.float32, a, b), expected)


@pytest.mark.parametrize("mode", ROUNDINGS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_directed_rounding(device, name, mode):
    rng = np.random.default_rng(1)
    a, b = (np.concatenate([rng.standard_normal(200), [1, 2.0 ** -30, 2.0 ** 24, 1e18, -1e18]]).astype(np.float32)
            for _ in "ab")
    expected = [round_exactly(FUNCTIONS[name](Fraction(float(x)), Fraction(float(y))), mode) for x, y in zip(a, b)]
    result = run_elementwise(device, f"{name}.{mode}.f32 %d, %a, %b;", np.float32, a, b)
    assert (result + 0.0).tolist() == (np.array(expected) + np.float32(0)).tolist()


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_fma_rounds_once(device, mode):
    rng = np.random.default_rng(2)
    a, b = (rng.standard_normal(300).astype(np.float32) for _ in "ab")
    c = (-a * b).astype(np.float32) # what is left is the product's rounding error alone
    expected = [
        round_exactly(Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)), mode) for x, y, z in zip(a, b, c)
    ]
    assert run_elementwise(device, f"fma.{mode}.f32 %d, %a, %b, %c;", np.float32, a, b, c).tolist() == \
        np.array(expected).tolist()


def test_saturation_to_one(device):
    x = np.array([-1, -0.0, 0.25, 1, 7, np.inf, -np.inf, np.nan], np.float32)
    same(run_elementwise(device, "add.sat.f32 %d, %a, 0f00000000;", np.float32, x),
         np.array([0, 0, 0.25, 1, 1, 1, 0, 0], np.float32))


def test_nan_results_are_canonical(device):
    a, b = pairs()
    result = run_elementwise(device, "mul.f32 %d, %a, %b;", np.float32, a, b)
    assert set(result[np.isnan(result)].view(np.uint32).tolist()) == {0x7fffffff}


@pytest.mark.parametrize("name", ["min", "max"])
@pytest.mark.parametrize("nan", ["", ".NaN"])
def test_extrema(device, name, nan):
    a, b = pairs()

    def one(x, y):
        if math.isnan(x) or math.isnan(y):
            return np.nan if nan or (math.isnan(x) and math.isnan(y)) else y if math.isnan(x) else x
        key = lambda v: (v, math.copysign(1, v))
        return min(x, y, key=key) if name == "min" else max(x, y, key=key)

    same(run_elementwise(device, f"{name}{nan}.f32 %d, %a, %b;", np.float32, a, b),
         np.array([one(x, y) for x, y in zip(a, b)], np.float32))


def test_sign_operations(device):
    a, b = pairs()
    same(run_elementwise(device, "neg.f32 %d, %a;", np.float32, EDGES), -EDGES)
    same(run_elementwise(device, "abs.ftz.f32 %d, %a;", np.float32, EDGES), np.abs(flushed(EDGES)))
    same(run_elementwise(device, "copysign.f32 %d, %a, %b;", np.float32, a, b), np.copysign(b, a))


COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal
}


@pytest.mark.parametrize("name", [*COMPARISONS, "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"])
def test_comparisons(device, name):
    a, b = pairs()
    unordered = np.isnan(a) | np.isnan(b)
    if name in ("num", "nan"):
        expected = unordered == (name == "nan")
    elif name in COMPARISONS:
        expected = COMPARISONS[name](a, b) & ~unordered
    else:
        expected = COMPARISONS[name[:2]](a, b) | unordered
    result = run_elementwise(device, f"setp.{name}.f32 %p1, %a, %b; selp.b32 %d, 1, 0, %p1;", np.uint32, a, b)
    assert result.tolist() == expected.astype(int).tolist()


@pytest.mark.parametrize("name, function", [
    ("finite", np.isfinite), ("infinite", np.isinf), ("number", lambda x: ~np.isnan(x)), ("notanumber", np.isnan),
    ("subnormal", lambda x: (x != 0) & (np.abs(x) < 2.0 ** -126)),
    ("normal", lambda x: np.isfinite(x) & ((x == 0) | (np.abs(x) >= 2.0 ** -126)))])
def test_testp(device, name, function):
    assert run_elementwise(device, f"testp.{name}.f32 %p1, %a; selp.b32 %d, 1, 0, %p1;", np.uint32, EDGES).tolist() == \
        function(EDGES).astype(int).tolist()


def test_slct_takes_the_sign(device):
    c = np.array([-1, -0.0, 0, 2, np.nan], np.float32)
    same(run_elementwise(device, "slct.f32.f32 %d, 0f3F800000, 0f40000000, %a;", np.float32, c),
         np.array([2, 1, 1, 1, 2], np.float32))


# The largest errors that the PTX ISA documents, here in the least units or as absolute errors.
APPROXIMATIONS = {
    "rcp": (lambda x: 1 / x, (1e-6, 1e6), 2.0 ** -23, 0), "sqrt": (np.sqrt, (1e-6, 1e6), 2.0 ** -23, 0),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (1e-6, 1e6), 2.0 ** -22.4, 0), "ex2": (np.exp2, (-30, 30), 2.0 ** -22, 0),
    "lg2": (np.log2, (1e-6, 1e6), 2.0 ** -22, 2.0 ** -22), "sin": (np.sin, (-np.pi, np.pi), 0, 2.0 ** -20.5),
    "cos": (np.cos, (-np.pi, np.pi), 0, 2.0 ** -20.5), "tanh": (np.tanh, (-5, 5), 2.0 ** -10.987, 0)}


@pytest.mark.parametrize("name", APPROXIMATIONS)
def test_approximations_keep_their_documented_error(device, name):
    function, (low, high), relative, absolute = APPROXIMATIONS[name]
    x = np.random.default_rng(3).uniform(low, high, 2000).astype(np.float32)
    result = run_elementwise(device, f"{name}.approx.f32 %d, %a;", np.float32, x).astype(np.float64)
    expected = function(x.astype(np.float64))
    assert (abs(result - expected) <= relative * abs(expected) + absolute).all()


@pytest.mark.parametrize("name", ["sin", "cos", "tanh"])
def test_approximations_are_no_better_than_the_hardware(device, name):
    x = np.random.default_rng(4).uniform(-3, 3, 500).astype(np.float32)
    result = run_elementwise(device, f"{name}.approx.f32 %d, %a;", np.float32, x)
    assert abs(result - getattr(np, name)(x.astype(np.float64))).max() > 2.0 ** -23


def test_approximations_at_the_edges(device):
    x = np.array([0, -0.0, np.inf, -np.inf, np.nan, 2.0 ** -140], np.float32)
    inf = np.float32(np.inf)
    same(run_elementwise(device, "rcp.approx.ftz.f32 %d, %a;", np.float32, x),
         np.array([inf, -inf, 0, -0.0, np.nan, inf], np.float32))
    same(run_elementwise(device, "ex2.approx.ftz.f32 %d, %a;", np.float32, x),
         np.array([1, 1, inf, 0, np.nan, 1], np.float32))
    same(run_elementwise(device, "lg2.approx.ftz.f32 %d, %a;", np.float32, x),
         np.array([-inf, -inf, inf, np.nan, np.nan, -inf], np.float32))
    big = np.array([2.0 ** 127, -(2.0 ** 127), 4], np.float32)
    same(run_elementwise(device, "div.approx.f32 %d, %a, %b;", np.float32, np.full(3, 2, np.float32), big),
         np.array([0, -0.0, 0.5], np.float32))


@pytest.mark.parametrize("name, function", [("sqrt", np.sqrt), ("rcp", lambda x: 1 / x)])
def test_rounded_functions(device, name, function):
    with np.errstate(all="ignore"):
        same(run_elementwise(device, f"{name}.rn.f32 %d, %a;", np.float32, EDGES), function(EDGES).astype(np.float32))


def test_double(device):
    a = np.array([1, 1 / 3, -2.5, 1e308, 5e-324, np.inf, np.nan, -0.0])
    b = a[::-1].copy()
    with np.errstate(all="ignore"):
        for name, function in {**FUNCTIONS, "div": lambda x, y: x / y}.items():
            same(run_elementwise(device, f"{name}.rn.f64 %d, %a, %b;", np.float64, a, b), function(a, b))
        same(run_elementwise(device, "sqrt.rn.f64 %d, %a;", np.float64, a), np.sqrt(a))
    x = np.array([1 + 2.0 ** -30])
    same(run_elementwise(device, "fma.rn.f64 %d, %a, %a, %b;", np.float64, x, -x * x), np.array([2.0 ** -60]))


HALVES = np.array(
    [0, -0.0, 1, -1, 1.5, 65504, -65504, 6e-8, 6.1e-5, 0.1, 3, 1 / 3, 2048, 2049, np.inf, -np.inf, np.nan], np.float16)


@pytest.mark.parametrize("name", [*FUNCTIONS, "fma"])
@pytest.mark.parametrize("packed", ["f16", "f16x2"])
def test_half(device, name, packed):
    a, b = (x.ravel() for x in np.meshgrid(HALVES, HALVES))
    if a.size % 2:
        a, b = np.append(a, a[:1]), np.append(b, b[:1])
    wide = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        exact = wide[0] * wide[1] + wide[0] if name == "fma" else FUNCTIONS[name](*wide)
        expected = exact.astype(np.float16)
    dtype = np.float16 if packed == "f16" else np.uint32
    more = ", %a" if name == "fma" else ""
    result = run_elementwise(device, f"{name}.rn.{packed} %d, %a, %b{more};", dtype, a.view(dtype), b.view(dtype))
    same(result.view(np.float16), expected)


def test_half_extrema_and_relu(device):
    a, b = HALVES, HALVES[::-1].copy()
    plain = np.fmin(a, b)
    result = run_elementwise(device, "min.f16 %d, %a, %b;", np.float16, a, b)
    assert np.array_equal(result, plain, equal_nan=True)
    x = np.array([-2, 3], np.float16)
    same(run_elementwise(device, "fma.rn.relu.f16 %d, %a, %a, %b;", np.float16, x, np.array([-5, -5], np.float16)),
         np.array([0, 4], np.float16))


def bfloat(values):
    """To bits, rounded to nearest even."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16
    return np.where(np.isnan(values), 0x7fff, rounded).astype(np.uint16)


def test_bfloat16(device):
    rng = np.random.default_rng(5)
    a, b = (bfloat(rng.standard_normal(300)) for _ in "ab")
    x, y = ((v.astype(np.uint32) << 16).view(np.float32) for v in (a, b))
    one = bfloat(np.ones(300))
    assert run_elementwise(device, "fma.rn.bf16 %d, %a, %b, %c;", np.uint16, a, one,
                           b).tolist() == bfloat(x + y).tolist()
    assert run_elementwise(device, "max.bf16 %d, %a, %b;", np.uint16, a, b).tolist() == bfloat(np.maximum(x,
                                                                                                          y)).tolist()
