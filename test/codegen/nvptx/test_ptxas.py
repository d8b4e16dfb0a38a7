"""Every kernel that the compiler makes for a device is taken by NVIDIA's assembler, without a spill."""
import re
import shutil
import subprocess

import onnx
import pytest

from quern._compiler import find_compiler

TARGETS = ["sm_80", "sm_90a"]
MODELS = {
    "elementwise": """
        (float[n,64] x, float[64] b, int32[n,64] i) => (float[n,64] y, double[n,64] z, int32[n,64] j, float16[n,64] h)
        {
            s = Add (x, b)
            t = Tanh (s)
            e = Erf (t)
            p = Pow (s, b)
            c = Sin (p)
            y = Mul (e, c)
            d = Cast <to = 11> (x)
            l = Log (d)
            z = Atan (l)
            j = Div (i, i)
            k = Cast <to = 10> (x)
            h = Exp (k)
        }""",
    "rows": """
        (float[n,768] x, float[768] g, float[768] b, int64[3,n] i) => (float[n,768] y, float[n,768] z, int64[3,1] s, float[n,1] m)
        {
            y = Softmax (x)
            z = LayerNormalization (x, g, b)
            a = Constant <value_ints = [1]> ()
            s = ReduceSum (i, a)
            m = ReduceMax (x, a)
        }""",
    "movement": """
        (float[2,n,48] x, int64[5] i) => (float[5,n,48] a, float[n,48,2] b, float[2,n,96] c, int64[2,n,1] d)
        {
            a = Gather (x, i)
            b = Transpose <perm = [1,2,0]> (x)
            y = Neg (x)
            c = Concat <axis = 2> (x, y)
            d = ArgMax <axis = 2> (x)
        }""",
    "products": """
        (float[m,256] x, float[256,200] w, float[200] b, float[4096,512] u, float[512,4096] v, double[7,9] p, double[9,5] q)
            => (float[m,200] y, float[4096,4096] z, double[7,5] r)
        {
            s = MatMul (x, w)
            t = Add (s, b)
            y = Relu (t)
            z = MatMul (u, v)
            r = MatMul (p, q)
        }""",
    "narrow_products": """
        (float16[m,256] x, float16[256,200] w, float16[200] b, float16[4096,512] u, float16[512,4096] v,
         bfloat16[m,k] p, bfloat16[k,n] q, bfloat16[120,128,64] r, bfloat16[120,128,64] s, float16[512,512] c, float16[512,1024] d)
            => (float16[m,200] y, float16[4096,4096] z, bfloat16[m,n] o, bfloat16[120,128,128] a, float16[512,1024] g)
        {
            i = MatMul (x, w)
            j = Add (i, b)
            y = Relu (j)
            z = MatMul (u, v)
            o = MatMul (p, q)
            t = Transpose <perm = [0,2,1]> (s)
            a = MatMul (r, t)
            e = MatMul (c, d)
            g = Gelu (e)
        }""",
    "few_rows": """
        (float[1,768] x, float[768,768] w, float16[4,256] h, float16[512,256] v, bfloat16[2,255] p, bfloat16[255,511] q, float[512,96] b)
            => (float[1,768] y, float16[4,512] z, bfloat16[2,511] o, float[1,512] e)
        {
            y = MatMul (x, w)
            z = Gemm <transB = 1> (h, v)
            o = MatMul (p, q)
            c = Constant <value_floats = [1.0]> ()
            i = Constant <value_ints = [1, 96]> ()
            a = Expand (c, i)
            s = Gemm <transB = 1> (a, b)
            e = Gelu (s)
        }""",
    "deep_products": """
        (float[128,3072] x, float[3072,768] w, float[128,768] r, bfloat16[256,4096] h, bfloat16[4096,256] v, float16[1,512,7,7] i,
         float16[512,512,3,3] f)
            => (float[128,768] y, bfloat16[256,256] z, float16[1,512,7,7] o)
        {
            s = MatMul (x, w)
            y = Add (s, r)
            z = MatMul (h, v)
            c = Conv <pads = [1,1,1,1]> (i, f)
            o = Relu (c)
        }""",
    "narrow_image": """
        (float16[1,16,14,14] x, float16[32,16,3,3] w, float16[32] b, bfloat16[n,64,8,8] p, bfloat16[64,64,1,1] q)
            => (float16[1,32,7,7] y, bfloat16[n,64,8,8] r)
        {
            s = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w, b)
            y = Relu (s)
            r = Conv (p, q)
        }""",
    "attention": """
        (float[b,12,128,64] q, float[b,12,128,64] k, float[b,12,128,64] v, float[1,4,n,128] r, float[128,128] m,
         float[16,12,200,64] g, float[1,8,1,64] o, float[1,8,t,64] p)
            => (float[b,12,128,64] y, float[1,4,n,128] z, float[16,12,200,64] h, float[1,8,1,64] u)
        {
            kt = Transpose <perm = [0,1,3,2]> (k)
            s = MatMul (q, kt)
            sm = Add (s, m)
            w = Softmax (sm)
            y = MatMul (w, v)
            rt = Transpose <perm = [0,1,3,2]> (r)
            rs = MatMul (r, rt)
            rw = Softmax (rs)
            z = MatMul (rw, r)
            gt = Transpose <perm = [0,1,3,2]> (g)
            gs = MatMul (g, gt)
            gw = Softmax (gs)
            h = MatMul (gw, g)
            pt = Transpose <perm = [0,1,3,2]> (p)
            os = MatMul (o, pt)
            ow = Softmax (os)
            u = MatMul (ow, p)
        }""",
    "narrow_attention": """
        (float16[8,16,512,64] q, float16[8,16,512,64] k, float16[8,1,1,512] m, bfloat16[4,16,n,128] r, bfloat16[4,16,n,128] s,
         bfloat16[1,8,1,64] o, bfloat16[1,8,t,64] p, float16[1,2,40,192] c, float16[1,2,50,192] d, float16[512,512] f,
         bfloat16[n,n] g, float16[40,50] h, float16[8,16,n,256] v)
            => (float16[8,16,512,64] x, float16[8,16,512,64] y, bfloat16[4,16,n,128] z, bfloat16[1,8,1,64] u, float16[1,2,40,192] w,
                float16[8,16,512,64] i, bfloat16[4,16,n,128] j, float16[1,2,40,192] l, float16[8,16,n,256] e)
        {
            x = Attention (q, k, k, m)
            y = Attention <is_causal = 1> (q, k, k)
            z = Attention <is_causal = 1> (r, s, s)
            u = Attention (o, p, p)
            w = Attention (c, d, d)
            i = Attention (q, k, k, f)
            j = Attention <is_causal = 1> (r, s, s, g)
            l = Attention (c, d, d, h)
            e = Attention (v, v, v)
        }""",
    "recurrent": """
        (float[n,3,40] x, float[1,512,40] w, float[1,512,128] r, float[2,384,128] v, float[2,384,128] u, float[2,768] b, int32[3] l)
            => (float[n,1,3,128] y, float[n,2,3,128] z, float[n,2,3,128] a)
        {
            y = LSTM <hidden_size = 128> (x, w, r)
            s = Squeeze (y)
            z = GRU <hidden_size = 128, direction = "bidirectional"> (s, v, u, b, l)
            a = GRU <hidden_size = 128, direction = "bidirectional", linear_before_reset = 1> (s, v, u, b)
        }""",
    "image": """
        (float[1,16,14,14] x, float[32,16,3,3] w, float[32] b, float[32,1,3,3] d) => (float[1,32,4,4] y, float[1,32,1,1] g)
        {
            s = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w, b)
            r = Relu (s)
            t = Conv <pads = [1,1,1,1], group = 32> (r, d)
            y = MaxPool <kernel_shape = [3,3], strides = [2,2], pads = [1,1,1,1]> (t)
            g = GlobalAveragePool (t)
        }""",
}

