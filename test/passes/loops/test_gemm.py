"""graph.matmul: every kind of right-hand side, ragged and dynamic extents, epilogues, other element types."""
import numpy as np
import pytest

from kernels import RUNNABLE, check_machine_code, check_products, kernel, panels, run, tensor


def operands(shape, dtype, seed):
    generator = np.random.default_rng(seed)
    if np.issubdtype(np.dtype(dtype), np.integer):
        return generator.integers(-100, 100, shape).astype(dtype)
    return generator.standard_normal(shape).astype(dtype)


def named(shape, dynamic, first=0):
    """The shape with the axes in `dynamic` as d0, d1, ... and their values."""
    spelled, values = list(shape), []
    for axis in dynamic:
        values.append(shape[axis])
        spelled[axis] = f"d{first + len(values) - 1}"
    return spelled, values


def check(a, b, actual, dtype):
    wide = np.int64 if np.issubdtype(np.dtype(dtype), np.integer) else np.float64
    x, y = a.astype(wide), b.astype(wide)
    exact = np.matmul(x, y)
    check_products(actual, exact.astype(dtype) if wide is np.int64 else exact, np.matmul(np.abs(x), np.abs(y)), a.shape[-1])


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("rows, depth, columns, dynamic", [
    (1, 64, 64, False), (1, 100, 1000, False), (3, 7, 5, False), (4, 33, 31, False), (13, 64, 48, False),
    (49, 128, 96, False), (128, 256, 320, False), (130, 65, 130, False), (300, 16, 20, False), (1, 1, 1, False),
    (40, 1024, 64, False), (1, 64, 64, True), (2, 100, 300, True), (3, 24, 200, True), (15, 32, 40, True), (29, 48, 300, True), (257, 40, 64, True),
    (0, 16, 16, True), (5, 0, 16, False)])
@pytest.mark.parametrize("dtype", ["float32"])
def test_packed_weight(level, rows, depth, columns, dynamic, dtype):
    a, b = operands((rows, depth), dtype, 1), operands((depth, columns), dtype, 2)
    spelled, dims = named((rows, depth), [0] if dynamic else [])
    result = tensor([spelled[0], columns], dtype)
    text = kernel("gemm", {}, [tensor(spelled, dtype), tensor(panels(b).shape, dtype)],
                  f"  %result = graph.matmul %a0, %a1 {{columns = {columns} : i64}} : "
                  f"({tensor(spelled, dtype)}, {tensor(panels(b).shape, dtype)}) -> {result}", result, len(dims))
    actual, report = run(text, level, [a, panels(b)], (rows, columns), dtype, dims)
    check(a, b, actual, dtype) if actual.size else None
    if depth >= 16:
        check_machine_code(report)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", ["float64", "int32", "int64", "float16"])
@pytest.mark.parametrize("rows, depth, columns", [(1, 20, 40), (27, 33, 50)])
def test_other_types(level, rows, depth, columns, dtype):
    test_packed_weight(level, rows, depth, columns, False, dtype) if dtype == "float64" else None
    a, b = operands((rows, depth), dtype, 3), operands((depth, columns), dtype, 4)
    result = tensor([rows, columns], dtype)
    text = kernel("gemm", {}, [tensor(a.shape, dtype), tensor(b.shape, dtype)],
                  f"  %result = graph.matmul %a0, %a1 : ({tensor(a.shape, dtype)}, {tensor(b.shape, dtype)}) -> {result}", result)
    actual, _ = run(text, level, [a, b], (rows, columns), dtype)
    check(a, b, actual, dtype)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("left, right, dynamic", [
    ([3, 20, 24], [3, 24, 32], []), ([2, 1, 9, 16], [5, 16, 21], []), ([4, 30, 8], [1, 8, 64], []),
    ([2, 3, 17, 64], [2, 3, 64, 17], [0, 2]), ([2, 3, 33, 12], [2, 3, 12, 80], [1, 2, 3]), ([6, 40], [40, 48], [0])])
