"""Operators that move elements: slices, joints, pads, gathers, scatters and reshapes, at their corners."""
import itertools

import numpy as np
from onnx import TensorProto, numpy_helper

from batch import Batch, Case
from numbers_at import ALL, filled, generator, normal

FAR = 2**63 - 1


def numbers(*values):
    return np.array(values, np.int64)


def slices():
    ranges = [(0, 5, 1), (1, -1, 1), (-3, FAR, 1), (0, FAR, 2), (FAR, -FAR, -1), (-1, -FAR, -2), (5, 2, 1), (2, 2, 1),
              (-100, 100, 3), (4, 0, -1), (10, 12, 1), (-2, -5, -1), (0, 0, 1), (1, FAR, 5)]
    for i, (start, end, step) in enumerate(ranges):
        for axis in (0, -1):
            stop = None if abs(end) == FAR and (end < 0) == (step < 0) else end
            cut = lambda x, *_, a=axis, s=slice(None if abs(start) == FAR else start, stop, step): x[
                (slice(None),) * (a % x.ndim) + (s,)]
            operands = [[normal(*shape), numbers(start),
                         numbers(end), numbers(axis),
                         numbers(step)] for shape in ((7, 6, 9), (3, 2, 33), (17, 3, 2))]
            yield Case(f"Slice.{i}.{axis}", "Slice", operands, cut, constant=(1, 2, 3, 4), static=1)
    for dtype in ALL:
        operands = [[filled((5, 37), dtype), numbers(1, -2), numbers(4, -FAR), numbers(0, 1), numbers(2, -3)]]
        yield Case(f"Slice-{np.dtype(dtype).name}",
                   "Slice",
                   operands,
                   lambda x, *_: x[1:4:2, -2::-3],
                   constant=(1, 2, 3, 4))
    yield Case("Slice.no_axes",
               "Slice", [[normal(5, 7), numbers(1), numbers(3)]],
               lambda x, *_: x[1:3],
               constant=(1, 2))
    yield Case("Slice.opset9",
               "Slice", [[normal(5, 7)]],
               lambda x: x[:, 1:-1],
               None, {"starts": [1], "ends": [-1], "axes": [1]},
               opset=9)


def joints():
    for dtype in ALL:
        parts = [filled((3, n, 5), dtype, n) for n in (2, 1, 7)]
        yield Case(f"Concat-{np.dtype(dtype).name}", "Concat", [parts], lambda *x: np.concatenate(x, 1), None,
                   {"axis": 1})
        yield Case(f"Split-{np.dtype(dtype).name}",
                   "Split", [[filled((3, 10, 5), dtype), numbers(2, 1, 7)]],
                   lambda x, _: tuple(np.split(x, [2, 3], 1)),
                   None, {"axis": 1}, (1,),
                   dynamic=False)
    for axis in (0, 1, -1):
        shapes = [[(3, 4, 5), (3, 4, 5)], [(2, 16, 17), (2, 16, 17)]]
        yield Case(f"Concat.{axis}",
                   "Concat", [[normal(*a), normal(*b, seed=1)] for a, b in shapes],
                   lambda *x, axis=axis: np.concatenate(x, axis),
                   None, {"axis": axis})
    yield Case("Concat.empty", "Concat",
               [[normal(3, 0, 5), normal(3, 2, 5), normal(3, 0, 5)]], lambda *x: np.concatenate(x, 1), None,
               {"axis": 1})
    yield Case("Concat.same", "Concat", [[normal(3, 5)]], lambda x: x, None, {"axis": 0})
    yield Case("Concat.vectors", "Concat", [[normal(n, seed=n) for n in (1, 2, 16, 33)]], lambda *x: np.concatenate(x),
               None, {"axis": 0})
    yield Case("Split.equal",
               "Split", [[normal(3, 12)]],
               lambda x: tuple(np.split(x, 4, 1)),
               None, {"axis": 1, "num_outputs": 4},
               dynamic=False)
    yield Case("Split.uneven",
               "Split", [[normal(3, 10)]],
               lambda x: tuple(np.split(x, [3, 6, 9], 1)),
               None, {"axis": -1, "num_outputs": 4},
               dynamic=False)
    yield Case("Split.zero",
               "Split", [[normal(3, 4), numbers(0, 4)]],
               lambda x, _: tuple(np.split(x, [0], 1)),
               None, {"axis": 1}, (1,),
               dynamic=False)


