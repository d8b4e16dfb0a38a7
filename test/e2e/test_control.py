"""If, Loop and Scan: every dtype as carried value, no trips at all, conditions that end a loop, scans along any axis in
both directions, regions in regions, and values of the graph around them."""
import itertools

import numpy as np
from onnx import helper

from batch import Batch, Case
from numbers_at import NUMBERS, filled, normal


def value(name, dtype, shape=None):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def region(name, nodes, inputs, outputs):
    return helper.make_graph(nodes, name, inputs, outputs)


# --- If: the names of values in regions begin with the result's, so that many nodes share one graph


def choice(dtype):
    def nodes(names, results):
        condition, x, y = names
        r = results[0]
        one = region("one", [helper.make_node("Add", [x, y], [r + "a"])], [], [value(r + "a", dtype)])
        two = region("two", [helper.make_node("Sub", [x, y], [r + "b"])], [], [value(r + "b", dtype)])
        return [helper.make_node("If", [condition], results, name=r, then_branch=one, else_branch=two)]

    return nodes


def rows(names, results):
    """Branches of different extents, and what follows them."""
    condition, x = names
    r = results[0]
    one = region("one", [helper.make_node("Concat", [x, x], [r + "a"], axis=0)], [], [value(r + "a", np.float32)])
    two = region("two", [helper.make_node("Relu", [x], [r + "b"])], [], [value(r + "b", np.float32)])
    return [
        helper.make_node("If", [condition], [r + "c"], name=r, then_branch=one, else_branch=two),
        helper.make_node("Neg", [r + "c"], results)
    ]


def nested(names, results):
    outer, inner, x = names
    r = results[0]
    leaf = lambda operator, label: region(label, [helper.make_node(operator, [x], [r + label])], [],
                                          [value(r + label, np.float32)])
    middle = region(
        "middle",
        [helper.make_node("If", [inner], [r + "m"], then_branch=leaf("Neg", "p"), else_branch=leaf("Abs", "q"))], [],
        [value(r + "m", np.float32)])
    return [helper.make_node("If", [outer], results, name=r, then_branch=middle, else_branch=leaf("Relu", "s"))]


def choices():
    both = [np.array(True), np.array(False)]
    for dtype in NUMBERS:
        operands = [[condition, filled(shape, dtype), filled(shape, dtype, 2)]
                    for condition, shape in itertools.product(both, ((5, 7), (3, 33), (0, 4)))]
        yield Case(f"If-{np.dtype(dtype).name}",
                   "If",
                   operands,
                   lambda c, x, y: x + y if c else x - y,
                   nodes=choice(dtype),
                   static=2)
    operands = [[condition, normal(*shape)] for condition, shape in itertools.product(both, ((5, 7), (1, 33), (0, 4)))]
    yield Case("If.rows",
               "If",
               operands,
               lambda c, x: -np.concatenate([x, x]) if c else -np.maximum(x, 0),
               nodes=rows,
               static=2)
    operands = [[outer, inner, normal(4, 19)] for outer, inner in itertools.product(both, both)]
    yield Case("If.nested",
               "If",
               operands,
               lambda a, b, x: (-x if b else np.abs(x)) if a else np.maximum(x, 0),
               nodes=nested)


# --- Loop


def counting(dtype):
    """x <- x + step for n trips; every x before the step is stacked."""
    def nodes(names, results):
        trips, x, step = names
        r = results[0]
        body = region(
            "body", [
                helper.make_node("Identity", [r + "c"], [r + "d"]),
                helper.make_node("Add", [r + "x", step], [r + "y"]),
                helper.make_node("Identity", [r + "x"], [r + "z"])
            ], [value(r + "i", np.int64, []),
                value(r + "c", np.bool_, []),
                value(r + "x", dtype)],
            [value(r + "d", np.bool_, []), value(r + "y", dtype),
             value(r + "z", dtype)])
        return [helper.make_node("Loop", [trips, "", x], results, name=r, body=body)]

    return nodes


def counted(trips, x, step):
    stack = [x]
    for _ in range(int(trips)):
        stack.append(stack[-1] + step)
    return stack[-1], np.stack(stack[:-1]) if trips > 0 else np.empty((0,) + x.shape, x.dtype)


