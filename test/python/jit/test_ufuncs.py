"""Every ufunc, for every dtype that NumPy takes there, with the awkward values of each."""
import numpy as np
import pytest
from differential import check, check_each

import quern

FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.75, 1e-3, 100.0, np.inf, -np.inf, np.nan]


def values(dtype, seed=0, positive=False):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, 24).astype(bool)
    if dtype.kind == "c":
        return (rng.standard_normal(24) + 1j * rng.standard_normal(24)).astype(dtype)
    if dtype.kind == "f":
        special = SPECIAL if seed == 0 else SPECIAL[seed:] + SPECIAL[:seed]
        result = np.concatenate([np.array(special), rng.standard_normal(9) * 3]).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        result = np.concatenate([[0, 1, 2, 3, 5, limits.max, limits.min], rng.integers(0, 50, 17)]).astype(dtype)
        result = np.roll(result, seed)
    return np.abs(result) if positive and dtype.kind == "f" else result


UNARY = ("absolute negative positive sign square sqrt cbrt reciprocal exp expm1 exp2 log log1p log2 log10 sin cos tan arcsin "
         "arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg radians degrees floor ceil rint trunc isnan "
         "isinf isfinite signbit logical_not fabs conjugate invert modf bitwise_count frexp spacing").split()
BINARY = ("add subtract multiply divide floor_divide remainder fmod divmod power float_power maximum minimum fmax fmin equal "
          "not_equal less less_equal greater greater_equal logical_and logical_or logical_xor bitwise_and bitwise_or "
          "bitwise_xor arctan2 hypot logaddexp logaddexp2 copysign heaviside left_shift right_shift gcd lcm nextafter").split()


def takes(ufunc, *dtypes):
    try:
        ufunc.resolve_dtypes(tuple(map(np.dtype, dtypes)) + (None,) * ufunc.nout)
    except TypeError:
        return False
    return True


def call(ufunc):
    return lambda *arrays: ufunc(*arrays)


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS])
def test_unary(dtype):
    small = np.dtype(dtype).name in ("bool", "int8", "uint8", "float16")    # NumPy computes these in float16
    names = [name for name in UNARY if takes(getattr(np, name), dtype)]
    check_each({name: call(getattr(np, name)) for name in names}, values(dtype), scale=2 if small else 4)


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS])
def test_binary(dtype):
    kind = np.dtype(dtype).kind
    left, right = values(dtype), values(dtype, 3)
    names = [name for name in BINARY if takes(getattr(np, name), dtype, dtype)]
    if kind in "iu":
        names = [name for name in names if name not in ("power", "float_power", "divmod", "floor_divide", "remainder", "fmod")]
        with np.errstate(all="ignore"):
            check_each({name: call(getattr(np, name)) for name in ("divmod", "floor_divide", "remainder", "fmod")}, left[7:], right[7:])
    if kind == "f":
        names = [name for name in names if name not in ("power", "float_power")]
    check_each({name: call(getattr(np, name)) for name in names}, left, right, scale=4)


@pytest.mark.parametrize("dtype", FLOATS)
def test_power(dtype):
    base = np.abs(values(dtype)[15:]) + np.dtype(dtype).type(0.1)
    check(lambda x, y: (x ** y, x ** 2, x ** 3, x ** -1, x ** 0.5, 2 ** y, np.float_power(x, y)), base, values(dtype, 1)[15:], scale=8)


@pytest.mark.parametrize("dtype", FLOATS)
def test_powers_that_are_roots(dtype):
    info = np.finfo(dtype)
    ends = [info.max, info.smallest_subnormal, info.smallest_normal, -1, info.max / 3, info.eps]
    x = np.concatenate([values(dtype), np.array(ends, dtype), np.abs(values(dtype, 1))])
    check(lambda x: (x ** 1.5, x ** -1.5), x, scale=2)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_power(dtype):
    base = np.array([0, 1, 2, 3, 7, 11], dtype)
    check(lambda x, y: (x ** y, x ** 2, x ** 5), base, np.array([0, 3, 6, 2, 1, 4], dtype))


