"""Conversions between all pairs of dtypes. Numbers outside the range of an integer dtype saturate and NaN becomes 0."""
import numpy as np

from batch import Batch, Case
from numbers_at import ALL, INTEGERS, REALS, filled

from onnx import helper

SHAPES = [(5, 7), (1, 1), (0, 3), (3, 33)]
BOUNDARIES = [
    127, 127.5, 128, -128, -128.9, -129, 255, 255.5, 256, 32767.5, 32768, -32769, 65535, 65536, 2147483647.,
    2147483648., -2147483648., -2147483649., 4294967295., 4294967296., 9.2233720368547748e18, 9.2233720368547758e18,
    -9.2233720368547758e18, -9.3e18, 1.8446744073709550e19, 1.8446744073709552e19, -.999, .999
]


def values(shape, dtype):
    x = filled(shape, dtype)
    if x.dtype.kind == "f" and x.size > 60:
        flat = x.reshape(-1)
        flat[30:30 + len(BOUNDARIES)] = BOUNDARIES
    return x


def convert(x, to):
    to = np.dtype(to)
    if to.kind in "fb" or x.dtype.kind != "f":
        return x.astype(to)
    limits = np.iinfo(to)

    def one(value):
        if np.isnan(value):
            return 0
        if np.isinf(value):
            return limits.max if value > 0 else limits.min
        return min(max(int(value), limits.min), limits.max)

    return np.array([one(value) for value in x.reshape(-1)], to).reshape(x.shape)


def cases():
    for source in ALL:
        for to in ALL:
            name = f"{np.dtype(source).name}-{np.dtype(to).name}"
            yield Case(f"Cast-{name}",
                       "Cast", [[values(shape, source)] for shape in SHAPES[::-1]] + [[values((1, 70), source)]],
                       lambda x, to=to: convert(x, to),
                       attributes={"to": helper.np_dtype_to_tensor_dtype(np.dtype(to))},
                       static=1)
    for source, to in ((np.float32, np.int8), (np.int64, np.float64), (np.uint8, np.bool_)):
        yield Case(f"CastLike-{source.__name__}-{to.__name__}", "CastLike",
                   [[values((3, 33), source), filled((2,), to)]], lambda x, like: convert(x, like.dtype))


BATCH = Batch(list(cases()), folded=True)


@BATCH.parametrize()
def test_cast(name, shapes, build):
    BATCH.check(name, shapes, build)
