"""Pooling: every kind, ceil_mode, padding and dilation, indices, and dtypes."""
import itertools

import numpy as np

import windows
from batch import Batch, Case
from numbers_at import filled, normal, wide

OPTIONS = [
    {"kernel_shape": [3, 3]},
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4},
    {"kernel_shape": [3, 2], "strides": [2, 3], "pads": [1, 0, 0, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4, "ceil_mode": 1},
    {"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1, "pads": [1, 0, 1, 0]},
    {"kernel_shape": [3, 3], "dilations": [2, 2]},
    {"kernel_shape": [2, 3], "dilations": [3, 1], "pads": [1, 1, 1, 1], "ceil_mode": 1, "strides": [2, 2]},
    {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"kernel_shape": [4, 2], "auto_pad": "SAME_LOWER", "strides": [2, 1]},
    {"kernel_shape": [3, 3], "auto_pad": "VALID"},
    {"kernel_shape": [1, 1], "strides": [2, 2]},
    {"kernel_shape": [7, 7], "pads": [3] * 4},
]
IMAGES = [(2, 3, 9, 11), (1, 3, 8, 33), (3, 3, 10, 8)]


def pooling(name, operator, kind, options, images=IMAGES, dtype=np.float32, edges=False, **case):
    make = (lambda shape: filled(shape, dtype)
            ) if edges or np.dtype(dtype).kind != "f" else lambda shape: normal(*shape, dtype=dtype)
    function = lambda x: windows.pool(wide(x), kind, **options)
    eps = 0 if np.dtype(dtype).kind != "f" or kind == "max" else float(np.finfo(dtype).eps)
    count = int(np.prod(options["kernel_shape"])) + 6
    return Case(name,
                operator, [[make(shape)] for shape in images],
                function,
                lambda x: count * eps * (1 + windows.pool(np.abs(wide(x)), kind, **options)),
                options,
                dtypes=(dtype,),
                static=1,
                fixed={0: (1,)},
                **case)


def two_dimensional():
    for i, options in enumerate(OPTIONS):
        yield pooling(f"MaxPool.{i}", "MaxPool", "max", options)
        for counted in (0, 1):
            if counted and "auto_pad" in options:
                continue
            yield pooling(f"AveragePool.{i}.{counted}", "AveragePool", "average",
                          options | {"count_include_pad": counted})
        if "ceil_mode" not in options:
            yield pooling(f"LpPool.{i}", "LpPool", "lp", options | {"p": 2 + i % 2})
        # Sixteen channels at a time.
        yield pooling(f"MaxPool.blocks.{i}", "MaxPool", "max", options, [(1, 32, 9, 11), (2, 32, 8, 7)])


def ranks_and_dtypes():
    for operator, kind in (("MaxPool", "max"), ("AveragePool", "average"), ("LpPool", "lp")):
        yield pooling(f"{operator}.1d", operator, kind, {"kernel_shape": [4], "strides": [2], "pads": [1, 2]},
                      [(2, 3, 37), (1, 3, 4)])
        yield pooling(f"{operator}.3d", operator, kind,
                      {"kernel_shape": [2, 3, 2], "strides": [1, 2, 2], "pads": [1, 1, 0, 0, 1, 1]}, [(2, 3, 4, 5, 6),
                                                                                                      (1, 3, 2, 3, 17)])
        yield pooling(f"{operator}-float64", operator, kind, OPTIONS[2], dtype=np.float64)
    for dtype in (np.int8, np.uint8):
        yield pooling(f"MaxPool-{np.dtype(dtype).name}", "MaxPool", "max", OPTIONS[2], dtype=dtype)
    x = normal(2, 3, 5, 6)
    x[0, 0], x[1, 2, 3, 3], x[0, 1, 2, 2] = -np.inf, np.inf, -np.inf
    yield Case("MaxPool.infinities", "MaxPool", [[x]], lambda x: windows.pool(x, "max", **OPTIONS[2]), None, OPTIONS[2])


def indices():
    for i, options in enumerate(OPTIONS[:11]):
        for order in (0, 1):
            yield Case(f"MaxPool.indices.{i}.{order}",
                       "MaxPool", [[np.round(normal(*shape))] for shape in IMAGES],
                       lambda x, options=options, order=order:
                       (windows.pool(x, "max", **options), windows.max_pool_indices(x, order, **options)),
                       None,
                       options | {"storage_order": order},
                       static=1,
                       dynamic="auto_pad" not in options or options["auto_pad"] == "VALID")
    yield Case("MaxPool.indices.1d", "MaxPool", [[normal(2, 3, 37)]], lambda x:
               (windows.pool(x, "max", kernel_shape=[3]), windows.max_pool_indices(x, kernel_shape=[3])), None,
               {"kernel_shape": [3]})


def whole_images():
    for shape, dtype in itertools.product([(2, 3, 7, 9), (1, 32, 5, 5), (2, 17, 1, 33), (2, 5, 37), (1, 2, 3, 4, 5)],
                                          (np.float32, np.float64)):
        label = f"{'x'.join(map(str, shape))}-{dtype.__name__}"
        axes = tuple(range(2, len(shape)))
        eps = float(np.finfo(dtype).eps) * np.prod(shape[2:])
        x = [[normal(*shape, dtype=dtype)]]
        yield Case(f"GlobalAveragePool.{label}",
                   "GlobalAveragePool",
                   x,
                   lambda x, axes=axes: wide(x).mean(axes, keepdims=True),
                   lambda x, eps=eps: eps * 4,
                   dtypes=(dtype,))
        yield Case(f"GlobalMaxPool.{label}", "GlobalMaxPool", x, lambda x, axes=axes: x.max(axes, keepdims=True))
        yield Case(f"GlobalLpPool.{label}",
                   "GlobalLpPool",
                   x,
                   lambda x, axes=axes: (np.abs(wide(x))**3).sum(axes, keepdims=True)**(1 / 3),
                   lambda x, eps=eps: eps * 8, {"p": 3},
                   dtypes=(dtype,))


BATCH = Batch([*two_dimensional(), *ranks_and_dtypes(), *indices(), *whole_images()])


@BATCH.parametrize()
def test_pooling(name, shapes, build):
    BATCH.check(name, shapes, build)
