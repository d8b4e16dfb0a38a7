#!/usr/bin/env python3
"""Derives every polynomial of the vector math and prints VectorMathCoefficients.h.

    python3 codegen/common/coefficients.py > codegen/common/VectorMathCoefficients.h

Each fit is a weighted minimax (Remez exchange in 60-digit arithmetic). Coefficients are rounded to the working format
from the lowest order up, and the remaining ones are fitted again after each rounding, so that the higher orders absorb
the rounding of the lower ones. The error that is left is printed in the comment above each table.
"""
import sys

from mpmath import mp, mpf

mp.dps = 60


def round_to(bits, value):
    """The nearest number of `bits` significant bits (exponents are never extreme here)."""
    if value == 0:
        return mpf(0)
    mantissa, exponent = mp.frexp(value)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits)


def remez(target, weight, variable, degree, low, high, rounds=40):
    """Coefficients c and the error e that minimize max |(target(x) - sum c[k] variable(x)^k) weight(x)|."""
    count = degree + 2
    grid_count = 40 * count
    grid = [low + (high - low) * (1 - mp.cos(mp.pi * i / grid_count)) / 2 for i in range(grid_count + 1)]
    # Around 0 the weight vanishes: nothing to fit there, and a reference point would force the error to 0.
    values = [(target(x), weight(x), variable(x)) for x in grid if abs(x) > (high - low) / 50]
    chosen = [round(i * (len(values) - 1) / (count - 1)) for i in range(count)]
    for _ in range(rounds):
        matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
        for row, at in enumerate(chosen):
            f, w, v = values[at]
            for k in range(degree + 1):
                matrix[row, k] = w * v**k
            matrix[row, degree + 1] = (-1) ** row
            right[row] = w * f
        solution = mp.lu_solve(matrix, right)
        c = [solution[k] for k in range(degree + 1)]
        errors = [w * (f - mp.polyval(c[::-1], v)) for f, w, v in values]
        extrema = alternating_extrema(errors, count)
        worst = max(abs(e) for e in errors)
        if extrema is None or worst <= abs(solution[degree + 1]) * mpf("1.01"):
            break
        chosen = extrema
    return c, worst