needs_ptxas = pytest.mark.skipif(not shutil.which("ptxas"), reason="there is no ptxas")


def device_code(folder, name, target, *options):
    model = folder / f"{name}.onnx"
    onnx.save(onnx.parser.parse_model(f'<ir_version: 11, opset_import: ["" : 23]> {name} {MODELS[name]}'), model)
    subprocess.run([find_compiler(), "compile", model, "--target", target, "--emit=ptx", "-o", folder / "ptx", "--quiet", *options],
                   check=True)
    return sorted((folder / "ptx").iterdir())


def assemble_without_spills(kernels, target, cubin):
    assert kernels
    for kernel in kernels:
        done = subprocess.run(["ptxas", "-v", f"-arch={target}", kernel, "-o", cubin], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr, done.stderr
        stack, stores, loads = map(int, re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads",
                                                  done.stderr).groups())
        assert stores == loads == 0, f"{kernel.name} spills: {done.stderr}"
        assert stack == 0, f"{kernel.name} keeps arrays in local memory: {done.stderr}"


@needs_ptxas
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_assembles_without_spills(tmp_path, name, target):
    assemble_without_spills(device_code(tmp_path, name, target), target, tmp_path / "cubin")


@needs_ptxas
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["products", "image"])
def test_assembles_with_tf32(tmp_path, name, target):
    kernels = device_code(tmp_path, name, target, "--precision=tf32")
    assert any("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" in kernel.read_text() for kernel in kernels)
    assemble_without_spills(kernels, target, tmp_path / "cubin")


