"""What a thread loads and stores as vectors, and squares of a transpose, on the PTX interpreter, which stops at an access that is not
aligned, outside of its memory, or of shared memory that nobody has written: sizes around those of vectors, every width of element."""
import numpy as np
import onnx
import pytest
from emulated import CUDA, MACHINES, EmulatedRuntime, compile_for
from onnx import helper, numpy_helper

pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")
DTYPES = ["float32", "float16", "float64", "int64", "uint8", "bool"]


def values(dtype, shape):
    random = np.random.default_rng(len(shape) + sum(shape))
    return (random.integers(0, 2, shape) if dtype == "bool" else random.integers(-9, 9, shape)).astype(dtype)


def run(tmp_path, nodes, arrays, dynamic=False, constants=()):
    element = lambda array: helper.np_dtype_to_tensor_dtype(array.dtype)
    dims = lambda name, array: [f"{name}{axis}" for axis in range(array.ndim)] if dynamic else array.shape
    graph = helper.make_graph(nodes, "m", [helper.make_tensor_value_info(name, element(array), dims(name, array))
                                           for name, array in arrays.items()],
                              [helper.make_tensor_value_info("y", element(arrays["x"]), None)],
                              [numpy_helper.from_array(np.int64(value), name) for name, value in constants])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), tmp_path / "m.onnx")
    artifact = compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so")
    return EmulatedRuntime(MACHINES["sm_80"], str(artifact), 1, 0).run(*arrays.values())[0]


def add(dtype):
    return "Or" if dtype == "bool" else "Add"


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (8,), (1025,), (5, 24), (5, 23), (300, 8), (3, 1, 16)], ids=str)
def test_elementwise(tmp_path, dtype, shape, dynamic):
    x = values(dtype, shape)
    y = values(dtype, shape[-1:])
    got = run(tmp_path, [helper.make_node(add(dtype), ["x", "b"], ["y"])], {"x": x, "b": y}, dynamic)
    np.testing.assert_array_equal(got, x | y if dtype == "bool" else x + y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("start", [0, 1, 2, 4, 8])
def test_rows_that_begin_anywhere(tmp_path, dtype, start):
    x = values(dtype, (9, 48))
    nodes = [helper.make_node("Slice", ["x", "start", "end", "axis"], ["s"]), helper.make_node(add(dtype), ["s", "s"], ["y"])]
    got = run(tmp_path, nodes, {"x": x}, constants=[("start", [start]), ("end", [start + 32]), ("axis", [1])])
    part = x[:, start:start + 32]
    np.testing.assert_array_equal(got, part if dtype == "bool" else part + part)


@pytest.mark.parametrize("widths", [(4, 8), (3, 5), (16, 1)], ids=str)
def test_parts_of_a_concatenation(tmp_path, widths):
    parts = {name: values("float32", (6, width)) for name, width in zip("xz", widths)}
    nodes = [helper.make_node("Neg", ["x"], ["n"]), helper.make_node("Concat", ["n", "z"], ["y"], axis=1)]
    np.testing.assert_array_equal(run(tmp_path, nodes, parts), np.concatenate([-parts["x"], parts["z"]], 1))


@pytest.mark.parametrize("indices", [[0], [6, 0, 3]])
@pytest.mark.parametrize("width", [7, 16])
def test_rows_by_index(tmp_path, indices, width):
    x = values("float32", (7, width))
    nodes = [helper.make_node("Gather", ["x", "i"], ["y"])]
    np.testing.assert_array_equal(run(tmp_path, nodes, {"x": x, "i": np.int64(indices)}), x[indices])


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape, permutation", [((33, 65), (1, 0)), ((16, 16), (1, 0)), ((3, 40, 70), (0, 2, 1)),
                                                ((40, 3, 50), (2, 1, 0)), ((2, 20, 3, 17), (0, 3, 2, 1)), ((15, 70), (1, 0)),
                                                ((0, 40, 40), (0, 2, 1))], ids=str)
def test_transposes(tmp_path, dtype, shape, permutation, dynamic):
    x = values(dtype, shape)
    z = values(dtype, tuple(shape[axis] for axis in permutation))
    nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=permutation), helper.make_node(add(dtype), ["t", "z"], ["y"])]
    got = run(tmp_path, nodes, {"x": x, "z": z}, dynamic)
    np.testing.assert_array_equal(got, x.transpose(permutation) | z if dtype == "bool" else x.transpose(permutation) + z)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("float16", 4e-3), ("float64", 1e-12)])
@pytest.mark.parametrize("length", [1, 4, 7, 200, 1024, 1030])
def test_rows(tmp_path, dtype, length, tolerance):
    x = np.random.default_rng(length).standard_normal((3, length)).astype(dtype)
    got = run(tmp_path, [helper.make_node("Softmax", ["x"], ["y"])], {"x": x})
    power = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    np.testing.assert_allclose(got, power / power.sum(1, keepdims=True), rtol=tolerance, atol=tolerance)
