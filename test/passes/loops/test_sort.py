"""Whole lines in order, beside NumPy: every element type and level, lengths around a register, a block and a chunk."""
import numpy as np
import pytest
from kernels import NAMES, RUNNABLE, run, tensor

random = np.random.default_rng(0)
FLOATS, INTEGERS = ["float16", "float32", "float64"], [name for name in NAMES if "int" in name]
SHORT = [0, 1, 2, 3, 5, 8, 9, 16, 17, 31, 33, 64, 65, 129, 257, 1000, 4097]
CHUNKS = [32768, 32769, 80000, 131073]      # lines of several chunks, which tasks go on with in phases


def kernel(shape, dtype, result, axis=1, largest=False):
    x, index = tensor(shape, dtype), tensor(shape, "int64")
    dims = sum(isinstance(dim, str) for dim in shape)
    return (f'kernel.func @k attributes {{dims = {dims} : i64, schedule = #kernel.schedule<"sort", {{}}, "test">}} {{\n'
            f"^bb0(%x: {x}):\n  %values, %indices = graph.top_k %x {{axis = {axis} : i64, largest = {str(largest).lower()}, "
            f"sorted = true}} : ({x}) -> ({x}, {index})\n  kernel.yield %{result} : {x if result == 'values' else index}\n}}\n")


def lines(length, dtype):
    """Orders that sorts find hard, one a line."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        any_order = random.standard_normal(length) * 100
    elif kind.kind == "b":
        any_order = random.integers(0, 2, length)
    else:
        any_order = random.integers(np.iinfo(kind).min, np.iinfo(kind).max, length, dtype, endpoint=True)
    ordered = np.sort(any_order)
    few = random.choice(np.array([0, 1, 3, 100]), length)
    rows = [any_order, ordered, ordered[::-1], few, np.full(length, 7), np.concatenate([ordered[::2], ordered[1::2][::-1]])]
    if kind.kind == "f":
        rows.append(random.choice(np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0]), length))
    return np.stack([row.astype(kind) for row in rows])


def check(level, dtype, length, result="values", largest=False, shape=("d0", "d1")):
    data = lines(length, dtype)
    dims = data.shape if isinstance(shape[0], str) else ()
    text = kernel(shape if dims else data.shape, dtype, result, largest=largest)
    actual, report = run(text, level, [data], data.shape, "int64" if result == "indices" else dtype, dims=dims)
    assert report["code"] == 0
    if result == "values":
        want = np.sort(data, axis=1)        # a NaN is beyond all numbers
        np.testing.assert_array_equal(actual, want[:, ::-1] if largest else want)
    else:                                   # those of equal elements in their order
        mirrored = data[:, ::-1] if largest else data
        want = np.argsort(mirrored, axis=1, kind="stable")
        np.testing.assert_array_equal(actual, length - 1 - want[:, ::-1] if largest else want)
    return report


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", SHORT + CHUNKS)
def test_lengths(level, dtype, length):
    check(level, dtype, length)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [1, 9, 16, 17, 33, 65, 257, 4097, 32769, 131073])
def test_places(level, dtype, length):
    check(level, dtype, length, "indices")


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", FLOATS + INTEGERS + ["bool"])
@pytest.mark.parametrize("result", ["values", "indices"])
@pytest.mark.parametrize("largest", [False, True])
def test_types(level, dtype, result, largest):
    check(level, dtype, 1000, result, largest)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("result", ["values", "indices"])
@pytest.mark.parametrize("length", [1, 2, 6, 16, 30, 100, 1000, 40000, 100000])
def test_known_extents(level, result, length):
    """Few elements have a network of few registers, and none of a line that is known to be short is shared."""
    report = check(level, "float64", length, result, shape=(7, length))
    assert (report["phases"] == 1) == (length <= 32768)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("shape", [(3, 5, 7), (2, 300, 20), (1, 80000, 3)])
@pytest.mark.parametrize("result, dtype", [("values", "float32"), ("indices", "float64")])
def test_other_axes(level, shape, result, dtype):
    data = random.standard_normal(shape).astype(dtype)
    text = kernel(shape, dtype, result)
    actual, _ = run(text, level, [data], shape, dtype if result == "values" else "int64")
    np.testing.assert_array_equal(actual, (np.sort if result == "values" else np.argsort)(data, axis=1))
