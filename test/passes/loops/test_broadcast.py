"""Vector loops over broadcast operands: which axes may be walked with one index."""
import numpy as np
import pytest

from kernels import RUNNABLE, kernel, run, tensor


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("left, right", [
    ([1, 4, 1, 64], [1, 1, 1, 64]), ([2, 3, 1, 1, 5], [3, 1, 1, 1]), ([4, 1, 6], [1, 6]), ([3, 4, 5], [4, 1]), ([1, 1, 7], [7])])
def test_product(level, left, right):
    a, b = (np.random.default_rng(i).standard_normal(shape).astype("float32") for i, shape in enumerate((left, right)))
    result = tensor((a * b).shape)
    text = kernel("loops", {}, [tensor(left), tensor(right)],
                  f"  %result = graph.mul %a0, %a1 : ({tensor(left)}, {tensor(right)}) -> {result}", result)
    actual, _ = run(text, level, [a, b], (a * b).shape)
    np.testing.assert_array_equal(actual, a * b)
