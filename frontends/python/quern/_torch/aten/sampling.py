"""Interpolation between elements."""
from ..._trace import neural
from .table import lowers


def _rows():
    """operator: graph.resize's mode, its coordinates with and without aligned corners, its rounding."""
    for rank in (1, 2, 3):
        yield f"upsample_nearest{rank}d", ("nearest", "asymmetric", "asymmetric", "floor")
        yield f"_upsample_nearest_exact{rank}d", ("nearest", "half_pixel", "half_pixel", "round_prefer_ceil")
    for name in ("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"):
        yield name, ("linear", "half_pixel", "align_corners", "floor")
    yield "upsample_bicubic2d", ("cubic", "half_pixel", "align_corners", "floor")


def _resize(c, x, mode, coordinates, nearest, factors):
    """`factors`: output / input as PyTorch was told, None where it takes the quotient of the extents, as with aligned corners."""
    dims, scales = c.dims(), [1.0, 1.0]
    for axis, factor in enumerate(factors, start=2):
        known = isinstance(x.dims[axis], int) and isinstance(dims[axis], int)
        scales.append(float(factor) if factor and coordinates != "align_corners" else dims[axis] / x.dims[axis] if known else 0.0)
    return c.tensor(neural.resize(c.wide(x), dims, mode, coordinates, nearest, scales), c.dtype())


def _rule(mode, apart, aligned, nearest, has_corners):
    def by_lists(c, x, size, *rest):
        corners, factors = rest if has_corners else (False, *rest)
        return _resize(c, x, mode, aligned if corners else apart, nearest, factors or [None] * (len(x.dims) - 2))

    def by_numbers(c, x, size, *rest, **named):
        corners, factors = (rest[0], rest[1:]) if has_corners else (False, rest)
        factors = [*factors, *named.values()]
        factors += [None] * (len(x.dims) - 2 - len(factors))
        return _resize(c, x, mode, aligned if corners else apart, nearest, factors)
    return by_lists, by_numbers


for _name, _how in _rows():
    _lists, _numbers = _rule(*_how, has_corners="nearest" not in _name)
    lowers(f"{_name}.vec")(_lists)
    lowers(f"{_name}.default")(_numbers)
