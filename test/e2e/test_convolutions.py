"""Convolutions: spatial ranks, channels beside the blocks of 16, groups, strides, dilations, every way to pad, images
smaller than the window, and transposed convolutions."""
import itertools

import numpy as np

import windows
from batch import Batch, Case
from numbers_at import normal, wide


def bound_of(function, weight_axes, **options):
    """gamma_K of the sum of magnitudes; narrow floats add up in float32, and the sum and what the bias makes of it are
    rounded."""
    def bound(x, w, b=None):
        unit = float(np.finfo(x.dtype).eps) / 2
        adds = min(unit, float(np.finfo(np.float32).eps) / 2)
        steps = int(np.prod([w.shape[axis] for axis in weight_axes(w)]))
        sizes = [None if v is None else np.abs(v).astype(np.float64) for v in (x, w, b)]
        return 2 * (steps * adds + 3 * unit) * function(*sizes, **options) + float(np.finfo(x.dtype).tiny)

    return bound


def convolution(name, images, weight, bias=True, dtype=np.float32, constant=(1, 2), channels_known=True, **options):
    function = lambda x, w, b=None: windows.conv(wide(x), wide(w), None if b is None else wide(b), **options)
    w = normal(*weight, dtype=dtype, seed=1)
    operands = [[normal(*shape, dtype=dtype), w] + ([normal(weight[0], dtype=dtype, seed=2)] if bias else [])
                for shape in images]
    return Case(name,
                "Conv",
                operands,
                function,
                bound_of(windows.conv, lambda w: range(1, w.ndim), **options),
                options,
                constant[:1 + bias] if constant else (),
                dtypes=(dtype,),
                static=1,
                fixed={0: (1,) if channels_known else (), 1: () if constant else tuple(range(len(weight))), 2: (0,)})


CHANNELS = (1, 3, 8, 15, 16, 17, 32, 40)