def test_large_products_do_nothing_but_multiply_and_load(tmp_path):
    """The inner loop of the largest tile: 8 steps of 64 products a thread, its operands in vectors of four."""
    texts = [kernel.read_text() for kernel in device_code(tmp_path, "products", "sm_80")]
    [tile] = [text for text in texts if text.count("fma.rn.f32") == 512]
    assert tile.count("ld.shared.v4.f32") == 32
    assert "cp.async.ca.shared.global" in tile and "cp.async.cg.shared.global" in tile
    assert "ld.global" not in tile and "ld.local" not in tile


def test_narrow_products_are_the_matrix_units(tmp_path):
    """A step of the largest tile: 2 halves of its depth, each 4 x 8 products from 4 + 4 loads; copies of 16 bytes."""
    texts = [kernel.read_text() for kernel in device_code(tmp_path, "narrow_products", "sm_80")]
    assert sum("mma.sync.aligned.m16n8k16.row.col" in text for text in texts) == 5
    [tile] = [text for text in texts if text.count("f32.f16.f16.f32") == 64]
    assert tile.count("ldmatrix.sync.aligned.m8n8.x4.shared.b16") == 8
    assert tile.count("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16") == 8
    assert tile.count("cp.async.cg.shared.global") == 16 and "ld.global" not in tile and "ld.local" not in tile


def test_narrow_attention_is_the_matrix_units(tmp_path):
    """A step of the largest tile: 4 x 2 x 8 products for the scores and as many for the values, 64 powers; no copy of a register
    between a load and a product, which has its operands where they were loaded."""
    texts = [kernel.read_text() for kernel in device_code(tmp_path, "narrow_attention", "sm_80")]
    assert all("mma.sync.aligned.m16n8k16.row.col" in text for text in texts) and len(texts) == 9
    tiles = [text for text in texts if text.count("f32.f16.f16.f32") == 128]
    assert len(tiles) == 3
    for tile in tiles:
        assert tile.count("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16") == 16
        assert tile.count("ldmatrix.sync.aligned.m8n8.x4.shared.b16") == 16 + 8    # keys and queries
        assert tile.count("ex2.approx.ftz.f32") == 64 + 4 and "ld.local" not in tile
