"""Reductions of every kind along every choice of axes, for every dtype, and what picks or sums along an axis."""
import numpy as np

from batch import Batch, Case
from numbers_at import INTEGERS, NUMBERS, REALS, SIGNED, filled, normal, wide

AXES = {
    "last": (-1,), "first": (0,), "middle": (1,), "tail": (1, 2), "ends": (0, -1), "head": (0, 1), "all": (0, 1, 2),
    "none": None
}
SHAPES = [(3, 5, 37), (2, 1, 16), (1, 4, 1), (4, 3, 129), (11, 2, 261)]
EMPTY = [(3, 0, 5), (0, 4, 3)]


def logsumexp(x, axes, keep):
    top = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    shift = np.where(np.isinf(top), 0, top)
    result = np.log(np.sum(np.exp(x - shift), axis=axes, keepdims=True)) + shift
    return result if keep else np.sum(result, axis=axes)    # of extents 1: drops them


def apply(function, before=None, after=None):
    def whole(x, axes, keep):
        result = function(before(x) if before else x, axis=axes, keepdims=keep)
        return after(result) if after else result

    return whole


def greatest(x, axis, keepdims):
    return np.max(x, axis=axis, keepdims=keepdims, initial=-np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)


def least(x, axis, keepdims):
    return np.min(x, axis=axis, keepdims=keepdims, initial=np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max)


# Operator, function, whether its error grows with the number of terms.
KINDS = [
    ("ReduceSum", apply(np.sum)),
    ("ReduceMean", apply(np.mean)),
    ("ReduceProd", apply(np.prod)),
    ("ReduceMax", apply(greatest)),
    ("ReduceMin", apply(least)),
    ("ReduceL1", apply(np.sum, np.abs)),
    ("ReduceL2", apply(np.sum, np.square, np.sqrt)),
    ("ReduceSumSquare", apply(np.sum, np.square)),
    ("ReduceLogSum", apply(np.sum, None, np.log)),
    ("ReduceLogSumExp", logsumexp),
]


def terms(shape, axes):
    return np.prod([shape[axis] for axis in (axes or range(len(shape)))], dtype=float)


def allowance(operator, axes):
    """gamma_n of the sum of magnitudes; the logarithms turn a relative error into an absolute one."""
    def bound(x, *rest):
        unit = float(np.finfo(x.dtype).eps) * (terms(x.shape, axes) + 4)
        size = np.abs(x.astype(np.float64))
        keep = {"axis": axes, "keepdims": True}
        if operator in ("ReduceMax", "ReduceMin"):
            return 0
        if operator.startswith("ReduceLog"):
            return 2 * unit * (1 + np.max(size, initial=0))
        if operator == "ReduceProd":
            return np.max(unit * np.prod(size, **keep), initial=0)
        if operator == "ReduceMean":
            return np.max(unit * np.sum(size, **keep) / max(terms(x.shape, axes), 1), initial=0)
        squared = operator in ("ReduceSumSquare", "ReduceL2")
        total = np.sum(np.square(size) if squared else size, **keep)
        return np.max(unit * (np.sqrt(total) if operator == "ReduceL2" else total), initial=0)

    return bound


def reduce_cases():
    for operator, function in KINDS:
        for dtype in (np.float32, np.float64):
            for label, axes in AXES.items():
                for keep in (1, 0):
                    if keep == 0 and (dtype == np.float64 or label in ("middle", "head")):
                        continue
                    make = lambda shape: np.abs(normal(*shape, dtype=dtype)
                                                ) + .1 if operator == "ReduceLogSum" else normal(*shape, dtype=dtype)
                    operands = [[make(shape), None if axes is None else np.array(axes)] for shape in SHAPES]
                    yield Case(f"{operator}.{label}.{'keep' if keep else 'drop'}-{dtype.__name__}",
                               operator,
                               operands,
                               lambda x, _, f=function, axes=axes, keep=keep: np.asarray(f(wide(x), axes, bool(keep))),
                               allowance(operator, axes), {"keepdims": keep}, (1,),
                               static=1,
                               dtypes=(dtype,))
        for label, shape in zip(("inside", "outside"), EMPTY):
            yield Case(f"{operator}.empty.{label}",
                       operator, [[np.zeros(shape, np.float32), np.array([1])]],
                       lambda x, _, f=function: np.asarray(f(x.astype(np.float64), (1,), True)),
                       lambda x, _: 0, {}, (1,),
                       dtypes=(np.float32,))