def alternating_extrema(errors, count):
    """Grid indices of `count` extrema of alternating sign that contain the largest, or None."""
    runs = []
    for i, e in enumerate(errors):
        if runs and (errors[runs[-1]] > 0) == (e > 0):
            if abs(e) > abs(errors[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    size = [abs(errors[i]) for i in runs]
    while len(runs) > count:
        smallest = size.index(min(size))
        if smallest not in (0, len(runs) - 1) and len(runs) > count + 1:
            # An interior one goes together with the smaller neighbour, so that the signs still alternate.
            neighbour = smallest - 1 if size[smallest - 1] < size[smallest + 1] else smallest + 1
            for i in sorted((smallest, neighbour), reverse=True):
                del runs[i], size[i]
        else:
            end = 0 if size[0] < size[-1] else len(runs) - 1
            del runs[end], size[end]
    return runs if len(runs) == count else None


def fit(bits, target, weight, variable, degree, low, high):
    """Minimax coefficients rounded to `bits`, lowest order first, and the weighted error that remains."""
    fixed = []
    for k in range(degree + 1):
        # What is left after the rounded terms, divided by variable^k; its weight is multiplied by the same.
        def rest(x):
            v = variable(x)
            return (target(x) - (mp.polyval(fixed[::-1], v) if fixed else 0)) / (v or EPS) ** k

        c, _ = remez(rest, lambda x: abs(weight(x) * variable(x) ** k), variable, degree - k, low, high)
        fixed.append(round_to(bits, c[0]))
    samples = [low + (high - low) * i / 997 for i in range(998)]
    worst = max(abs(weight(x) * (target(x) - mp.polyval(fixed[::-1], variable(x)))) for x in samples if x)
    return fixed, worst


def identity(x):
    return x


def square(x):
    return x * x


def tail(function, terms):
    """(function(x) - its first Taylor terms) / x^power, stable at 0 by its series: terms = {power: coefficient}."""
    power = max(terms) + 1 if terms else 0

    def value(x, power=power):
        with mp.workdps(150):
            x = mpf(x)
            return (function(x) - sum(c * x**k for k, c in terms.items())) / x**power

    return value


EPS = mpf(10) ** -12  # keeps the fits off removable singularities
LN2 = mp.log(2)
DELTA = mpf("0.139")  # exp rounds x/ln 2 - DELTA, see VectorMathExp.cpp


def exp_tail(bits, degree):
    low, high = (DELTA - mpf("0.5")) * LN2, (DELTA + mpf("0.5")) * LN2
    f = tail(mp.exp, {0: 1, 1: 1})
    low, high = low * mpf("1.001"), high * mpf("1.001")
    return fit(bits, lambda x: f(x or EPS), lambda x: x * x / mp.exp(x), identity, degree, low, high)


def exp2_tail(bits, degree):
    f = tail(lambda x: mp.power(2, x), {0: 1})
    return fit(bits, lambda x: f(x or EPS), lambda x: x / mp.power(2, x), identity, degree, mpf("-0.5"), mpf("0.5"))


def expm1_tail(bits, degree):
    f = tail(mp.expm1, {1: 1})
    high = LN2 / 2 * mpf("1.001")
    return fit(bits, lambda x: f(x or EPS), lambda x: x * x / mp.expm1(x or EPS), identity, degree, -high, high)


def log1p_tail(bits, degree):
    f = tail(mp.log1p, {1: 1})
    low, high = mpf("-0.25"), mpf("0.5")
    return fit(bits, lambda x: f(x or EPS), lambda x: x * x / mp.log1p(x or EPS), identity, degree, low, high)


def odd_tail(function, bits, degree, high):
    """function(x) = x + x^3 P(x^2)"""
    f = tail(function, {1: 1, 2: 0})
    return fit(bits, f, lambda x: x**3 / function(x), square, degree, EPS, high)


def sin_tail(bits, degree):
    return odd_tail(mp.sin, bits, degree, mpf("0.80"))


def cos_tail(bits, degree):
    """cos(x) = 1 - x^2/2 + x^4 P(x^2)"""
    f = tail(mp.cos, {0: 1, 2: mpf("-0.5"), 3: 0})
    return fit(bits, f, lambda x: x**4 / mp.cos(x), square, degree, EPS, mpf("0.80"))


def atan_tail(bits, degree):
    return odd_tail(mp.atan, bits, degree, mpf("0.4145"))


def asin_tail(bits, degree):
    return odd_tail(mp.asin, bits, degree, mpf("0.5"))


def atanh_tail(bits, degree):
    return odd_tail(mp.atanh, bits, degree, mpf("0.1717"))


def erf_tail(bits, degree):
    """erf(x) = x + x P(x^2)"""
    high = mpf("0.93") if bits == 24 else mpf("1.0")
    return fit(bits, lambda x: mp.erf(x) / x - 1, lambda x: x / mp.erf(x), square, degree, EPS, high)


def erfc_exponent(bits, degree):
    """erfc(x) = 2^(x P(x) - 2 x)"""
    low, high = mpf("0.92"), mpf("3.95")
    return fit(bits, lambda x: mp.log(mp.erfc(x), 2) / x + 2, lambda x: x * mp.erfc(x), identity, degree, low, high)


def erfc_scaled(bits, degree):
    """erfc(x) = e^(-x^2) P((x - 2) / (x + 2))"""
    f = lambda x: mp.erfc(x) * mp.exp(x * x)
    return fit(bits, f, lambda x: 1 / f(x), lambda x: (x - 2) / (x + 2), degree, mpf("0.99"), mpf("6.0"))


# name, meaning, fit, degree for f32, degree for f64 (None: not used there)
TABLES = [
    ("ExpTail", "e^r = 1 + r + r^2 P(r), relative error", exp_tail, 4, 10),
    ("Exp2Tail", "2^r = 1 + r P(r), relative error", exp2_tail, 5, 11),
    ("Expm1Tail", "e^r - 1 = r + r^2 P(r), relative error", expm1_tail, 5, 10),
    ("Log1pTail", "log(1 + f) = f + f^2 P(f), relative error", log1p_tail, 8, 20),
    ("AtanhTail", "atanh(q) = q + q^3 P(q^2), relative error", atanh_tail, 3, 7),
    ("SinTail", "sin(r) = r + r^3 P(r^2), relative error", sin_tail, 3, 6),
    ("CosTail", "cos(r) = 1 - r^2/2 + r^4 P(r^2), relative error", cos_tail, 2, 5),
    ("AtanTail", "atan(a) = a + a^3 P(a^2), relative error", atan_tail, 4, 10),
    ("AsinTail", "asin(x) = x + x^3 P(x^2), relative error", asin_tail, 4, 12),
    ("ErfTail", "erf(x) = x + x P(x^2), relative error", erf_tail, 6, 13),
    ("ErfcExponent", "erfc(x) = 2^(x P(x) - 2 x), absolute error of erf", erfc_exponent, 6, None),
    ("ErfcScaled", "erfc(x) = e^(-x^2) P((x - 2) / (x + 2)), relative error", erfc_scaled, None, 16),
]


def split(value, bits):
    """`value` as parts of `bits` significant bits each, largest first."""
    parts = []
    for b in bits:
        parts.append(round_to(b, value - sum(parts)))
    return parts


# name, value, bits of each part for f32, for f64. A short first part makes its product with a small integer exact.
CONSTANTS = [
    ("Ln2Parts", LN2, (16, 24), (42, 53)),
    ("Log2eParts", 1 / LN2, (24, 24), (53, 53)),
    ("Ln2", LN2, (24, 24), (53, 53)),
    ("PiHalfParts", mp.pi / 2, (24, 24, 24), (53, 53, 53)),
]



def trimmed(value):
    """A hexadecimal literal without trailing zeros in its mantissa."""
    text = float(value).hex()
    if "." not in text:
        return text
    head, rest = text.split(".")
    mantissa, exponent = rest.split("p")
    mantissa = mantissa.rstrip("0")
    return f"{head}.{mantissa}p{exponent}" if mantissa else f"{head}p{exponent}"


def table(name, width, values):
    rows, row = [], "   "
    for text in map(trimmed, values):
        if len(row) + len(text) + 2 > 118:
            rows.append(row)
            row = "   "
        row += f" {text},"
    rows.append(row)
    return f"inline constexpr double k{name}F{width}[] = {{\n" + "\n".join(rows) + "\n};"


def words_of_two_over_pi(count):
    with mp.workdps(500):
        digits = int(mp.floor(2 / mp.pi * mpf(2) ** (32 * count)))
    words = [0] + [(digits >> (32 * (count - 1 - i))) & 0xFFFFFFFF for i in range(count)]
    lines = [" ".join(f"0x{w:08X}," for w in words[i : i + 8]) for i in range(0, len(words), 8)]
    return "inline constexpr uint32_t kTwoOverPiWords[] = {\n    " + "\n    ".join(lines) + "\n};"


def main():
    print("// Written by coefficients.py: change that, not this. Lowest order first; hexadecimal, exact in the format.")
    print("#pragma once\n#include \"codegen/common/Lanes.h\"\n\nnamespace quern {\n")
    for name, meaning, derive, *degrees in TABLES:
        print(f"// {meaning}:", end="")
        texts = []
        for width, bits, degree in ((32, 24, degrees[0]), (64, 53, degrees[1])):
            if degree is None:
                continue
            values, error = derive(bits, degree)
            print(f"{',' if texts else ''} f{width} 2^{float(mp.log(error, 2)):.1f}", end="")
            print(name, width, float(mp.log(error, 2)), file=sys.stderr)
            texts.append(table(name, width, values))
        print()
        print("\n".join(texts))
        if len(texts) == 2:
            print(f"inline constexpr PerFormat k{name}{{k{name}F32, k{name}F64}};")
        print()
    for name, value, bits32, bits64 in CONSTANTS:
        print(table(name, 32, split(value, bits32)))
        print(table(name, 64, split(value, bits64)))
        print(f"inline constexpr PerFormat k{name}{{k{name}F32, k{name}F64}};\n")
    print(f"inline constexpr double kTwoOverPi = {trimmed(2 / mp.pi)};\n")
    print("// The bits of 2 / pi after the binary point, 32 a word, after one word of zeros.")
    print(words_of_two_over_pi(40))
    print("\n} // namespace quern")


if __name__ == "__main__":
    main()