def growing(names, results):
    """A row more in each trip, until there are as many elements as wanted; the trips are counted by the index."""
    limit, x, row = names
    r = results[0]
    nodes = [
        helper.make_node("Concat", [r + "x", row], [r + "y"], axis=0),
        helper.make_node("Size", [r + "y"], [r + "n"]),
        helper.make_node("Less", [r + "n", limit], [r + "d"]),
        helper.make_node("Mul", [r + "i", r + "i"], [r + "s"])
    ]
    body = region("body", nodes, [
        value(r + "i", np.int64, []),
        value(r + "c", np.bool_, []),
        value(r + "x", np.float32, [r + "rows", r + "columns"])
    ], [
        value(r + "d", np.bool_, []),
        value(r + "y", np.float32, [r + "more", r + "same"]),
        value(r + "s", np.int64, [])
    ])
    return [helper.make_node("Loop", ["", "", x], results, name=r, body=body)]


def grown(limit, x, row):
    squares = []
    while True:
        x = np.concatenate([x, row])
        squares.append(len(squares)**2)
        if x.size >= limit:
            return x, np.array(squares)


def matrix_powers(names, results):
    """Two carried values that change places, a product, and an If inside."""
    trips, a, b = names
    r = results[0]
    one = region("one", [helper.make_node("MatMul", [r + "x", r + "y"], [r + "t"])], [], [value(r + "t", np.float32)])
    two = region("two", [helper.make_node("Add", [r + "x", r + "y"], [r + "u"])], [], [value(r + "u", np.float32)])
    nodes = [
        helper.make_node("Constant", [], [r + "two"], value_int=2),
        helper.make_node("Constant", [], [r + "zero"], value_int=0),
        helper.make_node("Mod", [r + "i", r + "two"], [r + "m"]),
        helper.make_node("Equal", [r + "m", r + "zero"], [r + "even"]),
        helper.make_node("If", [r + "even"], [r + "next"], then_branch=one, else_branch=two),
        helper.make_node("Identity", [r + "x"], [r + "old"]),
        helper.make_node("Identity", [r + "c"], [r + "d"])
    ]
    body = region("body", nodes, [
        value(r + "i", np.int64, []),
        value(r + "c", np.bool_, []),
        value(r + "x", np.float32),
        value(r + "y", np.float32)
    ], [value(r + "d", np.bool_, []),
        value(r + "next", np.float32),
        value(r + "old", np.float32)])
    return [helper.make_node("Loop", [trips, "", a, b], results, name=r, body=body)]


