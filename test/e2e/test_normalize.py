"""Normalizations and softmax along any axes, with the definitions of old and new operator sets."""
import numpy as np

from batch import Batch, Case
from numbers_at import REALS, normal, wide

SHAPES = [(3, 5, 37), (2, 1, 16), (1, 4, 1), (4, 3, 129)]


def attribute(number):
    """A number as the model holds it."""
    return float(np.float32(number))


def softmax(x, axes):
    e = np.exp(x - x.max(axes, keepdims=True, initial=-np.inf))
    return e / e.sum(axes, keepdims=True)


def log_softmax(x, axes):
    shifted = x - x.max(axes, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axes, keepdims=True))


def hardmax(x, axes):
    rows = np.moveaxis(x, axes, range(-len(axes), 0))
    flat = rows.reshape(rows.shape[:-len(axes)] + (-1,))
    ones = np.arange(flat.shape[-1]) == flat.argmax(-1)[..., None]
    return np.moveaxis(ones.reshape(rows.shape), range(-len(axes), 0), axes).astype(x.dtype)


def row(values, dtype=np.float32):
    return [[np.array(values, dtype)]]


def softmaxes():
    for operator, function in (("Softmax", softmax), ("LogSoftmax", log_softmax), ("Hardmax", hardmax)):
        for dtype in REALS:
            eps = float(np.finfo(dtype).eps)
            for axis in (0, 1, 2, -1, -2):
                for opset in (13, 11):
                    axes = (axis,) if opset == 13 else tuple(range(axis % 3, 3))
                    yield Case(f"{operator}.{axis}.opset{opset}-{dtype.__name__}",
                               operator, [[normal(*shape, dtype=dtype) * 4] for shape in SHAPES],
                               lambda x, f=function, axes=axes: f(wide(x), axes),
                               (lambda x, eps=eps: 40 * eps) if operator != "Hardmax" else lambda x: 0, {"axis": axis},
                               opset=opset,
                               dtypes=(dtype,),
                               static=1)
        for length in (1, 2, 15, 16, 17, 31, 33, 64, 1000):
            yield Case(f"{operator}.length{length}",
                       operator, [[normal(3, length) * 4]],
                       lambda x, f=function: f(wide(x), (1,)),
                       lambda x: 4e-6,
                       dtypes=(np.float32,),
                       opset=13)
    for operator, function in (("Softmax", softmax), ("LogSoftmax", log_softmax)):
        for label, values in (("large", [[1e4, 9999.5, -1e4, 88, 3e38]]), ("masked", [[-np.inf, 0, -np.inf, 1, 2]]),
                              ("nan", [[1, np.nan, 2, 3, 4]]), ("infinite", [[np.inf, 1, 2, 3,
                                                                              4]]), ("lost", [[-np.inf] * 5])):
            yield Case(f"{operator}.{label}",
                       operator,
                       row(values),
                       lambda x, f=function: f(wide(x), (1,)),
                       lambda x: 4e-6,
                       dtypes=(np.float32,),
                       opset=13)


def channels(v, x):
    return v.reshape((1, -1) + (1,) * (x.ndim - 2))


def layer_norm(axis, epsilon):
    def expected(x, scale, bias=None):
        axes = tuple(range(axis % x.ndim, x.ndim))
        x, scale = wide(x), wide(scale)
        mean = x.mean(axes, keepdims=True)
        inverse = 1 / np.sqrt(((x - mean)**2).mean(axes, keepdims=True) + attribute(epsilon))
        result = (x - mean) * inverse * scale
        return result if bias is None else result + wide(bias)

    return expected


def rms_norm(axis, epsilon):
    def expected(x, scale):
        axes = tuple(range(axis % x.ndim, x.ndim))
        return wide(x) / np.sqrt((wide(x)**2).mean(axes, keepdims=True) + attribute(epsilon)) * wide(scale)

    return expected


def batch_norm(x, scale, bias, mean, variance):
    x, scale, bias, mean, variance = (wide(v) if v is x else channels(wide(v), x)
                                      for v in (x, scale, bias, mean, variance))
    return (x - mean) / np.sqrt(variance + 1e-5) * scale + bias


def instance_norm(x, scale, bias):
    axes = tuple(range(2, x.ndim))
    wider = wide(x)
    return (wider - wider.mean(axes, keepdims=True)) / np.sqrt(wider.var(axes, keepdims=True) + 1e-5) * channels(
        wide(scale), x) + channels(wide(bias), x)


def group_norm(groups):
    def expected(x, scale, bias):
        parts = wide(x).reshape(x.shape[0], groups, -1)
        parts = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(parts.var(-1, keepdims=True) + 1e-5)
        return parts.reshape(x.shape) * channels(wide(scale), x) + channels(wide(bias), x)

    return expected