def test_negative_powers_of_integers_are_refused():
    import quern
    for function in (lambda x: x ** -1, lambda x: x ** np.array([2, -3, 1])):
        with pytest.raises(ValueError, match="negative integer powers are not allowed"):
            quern.jit(function)(np.arange(3))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_division_by_zero_is_zero_for_integers(dtype):
    left = np.array([5, -5, 0, 7, -7, 9], dtype)
    check(lambda x, y: (x // y, x % y, divmod(x, y)), left, np.array([0, 2, 0, -2, 2, -4], dtype))


@pytest.mark.parametrize("target", ["x86-64-v3", "native"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_remainders_are_exact(dtype, target):
    """Quotients from far below one to far above what a significand holds, next to whole numbers, and special values."""
    fmod = quern.jit(lambda x, y: np.fmod(x, y), target=target)
    random, limits = np.random.default_rng(0), np.finfo(dtype)
    for spread in (0, 3, 20, 60, 120):
        x, y = ((random.standard_normal(5003) * np.exp2(random.integers(-spread, spread + 1, 5003))).astype(dtype) for _ in range(2))
        with np.errstate(all="ignore"):
            for a, b in ((x, y), (np.nextafter(x, y), x), (x * np.round(y), y), (np.nextafter(y * np.round(x), x), y),
                         (x * limits.tiny, y * limits.tiny)):
                np.testing.assert_array_equal(fmod(a, b), np.fmod(a, b))
    special = np.array([0, -0.0, 1, -1, 3, np.inf, -np.inf, np.nan, limits.max, limits.tiny, limits.smallest_subnormal], dtype)
    a, b = (part.ravel() for part in np.meshgrid(special, special))
    with np.errstate(all="ignore"):
        want = np.fmod(a, b)
        np.testing.assert_array_equal(fmod(a, b), want)
        np.testing.assert_array_equal(np.signbit(fmod(a, b))[~np.isnan(want)], np.signbit(want)[~np.isnan(want)])


@pytest.mark.parametrize("left", ["bool", "int8", "uint8", "int32", "uint64", "int64", "float16", "float32", "float64"])
def test_promotion(left):
    rights = ["bool", "int8", "uint8", "int32", "uint64", "int64", "float16", "float32", "float64"]
    x = (np.arange(1, 7) % 2 if left == "bool" else np.arange(1, 7)).astype(left)
    others = [(np.arange(2, 8)).astype(right) for right in rights]
    check(lambda x, *ys: [(x + y, x * y, x < y, x == y, np.maximum(x, y)) for y in ys], x, *others)


def test_mixed_sign_comparison_is_by_value():
    signed, unsigned = np.array([-1, 0, 5, 2**62]), np.array([2**64 - 1, 0, 4, 2**63], np.uint64)
    check(lambda a, b: (a < b, a <= b, a > b, a >= b, a == b, a != b, b < a, b >= a), signed, unsigned)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float16", "float32", "float64", "bool"])
def test_python_numbers_are_weak(dtype):
    x = np.arange(6).astype(dtype)
    check_each({"int": lambda x: x + 1, "float": lambda x: x * 0.5, "reflected": lambda x: 2 - x.astype(np.int64),
                "divide": lambda x: 1 / (x + 1), "compare": lambda x: x > 1, "bool": lambda x: x + True,
                "numpy scalar": lambda x: x * np.float32(1.5), "numpy double": lambda x: x + np.float64(1)}, x, scale=2)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_compared_with_pythons_by_value(dtype):
    x = np.array([0, 1, 100], dtype)
    check(lambda x: [(x < n, x <= n, x == n, x != n, n < x, n >= x) for n in (-1, 2, 300, -2**40, 2**63, 2**70)], x)


def test_a_python_integer_out_of_bounds_is_refused():
    import quern
    with pytest.raises(OverflowError, match="300 out of bounds for uint8"):
        quern.jit(lambda x: x + 300)(np.arange(3, dtype=np.uint8))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex(dtype):
    x, y = values(dtype), values(dtype, 1)
    check_each({"add": lambda x, y: x + y, "multiply": lambda x, y: x * y, "divide": lambda x, y: x / y,
                "subtract": lambda x, y: x - y, "negative": lambda x, y: -x, "square": lambda x, y: x ** 2,
                "conj": lambda x, y: x.conj(), "real": lambda x, y: x.real, "imag": lambda x, y: x.imag,
                "abs": lambda x, y: np.abs(x), "angle": lambda x, y: np.angle(x), "exp": lambda x, y: np.exp(x),
                "log": lambda x, y: np.log(x), "sqrt": lambda x, y: np.sqrt(x), "equal": lambda x, y: x == y,
                "where": lambda x, y: np.where(x.real > 0, x, y), "sum": lambda x, y: x.sum(), "mean": lambda x, y: x.mean(),
                "matmul": lambda x, y: x.reshape(4, 6) @ y.reshape(6, 4), "scalar": lambda x, y: x * 2 + 1j,
                "with real": lambda x, y: x * y.real, "take": lambda x, y: x[3:9:2], "make": lambda x, y: x.real + 1j * y.imag,
                "cumsum": lambda x, y: np.cumsum(x), "power": lambda x, y: x ** 0.5, "isnan": lambda x, y: np.isnan(x),
                "reciprocal": lambda x, y: 1 / x, "var": lambda x, y: x.var(), "stack": lambda x, y: np.stack([x, y])},
               x, y, scale=40)


def test_out_and_where():
    def f(x, y):
        out = np.zeros_like(x)
        np.add(x, y, out=out)
        np.multiply(out, 2, out=out, where=x > 0)
        return out

    check(f, np.arange(-3.0, 3), np.ones(6))


def test_methods_of_ufuncs():
    x = np.arange(1.0, 13).reshape(3, 4)
    check_each({"reduce": lambda x: np.add.reduce(x), "reduce axis": lambda x: np.maximum.reduce(x, axis=1),
                "accumulate": lambda x: np.add.accumulate(x, axis=1), "outer": lambda x: np.multiply.outer(x[0], x[1]),
                "subtract outer": lambda x: np.subtract.outer(x[:, 0], x[0]), "any": lambda x: np.logical_or.reduce(x > 11),
                "reduceat": lambda x: np.add.reduceat(x, [0, 2, 1, 2]),
                "reduceat axis": lambda x: np.maximum.reduceat(x, [0, 3], axis=1),
                "reduceat of bools": lambda x: np.add.reduceat(x > 2, [0, 2], axis=-1)}, x)


@pytest.mark.parametrize("places", [[0, 3], [0, -1]])
def test_reduceat_out_of_bounds(places):
    with pytest.raises(IndexError, match="out of bounds|out-of-bounds"):
        quern.jit(lambda x: np.add.reduceat(x, places))(np.ones(3))


def test_at():
    def f(x, i, j, m):
        np.add.at(x, (i, j), 1)
        np.add.at(x, i, 2)
        np.subtract.at(x, (slice(None), j), 1.0)
        np.add.at(x, m, 5)
        np.maximum.at(x, (0, j), 3)
        np.add.at(x, 0, 1)
        return x * 1

    check(f, np.zeros((3, 4)), np.array([0, 1, 1]), np.array([1, 2, 2]), np.eye(3, 4) > 0)


def test_at_elements_named_twice():
    def f(x, i, v):
        np.add.at(x, i, v)
        return x * 1

    check(f, np.zeros(5), np.array([0, 1, 1, 4, 1]), np.arange(5.0))


@pytest.mark.parametrize("shapes", [((3, 4), (4,)), ((3, 1), (1, 4)), ((), (5,)), ((0, 3), (3,)), ((2, 1, 3), (4, 1)), ((1,), (1, 1))])
def test_broadcast(shapes):
    rng = np.random.default_rng(0)
    check(lambda a, b: (a + b, np.maximum(a, b), a < b), *(rng.standard_normal(shape) for shape in shapes))


def test_what_does_not_broadcast_is_numpys_error():
    import quern
    with pytest.raises(ValueError, match=r"could not be broadcast together with shapes \(3,\) \(4,\)"):
        quern.jit(lambda a, b: a + b)(np.ones(3), np.ones(4))


@pytest.mark.parametrize("shape", [(257,), (3, 37), (2, 1, 20)])
def test_complex_of_many_elements(shape):
    """Parts are taken out of whole vectors and interleaved again, tails one by one."""
    rng = np.random.default_rng(4)
    a, b = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape) for _ in range(2))
    check(lambda a, b: (a * b, a.conj(), np.abs(b), np.where(np.abs(a) < 1, a * a + b, a), a[..., 1:] - b[..., :-1], a.imag),
          a, b, scale=4)
    check(lambda a: (a + 1j, a[..., ::2] * 2, a.real.copy()), a.astype(np.complex64))


def test_every_ufunc_is_supported():
    """But those of strings, and of dates, which no program has."""
    from quern._trace import functions, linalg, loops
    functions.load()
    names = {thing.__name__ for thing in vars(np).values() if isinstance(thing, np.ufunc)}
    assert names - set(loops.RULES) - set(linalg.GENERALIZED) == {"isnat"}


def every_float16():
    return np.arange(65536, dtype=np.uint16).view(np.float16)


def test_bits_of_every_float16():
    """NaN's sign is a processor's own where it made the NaN."""
    x = every_float16()
    rest = x[~np.isnan(x)]
    check(lambda x: (np.frexp(x), np.isnan(np.spacing(x))), x)
    check(lambda x: (np.spacing(x), np.signbit(x), np.nextafter(x, np.float16(1)), np.nextafter(x, np.float16(-np.inf)),
                     np.copysign(x, np.float16(-1)), x.view(np.uint16)), rest)
    check(lambda x: [np.ldexp(x, n) for n in (-40, -30, -3, 0, 5, 20, 40)], rest)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_at_the_ends(dtype):
    info = np.finfo(dtype)
    x = np.array([0, -0.0, info.smallest_subnormal, -info.smallest_subnormal, info.smallest_normal, -info.smallest_normal, info.max,
                  -info.max, np.inf, -np.inf, 1, -1, 3 * info.smallest_subnormal, info.eps, 0.1], dtype)
    check(lambda x: (np.frexp(x), np.signbit(x), np.nextafter(x, x[::-1]), np.copysign(1, x), np.spacing(x)), x)
    exponents = np.array([-5000, -2100, -1100, -1074, -1022, -200, -149, -126, -1, 0, 1, 127, 278, 1023, 2098, 5000])
    check(lambda x, n: np.ldexp(x[:, None], n), x, exponents)


def test_views_share_memory():
    def flip(x):
        bits = x.view(np.uint32)
        bits ^= np.uint32(1 << 31)
        return x, bits, (x > 0).view(np.int8), np.arange(3, dtype=np.int8).view(bool)
    check(flip, np.array([1.5, -2, 0], np.float32))


def test_common_divisors():
    a = np.array([[0, 12, -18, 2**62, np.iinfo(np.int64).min, 1]])
    check(lambda a, b: (np.gcd(a, b), np.lcm(a[:, 1:3], b[1:3]), np.gcd(a, 6)), a, np.array([0, 18, 12, 2**40, 2**20, 7]))
    check(lambda a: (np.gcd(a, a), np.lcm(a, 3)), np.zeros((0, 3), np.int32))


COMPLEX = ("sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh exp exp2 expm1 log log2 log10 log1p sqrt "
           "square reciprocal sign rint absolute negative conjugate").split()


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_functions_of_complex_numbers(dtype):
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.standard_normal(40) + 1j * rng.standard_normal(40), np.array([0, 1, -1, 0.5, -0.5]) + 0j]).astype(dtype)
    smooth = [name for name in COMPLEX if name not in ("log", "log2", "log10", "reciprocal", "arctanh")]
    check_each({name: call(getattr(np, name)) for name in smooth}, x, scale=20)
    check_each({name: call(getattr(np, name)) for name in COMPLEX}, x[:40], scale=20)
    check_each({name: call(getattr(np, name)) for name in ("maximum", "minimum", "fmax", "fmin", "logical_xor")}, x, x[::-1].copy())
    awkward = np.array([0, np.inf, -np.inf, complex(0, np.inf), complex(np.inf, np.inf), complex(np.nan, 1), 3 - 4j], dtype)
    check(lambda x, y: (np.sign(x), np.maximum(x, y), np.minimum(x, y), np.fmax(x, y), np.fmin(x, y)), awkward, awkward[::-1].copy())


def test_vectors_of_bools():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 2, (3, 4)).astype(bool), rng.integers(0, 2, (4, 4)).astype(bool)
    check(lambda a, b: (np.vecdot(a, b[:3]), np.vecmat(a, b), np.matvec(b, a[0])), a, b)