def powers(trips, a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    for i in range(int(trips)):
        a, b = (a @ b if i % 2 == 0 else a + b), a
    return a, b


def loops():
    for dtype in NUMBERS:
        operands = [[np.array(trips),
                     filled(shape, dtype, edges=False),
                     filled(shape, dtype, 2, edges=False)]
                    for trips, shape in ((3, (5, 7)), (0, (3, 33)), (1, (1, 1)), (10, (2, 65)), (-1, (2, 3)))]
        yield Case(f"Loop-{np.dtype(dtype).name}",
                   "Loop",
                   operands,
                   counted, (lambda *x: (1e-5, 1e-5)) if np.dtype(dtype).kind == "f" else None,
                   nodes=counting(dtype),
                   static=2)
    operands = [[np.array(limit), normal(rows, 5), normal(more, 5, seed=1)]
                for limit, rows, more in ((40, 3, 2), (1, 2, 1), (100, 0, 4))]
    yield Case("Loop.growing", "Loop", operands, grown, nodes=growing, static=2)
    operands = [[np.array(trips), normal(n, n) * np.float32(.3),
                 normal(n, n, seed=1) * np.float32(.3)] for trips, n in ((4, 7), (0, 3), (1, 16), (7, 17))]
    yield Case("Loop.products",
               "Loop",
               operands,
               powers,
               lambda *x: (1e-4, 1e-4),
               dtypes=(np.float32,) * 2,
               nodes=matrix_powers,
               static=2)


def halting(names, results):
    """The condition of the next trip is a carried value, which changes places with another one."""
    go, stop, x = names
    r = results[0]
    body = region("body", [
        helper.make_node("Add", [r + "x", r + "x"], [r + "y"]),
        helper.make_node("Identity", [r + "p"], [r + "d"]),
        helper.make_node("Identity", [r + "q"], [r + "e"]),
        helper.make_node("Not", [r + "p"], [r + "f"])
    ], [
        value(r + "i", np.int64, []),
        value(r + "c", np.bool_, []),
        value(r + "p", np.bool_, []),
        value(r + "q", np.bool_, []),
        value(r + "x", np.float32)
    ], [
        value(r + "d", np.bool_, []),
        value(r + "e", np.bool_, []),
        value(r + "f", np.bool_, []),
        value(r + "y", np.float32)
    ])
    return [
        helper.make_node("Constant", [], [r + "most"], value_int=9),
        helper.make_node("Loop", [r + "most", "", go, stop, x], results, name=r, body=body)
    ]


def halted(p, q, x):
    for _ in range(9):
        goes, p, q, x = p, q, ~p, x + x
        if not goes:
            break
    return np.asarray(p), np.asarray(q), x


# --- Scan


def scanning(dtype, options):
    """The running sum of the slices, and each slice doubled."""
    def nodes(names, results):
        start, xs = names
        r = results[0]
        body = region("body", [
            helper.make_node("Add", [r + "s", r + "x"], [r + "t"]),
            helper.make_node("Identity", [r + "t"], [r + "u"]),
            helper.make_node("Add", [r + "x", r + "x"], [r + "v"])
        ], [value(r + "s", dtype), value(r + "x", dtype)],
                      [value(r + "t", dtype), value(r + "u", dtype),
                       value(r + "v", dtype)])
        return [helper.make_node("Scan", [start, xs], results, name=r, body=body, num_scan_inputs=1, **options)]

    return nodes


def scanned(axis, backward, out_axis, out_backward):
    def expected(start, xs):
        slices = [np.take(xs, i, axis) for i in range(xs.shape[axis])]
        sums, state = [], start
        for x in slices[::-1] if backward else slices:
            state = state + x
            sums.append(state)
        doubled = [x + x for x in (slices[::-1] if backward else slices)]
        if out_backward:
            sums = sums[::-1]
        return state, np.stack(sums, out_axis), np.stack(doubled, 0)

    return expected


def swapping(names, results):
    """An If whose branches are the carried values themselves."""
    trips, a, b = names
    r = results[0]
    leaf = lambda source, label: region(label, [helper.make_node("Identity", [r + source], [r + label])], [],
                                        [value(r + label, np.float32)])
    nodes = [
        helper.make_node("Constant", [], [r + "one"], value_int=1),
        helper.make_node("Equal", [r + "i", r + "one"], [r + "keeps"]),
        helper.make_node("If", [r + "keeps"], [r + "x2"], then_branch=leaf("x", "t"), else_branch=leaf("y", "u")),
        helper.make_node("If", [r + "keeps"], [r + "y2"], then_branch=leaf("y", "v"), else_branch=leaf("x", "w")),
        helper.make_node("Neg", [r + "x"], [r + "z"]),
        helper.make_node("Identity", [r + "c"], [r + "d"])
    ]
    body = region("body", nodes, [
        value(r + "i", np.int64, []),
        value(r + "c", np.bool_, []),
        value(r + "x", np.float32),
        value(r + "y", np.float32)
    ], [
        value(r + "d", np.bool_, []),
        value(r + "x2", np.float32),
        value(r + "y2", np.float32),
        value(r + "z", np.float32)
    ])
    return [helper.make_node("Loop", [trips, "", a, b], results, name=r, body=body)]


def swapped(trips, a, b):
    stack = []
    for i in range(int(trips)):
        stack.append(-a)
        a, b = (a, b) if i == 1 else (b, a)
    return a, b, np.stack(stack)


def halts():
    yield Case("Loop.swapping",
               "Loop", [[np.array(n), normal(3, 17), normal(3, 17, seed=1)] for n in (3, 1, 2)],
               swapped,
               nodes=swapping)
    operands = [[np.array(p), np.array(q), normal(3, 17)] for p, q in itertools.product((True, False), (True, False))]
    yield Case("Loop.halting", "Loop", operands, halted, nodes=halting)


def scans():
    for axis, backward, out_axis, out_backward in ((0, 0, 0, 0), (1, 0, 0, 0), (2, 1, 1, 0), (0, 1, 2, 1), (-1, 0, -1,
                                                                                                            1)):
        options = {
            "scan_input_axes": [axis], "scan_input_directions": [backward], "scan_output_axes": [out_axis, 0],
            "scan_output_directions": [out_backward, 0]
        }
        for dtype in (np.float32, np.float64, np.int32, np.int8) if axis < 1 else (np.float32,):
            operands = []
            for shape in ((4, 5, 6), (2, 3, 17), (1, 16, 9)):
                state = shape[:axis % 3] + shape[axis % 3 + 1:]
                operands.append([filled(state, dtype, edges=False), filled(shape, dtype, 2, edges=False)])
            yield Case(f"Scan.{axis}{backward}{out_axis}{out_backward}-{np.dtype(dtype).name}",
                       "Scan",
                       operands,
                       scanned(axis, backward, out_axis, out_backward),
                       (lambda *x: (1e-5,) * 3) if np.dtype(dtype).kind == "f" else None,
                       nodes=scanning(dtype, options),
                       static=1)


BATCH = Batch([*choices(), *loops(), *halts(), *scans()])


@BATCH.parametrize()
def test_control_flow(name, shapes, build):
    BATCH.check(name, shapes, build)