def lrn(size, alpha, beta, bias):
    def expected(x):
        squares = wide(x)**2
        total = np.stack([squares[:, max(0, c - (size - 1) // 2):c + size // 2 + 1].sum(1) for c in range(x.shape[1])],
                         1)
        return wide(x) / (attribute(bias) + attribute(alpha) / size * total)**attribute(beta)

    return expected


def norms():
    for dtype in REALS:
        close = lambda *x, eps=float(np.finfo(dtype).eps): 400 * eps
        for axis in (-1, 1, 0, -2):
            for bias in (True, False):
                shapes = [(3, 5, 37), (3, 5, 37)]
                tail = shapes[0][axis % 3:]
                operands = [
                    [normal(*shape, dtype=dtype), normal(*tail, dtype=dtype, seed=1)] +
                    ([normal(*tail, dtype=dtype, seed=2)] if bias else []) for shape in shapes[:1]
                ]
                yield Case(f"LayerNormalization.{axis}.{bias}-{dtype.__name__}",
                           "LayerNormalization",
                           operands,
                           layer_norm(axis, 1e-3),
                           close, {"axis": axis, "epsilon": 1e-3},
                           dtypes=(dtype,))
            operands = [[normal(3, 5, 37, dtype=dtype), normal(*(3, 5, 37)[axis % 3:], dtype=dtype, seed=1)]]
            yield Case(f"RMSNormalization.{axis}-{dtype.__name__}",
                       "RMSNormalization",
                       operands,
                       rms_norm(axis, 1e-3),
                       close, {"axis": axis, "epsilon": 1e-3},
                       opset=23,
                       dtypes=(dtype,))
        for shape in ((2, 3, 5, 7), (1, 17, 33), (3, 16), (2, 4, 2, 3, 5), (2, 32, 4, 4)):
            label = f"{'x'.join(map(str, shape))}-{dtype.__name__}"
            c = shape[1]
            vectors = [normal(c, dtype=dtype, seed=i) for i in range(3)] + [np.abs(normal(c, dtype=dtype, seed=4)) + .5]
            x = normal(*shape, dtype=dtype)
            for constant in ((), (1, 2, 3, 4)):
                yield Case(f"BatchNormalization.{label}{'.weight' if constant else ''}",
                           "BatchNormalization", [[x, *vectors]],
                           batch_norm,
                           close,
                           constant=constant,
                           dtypes=(dtype,))
            for p in (1, 2):

                def normed(x, p=p):
                    size = np.abs(wide(x)).sum(1, keepdims=True) if p == 1 else np.sqrt(
                        (wide(x)**2).sum(1, keepdims=True))
                    return wide(x) / size

                yield Case(f"LpNormalization.{p}.{label}",
                           "LpNormalization", [[x]],
                           normed,
                           close, {"axis": 1, "p": p},
                           dtypes=(dtype,))
            if len(shape) == 2:
                continue
            yield Case(f"LRN.{label}",
                       "LRN", [[x]],
                       lrn(3, 2e-2, .75, 1.5),
                       close, {"size": 3, "alpha": 2e-2, "beta": .75, "bias": 1.5},
                       dtypes=(dtype,))
            yield Case(f"InstanceNormalization.{label}",
                       "InstanceNormalization", [[x, *vectors[:2]]],
                       instance_norm,
                       close,
                       dtypes=(dtype,))
            for groups in {1, c, 2 if c % 2 == 0 else c}:
                yield Case(f"GroupNormalization.{groups}.{label}",
                           "GroupNormalization", [[x, *vectors[:2]]],
                           group_norm(groups),
                           close, {"num_groups": groups},
                           dtypes=(dtype,))
        yield Case(f"MeanVarianceNormalization-{dtype.__name__}",
                   "MeanVarianceNormalization", [[normal(3, 4, 5, 6, dtype=dtype)]],
                   lambda x: (wide(x) - wide(x).mean((0, 2, 3), keepdims=True)) /
                   (np.sqrt(wide(x).var((0, 2, 3), keepdims=True)) + 1e-9),
                   close,
                   dtypes=(dtype,))
    # Rows of equal large numbers: the variance is zero, not the difference of two large squares.
    yield Case("LayerNormalization.flat", "LayerNormalization",
               [[np.full((3, 37), 1e4, np.float32) + np.float32(.5),
                 np.ones(37, np.float32)]], lambda x, scale: np.zeros_like(x), lambda *x: 1e-3)
    yield Case("LayerNormalization.shifted",
               "LayerNormalization", [[normal(3, 64) + 1000, np.ones(64, np.float32)]],
               layer_norm(-1, 1e-5),
               lambda *x: 1e-3,
               dtypes=(np.float32,))


BATCHES = {"softmax": Batch(list(softmaxes())), "norm": Batch(list(norms()))}


@BATCHES["softmax"].parametrize()
def test_softmax(name, shapes, build):
    BATCHES["softmax"].check(name, shapes, build)


@BATCHES["norm"].parametrize()
def test_normalization(name, shapes, build):
    BATCHES["norm"].check(name, shapes, build)
