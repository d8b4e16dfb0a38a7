"""Matrix products: every extent from 0 over the register tiles' edges to 100, every broadcast of the leading axes,
every dtype, and all forms of Gemm."""
import itertools

import numpy as np
from onnx import helper

from batch import Batch, Case
from numbers_at import INTEGERS, filled, normal, wide

EXTENTS = (0, 1, 2, 7, 15, 16, 17, 31, 33, 64, 100)


def dot_bound(a, b):
    """gamma_K of the product of magnitudes, K + 2 for the rounding of the sum's pieces."""
    if a.dtype.kind != "f":
        return 0
    unit = float(np.finfo(a.dtype).eps) / 2
    steps = a.shape[-1] + 2
    return steps * unit / (1 - steps * unit) * np.matmul(np.abs(a).astype(np.float64), np.abs(b).astype(np.float64))


def product(a, b):
    return np.matmul(wide(a), wide(b)) if a.dtype.kind == "f" else np.matmul(a, b, dtype=a.dtype)


def extents():
    """Every extent on each side, with neighbours that change."""
    random = np.random.default_rng(3)
    lines = [triple for extent in EXTENTS for triple in ((extent, 33, 17), (7, extent, 64), (15, 16, extent))]
    return list(dict.fromkeys(lines)), [tuple(int(random.choice(EXTENTS)) for _ in range(3)) for _ in range(60)]


def matmul(name, pairs, dtype=np.float32, **options):
    make = normal if np.dtype(dtype).kind == "f" else lambda *shape, dtype, seed=0: filled(shape, dtype, seed)
    operands = [[make(*a, dtype=dtype), make(*b, dtype=dtype, seed=1)] for a, b in pairs]
    return Case(name, "MatMul", operands, product, dot_bound, dtypes=(dtype,), **options)


def by_extent():
    lines, spread = extents()
    for i, (m, k, n) in enumerate(lines):
        yield matmul(f"weight.{m}x{k}x{n}", [((m, k), (k, n))], constant=(1,), dynamic=False, plain=False)
        if i % 3 == 0:
            yield matmul(f"data.{m}x{k}x{n}", [((m, k), (k, n))], dynamic=False, plain=False)
    # One artifact, every extent: rows, depth and columns unknown; then a weight of fixed depth and columns.
    yield matmul("data.any", [((m, k), (k, n)) for m, k, n in lines + spread], static=0)
    for k, n in ((33, 17), (64, 100), (16, 16), (1, 1), (7, 31)):
        yield Case(f"weight.any.{k}x{n}",
                   "MatMul", [[normal(m, k), normal(k, n, seed=1)] for m in (5,) + EXTENTS],
                   product,
                   dot_bound,
                   static=0,
                   dtypes=(np.float32,),
                   constant=(1,),
                   fixed={0: (1,)})
    for dtype in (np.float64, np.int32, np.int64, np.uint32, np.uint64):
        for m, k, n in ((7, 16, 31), (17, 1, 33), (64, 33, 100)):
            yield matmul(f"weight.{m}x{k}x{n}-{np.dtype(dtype).name}", [((m, k), (k, n))],
                         dtype,
                         constant=(1,),
                         dynamic=False,
                         plain=False)
        yield matmul(f"data.any-{np.dtype(dtype).name}", [((m, k), (k, n)) for m, k, n in lines + spread],
                     dtype,
                     static=1)


LEADING = {
    "same": [((2, 3, 7, 16), (2, 3, 16, 17)), ((4, 2, 1, 5), (4, 2, 5, 33)), ((0, 2, 3, 4), (0, 2, 4, 5))],
    "left": [((2, 3, 7, 16), (16, 17)), ((1, 5, 2, 33), (33, 15))],
    "right": [((7, 16), (2, 3, 16, 17)), ((3, 5), (4, 2, 5, 33))],
    "inner": [((2, 1, 7, 16), (2, 3, 16, 17)), ((3, 1, 2, 5), (3, 4, 5, 2))],
    "outer": [((1, 3, 7, 16), (2, 3, 16, 17)), ((1, 2, 5, 33), (5, 2, 33, 16))],
    "crossed": [((2, 1, 7, 16), (1, 3, 16, 17)), ((3, 1, 33, 2), (1, 2, 2, 31))],
    "shorter": [((5, 2, 1, 7, 16), (3, 16, 17)), ((2, 3, 1, 1, 5), (2, 5, 7))],
    "vector.matrix": [((16,), (16, 17)), ((33,), (33, 5))],
    "matrix.vector": [((7, 16), (16,)), ((33, 5), (5,))],
    "vector.vector": [((37,), (37,)), ((0,), (0,)), ((16,), (16,))],
    "vector.batch": [((16,), (2, 3, 16, 17)), ((5,), (3, 2, 5, 2))],
    "batch.vector": [((2, 3, 7, 16), (16,)), ((3, 2, 1, 5), (5,))],
}


def by_leading():
    for label, pairs in LEADING.items():
        for dtype in (np.float32, np.float64, np.int32):
            yield matmul(f"{label}-{dtype.__name__}", pairs, dtype, static=1)
        yield matmul(f"{label}.weight", pairs[:1], constant=(1,))
        yield matmul(f"{label}.left_weight", pairs[:1], constant=(0,))


