"""Vector loops over elements that lie apart: lanes taken out of whole vectors, and parts that are interleaved."""
import numpy as np
import pytest

from kernels import RUNNABLE, kernel, run, tensor

LENGTHS = (1, 33, 100)
DTYPES = ("float32", "float64", "int8")


def array_of(shape, dtype):
    return np.random.default_rng(0).integers(-100, 100, shape).astype(dtype)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stride", [2, 3, 4, 5])
def test_slices_with_steps(level, dtype, stride):
    """The last element is the buffer's last: nothing behind it is read."""
    for length in LENGTHS:
        x = array_of((length - 1) * stride + 2, dtype)
        own, result = tensor(x.shape, dtype), tensor([length], dtype)
        text = kernel("loops", {}, [own], f"""  %0 = graph.slice %a0 {{starts = ["1"], steps = array<i64: {stride}>}} : ({own}) -> {result}
  %result = graph.add %0, %0 : ({result}, {result}) -> {result}""", result)
        actual, _ = run(text, level, [x], [length], dtype)
        np.testing.assert_array_equal(actual, x[1::stride] + x[1::stride])


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("parts", [2, 3, 4, 5])
def test_picks_and_stacks(level, dtype, parts):
    """Each slice of the last axis is picked, and all of them stacked in another order."""
    for length in LENGTHS:
        x = array_of((2, length, parts), dtype)
        own, whole, column = tensor(x.shape, dtype), tensor([2, length], dtype), tensor([2, length, 1], dtype)
        order = [(part + 1) % parts for part in range(parts)]
        lines = [f"""  %s{part} = graph.slice %a0 {{starts = ["0", "0", "{part}"], steps = array<i64: 1, 1, 1>}} : ({own}) -> {column}"""
                 for part in order]
        columns = ", ".join(f"%s{part}" for part in order)
        lines.append(f"  %result = graph.concat {columns} {{axis = 2 : i64}} : ({', '.join([column] * parts)}) -> {own}")
        text = kernel("loops", {}, [own], "\n".join(lines), own)
        actual, _ = run(text, level, [x], x.shape, dtype)
        np.testing.assert_array_equal(actual, x[..., order])
        pick = f"""  %i = graph.constant dense<{parts - 1}> : tensor<i64>
  %result = graph.gather %a0, %i {{axis = 2 : i64}} : ({own}, tensor<i64>) -> {whole}"""
        actual, _ = run(kernel("loops", {}, [own], pick, whole), level, [x], x.shape[:2], dtype)
        np.testing.assert_array_equal(actual, x[..., -1])
