"""Attention on a device, on the PTX interpreter, against float64: tiles with rows and keys that are not there, grouped heads, masks,
causal masks, one query whose keys many blocks share, values of another size, keys that nothing may see, NaN."""
import json
import subprocess

import numpy as np
import onnx
import pytest
from emulated import CUDA, MACHINES, EmulatedRuntime, compile_for
from onnx import helper
from quern._compiler import find_compiler

pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")
HUGE = np.float32(-3.4e38)


def expected(q, k, v, mask, causal):
    q, k, v = (array.astype(np.float64) for array in (q, k, v))
    k, v = (np.repeat(array, q.shape[1] // k.shape[1], axis=1) for array in (k, v))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    if causal:
        rows, columns = np.indices(scores.shape[-2:])
        scores = np.where(columns <= rows, scores, -np.inf)
    powers = np.exp(scores - scores.max(-1, keepdims=True, initial=float(np.finfo(np.float32).min)))
    total = powers.sum(-1, keepdims=True)
    return np.where(total == 0, 0, powers / np.where(total == 0, 1, total)) @ v


def check(tmp_path, queries, keys, value_size, mask=None, causal=False, dynamic=False, dtype="float32", spoil=None, tolerance=2e-6):
    """The parameters of the kernel's schedule."""
    random = np.random.default_rng(1)
    batch, kv_heads, length, _ = keys
    arrays = {name: random.standard_normal(shape).astype(dtype) for name, shape in
              (("q", queries), ("k", keys), ("v", (batch, kv_heads, length, value_size)))}
    if spoil:
        spoil(arrays)
    if mask is not None:
        arrays["mask"] = mask.astype(dtype)
    shape = lambda name, array: [f"{name}{axis}" if axis in (0, 2) else extent for axis, extent in enumerate(array.shape)]
    inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype),
                                            shape(name, array) if dynamic and name != "mask" else array.shape)
              for name, array in arrays.items()]
    graph = helper.make_graph([helper.make_node("Attention", list(arrays), ["y"], is_causal=int(causal))], "attention", inputs,
                              [helper.make_tensor_value_info("y", inputs[0].type.tensor_type.elem_type, None)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11), tmp_path / "m.onnx")
    artifact = compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so")
    got = EmulatedRuntime(MACHINES["sm_80"], str(artifact), 1, 0).run(*arrays.values())[0]
    want = expected(arrays["q"], arrays["k"], arrays["v"], mask, causal)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * 4)
    manifest = json.loads(subprocess.run([find_compiler(), "inspect", "--json", artifact], capture_output=True, text=True,
                                         check=True).stdout)
    [kernel] = [kernel for kernel in manifest["kernels"] if kernel["algorithm"] == "tiled_attention"]
    return kernel["parameters"]


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("queries, keys, value_size", [
    ((1, 2, 100, 64), (1, 2, 100, 64), 64),
    ((2, 4, 70, 32), (2, 2, 45, 32), 24),
    ((1, 6, 17, 20), (1, 1, 33, 20), 7),
    ((1, 1, 5, 256), (1, 1, 3, 256), 256),
    ((1, 2, 1, 1), (1, 2, 1, 1), 1),
    ((3, 2, 4, 16), (3, 2, 1, 16), 130),
])
def test_shapes(tmp_path, queries, keys, value_size, dynamic):
    check(tmp_path, queries, keys, value_size, dynamic=dynamic)


@pytest.mark.parametrize("queries, keys", [((0, 2, 5, 16), (0, 2, 5, 16)), ((1, 2, 0, 16), (1, 2, 5, 16)), ((1, 2, 5, 16), (1, 2, 0, 16))],
                         ids=["batch", "queries", "keys"])
def test_nothing_there(tmp_path, queries, keys):
    check(tmp_path, queries, keys, 16, dynamic=True)


def test_many_heads_take_large_tiles(tmp_path):
    assert check(tmp_path, (4, 28, 65, 16), (4, 28, 33, 16), 16)["tile_queries"] == 64


@pytest.mark.parametrize("length", [1, 63, 64, 65, 257])
@pytest.mark.parametrize("heads", [2, 8])
def test_one_query(tmp_path, length, heads):
    parameters = check(tmp_path, (1, 8, 1, 64), (1, heads, length, 64), 64)
    assert parameters["key_splits"] == (1 if length < 128 else 4 if length == 257 else parameters["key_splits"])


def test_parts_with_a_length_known_at_run_time(tmp_path):
    assert check(tmp_path, (1, 2, 3, 16), (1, 2, 70, 16), 16, dynamic=True)["key_splits"] > 1


@pytest.mark.parametrize("shape", [(40, 50), (1, 1, 1, 50), (2, 1, 40, 50), (2, 3, 1, 50), (3, 40, 50)], ids=str)
def test_masks(tmp_path, shape):
    random = np.random.default_rng(2)
    mask = np.where(random.random(shape) < 0.3, HUGE, random.standard_normal(shape))
    check(tmp_path, (2, 3, 40, 16), (2, 3, 50, 16), 16, mask=mask)


@pytest.mark.parametrize("length", [1, 16, 50])
def test_causal(tmp_path, length):
    check(tmp_path, (1, 2, length, 32), (1, 2, length, 32), 32, causal=True, dynamic=True)


def test_query_that_sees_nothing_gives_zeros(tmp_path):
    mask = np.zeros((6, 40), np.float32)
    mask[2] = -np.inf
    mask[3, 1:] = -np.inf
    check(tmp_path, (1, 2, 6, 16), (1, 2, 40, 16), 16, mask=mask)


def test_nan_stays_in_its_row(tmp_path):
    def spoil(arrays):
        arrays["q"][0, 0, 3] = np.nan
        arrays["q"][0, 1, 5] *= 1e4
    check(tmp_path, (1, 2, 20, 16), (1, 2, 40, 16), 16, spoil=spoil, tolerance=1e-5)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-13), ("float16", 2e-3)])
def test_element_types(tmp_path, dtype, tolerance):
    check(tmp_path, (1, 2, 20, 24), (1, 2, 35, 24), 24, dtype=dtype, tolerance=tolerance)