def gemm(alpha, beta, trans_a, trans_b):
    def expected(a, b, c=None):
        a, b = wide(a.T if trans_a else a), wide(b.T if trans_b else b)
        result = np.matmul(a, b) * a.dtype.type(alpha)
        if c is not None:
            result = result + wide(c) * a.dtype.type(beta)
        return result.astype(c.dtype if c is not None and c.dtype.kind != "f" else result.dtype)

    def bound(a, b, c=None):
        if a.dtype.kind != "f":
            return 0
        whole = dot_bound(a.T if trans_a else a, b.T if trans_b else b) * abs(alpha)
        unit = float(np.finfo(a.dtype).eps) * 2
        return whole + unit * np.abs(expected(a, b).astype(float)) + (0 if c is None else 3 * unit * np.abs(c * beta))

    return expected, bound


def gemm_case(factors, transposed, extents, label, c_shape, constant, dtype):
    """a, b and c (None: absent), of which those at `constant` are weights."""
    (alpha, beta), (trans_a, trans_b), (m, k, n) = factors, transposed, extents
    a, b = normal(m, k, dtype=dtype), normal(k, n, dtype=dtype, seed=1)
    operands = [a.T.copy() if trans_a else a, b.T.copy() if trans_b else b]
    if c_shape is not None:
        operands.append(normal(*c_shape, dtype=dtype, seed=2))
    expected, bound = gemm(alpha, beta, trans_a, trans_b)
    given = tuple(position for position in constant if position < len(operands))
    name = f"Gemm.{trans_a}{trans_b}.{alpha}.{beta}.{label}{'.weight' if given else ''}-{dtype.__name__}"
    attributes = {"alpha": alpha, "beta": beta, "transA": trans_a, "transB": trans_b}
    return Case(name, "Gemm", [operands], expected, bound, attributes, given, dtypes=(dtype,), plain=not given)


def gemms():
    both = itertools.product((0, 1), (0, 1))
    factors = [(1., 1.), (.5, 2.), (0., 1.), (1., 0.), (-1.25, .75)]
    extents = [(7, 33, 17), (16, 16, 16), (1, 100, 31), (33, 1, 1), (5, 0, 3)]
    for transposed, i in itertools.product(both, range(len(factors))):
        if (sum(transposed) + i) % 2:    # each factor with two ways to lie
            continue
        m, _, n = extents[i]
        c_shapes = {"none": None, "scalar": (), "row": (n,), "column": (m, 1), "full": (m, n), "one": (1, 1),
                    "rows": (1, n)}
        for (label, c_shape), constant in itertools.product(c_shapes.items(), ((), (1, 2))):
            if (i + len(label) + len(constant)) % 2 and label not in ("row", "none"):
                continue
            yield gemm_case(factors[i], transposed, extents[i], label, c_shape, constant, np.float32)
            if label in ("row", "full") and not constant:
                yield gemm_case(factors[i], transposed, extents[i], label, c_shape, constant, np.float64)
    for dtype in (np.int32, np.int64, np.uint32, np.uint64):
        operands = [filled((7, 16), dtype), filled((16, 17), dtype, 1), filled((17,), dtype, 2)]
        yield Case(f"Gemm-{dtype.__name__}", "Gemm", [operands], lambda a, b, c: np.matmul(a, b, dtype=a.dtype) + c)


def epilogues():
    """What follows a product is computed on its accumulators: broadcasts of every kind, and a residual."""

    def chain(names, results):
        a, b, row, column, full = names
        prefix = results[0]
        t = [f"{prefix}_{i}" for i in range(6)]
        return [
            helper.make_node("MatMul", [a, b], [t[0]], name=prefix + "_mm"),
            helper.make_node("Add", [t[0], row], [t[1]]),
            helper.make_node("Relu", [t[1]], [t[2]]),
            helper.make_node("Mul", [t[2], column], [t[3]]),
            helper.make_node("Add", [t[3], full], results)
        ]

    def expected(a, b, row, column, full):
        return np.maximum(product(a, b) + wide(row), 0) * wide(column) + wide(full)

    for m, k, n in ((1, 7, 33), (7, 16, 17), (17, 33, 1), (13, 64, 31), (33, 2, 16), (2, 0, 5), (100, 15, 100)):
        for dtype in (np.float32, np.float64):
            operands = [
                normal(m, k, dtype=dtype),
                normal(k, n, dtype=dtype, seed=1),
                normal(n, dtype=dtype),
                normal(m, 1, dtype=dtype),
                normal(m, n, dtype=dtype, seed=5)
            ]
            for constant in ((), (1, 2)):
                yield Case(
                    f"epilogue.{m}x{k}x{n}{'.weight' if constant else ''}-{dtype.__name__}",
                    "MatMul", [operands],
                    expected,
                    lambda a, b, row, column, full: dot_bound(a, b) * np.abs(column) + 8 * np.finfo(a.dtype).eps *
                    (np.abs(a) @ np.abs(b) * np.abs(column) + np.abs(row * column) + np.abs(full)),
                    constant=constant,
                    dtypes=(dtype,),
                    nodes=chain)


BATCHES = {
    "extent": Batch(list(by_extent())), "leading": Batch(list(by_leading())), "gemm": Batch([*gemms(), *epilogues()])
}


@BATCHES["extent"].parametrize()
def test_every_extent(name, shapes, build):
    BATCHES["extent"].check(name, shapes, build)


@BATCHES["leading"].parametrize()
def test_leading_axes(name, shapes, build):
    BATCHES["leading"].check(name, shapes, build)


@BATCHES["gemm"].parametrize()
def test_gemm_and_epilogues(name, shapes, build):
    BATCHES["gemm"].check(name, shapes, build)
