/* Functions that LLVM calls where the machine has no instruction. They travel in every model that needs them, so that
 * none needs libm or the compiler's own library. Names and rounding are those of compiler-rt and C. */
#include <stdint.h>

enum { F64_FRACTION = 52, F64_BIAS = 1023 };
#define F64_INFINITY ((uint64_t)0x7ff << F64_FRACTION)
#define F64_HIDDEN ((uint64_t)1 << F64_FRACTION)
#define F64_SIGN ((uint64_t)1 << 63)

static uint64_t bits_of(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double value_of(uint64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

/* The significand of a finite nonzero number with its leading bit at F64_FRACTION; *exponent is moved accordingly. */
static uint64_t normalize(uint64_t magnitude, int *exponent) {
  *exponent = (int)(magnitude >> F64_FRACTION);
  uint64_t fraction = magnitude & (F64_HIDDEN - 1);
  if (*exponent > 0)
    return fraction | F64_HIDDEN;
  int shift = __builtin_clzll(fraction) - (63 - F64_FRACTION);
  *exponent = 1 - shift;
  return fraction << shift;
}

/* Long division, one bit of the quotient at a time: exact. */
double fmod(double x, double y) {
  uint64_t a = bits_of(x) & ~F64_SIGN, b = bits_of(y) & ~F64_SIGN, sign = bits_of(x) & F64_SIGN;
  if (b == 0 || b > F64_INFINITY || a >= F64_INFINITY)
    return (x * y) / (x * y); /* NaN */
  if (a < b)
    return x;
  int exponent, least;
  uint64_t rest = normalize(a, &exponent), divisor = normalize(b, &least);
  for (; exponent > least; --exponent) {
    if (rest >= divisor)
      rest -= divisor;
    rest <<= 1;
  }
  if (rest >= divisor)
    rest -= divisor;
  if (rest == 0)
    return value_of(sign);
  int shift = __builtin_clzll(rest) - (63 - F64_FRACTION);
  rest <<= shift;
  exponent -= shift;
  if (exponent > 0)
    return value_of(sign | (uint64_t)exponent << F64_FRACTION | (rest & (F64_HIDDEN - 1)));
  return value_of(sign | rest >> (1 - exponent));
}

/* The remainder of two floats is a float, so nothing is rounded here. */
float fmodf(float x, float y) { return (float)fmod(x, y); }

/* Rounds to nearest, ties to even, to a format of 16 bits with `fraction` bits of fraction. */
static uint16_t round_to_16(double value, int fraction) {
  const int exponent_bits = 15 - fraction, bias = (1 << (exponent_bits - 1)) - 1, drop = F64_FRACTION - fraction;
  const uint64_t infinity = (((uint64_t)1 << exponent_bits) - 1) << fraction;
  uint64_t bits = bits_of(value), magnitude = bits & ~F64_SIGN;
  uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
  if (magnitude > F64_INFINITY) /* NaN, made quiet */
    return (uint16_t)(sign | infinity | 1u << (fraction - 1));
  int exponent = (int)(magnitude >> F64_FRACTION) - F64_BIAS + bias;
  if (exponent >= (1 << exponent_bits) - 1)
    return (uint16_t)(sign | infinity);
  int shift = exponent > 0 ? drop : drop + 1 - exponent; /* below the smallest normal number fewer bits remain */
  if (shift > F64_FRACTION + 1)
    return sign;
  uint64_t significand = (magnitude & (F64_HIDDEN - 1)) | F64_HIDDEN;
  uint64_t result = significand >> shift, rest = significand & (((uint64_t)1 << shift) - 1);
  uint64_t half = (uint64_t)1 << (shift - 1);
  /* The hidden bit adds one to the exponent; a carry of the rounding does too, up to infinity. */
  result += exponent > 0 ? (uint64_t)(exponent - 1) << fraction : 0;
  result += rest > half || (rest == half && (result & 1));
  return (uint16_t)(sign | result);
}

_Float16 __truncdfhf2(double value) {
  uint16_t bits = round_to_16(value, 10);
  _Float16 result;
  __builtin_memcpy(&result, &bits, sizeof result);
  return result;
}

__bf16 __truncdfbf2(double value) {
  uint16_t bits = round_to_16(value, 7);
  __bf16 result;
  __builtin_memcpy(&result, &bits, sizeof result);
  return result;
}

__bf16 __truncsfbf2(float value) { return __truncdfbf2(value); }
