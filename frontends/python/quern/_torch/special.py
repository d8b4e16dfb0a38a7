"""Functions of mathematics that no graph op computes, by their usual approximations; they enter the table of composites.py."""
import math

import torch

from .composites import composes

_aten = torch.ops.aten


def _in_double(function):
    """float32 and narrower as float64, where the formula loses digits."""
    def rule(x):
        kind = x.dtype if x.dtype.is_floating_point else torch.get_default_dtype()
        return function(x.to(torch.float64)).to(kind)
    return rule


def _polynomial(x, coefficients):
    """Horner's rule, the highest power first."""
    value = torch.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


@composes(_aten.erfinv.default)
@_in_double
def _erfinv(y):
    """A rational approximation and two steps of Newton's method, as PyTorch computes it."""
    square, size = y * y, torch.sqrt(-torch.log((1 - y.abs()) / 2))
    near = y * _polynomial(square, (-0.140543331, 0.914624893, -1.645349621, 0.886226899)) / _polynomial(
        square, (0.012229801, -0.329097515, 1.442710462, -2.118377725, 1.0))
    far = _polynomial(size, (1.641345311, 3.429567803, -1.624906493, -1.970840454)) / _polynomial(
        size, (1.637067800, 3.543889200, 1.0))
    x = torch.where(y.abs() <= 0.7, near, torch.copysign(far, y))
    for _ in range(2):
        x = x - (torch.erf(x) - y) / (2 / math.sqrt(math.pi) * torch.exp(-x * x))
    return torch.where(y.abs() == 1, torch.copysign(torch.full_like(y, math.inf), y), x)


# Of erfc(z) = t exp(-z^2 + P(t)), t = 2 / (2 + z), in Chebyshev polynomials (Press et al., Numerical Recipes, 6.2).
_ERFC = (-1.3026537197817094, 6.4196979235649026e-1, 1.9476473204185836e-2, -9.561514786808631e-3, -9.46595344482036e-4,
         3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5, -1.624290004647e-6, 1.303655835580e-6, 1.5626441722e-8,
         -8.5238095915e-8, 6.529054439e-9, 5.059343495e-9, -9.91364156e-10, -2.27365122e-10, 9.6467911e-11, 2.394038e-12,
         -6.886027e-12, 8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15, -1.523e-15, -9.4e-17, 1.21e-16, -2.8e-17)


@composes(_aten.erfc.default)
@_in_double
def _erfc(x):
    size = x.abs()
    t = 2 / (2 + size)
    twice = 4 * t - 2
    last, value = torch.zeros_like(x), torch.zeros_like(x)
    for coefficient in _ERFC[:0:-1]:
        last, value = value, twice * value - last + coefficient
    tail = t * torch.exp(-size * size + 0.5 * (_ERFC[0] + twice * value) - last)
    return torch.where(x >= 0, tail, 2 - tail)


@composes(_aten.special_ndtri.default)
@_in_double
def _ndtri(p):
    return math.sqrt(2) * _erfinv(2 * p - 1)


# Lanczos' approximation with g = 7.
_LANCZOS = (676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
            -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7)


@composes(_aten.lgamma.default)
@_in_double
def _lgamma(x):
    """Below 1/2 by Euler's reflection."""
    low = x < 0.5
    z = torch.where(low, 1 - x, x) - 1
    total = torch.full_like(z, 0.99999999999980993)
    for i, coefficient in enumerate(_LANCZOS, start=1):
        total = total + coefficient / (z + i)
    t = z + 7.5
    value = 0.5 * math.log(2 * math.pi) + (z + 0.5) * torch.log(t) - t + torch.log(total)
    value = torch.where(x.isinf(), math.inf, value)
    reflected = math.log(math.pi) - torch.log(torch.sin(math.pi * (x - torch.floor(x))).abs()) - value
    return torch.where(low & ~x.isinf(), reflected, value)


@composes(_aten.digamma.default)
@_in_double
def _digamma(x):
    """By the recurrence up to 6 and the asymptotic series from there; below 0 by reflection."""
    low = x < 0
    z, value = torch.where(low, 1 - x, x), torch.zeros_like(x)
    for _ in range(6):
        small = z < 6
        value = torch.where(small, value - 1 / z, value)
        z = torch.where(small, z + 1, z)
    inverse = 1 / (z * z)
    series = _polynomial(inverse, (-1 / 12, 691 / 32760, -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12, 0.0))
    value = value + torch.log(z) - 0.5 / z + series
    reflected = torch.where(x == torch.floor(x), math.nan, value - math.pi / torch.tan(math.pi * (x - torch.floor(x))))
    return torch.where(low, reflected, torch.where(x == 0, torch.copysign(torch.full_like(x, math.inf), -x), value))


@composes(_aten.linalg_matrix_exp.default)
def _matrix_exp(matrix):
    """Taylor's series of x / 2^s, squared s times."""
    x, steps = matrix if matrix.is_complex() else matrix.double(), 16
    size = x.abs().sum(-2, keepdim=True).amax(-1, keepdim=True)
    halvings = torch.ceil(torch.log2(size.clamp(min=1e-30)) + 1).clamp(0, steps)
    part, unit = x * torch.exp2(-halvings), torch.eye(x.shape[-1], dtype=x.dtype)
    value = unit.expand(x.shape)
    for number in range(16, 0, -1):
        value = unit + part @ value / number
    for step in range(steps):
        value = torch.where(halvings > step, value @ value, value)
    return value.to(matrix.dtype)
