"""Loops of NumPy's ufuncs that work on the bits of numbers: signs, exponents, neighbours, counts."""
import numpy as np

from . import build


def _b(op, a, b): return build.binary(op, a, b)


def bits_of(x):
    """The bits of floats as unsigned integers of their width."""
    return build.bitcast(x, np.dtype(f"uint{x.dtype.itemsize * 8}"))


def _mask(x):
    """A one for each bit but the sign's."""
    return (1 << (x.dtype.itemsize * 8 - 1)) - 1


def _mantissa_bits(dtype):
    return np.finfo(dtype).nmant


def signbit(x):
    bits = bits_of(x)
    return build.compare("gt", bits, build.like(bits, _mask(x)))


def copysign(a, b):
    mask = _mask(a)
    size, sign = bits_of(a), bits_of(b)
    return build.bitcast(_b("or", _b("and", size, build.like(size, mask)), _b("and", sign, build.like(sign, mask + 1))),
                         a.dtype)


def bitwise_count(x):
    """Sums of pairs, of fours, of bytes; then a product that adds the bytes in the highest one."""
    if x.dtype.kind == "b":
        return build.cast(x, np.uint8)
    if x.dtype.kind == "i":
        x = build.unary("abs", x)
    width = x.dtype.itemsize * 8
    x = build.cast(x, np.dtype(f"uint{width}"))

    def of_bytes(byte): return build.like(x, int.from_bytes(bytes([byte]) * (width // 8), "little"))
    def shifted(value, by): return _b("shift_right", value, build.like(x, by))

    x = _b("sub", x, _b("and", shifted(x, 1), of_bytes(0x55)))
    x = _b("add", _b("and", x, of_bytes(0x33)), _b("and", shifted(x, 2), of_bytes(0x33)))
    x = _b("and", _b("add", x, shifted(x, 4)), of_bytes(0x0F))
    return x if width == 8 else shifted(_b("mul", x, of_bytes(1)), width - 8)


def _special(x):
    """Where frexp and ldexp give the number itself: 0, infinities, NaN."""
    bits = bits_of(x)
    size = _b("and", bits, build.like(bits, _mask(x)))
    infinite = ((1 << (x.dtype.itemsize * 8 - 1)) - (1 << _mantissa_bits(x.dtype)))
    return _b("or", build.compare("eq", size, build.like(size, 0)), build.compare("ge", size, build.like(size, infinite)))


def frexp(x):
    """A number below the least normal one is scaled up first, so that its exponent's field says it."""
    info, count = np.finfo(x.dtype), _mantissa_bits(x.dtype)
    small = build.compare("lt", build.unary("abs", x), build.like(x, info.smallest_normal))
    scaled = build.select(small, _b("mul", x, build.like(x, 2.0 ** (count + 1))), x)
    bits = bits_of(scaled)
    ones = (1 << (info.bits - 1 - count)) - 1
    field = _b("and", _b("shift_right", bits, build.like(bits, count)), build.like(bits, ones))
    exponent = _b("sub", build.cast(field, np.int32), build.scalar(x.program, int(info.maxexp) - 2, np.int32))
    exponent = _b("sub", exponent, _b("mul", build.cast(small, np.int32), build.scalar(x.program, count + 1, np.int32)))
    rest = _b("and", bits, build.like(bits, (1 << info.bits) - 1 - (ones << count)))
    part = build.bitcast(_b("or", rest, build.like(bits, (int(info.maxexp) - 2) << count)), x.dtype)
    special = _special(x)
    return build.select(special, x, part), build.select(special, build.like(exponent, 0), exponent)


def ldexp(x, exponent):
    """By powers of two in up to three steps: none of them rounds but the last. float16 goes through float32, which holds
    every step of its own."""
    if x.dtype == np.float16:
        return build.cast(ldexp(build.cast(x, np.float32), exponent), np.float16)
    info, count = np.finfo(x.dtype), _mantissa_bits(x.dtype)
    high, low = int(info.maxexp) - 1, int(info.minexp)
    down = low + count + 1
    n = build.cast(exponent, np.int64)
    n = _b("max", _b("min", n, build.like(n, 3 * high)), build.like(n, 2 * down + low))
    for _ in range(2):
        over, under = build.compare("gt", n, build.like(n, high)), build.compare("lt", n, build.like(n, low))
        step = build.select(over, build.like(x, 2.0 ** high), build.select(under, build.like(x, 2.0 ** down), build.like(x, 1)))
        x = _b("mul", x, step)
        n = _b("sub", n, build.select(over, build.like(n, high), build.select(under, build.like(n, down), build.like(n, 0))))
    field = build.cast(_b("add", n, build.like(n, high)), np.dtype(f"uint{info.bits}"))
    return _b("mul", x, build.bitcast(_b("shift_left", field, build.like(field, count)), x.dtype))


def nextafter(x, target):
    """One up or down in the bits, which are in the order of the numbers on each side of 0."""
    bits = bits_of(x)
    outward = build.compare("eq", build.compare("lt", x, target), build.compare("gt", x, build.like(x, 0)))
    step = build.select(outward, _b("add", bits, build.like(bits, 1)), _b("sub", bits, build.like(bits, 1)))
    tiny = copysign(build.bitcast(build.broadcast(build.like(bits, 1), step.dims), x.dtype), target)
    near = build.select(build.compare("eq", x, build.like(x, 0)), tiny, build.bitcast(step, x.dtype))
    near = build.select(build.compare("eq", x, target), target, near)
    unordered = _b("or", build.predicate("is_nan", x), build.predicate("is_nan", target))
    return build.select(unordered, _b("add", x, target), near)


def spacing(x):
    """The distance to the next number away from 0, with the sign of that direction; float16's is the one to the next
    larger number, as NumPy has it."""
    away = build.like(x, np.inf)
    if x.dtype != np.float16:
        nonnegative = build.compare("ge", x, build.like(x, 0))
        away = build.select(nonnegative, away, build.like(x, -np.inf))
    gap = _b("sub", nextafter(x, away), x)
    infinite = build.predicate("is_inf", x, negative="true", positive="true")
    return build.select(infinite, build.like(x, np.nan), gap)


def _magnitude(x):
    """|x| as an unsigned integer, which holds that of the least integer too."""
    unsigned = np.dtype(f"uint{x.dtype.itemsize * 8}")
    return build.cast(build.unary("abs", x) if x.dtype.kind == "i" else x, unsigned)


def gcd(a, b):
    """Euclid's algorithm on all elements at once, until none changes."""
    from .array import Tracer
    from .control import while_loop
    dims = build.broadcast_dims([a.dims, b.dims], a.program)
    a, b = (build.broadcast(_magnitude(value), dims) for value in (a, b))

    def step(state):
        large, small = (part.value for part in state)
        done = build.compare("eq", small, build.like(small, 0))
        rest = build.binary("mod", large, build.select(done, build.like(small, 1), small), truncated="true")
        return Tracer(build.select(done, large, small)), Tracer(build.select(done, small, rest))

    return while_loop(lambda state: np.any(state[1] != 0), step, (Tracer(a), Tracer(b)))[0].value


def lcm(a, b):
    common = gcd(a, b)
    none = build.compare("eq", common, build.like(common, 0))
    return _b("mul", _b("div", _magnitude(a), build.select(none, build.like(common, 1), common)), _magnitude(b))


RULES = {"signbit": signbit, "copysign": copysign, "bitwise_count": bitwise_count, "frexp": frexp, "ldexp": ldexp,
         "nextafter": nextafter, "spacing": spacing, "gcd": gcd, "lcm": lcm}
