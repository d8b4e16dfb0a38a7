"""Dtypes, operands at the edges of their ranges, and bounds of errors."""
import numpy as np

REALS = (np.float32, np.float64)
SIGNED = (np.int8, np.int16, np.int32, np.int64)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)
INTEGERS = SIGNED + UNSIGNED
NUMBERS = REALS + INTEGERS
ALL = NUMBERS + (np.bool_,)

EDGES = [
    0., -0., 1, -1, .5, -.5, np.nan, np.inf, -np.inf, 1e-40, -1e-30, 88.5, -87.25, -104, 1e4, -3e6, 2.5, -3.5, 1.5,
    .9999, -.9999, 1e-5, 20, -20, 9, 3.14159265
]


def generator(*seed):
    return np.random.default_rng([len(seed), *seed])


def filled(shape, dtype, seed=0, edges=True):
    """Random values of a dtype; from the front the edges of its range, as many as there is room for."""
    dtype, shape = np.dtype(dtype), tuple(shape)
    random = generator(seed, *shape)
    if dtype == bool:
        return random.integers(0, 2, shape).astype(bool)
    if dtype.kind == "f":
        values = random.standard_normal(shape).astype(dtype)
        special = np.array(EDGES, dtype)
    else:
        limits = np.iinfo(dtype)
        values = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        special = np.array([0, 1, limits.max, limits.min, limits.max - 1, 2, 3], dtype)
    if edges and values.size:
        special = np.roll(special, seed)[:values.size]
        values.reshape(-1)[:len(special)] = special
    return values


def normal(*shape, dtype=np.float32, seed=0):
    return generator(seed, *shape).standard_normal(shape).astype(dtype)


def wide(x):
    """The values in a format in which a reference can be computed: float64, or the 80-bit one for float64."""
    if x.dtype == np.float32:
        return x.astype(np.float64)
    return x.astype(np.longdouble) if x.dtype == np.float64 else x


def relative(function, ulps, spread=0):
    """A bound: `ulps` units of the last place of each result, and `spread` of those of the largest input or 1."""
    def bound(*operands):
        first = next(operand for operand in operands if operand is not None and operand.dtype.kind == "f")
        unit = np.finfo(first.dtype)
        want = np.abs(np.asarray(function(*map(wide, operands)), np.float64))
        result = ulps * float(unit.eps) * want + (float(unit.tiny) if ulps else 0)
        if spread:
            result = result + spread * float(unit.eps) * np.maximum(1, np.abs(operands[0].astype(np.float64)))
        return np.where(np.isfinite(result), result, 0)

    return bound