def whole_cases():
    sums = {"ReduceSum": np.sum, "ReduceProd": np.prod, "ReduceMax": np.max, "ReduceMin": np.min}
    for operator, function in sums.items():
        for dtype in NUMBERS[2:]:
            for axes in ((-1,), (0, 1)):
                operands = [[filled(shape, dtype), np.array(axes)] for shape in SHAPES]

                def expected(x, _, f=function, axes=axes):
                    with_dtype = {"dtype": x.dtype} if f in (np.sum, np.prod) else {}
                    return f(x, axis=axes, keepdims=True, **with_dtype)

                yield Case(f"{operator}.{len(axes)}-{np.dtype(dtype).name}",
                           operator,
                           operands,
                           expected,
                           None, {}, (1,),
                           static=1)
    for dtype in SIGNED[2:]:
        operands = [[(filled(shape, dtype) % 100 - 50).astype(dtype), np.array([-1])] for shape in SHAPES]
        yield Case(f"ReduceL1-{dtype.__name__}",
                   "ReduceL1",
                   operands,
                   lambda x, _: np.sum(np.abs(x), axis=-1, keepdims=True, dtype=x.dtype),
                   None, {}, (1,),
                   static=1)
        yield Case(f"ReduceSumSquare-{dtype.__name__}",
                   "ReduceSumSquare",
                   operands,
                   lambda x, _: np.sum(x * x, axis=-1, keepdims=True, dtype=x.dtype),
                   None, {}, (1,),
                   static=1)
        yield Case(f"ReduceMean-{dtype.__name__}",
                   "ReduceMean",
                   operands,
                   lambda x, _: np.trunc(np.mean(x, axis=-1, keepdims=True)).astype(x.dtype),
                   None, {}, (1,),
                   static=1)
    for operator, function in (("ReduceMax", np.max), ("ReduceMin", np.min)):
        operands = [[filled(shape, np.bool_), np.array([-1])] for shape in SHAPES]
        yield Case(f"{operator}-bool",
                   operator,
                   operands,
                   lambda x, _, f=function: f(x, axis=-1, keepdims=True),
                   None, {}, (1,),
                   static=1)


def special_cases():
    """NaN and infinities, and no axes at all."""
    for operator, function in KINDS[:5]:
        x = normal(6, 40)
        x[0, 3], x[1, 17], x[2, 39], x[3, 0], x[3, 39] = np.nan, np.inf, -np.inf, np.inf, -np.inf
        yield Case(f"{operator}.special",
                   operator, [[x, np.array([1])]],
                   lambda x, _, f=function: np.asarray(f(x.astype(np.float64), (1,), True)),
                   lambda x, _: 1e-5, {}, (1,),
                   dtypes=(np.float32,))
    yield Case("ReduceSum.noop", "ReduceSum", [[normal(3, 5), None]], lambda x, _: x, None, {"noop_with_empty_axes": 1})
    yield Case("ReduceSumSquare.noop", "ReduceSumSquare", [[normal(3, 5), None]], lambda x, _: x * x, None,
               {"noop_with_empty_axes": 1})
    yield Case("ReduceMax.opset11",
               "ReduceMax", [[normal(3, 5, 17)]],
               lambda x: x.max((0, 2)),
               None, {"axes": [0, -1], "keepdims": 0},
               opset=11)
    yield Case("ReduceSum.scalar", "ReduceSum", [[np.array(2.5, np.float32), None]], lambda x, _: x)
    for count in (0, 1, 2, 15, 16, 17, 31, 33, 64, 65, 100, 1000):
        yield Case(f"ReduceSum.length{count}", "ReduceSum",
                   [[np.arange(3 * count, dtype=np.float32).reshape(3, count),
                     np.array([1])]], lambda x, _: np.sum(x, axis=1, keepdims=True), None, {}, (1,))
        yield Case(f"ReduceMax.length{count}", "ReduceMax",
                   [[-np.arange(3 * count, dtype=np.float32).reshape(3, count),
                     np.array([1])]], lambda x, _: greatest(x, 1, True), None, {}, (1,))


