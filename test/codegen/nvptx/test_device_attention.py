"""Attention on a device, on the PTX interpreter, against float64: tiles with rows and keys that are not there, grouped heads, masks,
causal masks, one query whose keys many blocks share, values of another size, keys that nothing may see, NaN; by threads in float32,
by the matrix units in narrow floats."""
import json
import subprocess

import ml_dtypes    # noqa: F401, NumPy's name for bfloat16
import numpy as np
import onnx
import pytest
from emulated import CUDA, MACHINES, EmulatedRuntime, compile_for
from onnx import helper
from quern._compiler import find_compiler

pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")
HUGE = np.float32(-3.4e38)
# Narrow floats: of a result, and of the powers that are its weights. They add up like noise, results are of the values' size.
BOUNDS = {"float32": 2e-6, "float64": 1e-13, "float16": 2.**-10, "bfloat16": 2.**-7}
types = pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])


def expected(q, k, v, mask, causal, scale):
    q, k, v = (array.astype(np.float64) for array in (q, k, v))
    k, v = (np.repeat(array, q.shape[1] // k.shape[1], axis=1) for array in (k, v))
    scores = q @ k.swapaxes(-1, -2) * (scale or q.shape[-1]**-0.5)
    if mask is not None:
        scores = scores + mask.astype(np.float64)
    if causal:
        rows, columns = np.indices(scores.shape[-2:])
        scores = np.where(columns <= rows, scores, -np.inf)
    powers = np.exp(scores - scores.max(-1, keepdims=True, initial=float(np.finfo(np.float32).min)))
    total = powers.sum(-1, keepdims=True)
    return np.where(total == 0, 0, powers / np.where(total == 0, 1, total)) @ v


def check(tmp_path, queries, keys, value_size, mask=None, causal=False, dynamic=False, dtype="float32", spoil=None, tolerance=None,
          scale=None):
    """The parameters of the kernel's schedule."""
    random = np.random.default_rng(1)
    batch, kv_heads, length, _ = keys
    arrays = {name: random.standard_normal(shape).astype(dtype) for name, shape in
              (("q", queries), ("k", keys), ("v", (batch, kv_heads, length, value_size)))}
    if spoil:
        spoil(arrays)
    if mask is not None:
        with np.errstate(over="ignore"):
            arrays["mask"] = mask.astype(dtype)
    shape = lambda name, array: [f"{name}{axis}" if axis in (0, 2) else extent for axis, extent in enumerate(array.shape)]
    inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype),
                                            shape(name, array) if dynamic and name != "mask" else array.shape)
              for name, array in arrays.items()]
    attributes = {"scale": scale} if scale else {}
    graph = helper.make_graph([helper.make_node("Attention", list(arrays), ["y"], is_causal=int(causal), **attributes)], "attention",
                              inputs, [helper.make_tensor_value_info("y", inputs[0].type.tensor_type.elem_type, None)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11), tmp_path / "m.onnx")
    artifact = compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so")
    got = EmulatedRuntime(MACHINES["sm_80"], str(artifact), 1, 0).run(*arrays.values())[0].view(dtype).astype(np.float64)
    want = expected(*(arrays.get(name) for name in ("q", "k", "v", "mask")), causal, scale)
    assert got.shape == want.shape
    tolerance = tolerance or BOUNDS[dtype]
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
    ((1, 3, 70, 80), (1, 3, 90, 80), 96),
    ((1, 2, 33, 192), (1, 2, 20, 192), 64),
    ((1, 2, 20, 64), (1, 2, 40, 64), 272),
])
@types
def test_shapes(tmp_path, queries, keys, value_size, dynamic, dtype):
    parameters = check(tmp_path, queries, keys, value_size, dynamic=dynamic, dtype=dtype)
    by_warps = dtype != "float32" and value_size <= 256
    assert ("warp_queries" in parameters) == by_warps and ("thread_queries" in parameters) != by_warps


@pytest.mark.parametrize("queries, keys", [((0, 2, 5, 16), (0, 2, 5, 16)), ((1, 2, 0, 16), (1, 2, 5, 16)), ((1, 2, 5, 16), (1, 2, 0, 16))],
                         ids=["batch", "queries", "keys"])
@types
def test_nothing_there(tmp_path, queries, keys, dtype):
    check(tmp_path, queries, keys, 16, dynamic=True, dtype=dtype)


@types
def test_many_heads_take_large_tiles(tmp_path, dtype):
    tile = check(tmp_path, (4, 28, 65, 16), (4, 28, 33, 16), 16, dtype=dtype)
    assert tile["tile_queries"] == (64 if dtype == "float32" else 128)


@pytest.mark.parametrize("heads, tile", [(27, (128, 32)), (14, (64, 16)), (7, (32, 16)), (3, (16, 16))], ids=str)
@pytest.mark.parametrize("causal", [False, True], ids=["all", "causal"])
def test_every_tile_of_warps(tmp_path, heads, tile, causal):
    """So many heads that no smaller tile is needed; more than one tile of keys, the last one not whole."""
    parameters = check(tmp_path, (2, heads, 300, 64), (2, heads, 200, 64), 64, dtype="float16", causal=causal)
    assert (parameters["tile_queries"], parameters["warp_queries"]) == tile


@pytest.mark.parametrize("length", [1, 63, 64, 65, 257])
@pytest.mark.parametrize("heads", [2, 8])
@types
def test_one_query(tmp_path, length, heads, dtype):
    parameters = check(tmp_path, (1, 8, 1, 64), (1, heads, length, 64), 64, dtype=dtype)
    assert parameters["key_splits"] == (1 if length < 128 else 4 if length == 257 else parameters["key_splits"])


