"""References for operators that move a window over an image, over any number of spatial axes, in NumPy."""
import itertools
import math

import numpy as np


def pads_of(spatial, kernel, strides, dilations, pads, auto_pad, ceil_mode=0):
    """Low ends, high ends and the number of windows along each axis, as ONNX defines them."""
    low, high, out = [], [], []
    for i, extent in enumerate(spatial):
        reach = (kernel[i] - 1) * dilations[i] + 1
        if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            count = math.ceil(extent / strides[i])
            total = max((count - 1) * strides[i] + reach - extent, 0)
            less, more = total // 2, total - total // 2
            low.append(less if auto_pad == "SAME_UPPER" else more)
            high.append(more if auto_pad == "SAME_UPPER" else less)
            out.append(count)
            continue
        low.append(pads[i] if auto_pad == "NOTSET" else 0)
        high.append(pads[i + len(spatial)] if auto_pad == "NOTSET" else 0)
        room = extent + low[i] + high[i] - reach
        count = (math.ceil if ceil_mode else math.floor)(room / strides[i]) + 1
        if ceil_mode and (count - 1) * strides[i] >= extent + low[i]:
            count -= 1    # a window that starts in the padding at the end is none
        out.append(max(count, 0))
    return low, high, out


def windows(x, kernel, strides, dilations, low, out, fill):
    """x [N, C, D...] -> [N, C, O..., K...], `fill` outside."""
    spatial = x.shape[2:]
    need = [(out[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 for i in range(len(spatial))]
    padded = np.full(x.shape[:2] + tuple(max(need[i], spatial[i] + low[i], 0) for i in range(len(spatial))), fill,
                     x.dtype)
    padded[(slice(None), slice(None)) + tuple(slice(low[i], low[i] + spatial[i]) for i in range(len(spatial)))] = x
    result = np.empty(x.shape[:2] + tuple(out) + tuple(kernel), x.dtype)
    for place in itertools.product(*map(range, kernel)):
        cut = tuple(
            slice(place[i] * dilations[i], place[i] * dilations[i] + max((out[i] - 1) * strides[i] + 1, 0), strides[i])
            for i in range(len(spatial)))
        result[(Ellipsis,) + place] = padded[(slice(None), slice(None)) + cut]
    return result


def conv(x, w, b=None, *, strides=None, dilations=None, pads=None, group=1, auto_pad="NOTSET"):
    rank, kernel = x.ndim - 2, w.shape[2:]
    strides, dilations, pads = strides or [1] * rank, dilations or [1] * rank, pads or [0] * 2 * rank
    low, _, out = pads_of(x.shape[2:], kernel, strides, dilations, pads, auto_pad)
    seen = windows(x, kernel, strides, dilations, low, out, 0)
    parts = []
    for piece, weight in zip(np.split(seen, group, 1), np.split(w, group, 0)):
        axes = [1] + list(range(2 + rank, 2 + 2 * rank))
        product = np.tensordot(piece, weight, (axes, range(1, 2 + rank)))    # [N, O..., M]
        parts.append(np.moveaxis(product, -1, 1))
    result = np.concatenate(parts, 1)
    return result if b is None else result + b.reshape((-1,) + (1,) * rank)


def conv_transpose(x,
                   w,
                   b=None,
                   *,
                   strides=None,
                   dilations=None,
                   pads=None,
                   group=1,
                   auto_pad="NOTSET",
                   output_padding=None,
                   output_shape=None):
    rank, kernel = x.ndim - 2, w.shape[2:]
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    output_padding, pads = output_padding or [0] * rank, pads or [0] * 2 * rank
    full = [(x.shape[2 + i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + output_padding[i]
            for i in range(rank)]
    if auto_pad in ("SAME_UPPER", "SAME_LOWER") and output_shape is None:
        output_shape = [x.shape[2 + i] * strides[i] for i in range(rank)]
    if output_shape is not None:
        total = [max(full[i] - output_shape[i], 0) for i in range(rank)]
        less = [t // 2 for t in total]
        more = [t - t // 2 for t in total]
        low = more if auto_pad != "SAME_UPPER" else less
        out = list(output_shape)
    else:
        low = pads[:rank]
        out = [full[i] - pads[i] - pads[rank + i] for i in range(rank)]
    columns = w.shape[1]
    result = np.zeros((x.shape[0], columns * group) + tuple(max(full[i], low[i] + out[i]) for i in range(rank)),
                      x.dtype)
    for g, (piece, weight) in enumerate(zip(np.split(x, group, 1), np.split(w, group, 0))):
        for place in itertools.product(*map(range, kernel)):
            value = np.moveaxis(np.tensordot(piece, weight[(slice(None), slice(None)) + place], (1, 0)), -1, 1)
            cut = tuple(
                slice(place[i] * dilations[i], place[i] * dilations[i] + (x.shape[2 + i] - 1) * strides[i] +
                      1, strides[i]) for i in range(rank))
            result[(slice(None), slice(g * columns, (g + 1) * columns)) + cut] += value
    result = result[(slice(None), slice(None)) + tuple(slice(low[i], low[i] + out[i]) for i in range(rank))]
    return result if b is None else result + b.reshape((-1,) + (1,) * rank)


def pool(x,
         kind,
         *,
         kernel_shape,
         strides=None,
         dilations=None,
         pads=None,
         auto_pad="NOTSET",
         ceil_mode=0,
         count_include_pad=0,
         p=2):
    rank = x.ndim - 2
    strides, dilations, pads = strides or [1] * rank, dilations or [1] * rank, pads or [0] * 2 * rank
    low, high, out = pads_of(x.shape[2:], kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)
    axes = tuple(range(2 + rank, 2 + 2 * rank))
    if kind == "max":
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        return windows(x, kernel_shape, strides, dilations, low, out, lowest).max(axes)
    seen = windows(x, kernel_shape, strides, dilations, low, out, 0)
    if kind == "lp":
        return (np.abs(seen)**p).sum(axes)**(1 / p)
    ones = np.ones((1, 1) + x.shape[2:])
    if count_include_pad:
        ones = np.pad(ones, [(0, 0), (0, 0)] + list(zip(low, high)), constant_values=1)
        low = [0] * rank
    counts = windows(ones, kernel_shape, strides, dilations, low, out, 0).sum(axes)
    return seen.sum(axes) / counts


def max_pool_indices(x, storage_order=0, **options):
    """Indices into the flattened tensor of the first maximum of each window."""
    spatial = x.shape[2:]
    flat = np.arange(int(np.prod(spatial))).reshape(spatial, order="F" if storage_order else "C")
    planes = np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2] + (1,) * len(spatial)) * flat.size
    rank, kernel = len(spatial), options["kernel_shape"]
    strides, dilations = options.get("strides") or [1] * rank, options.get("dilations") or [1] * rank
    low, _, out = pads_of(spatial, kernel, strides, dilations,
                          options.get("pads") or [0] * 2 * rank, options.get("auto_pad", "NOTSET"),
                          options.get("ceil_mode", 0))
    seen = windows(x, kernel, strides, dilations, low, out, -np.inf)
    where = windows(np.broadcast_to(planes + flat, x.shape).copy(), kernel, strides, dilations, low, out, -1)
    count = int(np.prod(kernel))
    best = seen.reshape(seen.shape[:2 + rank] + (count,)).argmax(-1)[..., None]
    return np.take_along_axis(where.reshape(where.shape[:2 + rank] + (count,)), best, -1)[..., 0]