def arg_extremum(x, axis, largest, last):
    x = -x if not largest and x.dtype.kind in "fi" else x
    if last:
        return x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis, keepdims=True)
    return np.argmax(x, axis, keepdims=True)


def arg_cases():
    for operator in ("ArgMax", "ArgMin"):
        for axis in (0, 1, -1):
            for last in (0, 1):
                for dtype in (np.float32, np.float64, np.int8, np.int32, np.uint8, np.int64):
                    if np.dtype(dtype).kind == "u" and operator == "ArgMin":
                        continue
                    operands = [[(np.round(normal(*shape)) * 2 + 9).astype(dtype)] for shape in SHAPES]
                    yield Case(f"{operator}.{axis}.{'last' if last else 'first'}-{np.dtype(dtype).name}",
                               operator,
                               operands,
                               lambda x, axis=axis, o=operator, last=last: arg_extremum(x, axis, o == "ArgMax", last),
                               None, {"axis": axis, "select_last_index": last},
                               static=1)


def running(function, exclusive, reverse):
    def expected(x, axis):
        axis = int(axis)
        x = wide(np.flip(x, axis) if reverse else x)
        if exclusive:
            start = np.full_like(np.take(x, [0], axis), 0 if function is np.cumsum else 1)
            x = np.concatenate([start, np.delete(x, -1, axis)], axis)
        result = function(x, axis=axis, dtype=x.dtype)
        return np.flip(result, axis) if reverse else result

    return expected


def running_cases():
    for operator, function in (("CumSum", np.cumsum), ("CumProd", np.cumprod)):
        for dtype in (np.float32, np.float64, np.int32, np.int64):
            for axis in (0, 1, -1):
                for exclusive in (0, 1):
                    for reverse in (0, 1):
                        operands = [[np.round(normal(*shape) * 2).astype(dtype), np.array(axis)] for shape in SHAPES]
                        yield Case(f"{operator}.{axis}.{exclusive}{reverse}-{np.dtype(dtype).name}",
                                   operator,
                                   operands,
                                   running(function, exclusive, reverse),
                                   (lambda x, axis: 0) if operator == "CumSum" else lambda x, axis: 1e-5 * np.prod(
                                       np.maximum(np.abs(x.astype(float)), 1), int(axis), keepdims=True)
                                   if x.dtype.kind == "f" else 0, {"exclusive": exclusive, "reverse": reverse}, (1,),
                                   static=1,
                                   dtypes=(dtype,),
                                   opset=26 if operator == "CumProd" else 21)


def top_k(axis, largest):
    def expected(x, k):
        order = np.argsort(-x if largest else x, axis, kind="stable")
        index = np.take(order, range(int(k[0])), axis)
        return np.take_along_axis(x, index, axis), index

    return expected


def top_k_cases():
    for dtype in (np.float32, np.float64, np.int32, np.int64, np.int8):
        for axis in (0, 1, -1):
            for largest in (0, 1):
                for k in (0, 1, 2, 3):
                    if dtype not in (np.float32, np.int64) and k != 2:
                        continue
                    operands = [[np.round(normal(*shape) * 3).astype(dtype),
                                 np.array([k])] for shape in ((3, 5, 37), (4, 3, 129), (3, 16, 3))]
                    yield Case(f"TopK.{axis}.{largest}.{k}-{np.dtype(dtype).name}",
                               "TopK",
                               operands,
                               top_k(axis, largest),
                               None, {"axis": axis, "largest": largest}, (1,),
                               static=1)


BATCHES = {
    "reduce": Batch([*reduce_cases(), *whole_cases(), *special_cases()], folded=True), "along":
    Batch([*arg_cases(), *running_cases(), *top_k_cases()])
}


@BATCHES["reduce"].parametrize()
def test_reduce(name, shapes, build):
    BATCHES["reduce"].check(name, shapes, build)


@BATCHES["along"].parametrize()
def test_along_an_axis(name, shapes, build):
    BATCHES["along"].check(name, shapes, build)