def test_dynamic_right(level, left, right, dynamic, transposed):
    a, b = operands(left, "float32", 5), operands(right, "float32", 6)
    spelled_left, dims = named(left, dynamic)
    spelled_right = list(right)
    # Equal extents share a name.
    names = {axis: spelled_left[axis] for axis in dynamic}
    rank = len(left)
    for axis in dynamic:
        if axis < rank - 2 and right[axis] == left[axis] and len(right) == rank:
            spelled_right[axis] = names[axis]
        if axis == rank - 1:
            spelled_right[-2] = names[axis]
    shape = np.matmul(a, b).shape
    batch = np.broadcast_shapes(tuple(left[:-2]), tuple(right[:-2]))
    result_shape = list(batch) + [spelled_left[-2], spelled_right[-1]]
    for axis in dynamic:
        if axis < rank - 2:
            result_shape[len(batch) - (rank - 2) + axis] = names[axis]
    stored = np.swapaxes(b, -1, -2) if transposed else b
    if transposed:
        spelled_right[-1], spelled_right[-2] = spelled_right[-2], spelled_right[-1]
    result = tensor(result_shape)
    text = kernel("gemm", {}, [tensor(spelled_left), tensor(spelled_right)],
                  f"  %result = graph.matmul %a0, %a1 {'{transpose_rhs} ' if transposed else ''}: "
                  f"({tensor(spelled_left)}, {tensor(spelled_right)}) -> {result}", result, len(dims))
    actual, report = run(text, level, [a, stored], shape, dims=dims)
    check(a, b, actual, "float32")


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("batch, rows, columns", [(1, 20, 96), (2, 33, 72)])
def test_epilogue_with_heads(level, batch, rows, columns):
    """Bias, residual and relu, then the split into heads of 24 or 16 that attention wants."""
    depth, heads = 32, columns // 8 if columns % 16 else columns // 16
    width = columns // heads
    a, b = operands((batch, rows, depth), "float32", 7), operands((depth, columns), "float32", 8)
    bias, residual = operands((columns,), "float32", 9), operands((batch, rows, columns), "float32", 10)
    if width % 16:
        heads, width = columns, 1
    full, split = tensor([batch, rows, columns]), tensor([batch, rows, heads, width])
    moved = tensor([batch, heads, rows, width])
    movement = width % 16 == 0
    body = f"""
  %m = graph.matmul %a0, %a1 {{columns = {columns} : i64}} : ({tensor(a.shape)}, {tensor(panels(b).shape)}) -> {full}
  %b = graph.add %m, %a2 : ({full}, {tensor(bias.shape)}) -> {full}
  %s = graph.add %b, %a3 : ({full}, {full}) -> {full}
  %z = graph.constant dense<0.0> : tensor<f32>
  %r = graph.max %s, %z : ({full}, tensor<f32>) -> {full}
"""
    expected = np.maximum(np.matmul(a.astype(np.float64), b) + bias + residual, 0)
    shape = expected.shape
    if movement:
        body += f"  %h = graph.reshape %r : ({full}) -> {split}\n"
        body += f"  %result = graph.transpose %h {{permutation = array<i64: 0, 2, 1, 3>}} : ({split}) -> {moved}"
        expected = expected.reshape(batch, rows, heads, width).transpose(0, 2, 1, 3)
        shape, full = expected.shape, moved
    else:
        body = body.replace("%r =", "%result =")
    text = kernel("gemm", {}, [tensor(x.shape) for x in (a, panels(b), bias, residual)], body, full)
    actual, _ = run(text, level, [a, panels(b), bias, residual], shape)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("level", RUNNABLE)
def test_producer(level):
    """A sum in front of the product is computed once per row, into scratch."""
    a, c, b = operands((37, 50), "float32", 11), operands((50,), "float32", 12), operands((50, 64), "float32", 13)
    result = tensor([37, 64])
    text = kernel("gemm", {}, [tensor(a.shape), tensor(c.shape), tensor(panels(b).shape)], f"""
  %s = graph.add %a0, %a1 : ({tensor(a.shape)}, {tensor(c.shape)}) -> {tensor(a.shape)}
  %result = graph.matmul %s, %a2 {{columns = 64 : i64}} : ({tensor(a.shape)}, {tensor(panels(b).shape)}) -> {result}""", result)
    actual, _ = run(text, level, [a, c, panels(b)], (37, 64))
    check(a + c, b, actual, "float32")
