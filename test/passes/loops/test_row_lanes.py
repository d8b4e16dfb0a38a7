"""Kernels with a row in each lane, beside NumPy: every number of rows around a block, every level."""
import numpy as np
import pytest
from kernels import RUNNABLE, check_products, kernel, panels, run, tensor

ROWS = [1, 17, 32, 63, 200]
random = np.random.default_rng(0)


def lanes(arguments, body, result, task_rows=64):
    return kernel("row_lanes", {"task_rows": task_rows}, arguments, body, result, dims=1)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("depth, columns", [(1, 1), (3, 5), (16, 16), (50, 7), (33, 32), (250, 20), (8, 17)])
def test_products(level, dtype, depth, columns):
    text = lanes([tensor(["d0", depth], dtype), tensor([-(-columns // 16), depth, 16], dtype)],
                 f"  %result = graph.matmul %a0, %a1 {{columns = {columns} : i64}} : ({tensor(['d0', depth], dtype)}, "
                 f"{tensor([-(-columns // 16), depth, 16], dtype)}) -> {tensor(['d0', columns], dtype)}",
                 tensor(["d0", columns], dtype))
    weight = random.standard_normal((depth, columns)).astype(dtype)
    for rows in ROWS:
        x = random.standard_normal((rows, depth)).astype(dtype)
        actual, report = run(text, level, [x, panels(weight)], (rows, columns), dtype, dims=[rows])
        assert report["code"] == 0
        wide = x.astype(np.longdouble), weight.astype(np.longdouble)
        check_products(actual, (wide[0] @ wide[1]).astype(np.float64), (np.abs(x) @ np.abs(weight)).astype(np.float64), depth)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("columns", [1, 2, 9, 32])
def test_arg_reduce(level, largest, last, columns):
    """The first or last of equal ones; a NaN is beyond all numbers."""
    x, index = tensor(["d0", columns]), tensor(["d0", 1], "int64")
    text = lanes([x], f"  %result = graph.arg_reduce %a0 {{axis = 1 : i64, largest = {str(largest).lower()}, "
                      f"last = {str(last).lower()}}} : ({x}) -> {index}", index)
    for rows in ROWS:
        data = random.integers(-2, 3, (rows, columns)).astype(np.float32)
        data[random.random(data.shape) < 0.05] = np.nan
        data[random.random(data.shape) < 0.05] = np.inf
        ordered = data[:, ::-1] if last else data
        want = (np.argmax if largest else np.argmin)(ordered, axis=1)
        want = columns - 1 - want if last else want
        actual, _ = run(text, level, [data], (rows, 1), "int64", dims=[rows])
        np.testing.assert_array_equal(actual[:, 0], want)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype, bound", [("float32", 3e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("shape, axis", [((1,), 1), ((4,), 1), ((10,), 1), ((32,), 1), ((3, 5), 1), ((3, 5), 2)])
def test_softmax(level, dtype, bound, log, shape, axis):
    x = tensor(["d0", *shape], dtype)
    text = lanes([x], f"  %result = graph.softmax %a0 {{axis = {axis} : i64, log = {str(log).lower()}}} : ({x}) -> {x}", x)
    for rows in (1, 32, 45):
        data = (random.standard_normal((rows, *shape)) * 20).astype(dtype)
        wide = data.astype(np.longdouble)
        shifted = wide - wide.max(axis=axis, keepdims=True)
        want = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        actual, _ = run(text, level, [data], data.shape, dtype, dims=[rows])
        assert np.max(np.abs(actual - (want if log else np.exp(want))) / (np.maximum(1, np.abs(want)) if log else 1)) < bound


@pytest.mark.parametrize("level", RUNNABLE)
def test_classes_of_rows(level):
    """A value that is needed in every column, a reduction behind a broadcast, a table by positions, a flag."""
    row, cube, one = tensor(["d0", 7]), tensor(["d0", 3, 7]), tensor(["d0", 3, 1])
    text = lanes([row, tensor([3, 7]), tensor([3], "int64")], f"""
  %view = graph.reshape %a0 : ({row}) -> {tensor(["d0", 1, 7])}
  %apart = graph.sub %view, %a1 : ({tensor(["d0", 1, 7])}, {tensor([3, 7])}) -> {cube}
  %squares = graph.mul %apart, %apart : ({cube}, {cube}) -> {cube}
  %sums = graph.reduce %squares {{axes = array<i64: 2>, kind = #graph<reduction sum>}} : ({cube}) -> {one}
  %flat = graph.reshape %sums : ({one}) -> {tensor(["d0", 3])}
  %least = graph.arg_reduce %flat {{axis = 1 : i64, largest = false, last = false}} : ({tensor(["d0", 3])}) -> {tensor(["d0", 1], "int64")}
  %place = graph.reshape %least : ({tensor(["d0", 1], "int64")}) -> {tensor(["d0"], "int64")}
  %result = graph.gather %a2, %place {{axis = 0 : i64}} : ({tensor([3], "int64")}, {tensor(["d0"], "int64")}) -> {tensor(["d0"], "int64")}""",
                 tensor(["d0"], "int64"))
    centers, names = random.standard_normal((3, 7)).astype("f4"), np.array([-5, 2**40, 9])
    for rows in ROWS:
        x = random.standard_normal((rows, 7)).astype("f4")
        want = names[((x[:, None] - centers).astype("f8") ** 2).sum(axis=2).argmin(axis=1)]
        actual, report = run(text, level, [x, centers, names], (rows,), "int64", dims=[rows])
        assert report["code"] == 0     # lanes without a row are no error
        np.testing.assert_array_equal(actual, want)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("columns", [1, 3, 8, 16, 21])
def test_flags(level, columns):
    x, flags = tensor(["d0", columns], "float64"), tensor(["d0", columns], "bool")
    text = lanes([x], f"  %result = graph.is_nan %a0 : ({x}) -> {flags}", flags)
    for rows in ROWS:
        data = random.standard_normal((rows, columns))
        data[random.random(data.shape) < 0.3] = np.nan
        actual, _ = run(text, level, [data], data.shape, "bool", dims=[rows])
        np.testing.assert_array_equal(actual, np.isnan(data))


@pytest.mark.parametrize("level", RUNNABLE)
def test_a_view_of_rows(level):
    """A result, and the left side of a product, that is nothing but other dims."""
    cube, row = tensor(["d0", 3, 5]), tensor(["d0", 15])
    view = f"graph.reshape %a0 : ({cube}) -> {row}"
    weight, product = tensor([1, 15, 16]), tensor(["d0", 4])
    for rows in ROWS:
        x, w = random.standard_normal((rows, 3, 5)).astype("f4"), random.standard_normal((15, 4)).astype("f4")
        actual, _ = run(lanes([cube], f"  %result = {view}", row), level, [x], (rows, 15), dims=[rows])
        np.testing.assert_array_equal(actual, x.reshape(rows, 15))
        text = lanes([cube, weight], f"  %view = {view}\n  %result = graph.matmul %view, %a1 {{columns = 4 : i64}} : "
                                     f"({row}, {weight}) -> {product}", product)
        actual, _ = run(text, level, [x, panels(w)], (rows, 4), dims=[rows])
        np.testing.assert_allclose(actual, x.reshape(rows, 15).astype("f8") @ w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("level", RUNNABLE)
def test_a_wrong_position_is_an_error(level):
    index = tensor(["d0"], "int64")
    text = lanes([index, tensor([3])], f"  %result = graph.gather %a1, %a0 {{axis = 0 : i64}} : ({tensor([3])}, {index}) -> {tensor(['d0'])}",
                 tensor(["d0"]))
    for wrong in (0, 17, 39):
        places = random.integers(0, 3, 40)
        _, report = run(text, level, [places, np.zeros(3, "f4")], (40,), dims=[40])
        assert report["code"] == 0
        places[wrong] = 3
        _, report = run(text, level, [places, np.zeros(3, "f4")], (40,), dims=[40])
        assert report["code"] == 1
