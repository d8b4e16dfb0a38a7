"""CUDA C through nvcc, run in the interpreter, against NumPy."""
import math
import re
import shutil

import numpy as np
import pytest

from device import ROOT, CudaError, Device, nvcc

SOURCE = (ROOT / "test" / "ptx" / "kernels.cu").read_text()

pytestmark = pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc makes the PTX of these tests")
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return nvcc(SOURCE, tmp_path_factory.mktemp("cuda"), "-DWAIT=1")


@pytest.fixture
def device():
    with Device() as device:
        yield device


def test_softmax_with_shuffles_and_shared_memory(device, text):
    x = RANDOM.standard_normal((5, 300)).astype(np.float32) * 10
    y = device.array(np.zeros_like(x))
    device.load(text).launch("rowSoftmax", 5, 128, [device.array(x), y, np.int32(300)], shared=4 * 4)
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    assert np.allclose(y.read(), e / e.sum(1, keepdims=True), rtol=1e-5, atol=1e-12)


def test_reduction_with_shuffles(device, text):
    x = RANDOM.integers(-1000, 1000, (4, 32)).astype(np.int32)
    y = device.array(np.zeros(4, np.int32))
    device.load(text).launch("sumDown", 4, 32, [device.array(x), y])
    assert np.array_equal(y.read(), x.sum(1))


@pytest.mark.parametrize("m, n, k", [(16, 16, 16), (33, 50, 47), (1, 70, 5)])
def test_tiled_matmul(device, text, m, n, k):
    a, b = RANDOM.standard_normal((m, k)).astype(np.float32), RANDOM.standard_normal((k, n)).astype(np.float32)
    c = device.array(np.zeros((m, n), np.float32))
    device.load(text).launch("matmulTiled", (math.ceil(n / 16), math.ceil(m / 16)), (16, 16),
                             [device.array(a), device.array(b), c, np.int32(m), np.int32(n), np.int32(k)])
    assert np.allclose(c.read(), a.astype(np.float64) @ b, rtol=1e-4, atol=1e-5)


def run_gemm(device, text, m=32, n=16, k=64):
    a = (RANDOM.integers(-8, 9, (m, k)) / 8).astype(np.float16)
    b = (RANDOM.integers(-8, 9, (k, n)) / 8).astype(np.float16)
    c = device.array(np.zeros((m, n), np.float32))
    device.load(text).launch("gemmMma", (n // 8, m // 16), 32,
                             [device.array(a), device.array(b), c, np.int32(n), np.int32(k)])
    return c.read(), a.astype(np.float64) @ b.astype(np.float64)


def test_gemm_of_ldmatrix_and_mma_with_two_stages_of_async_copies(device, text):
    c, reference = run_gemm(device, text)
    assert np.array_equal(c, reference)


def test_a_wait_for_too_few_groups_leaves_old_data(device, tmp_path):
    """The copies are made at the wait that covers them: wait_group 2 covers none of the two."""
    c, reference = run_gemm(device, nvcc(SOURCE, tmp_path, "-DWAIT=2"))
    assert not np.array_equal(c, reference)


def test_a_missing_barrier_after_the_last_use_is_a_race(device, text, capfd):
    body = re.search(r"\.visible \.entry matmulTiled.*?\n}", text, re.S)[0]
    before, _, after = body.rpartition("bar.sync")
    racy = text.replace(body, before + after[after.index(";") + 1:])
    a = device.array(np.zeros((32, 32), np.float32))
    with pytest.raises(CudaError, match="LAUNCH_FAILED"):
        device.load(racy).launch("matmulTiled", (2, 2), (16, 16), [a, a, a, *[np.int32(32)] * 3])
    assert "race: warp" in capfd.readouterr().err


def test_histogram_with_atomics(device, text):
    x = RANDOM.integers(0, 256, 5000).astype(np.uint8)
    bins = device.array(np.zeros(256, np.uint32))
    device.load(text).launch("histogram", 3, 96, [device.array(x), bins, np.int32(x.size)])
    assert np.array_equal(bins.read(), np.bincount(x, minlength=256))


def test_calls_recursion_local_arrays_and_switches(device, text):
    x, w = RANDOM.standard_normal((40, 4)).astype(np.float32), np.array([1, 2, 3, 4], np.float32)
    y, f = device.array(np.zeros(40, np.float32)), device.array(np.zeros(40, np.int32))
    device.load(text).launch("functions", 1, 40, [device.array(x), y, f, w])
    assert np.allclose(y.read(), x @ w, rtol=1e-5, atol=1e-5)
    fibonacci = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
    cases = [lambda v: v + 100, lambda v: v * 3, lambda v: v - 5, lambda v: -v, lambda v: v ^ 0x55, lambda v: v << 2,
             lambda v: v]
    assert f.read().tolist() == [cases[i % 7](fibonacci[i % 12]) for i in range(40)]


def test_elementary_functions(device, text):
    x = np.concatenate([RANDOM.standard_normal(500) * 5, [0, 1e5, -3e6, 1e-30]]).astype(np.float32)
    y = device.array(np.zeros_like(x))
    device.load(text).launch("trigonometry", 4, 128, [device.array(x), y, np.int32(x.size)])
    v = x.astype(np.float64)
    erf = np.array([math.erf(t) for t in v])
    assert np.allclose(y.read(),
                       np.sin(v) + np.log(abs(v) + 1) * np.tanh(v) + abs(v) ** 0.3 + erf,
                       rtol=2e-6,
                       atol=2e-6)


def test_half_and_bfloat16(device, text):
    x = RANDOM.standard_normal((32, 2)).astype(np.float16)
    u = (RANDOM.integers(-64, 64, 32) / 8).astype(np.float32).view(np.uint32) >> 16
    y, v = device.array(np.zeros_like(x)), device.array(np.zeros(32, np.uint16))
    device.load(text).launch("halves", 1, 32, [device.array(x), y, device.array(u.astype(np.uint16)), v])
    wide = x.astype(np.float64)
    assert np.array_equal(y.read(), (wide * wide + (wide * 0.5).astype(np.float16)).astype(np.float16))
    expected = (u << 16).astype(np.uint32).view(np.float32) * np.float32(1.5) + 1
    assert np.array_equal((v.read().astype(np.uint32) << 16).view(np.float32), expected)