def by_channels():
    for i, (c, m) in enumerate(itertools.product(CHANNELS, CHANNELS)):
        if (i + i // 8) % 2:
            yield convolution(f"1x1.{c}-{m}", [(1, c, 5, 9), (2, c, 3, 16), (1, c, 1, 1)], (m, c, 1, 1), bias=i % 3 > 0)
        else:
            yield convolution(f"3x3.{c}-{m}", [(1, c, 7, 9), (2, c, 4, 33), (1, c, 1, 2)], (m, c, 3, 3),
                              bias=i % 3 > 0,
                              pads=[1] * 4)
    for c in CHANNELS:
        yield convolution(f"depthwise.{c}", [(1, c, 7, 19), (2, c, 4, 33), (1, c, 1, 2)], (c, 1, 3, 3),
                          pads=[1] * 4,
                          group=c)
        yield convolution(f"depthwise.double.{c}", [(1, c, 7, 9)], (2 * c, 1, 3, 3), pads=[1] * 4, group=c, bias=False)
        yield convolution(f"depthwise.stride2.{c}", [(1, c, 9, 20), (1, c, 3, 3)], (c, 1, 5, 5),
                          pads=[2] * 4,
                          group=c,
                          strides=[2, 2])


def by_group():
    for c, m, group in ((4, 4, 2), (32, 32, 2), (48, 32, 2), (48, 96, 3), (16, 64, 4), (64, 64, 4), (6, 9, 3),
                        (34, 34, 2), (32, 16, 16), (40, 80, 5)):
        yield convolution(f"group{group}.{c}-{m}", [(1, c, 6, 11), (2, c, 3, 17)], (m, c // group, 3, 3),
                          pads=[1] * 4,
                          group=group)


WINDOWS = [    # kernel, options
    ((3, 3), {"strides": [2, 2]}),
    ((3, 3), {"strides": [2, 2], "pads": [0, 0, 1, 1]}),
    ((3, 3), {"pads": [2, 0, 1, 3]}),
    ((3, 3), {"dilations": [2, 2], "pads": [2] * 4}),
    ((3, 3), {"dilations": [3, 1], "pads": [3, 1, 3, 1]}),
    ((1, 5), {"pads": [0, 2, 0, 2]}),
    ((5, 1), {"pads": [2, 0, 2, 0]}),
    ((2, 2), {"strides": [2, 2]}),
    ((4, 4), {"strides": [4, 4]}),
    ((7, 7), {"strides": [2, 2], "pads": [3] * 4}),
    ((3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ((3, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ((4, 2), {"auto_pad": "SAME_UPPER"}),
    ((4, 2), {"auto_pad": "SAME_LOWER"}),
    ((3, 3), {"auto_pad": "VALID"}),
    ((1, 1), {"strides": [2, 2]}),
    ((3, 3), {"strides": [1, 3], "dilations": [1, 2], "pads": [1, 2, 1, 2]}),
    ((5, 5), {"pads": [4] * 4}),
    ((1, 1), {"pads": [1] * 4}),
    ((3, 3), {"strides": [3, 3], "dilations": [2, 2], "auto_pad": "SAME_UPPER"}),
    ((3, 31), {"pads": [1, 15, 1, 15]}),
    ((2, 21), {"strides": [1, 2], "dilations": [1, 3], "pads": [1, 30, 1, 30]}),
]


def by_window():
    for i, (kernel, options) in enumerate(WINDOWS):
        shown = f"{kernel[0]}x{kernel[1]}.{i}"
        for c, m, group in ((3, 16, 1), (16, 33, 1), (32, 32, 32), (5, 6, 1)):
            yield convolution(f"window.{shown}.{c}-{m}", [(1, c, 12, 13), (2, c, 9, 35), (1, c, 7, 7)],
                              (m, c // group, *kernel),
                              group=group,
                              **options)
    # Images smaller than the window, and results of no elements.
    for c, m in ((3, 16), (16, 16), (5, 7)):
        yield convolution(f"small.padded.{c}", [(1, c, 2, 3), (1, c, 4, 2)], (m, c, 5, 5), pads=[2] * 4)
        yield convolution(f"small.exact.{c}", [(1, c, 5, 5), (3, c, 6, 5)], (m, c, 5, 5))
        yield convolution(f"small.wide.{c}", [(2, c, 3, 3)], (m, c, 3, 3), pads=[6, 7, 6, 7], dilations=[2, 3])
        yield convolution(f"unknown.channels.{c}", [(1, c, 5, 9), (2, c, 6, 33)], (m, c, 3, 3),
                          pads=[1] * 4,
                          channels_known=False)
    yield convolution("no.batch", [(0, 16, 5, 5)], (16, 16, 3, 3), pads=[1] * 4)


def by_rank():
    for c, m in ((1, 1), (3, 8), (16, 16), (17, 33)):
        yield convolution(f"1d.{c}", [(2, c, 37), (1, c, 16), (1, c, 5)], (m, c, 5), pads=[2, 2])
        yield convolution(f"1d.stride.{c}", [(2, c, 37), (1, c, 16)], (m, c, 4),
                          strides=[3],
                          pads=[1, 0],
                          dilations=[2])
        yield convolution(f"3d.{c}", [(1, c, 4, 5, 6), (2, c, 3, 3, 17)], (m, c, 3, 2, 3),
                          pads=[1, 0, 1, 1, 1, 1],
                          strides=[1, 2, 1])
    yield convolution("1d.depthwise", [(2, 32, 37), (1, 32, 4)], (32, 1, 3), pads=[1, 1], group=32)
    yield convolution("1d.same", [(2, 8, 37), (1, 8, 4)], (8, 8, 4), auto_pad="SAME_UPPER", strides=[2])
    yield convolution("3d.group", [(1, 8, 4, 5, 6)], (8, 4, 2, 2, 2), group=2, bias=False)
    for weight in ((16, 16, 3, 3), (7, 5, 3, 3), (16, 1, 3, 3)):
        group = 16 if weight[1] == 1 else 1
        images = [(1, weight[1] * group, 6, 17), (2, weight[1] * group, 3, 8)]
        yield convolution(f"data.weights.{weight[0]}x{weight[1]}",
                          images,
                          weight,
                          constant=(),
                          pads=[1] * 4,
                          group=group)
        yield convolution(f"double.{weight[0]}x{weight[1]}",
                          images,
                          weight,
                          dtype=np.float64,
                          pads=[1] * 4,
                          group=group)


def halves():
    for c, m, kernel, group in ((3, 16, 3, 1), (16, 33, 3, 1), (32, 32, 3, 32), (5, 6, 1, 1), (48, 32, 1, 2)):
        yield convolution(f"half.{c}-{m}", [(1, c, 7, 9), (2, c, 4, 33), (1, c, 1, 2)], (m, c // group, kernel, kernel),
                          dtype=np.float16,
                          pads=[kernel // 2] * 4,
                          group=group)
    yield convolution("half.data.weights", [(1, 16, 7, 9)], (8, 16, 3, 3), dtype=np.float16, constant=())
    yield convolution("half.no.bias", [(1, 16, 7, 9)], (8, 16, 3, 3), dtype=np.float16, bias=False)
    yield convolution("half.1d", [(2, 8, 37), (1, 8, 5)], (16, 8, 5), dtype=np.float16, pads=[2, 2])
    yield transposed("half.transposed", [(1, 16, 4, 7)], (16, 8, 4, 4), dtype=np.float16, strides=[2, 2], pads=[1] * 4)


def transposed(name, images, weight, bias=True, dtype=np.float32, dynamic=True, **options):
    group = options.get("group", 1)
    function = lambda x, w, b=None: windows.conv_transpose(wide(x), wide(w), None if b is None else wide(b), **options)
    w = normal(*weight, dtype=dtype, seed=1)
    operands = [[normal(*shape, dtype=dtype), w] + ([normal(weight[1] * group, dtype=dtype, seed=2)] if bias else [])
                for shape in images]
    return Case(name,
                "ConvTranspose",
                operands,
                function,
                bound_of(windows.conv_transpose, lambda w: [0, *range(2, w.ndim)], **options),
                options, (1, 2)[:1 + bias],
                dtypes=(dtype,),
                static=1,
                dynamic=dynamic,
                fixed={0: (1,)})


def transposes():
    options = [{}, {"strides": [2, 2]}, {"strides": [2, 2], "pads": [1] * 4}, {"strides": [2, 3], "pads": [0, 1, 2, 0]},
               {"strides": [3, 2], "output_padding": [2, 1], "pads":
                [1] * 4}, {"dilations": [2, 1], "pads": [1, 0, 1, 1]}, {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
               {"strides": [2, 2], "auto_pad": "SAME_LOWER"}, {"strides": [3, 3], "auto_pad": "VALID"}]
    for i, option in enumerate(options):
        for c, m in ((3, 5), (16, 16), (17, 8)):
            for kernel in ((3, 3), (2, 2), (4, 4)) if c == 16 else ((3, 3),):
                yield transposed(f"transposed.{i}.{c}-{m}.{kernel[0]}", [(1, c, 4, 7), (2, c, 3, 17), (1, c, 2, 2)],
                                 (c, m, *kernel),
                                 bias=i % 2 == 0,
                                 **option)
    yield transposed("transposed.group", [(1, 8, 4, 7)], (8, 3, 3, 3), group=4, strides=[2, 2])
    yield transposed("transposed.depthwise", [(1, 16, 4, 7)], (16, 1, 4, 4), group=16, strides=[2, 2], pads=[1] * 4)
    yield transposed("transposed.shape", [(1, 4, 4, 7)], (4, 3, 3, 3),
                     strides=[2, 2],
                     output_shape=[9, 14],
                     dynamic=False)
    yield transposed("transposed.1d", [(2, 4, 9), (1, 4, 20)], (4, 6, 4), strides=[2], pads=[1, 1])
    yield transposed("transposed.3d", [(1, 4, 3, 4, 5)], (4, 3, 2, 2, 3), strides=[2, 1, 2])
    yield transposed("transposed.double", [(1, 4, 4, 5)], (4, 3, 3, 3), dtype=np.float64, strides=[2, 2])


BATCHES = {
    "channels": Batch([*by_channels(), *by_group()]), "window": Batch(list(by_window())), "others":
    Batch([*by_rank(), *transposes(), *halves()])
}


@BATCHES["channels"].parametrize()
def test_channels_and_groups(name, shapes, build):
    BATCHES["channels"].check(name, shapes, build)


@BATCHES["window"].parametrize()
def test_windows(name, shapes, build):
    BATCHES["window"].check(name, shapes, build)


@BATCHES["others"].parametrize()
def test_ranks_dtypes_and_transposed(name, shapes, build):
    BATCHES["others"].check(name, shapes, build)