@types
def test_parts_with_a_length_known_at_run_time(tmp_path, dtype):
    assert check(tmp_path, (1, 2, 3, 16), (1, 2, 70, 16), 16, dynamic=True, dtype=dtype)["key_splits"] > 1


@pytest.mark.parametrize("heads, shared", [(8, 2), (6, 2), (5, 1), (6, 6)])
@pytest.mark.parametrize("length", [1, 7])
@types
def test_heads_that_share_keys_are_together(tmp_path, heads, shared, length, dtype):
    """Their masks differ; so do the keys that queries at the same place see."""
    mask = np.random.default_rng(5).standard_normal((2, heads, length, 150))
    parameters = check(tmp_path, (2, heads, length, 32), (2, shared, 150, 32), 32, mask=mask, causal=length > 1, dtype=dtype)
    assert parameters.get("heads_together", 1) == heads // shared and parameters["key_splits"] > 1


@types
def test_parts_of_causal_attention(tmp_path, dtype):
    """Whole parts that no query sees."""
    assert check(tmp_path, (1, 2, 5, 16), (1, 2, 300, 16), 16, causal=True, dtype=dtype)["key_splits"] > 1


@pytest.mark.parametrize("shape", [(40, 50), (1, 1, 1, 50), (2, 1, 40, 50), (2, 3, 1, 50), (3, 40, 50)], ids=str)
@types
def test_masks(tmp_path, shape, dtype):
    random = np.random.default_rng(2)
    mask = np.where(random.random(shape) < 0.3, HUGE, random.standard_normal(shape))
    check(tmp_path, (2, 3, 40, 16), (2, 3, 50, 16), 16, mask=mask, dtype=dtype)


@types
def test_mask_of_an_odd_length(tmp_path, dtype):
    check(tmp_path, (1, 2, 40, 16), (1, 2, 33, 16), 16, mask=np.random.default_rng(3).standard_normal((40, 33)), dtype=dtype)


@pytest.mark.parametrize("length", [1, 16, 50])
@types
def test_causal(tmp_path, length, dtype):
    check(tmp_path, (1, 2, length, 32), (1, 2, length, 32), 32, causal=True, dynamic=True, dtype=dtype)


@pytest.mark.parametrize("scale", [-0.25, 3.])
@types
def test_scales(tmp_path, scale, dtype):
    check(tmp_path, (1, 2, 20, 16), (1, 2, 70, 16), 16, scale=scale, dtype=dtype, tolerance=4 * BOUNDS[dtype])


@types
def test_query_that_sees_nothing_gives_zeros(tmp_path, dtype):
    mask = np.zeros((6, 40), np.float32)
    mask[2] = -np.inf
    mask[3, 1:] = -np.inf
    check(tmp_path, (1, 2, 6, 16), (1, 2, 40, 16), 16, mask=mask, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_query_that_masks_all_keys_sees_them_alike(tmp_path, dtype):
    mask = np.zeros((6, 40), np.float32)
    mask[2] = mask[3, 1:] = -float.fromhex("0x1.fep127")      # the lowest bfloat16
    check(tmp_path, (1, 2, 6, 16), (1, 2, 40, 16), 16, mask=mask, dtype=dtype)


@types
def test_causal_queries_before_the_first_key_give_zeros(tmp_path, dtype):
    check(tmp_path, (1, 2, 70, 16), (1, 2, 9, 16), 16, causal=True, dtype=dtype)


@types
def test_nan_stays_in_its_row(tmp_path, dtype):
    def spoil(arrays):
        arrays["q"][0, 0, 3] = np.nan
        arrays["q"][0, 1, 5] *= 1e4
    check(tmp_path, (1, 2, 20, 16), (1, 2, 40, 16), 16, spoil=spoil, dtype=dtype, tolerance=max(1e-5, BOUNDS[dtype]))


def test_float64(tmp_path):
    check(tmp_path, (1, 2, 20, 24), (1, 2, 35, 24), 24, dtype="float64")


@types
def test_computed_operands_and_what_follows(tmp_path, dtype):
    """Queries, keys and values that no kernel wrote, transposed or rounded where tiles are filled; results that are transposed back."""
    type_name = {"float32": "float", "float16": "float16", "bfloat16": "bfloat16"}[dtype]
    text = f'''<ir_version: 10, opset_import: ["" : 23]> m ({type_name}[1,40,2,16] q, {type_name}[1,50,2,16] k, {type_name}[1,50,2,16] v)
        => ({type_name}[1,40,2,16] y) {{
            hq = Transpose <perm = [0,2,1,3]> (q)
            nk = Neg (k)
            hk = Transpose <perm = [0,2,1,3]> (nk)
            hv = Transpose <perm = [0,2,1,3]> (v)
            a = Attention (hq, hk, hv)
            t = Transpose <perm = [0,2,1,3]> (a)
            y = Neg (t) }}'''
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    random = np.random.default_rng(4)
    q, k, v = (random.standard_normal((1, length, 2, 16)).astype(dtype) for length in (40, 50, 50))
    artifact = compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so")
    got = EmulatedRuntime(MACHINES["sm_80"], str(artifact), 1, 0).run(q, k, v)[0].view(dtype).astype(np.float64)
    heads = lambda array: array.swapaxes(1, 2).astype(np.float64)
    want = -expected(heads(q), -heads(k), heads(v), None, False, None).swapaxes(1, 2)
    np.testing.assert_allclose(got, want, rtol=BOUNDS[dtype], atol=4 * BOUNDS[dtype])