def pads():
    ways = {
        "grow": [1, 0, 2, 3, 1, 0], "crop": [-1, 0, 2, 0, -2, -1], "none": [0] * 6, "wide": [0, 0, 7, 0, 0, 9], "first":
        [2, 0, 0, 0, 0, 0]
    }
    for mode, (label, amounts) in itertools.product(("constant", "reflect", "edge", "wrap"), ways.items()):
        if mode != "constant" and label == "crop" or mode == "reflect" and label == "wide":
            continue
        low, high = amounts[:3], amounts[3:]

        def expected(x, *rest, low=low, high=high, mode=mode):
            cut = x[tuple(slice(max(-a, 0), x.shape[i] - max(-b, 0)) for i, (a, b) in enumerate(zip(low, high)))]
            more = [(max(a, 0), max(b, 0)) for a, b in zip(low, high)]
            return np.pad(cut,
                          more,
                          mode=mode,
                          **({"constant_values": rest[1] if len(rest) > 1 else 0} if mode == "constant" else {}))

        value = [np.array(1.5, np.float32)] if mode == "constant" else []
        operands = [[normal(*shape), np.array(amounts), *value] for shape in ((4, 5, 6), (5, 4, 33))]
        yield Case(f"Pad.{mode}.{label}",
                   "Pad",
                   operands,
                   expected,
                   None, {"mode": mode}, (1, 2)[:1 + len(value)],
                   static=1)
    for dtype in ALL:
        yield Case(
            f"Pad-{np.dtype(dtype).name}",
            "Pad", [[filled(
                (3, 5), dtype), numbers(1, 2, 0, 3), np.array(1, dtype)]],
            lambda x, p, v: np.pad(x, ((1, 0), (2, 3)), constant_values=v),
            constant=(1,))
    yield Case("Pad.axes",
               "Pad", [[normal(3, 5, 7), numbers(1, 2), None, numbers(-1)]],
               lambda x, *_: np.pad(x, ((0, 0), (0, 0), (1, 2))),
               constant=(1, 3))
    yield Case("Pad.empty",
               "Pad", [[normal(0, 5), numbers(2, 0, 1, 0)]],
               lambda x, *_: np.pad(x, ((2, 1), (0, 0))),
               constant=(1,))


def pick_nd(data, indices, batch):
    result = np.empty(indices.shape[:-1] + data.shape[batch + indices.shape[-1]:], data.dtype)
    for place in np.ndindex(*indices.shape[:-1]):
        result[place] = data[place[:batch] + tuple(indices[place])]
    return result


