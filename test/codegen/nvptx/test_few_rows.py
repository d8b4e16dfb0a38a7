"""Products of few rows and products of few blocks on a device, run by the PTX interpreter beside NumPy: threads share the
depth, and blocks do."""
import json

import numpy as np
import onnx
import pytest
from emulated import EmulatedRuntime, compile_for
from onnx.reference.ops.op_conv import Conv

from test_products import DEVICE, pytestmark    # noqa: F401

RANDOM = np.random.default_rng(11)
# NumPy's type, ONNX's name, the unit of the sums and that of the result.
DTYPES = {"float": (np.float32, 2.**-24, 2.**-24), "float16": (np.float16, 2.**-24, 2.**-11), "double": (np.float64, 2.**-53, 2.**-53),
          "int32": (np.int32, 0, 0), "int64": (np.int64, 0, 0)}


def compiled(folder, text):
    onnx.save(onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 21]> m {text}'), folder / "m.onnx")
    return EmulatedRuntime(DEVICE, str(compile_for("sm_80", folder / "m.onnx", folder / "m.so")), 1, 0)


def parameters(runtime):
    [kernel] = json.loads(runtime.manifest)["kernels"]
    return kernel["parameters"]


def filled(dtype, *shape):
    if np.dtype(dtype).kind == "i":
        return RANDOM.integers(-2**30, 2**30, shape).astype(dtype)
    return RANDOM.standard_normal(shape).astype(dtype)


def check(got, a, b, name):
    dtype, sums, result = DTYPES[name]
    if np.dtype(dtype).kind == "i":
        np.testing.assert_array_equal(got, np.matmul(a, b, dtype=dtype))
        return
    exact, sizes = np.matmul(a, b, dtype=np.longdouble), np.matmul(np.abs(a), np.abs(b), dtype=np.longdouble)
    bound = (a.shape[-1] + 2) * sums * sizes + 2 * result * np.abs(exact) + 1e-7 * (dtype == np.float16)
    assert got.shape == exact.shape and (np.abs(got - exact) <= bound).all()


@pytest.mark.parametrize("turned", [False, True], ids=["plain", "turned"])
@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("m, k, n", [(1, 128, 64), (2, 256, 40), (3, 100, 24), (4, 37, 21), (1, 1, 1), (1, 0, 5), (4, 16, 0)], ids=str)
def test_few_rows(tmp_path, name, turned, m, k, n):
    """Rows of whole chunks and others; the right side's columns lie together, or its depth does."""
    right = f"{n},{k}" if turned else f"{k},{n}"
    runtime = compiled(tmp_path, f"({name}[{m},{k}] a, {name}[{right}] b) => ({name}[{m},{n}] y) {{" +
                       ("y = Gemm <transB = 1> (a, b) }" if turned else "y = MatMul (a, b) }"))
    a, b = filled(DTYPES[name][0], m, k), filled(DTYPES[name][0], k, n)
    check(runtime.run(a, np.ascontiguousarray(b.T) if turned else b)[0], a, b, name)


@pytest.mark.parametrize("shapes", [((3, 1, 40), (3, 40, 24)), ((2, 1, 2, 17), (2, 3, 17, 5))], ids=str)
def test_batches_of_few_rows(tmp_path, shapes):
    a, b = (filled(np.float32, *shape) for shape in shapes)
    text = [",".join(map(str, shape)) for shape in (*shapes, np.matmul(a, b).shape)]
    runtime = compiled(tmp_path, f"(float[{text[0]}] a, float[{text[1]}] b) => (float[{text[2]}] y) {{ y = MatMul (a, b) }}")
    assert "slices" in parameters(runtime)
    check(runtime.run(a, b)[0], a, b, "float")


def test_infinities_of_few_rows(tmp_path):
    runtime = compiled(tmp_path, "(float[2,37] a, float[37,21] b) => (float[2,21] y) { y = MatMul (a, b) }")
    a, b = filled(np.float32, 2, 37), filled(np.float32, 37, 21)
    a[1, 36], b[3, 20] = np.inf, np.nan
    got = runtime.run(a, b)[0]
    assert np.isfinite(got[0, :20]).all() and np.isnan(got[:, 20]).all() and np.isinf(got[1, :20]).all()


def test_epilogue_of_few_rows(tmp_path):
    runtime = compiled(tmp_path, """(float[1,64] a, float[64,40] b, float[40] c) => (float[1,40] y) {
        s = MatMul (a, b) t = Add (s, c) y = Relu (t) }""")
    a, b, c = filled(np.float32, 1, 64), filled(np.float32, 64, 40), filled(np.float32, 40)
    np.testing.assert_allclose(runtime.run(a, b, c)[0], np.maximum(a.astype(np.float64) @ b + c, 0), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["float", "float16", "int32"])
@pytest.mark.parametrize("m, k, n, batch", [(70, 4120, 72, ""), (20, 1030, 33, "2,"), (1, 1100, 64, "")], ids=["tiles", "batches", "few rows"])
def test_blocks_share_the_depth(tmp_path, name, m, k, n, batch):
    """Parts of the depth that are and are not steps of it; an epilogue on the whole sum."""
    runtime = compiled(tmp_path, f"""({name}[{batch}{m},{k}] a, {name}[{batch}{k},{n}] b) => ({name}[{batch}{m},{n}] y) {{
        s = MatMul (a, b) y = Neg (s) }}""")
    [kernel] = json.loads(runtime.manifest)["kernels"]
    assert kernel["parameters"]["splits"] > 1 and kernel["phases"] == "2"
    leading = [int(extent) for extent in batch.split(",") if extent]
    a, b = filled(DTYPES[name][0], *leading, m, k), filled(DTYPES[name][0], *leading, k, n)
    first = runtime.run(a, b)[0]
    check(-first, a, b, name)
    np.testing.assert_array_equal(runtime.run(a, b)[0], first)    # in the same order every time


def test_blocks_share_the_windows(tmp_path):
    runtime = compiled(tmp_path, """(float[1,64,5,5] x, float[24,64,3,3] w, float[24] b) => (float[1,24,5,5] y) {
        s = Conv <pads = [1,1,1,1]> (x, w, b) y = Relu (s) }""")
    assert parameters(runtime)["splits"] > 1
    x, w, b = filled(np.float32, 1, 64, 5, 5), filled(np.float32, 24, 64, 3, 3), filled(np.float32, 24)
    want = np.maximum(Conv.eval(*(value.astype(np.float64) for value in (x, w, b)), pads=[1] * 4), 0)
    np.testing.assert_allclose(runtime.run(x, w, b)[0], want, rtol=1e-4, atol=1e-4)
