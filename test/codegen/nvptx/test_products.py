"""Products of narrow floats on a device's matrix units, run by the PTX interpreter beside NumPy: tiles with and without
tails, operands that are copied or computed, batches, epilogues, infinities."""
import json

import numpy as np
import onnx
import pytest
from emulated import CUDA, MACHINES, EmulatedRuntime, compile_for

DEVICE = MACHINES["sm_80"]
pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")
# The type's name and number in ONNX, its unit in the last place of 1, its smallest number.
DTYPES = {"float16": (10, 2.**-10, 2.**-24), "bfloat16": (16, 2.**-7, 2.**-133)}
RANDOM = np.random.default_rng(7)


def rounded(x, dtype):
    """float32 values of the narrow type."""
    if dtype == "float16":
        return x.astype(np.float16).astype(np.float32)
    bits = np.float32(x).view(np.uint32)
    even = ((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000).view(np.float32)
    return np.where(np.isfinite(x), even, x).astype(np.float32)


def model(folder, dtype, inputs, result, body, *options):
    """Inputs and the result are float32, what `body` computes with is narrow: input x is the narrow value nx."""
    number = DTYPES[dtype][0]
    casts = "".join(f"n{name} = Cast <to = {number}> ({name})\n" for name in inputs)
    signature = ", ".join(f"float[{dims}] {name}" for name, dims in inputs.items())
    text = f'''<ir_version: 10, opset_import: ["" : 21]> m ({signature}) => (float[{result}] y) {{
        {casts} {body}
        y = Cast <to = 1> (ny) }}'''
    onnx.save(onnx.parser.parse_model(text), folder / "m.onnx")
    return EmulatedRuntime(DEVICE, str(compile_for("sm_80", folder / "m.onnx", folder / "m.so", *options)), 1, 0)


def close(got, a, b, dtype, want=None, roundings=1):
    """Within the rounding of a sum in float32 and of `roundings` results."""
    _, unit, least = DTYPES[dtype]
    exact, sizes = a.astype(np.float64) @ b, np.abs(a).astype(np.float64) @ np.abs(b)
    want = exact if want is None else want
    bound = (a.shape[-1] + 2) * 2.**-24 * sizes + roundings * unit * np.maximum(sizes, np.abs(want)) / 2 + least
    assert got.shape == want.shape
    worst = np.abs(got - want) - bound
    assert not (worst > 0).any(), f"{(worst > 0).sum()} of {got.size}, first at {np.argwhere(worst > 0)[0]}"


def normal(dtype, *shape):
    return rounded(RANDOM.standard_normal(shape), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_extents(tmp_path, dtype):
    """Nothing is known of the extents: rows that are not aligned, tails everywhere, nothing at all."""
    run = model(tmp_path, dtype, {"a": "m,k", "b": "k,n"}, "m,n", "ny = MatMul (na, nb)").run
    for m, k, n in ((1, 1, 1), (16, 32, 64), (17, 33, 65), (5, 7, 200), (40, 100, 3), (0, 4, 5), (4, 0, 5), (4, 5, 0)):
        a, b = normal(dtype, m, k), normal(dtype, k, n)
        close(run(a, b)[0], a, b, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [8, 32, 40, 200])
def test_rows_that_are_copied(tmp_path, dtype, k):
    run = model(tmp_path, dtype, {"a": f"m,{k}", "b": f"{k},72"}, "m,72", "ny = MatMul (na, nb)").run
    for m in (1, 16, 31, 0):
        a, b = normal(dtype, m, k), normal(dtype, k, 72)
        close(run(a, b)[0], a, b, dtype)


@pytest.mark.parametrize("batch, m, k, n", [(108, 70, 40, 130), (108, 128, 32, 72), (108, 40, 96, 64), (110, 20, 8, 24)],
                         ids=["128x128", "128x64", "64x64", "32x64"])
def test_every_tile(tmp_path, batch, m, k, n):
    """As many batches as the device has multiprocessors, so that large tiles are worth it."""
    runtime = model(tmp_path, "float16", {"a": f"{batch},{m},{k}", "b": f"{batch},{k},{n}"}, f"{batch},{m},{n}",
                    "ny = MatMul (na, nb)")
    a, b = normal("float16", batch, m, k), normal("float16", batch, k, n)
    close(runtime.run(a, b)[0], a, b, "float16")


@pytest.mark.parametrize("k, n", [(40, 24), (39, 21)], ids=["copied", "computed"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_right_side_along_the_depth(tmp_path, dtype, k, n):
    runtime = model(tmp_path, dtype, {"a": f"m,{k}", "b": f"{n},{k}"}, f"m,{n}", "ny = Gemm <transB = 1> (na, nb)")
    for m in (1, 50):
        a, b = normal(dtype, m, k), normal(dtype, n, k)
        close(runtime.run(a, b)[0], a, b.T, dtype)


@pytest.mark.parametrize("shapes", [((2, 1, 7, 16), (2, 3, 16, 24)), ((16,), (16, 24)), ((3, 5, 16), (16, 8)),
                                    ((7, 16), (2, 16, 24)), ((7, 16), (16,))], ids=str)
def test_leading_axes(tmp_path, shapes):
    a, b = (normal("float16", *shape) for shape in shapes)
    want = np.matmul(a, b, dtype=np.float64)
    runtime = model(tmp_path, "float16", {"a": ",".join(map(str, a.shape)), "b": ",".join(map(str, b.shape))},
                    ",".join(map(str, want.shape)), "ny = MatMul (na, nb)")
    np.testing.assert_allclose(runtime.run(a, b)[0], want, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_epilogue(tmp_path, dtype):
    runtime = model(tmp_path, dtype, {"a": "m,64", "b": "64,40", "c": "40", "d": "m,40"}, "m,40",
                    "s = MatMul (na, nb) t = Add (s, nc) u = Relu (t) ny = Add (u, nd)")
    for m in (3, 16, 33):
        a, b, c, d = normal(dtype, m, 64), normal(dtype, 64, 40), normal(dtype, 40), normal(dtype, m, 40)
        want = np.maximum(a.astype(np.float64) @ b + c, 0) + d
        close(runtime.run(a, b, c, d)[0], a, b, dtype, want, roundings=3)


@pytest.mark.parametrize("k, n", [(40, 24), (37, 21)], ids=["copied", "computed"])
@pytest.mark.parametrize("turned", [False, True], ids=["plain", "turned"])
def test_float32_by_matrix_units_where_that_is_allowed(tmp_path, turned, k, n):
    """--precision=tf32 rounds the factors to 11 bits; without it they are float32's."""
    text = f'''<ir_version: 10, opset_import: ["" : 21]> m (float[m,{k}] a, float[{f"{n},{k}" if turned else f"{k},{n}"}] b) => (float[m,{n}] y)
        {{ y = {"MatMul" if not turned else "Gemm <transB = 1>"} (a, b) }}'''
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    for options, unit in (((), 2.**-24), (("--precision=tf32",), 2.**-11)):
        artifact = compile_for("sm_80", tmp_path / "m.onnx", tmp_path / "m.so", *options)
        runtime = EmulatedRuntime(DEVICE, str(artifact), 1, 0)
        [kernel] = json.loads(runtime.manifest)["kernels"]
        assert ("tf32" in kernel["reason"]) == ("warp_rows" in kernel["parameters"]) == bool(options)
        for m in (1, 33, 70):
            a, b = (np.float32(RANDOM.standard_normal(shape)) for shape in ((m, k), (k, n)))
            error = np.abs(runtime.run(a, np.ascontiguousarray(b.T) if turned else b)[0] - a.astype(np.float64) @ b)
            sizes = np.abs(a).astype(np.float64) @ np.abs(b)
            assert (error <= (2 * unit + (k + 2) * 2.**-24) * sizes).all()
            assert (error > 4 * k * 2.**-24 * sizes).any() == bool(options)    # it is what was asked for


@pytest.mark.parametrize("k", [40, 37], ids=["copied", "computed"])
def test_infinities_stay_in_their_rows_and_columns(tmp_path, k):
    runtime = model(tmp_path, "float16", {"a": f"m,{k}", "b": f"{k},24"}, "m,24", "ny = MatMul (na, nb)")
    a, b = normal("float16", 20, k), normal("float16", k, 24)
    a[3, 5], a[19, k - 1], b[2, 7] = np.inf, np.nan, -np.inf
    with np.errstate(invalid="ignore"):
        want = a.astype(np.float64) @ b
    got = runtime.run(a, b)[0]
    finite = np.isfinite(want)
    assert (np.isfinite(got) == finite).all() and (np.isnan(got) == np.isnan(want)).all()
    assert (np.sign(got[np.isinf(want)]) == np.sign(want[np.isinf(want)])).all()


def test_operands_begin_where_copies_may(tmp_path):
    """A part of a concatenation that lies at 30 bytes from its beginning would: it is copied there instead."""
    runtime = model(tmp_path, "float16", {"a": "3,5", "b": "8,8"}, "143", """
        p = Relu (na) q = Relu (nb) flat = Constant <value_ints = [-1]> ()
        r = Reshape (p, flat) s = Reshape (q, flat) t = MatMul (q, q) u = Reshape (t, flat) ny = Concat <axis = 0> (r, s, u)""")
    a, b = normal("float16", 3, 5), normal("float16", 8, 8)
    p, q = np.maximum(a, 0), np.maximum(b, 0)
    got = runtime.run(a, b)[0]
    assert (got[:79] == np.concatenate([p.ravel(), q.ravel()])).all()
    close(got[79:].reshape(8, 8), q, q, "float16")