def gathers():
    for dtype in ALL:
        for axis in (0, 1, -1):
            operands = [[filled(shape, dtype), generator(axis % 3).integers(-3, 3, index)]
                        for shape, index in (((4, 5, 6), (2, 3)), ((3, 7, 17), (2, 9)), ((3, 3, 3), (3, 0)))]
            yield Case(f"Gather.{axis}-{np.dtype(dtype).name}",
                       "Gather",
                       operands,
                       lambda x, i, axis=axis: np.take(x, i % x.shape[axis], axis),
                       None, {"axis": axis},
                       static=1)
    yield Case("Gather.scalar", "Gather", [[normal(5, 7), np.array(-2)]], lambda x, i: x[:, i], None, {"axis": 1})
    yield Case("Gather.int32", "Gather",
               [[normal(50, 33), generator(1).integers(-50, 50, (4, 9)).astype(np.int32)]], lambda x, i: x[i])
    for axis in (0, 1, 2):
        shape = [4, 5, 6]
        shape[axis] = 3
        for dtype in (np.float32, np.float64, np.int8, np.bool_, np.uint16):
            operands = [[filled((4, 5, 6), dtype), generator(axis).integers(-4, 4, shape)]]
            yield Case(f"GatherElements.{axis}-{np.dtype(dtype).name}",
                       "GatherElements",
                       operands,
                       lambda x, i, axis=axis: np.take_along_axis(x, i % x.shape[axis], axis),
                       None, {"axis": axis})
    for batch, depth in ((0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (2, 1)):
        data = normal(3, 4, 5)
        indices = generator(batch, depth).integers(-3, 3, data.shape[:batch] + (6, depth))
        yield Case(f"GatherND.{batch}.{depth}",
                   "GatherND", [[data, indices]],
                   lambda x, i, b=batch: pick_nd(x, i, b),
                   None, {"batch_dims": batch}, (1,))


def scattered(axis, reduction):
    def expected(data, indices, updates):
        result = data.copy()
        for place in np.ndindex(*indices.shape):
            at = list(place)
            at[axis] = indices[place] % data.shape[axis]
            combine(result, tuple(at), updates[place], reduction)
        return result

    return expected


def scattered_nd(reduction):
    def expected(data, indices, updates):
        result = data.copy()
        for place in np.ndindex(*indices.shape[:-1]):
            combine(result, tuple(indices[place]), updates[place], reduction)
        return result

    return expected


def combine(result, at, update, reduction):
    rules = {"none": lambda a, b: b, "add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}
    result[at] = rules[reduction](result[at], update)


def scatters():
    for reduction in ("none", "add", "mul", "min", "max"):
        for dtype in (np.float32, np.float64, np.int32, np.int64, np.int8, np.uint8):
            for axis in (0, 1):
                data, updates = filled((4, 9), dtype, edges=False), filled((3, 5), dtype, 2, edges=False)
                if reduction == "none":    # the order of writes to one place is not defined
                    indices = np.argsort(generator(axis).random((3, 9) if axis else (4, 5)), axis)[:3, :5]
                else:
                    indices = generator(axis).integers(-4, 4, (3, 5))
                yield Case(f"ScatterElements.{reduction}.{axis}-{np.dtype(dtype).name}", "ScatterElements",
                           [[data, indices, updates]], scattered(axis, reduction),
                           (lambda *x: 1e-6) if np.dtype(dtype).kind == "f" else None,
                           {"axis": axis, "reduction": reduction})
            data, updates = filled((6, 5, 20), dtype, edges=False), filled((4, 20), dtype, 2, edges=False)
            indices = np.array([[0, 1], [5, 4], [-1, -2], [2, 2]]) if reduction == "none" else np.array(
                [[0, 1], [5, 4], [0, 1], [2, 2]])
            yield Case(f"ScatterND.{reduction}-{np.dtype(dtype).name}",
                       "ScatterND", [[data, indices, updates]],
                       scattered_nd(reduction), (lambda *x: 1e-6) if np.dtype(dtype).kind == "f" else None,
                       {"reduction": reduction},
                       fixed={1: (1,)})
    yield Case(
        "ScatterND.whole", "ScatterND",
        [[normal(3, 5), numbers(2, 0).reshape(2, 1), normal(2, 5, seed=1)]], scattered_nd("none"))


def others():
    for permutation in itertools.permutations(range(4)):
        operands = [[normal(*shape)] for shape in ((3, 4, 17, 6), (1, 33, 2, 16), (2, 0, 3, 1))]
        yield Case(f"Transpose.{''.join(map(str, permutation))}",
                   "Transpose",
                   operands,
                   lambda x, p=permutation: x.transpose(p),
                   None, {"perm": permutation},
                   static=2)
    for dtype in ALL:
        operands = [[filled(shape, dtype)] for shape in ((37, 41), (16, 64), (1, 5))]
        yield Case(f"Transpose-{np.dtype(dtype).name}", "Transpose", operands, np.transpose, static=1)
        yield Case(f"Expand-{np.dtype(dtype).name}",
                   "Expand", [[filled((3, 1, 5), dtype), numbers(2, 1, 4, 1)]],
                   lambda x, _: np.broadcast_to(x, (2, 3, 4, 5)),
                   constant=(1,))
        yield Case(f"Tile-{np.dtype(dtype).name}",
                   "Tile", [[filled((3, 5), dtype), numbers(2, 3)]],
                   lambda x, r: np.tile(x, r),
                   constant=(1,))
        yield Case(f"Trilu-{np.dtype(dtype).name}",
                   "Trilu", [[filled((2, 5, 7), dtype), np.array(1)]],
                   lambda x, k: np.triu(x, 1),
                   constant=(1,))
        yield Case(f"NonZero-{np.dtype(dtype).name}", "NonZero", [[filled((3, 37), dtype)]],
                   lambda x: np.stack(np.nonzero(x)).astype(np.int64))
    for k in (-9, -2, 0, 2, 9):
        for upper in (0, 1):
            yield Case(f"Trilu.{k}.{upper}",
                       "Trilu", [[normal(4, 7), np.array(k)]],
                       lambda x, k, u=upper: np.triu(x, k) if u else np.tril(x, k),
                       None, {"upper": upper}, (1,))
    for target, shape in (((0, -1), (3, 4, 5)), ((-1,), (2, 3)), ((6, 10), (3, 4, 5)), ((1, -1, 2, 1), (4, 6)),
                          ((), (1, 1)), ((0, 0, -1), (2, 3, 0))):
        make = lambda x, t, target=target: x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(target)]
                                                     if x.size else (2, 3, 0))
        yield Case(f"Reshape.{'x'.join(map(str, target))}",
                   "Reshape", [[normal(*shape), np.array(target, np.int64)]],
                   make,
                   constant=(1,),
                   dynamic=0 not in shape)
    yield Case("Reshape.allowzero", "Reshape", [[normal(0, 4), numbers(3, 0)]], lambda x, t: x.reshape(3, 0), None,
               {"allowzero": 1}, (1,))
    for axis in (0, 1, 3, -1):
        yield Case(f"Flatten.{axis}",
                   "Flatten", [[normal(2, 3, 4)]],
                   lambda x, a=axis: x.reshape(int(np.prod(x.shape[:a])), -1),
                   None, {"axis": axis})
    for mode in ("DCR", "CRD"):

        def depth(x, mode=mode):
            n, c, h, w = x.shape
            parts = x.reshape((n, 2, 2, c // 4, h, w) if mode == "DCR" else (n, c // 4, 2, 2, h, w))
            return parts.transpose((0, 3, 4, 1, 5, 2) if mode == "DCR" else (0, 1, 4, 2, 5,
                                                                             3)).reshape(n, c // 4, h * 2, w * 2)

        yield Case(f"DepthToSpace.{mode}",
                   "DepthToSpace", [[normal(2, 12, 3, 5)]],
                   depth,
                   None, {"blocksize": 2, "mode": mode},
                   dynamic=False)
    yield Case("SpaceToDepth",
               "SpaceToDepth", [[normal(2, 3, 4, 6)]],
               lambda x: x.reshape(2, 3, 2, 2, 3, 2).transpose(0, 3, 5, 1, 2, 4).reshape(2, 12, 2, 3),
               None, {"blocksize": 2},
               dynamic=False)
    for dtype in (np.float32, np.int64, np.int32):
        yield Case(f"OneHot-{np.dtype(dtype).name}",
                   "OneHot",
                   [[numbers(0, -1, 4, 9, -9).astype(dtype),
                     np.array(5), np.array([2, 7], np.int16)]],
                   lambda i, d, v: np.where(
                       (i[:, None] % 5 == np.arange(5)) & (i[:, None] < 5) & (i[:, None] >= -5), v[1], v[0]),
                   constant=(1,))
    for condition in ([True, False, True, True], [False] * 4, [True] * 4):
        yield Case(f"Compress.{sum(condition)}", "Compress", [[normal(3, 4, 5), np.array(condition)]],
                   lambda x, c: np.compress(c, x, 1), None, {"axis": 1})
    yield Case("Compress.flat", "Compress", [[normal(3, 4), np.array([True, False, False, True, True])]],
               lambda x, c: np.compress(c,
                                        x.reshape(-1)[:5]))
    lengths = numbers(3, 1, 4, 2)

    def reverse(x, l):
        result = x.copy()
        for i, n in enumerate(l):
            result[:n, i] = x[:n, i][::-1]
        return result

    yield Case("ReverseSequence", "ReverseSequence", [[normal(4, 4, 3), lengths]], reverse, None,
               {"time_axis": 0, "batch_axis": 1})
    for dtype, (start, limit, delta) in itertools.product((np.float32, np.int64, np.int32, np.float64),
                                                          ((1, 10, 2), (5, -5, -3), (3, 3, 1), (0, 33, 1))):
        given = [np.array(v, dtype) for v in (start, limit, delta)]
        yield Case(f"Range.{start}.{limit}-{np.dtype(dtype).name}",
                   "Range", [given],
                   lambda a, b, c: np.arange(a, b, c, a.dtype),
                   constant=(0, 1, 2))
        yield Case(f"Range.data.{start}.{limit}-{np.dtype(dtype).name}", "Range", [given],
                   lambda a, b, c: np.arange(a, b, c, a.dtype))
    yield Case("EyeLike", "EyeLike", [[normal(4, 7)]], lambda x: np.eye(4, 7, k=1, dtype=np.float64), None,
               {"k": 1, "dtype": TensorProto.DOUBLE})
    yield Case("ConstantOfShape", "ConstantOfShape", [[numbers(3, 0, 2)]], lambda s: np.full(s, 7, np.int8), None,
               {"value": numpy_helper.from_array(np.array([7], np.int8))}, (0,))


BATCHES = {
    "cut": Batch([*slices(), *joints(), *pads()], folded=True), "pick": Batch([*gathers(), *scatters()]), "others":
    Batch(list(others()), folded=True)
}


@BATCHES["cut"].parametrize()
def test_slices_joints_and_pads(name, shapes, build):
    BATCHES["cut"].check(name, shapes, build)


@BATCHES["pick"].parametrize()
def test_gathers_and_scatters(name, shapes, build):
    BATCHES["pick"].check(name, shapes, build)


@BATCHES["others"].parametrize()
def test_rearrangements(name, shapes, build):
    BATCHES["others"].check(name, shapes, build)
