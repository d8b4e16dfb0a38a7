"""What LLVM 19's NVPTX backend makes of C, against the same C on the host."""
import ctypes
import subprocess

import numpy as np
import pytest

from device import ROOT, Device

SOURCE = ROOT / "test" / "ptx" / "freestanding.c"
RANDOM = np.random.default_rng(0)
THREADS = 192
MIXED = np.dtype([("a", np.int8), ("b", np.int16), ("c", np.int32), ("d", np.int64), ("e", np.float32),
                  ("f", np.float64)],
                 align=True)


@pytest.fixture(scope="module", params=["-O2", "-O0"])
def text(request, tmp_path_factory):
    target = tmp_path_factory.mktemp("llvm") / "freestanding.ptx"
    subprocess.run([
        "clang-19", "--target=nvptx64-nvidia-cuda", "-march=sm_80", "-Xclang", "-target-feature", "-Xclang", "+ptx81",
        request.param, "-ffp-contract=off", "-S", SOURCE, "-o", target
    ],
                   check=True)
    return target.read_text()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    target = tmp_path_factory.mktemp("host") / "freestanding.so"
    subprocess.run(
        ["clang-19", "-O1", "-ffp-contract=off", "-mf16c", "-mfma", "-shared", "-fPIC", SOURCE, "-o", target],
        check=True)
    return ctypes.CDLL(str(target))


@pytest.fixture
def device():
    with Device() as device:
        yield device


def on_host(host, name, arrays, *more):
    thread = ctypes.c_int.in_dll(host, "hostThread")
    for i in range(THREADS):
        thread.value = i
        getattr(host, name)(*(ctypes.c_void_p(a.ctypes.data) for a in arrays), *more)


def test_integers(device, text, host):
    x = RANDOM.integers(0, 2 ** 64, 2 * THREADS, dtype=np.uint64)
    x[::3] >>= np.uint64(40)
    y, expected = device.array(np.zeros(THREADS, np.uint64)), np.zeros(THREADS, np.uint64)
    device.load(text).launch("integers", THREADS // 64, 64, [device.array(x), y])
    on_host(host, "integers", [x, expected])
    assert y.read().tolist() == expected.tolist()


def test_floats(device, text, host):
    x = (RANDOM.standard_normal(THREADS + 1) * 3).astype(np.float32)
    y, z = device.array(np.zeros(THREADS, np.float32)), device.array(np.zeros(THREADS))
    expected, wide = np.zeros(THREADS, np.float32), np.zeros(THREADS)
    device.load(text).launch("floats", THREADS // 64, 64, [device.array(x), y, z])
    on_host(host, "floats", [x, expected, wide])
    assert y.read().tolist() == expected.tolist() and z.read().tolist() == wide.tolist()


def test_structures_by_value_and_local_arrays(device, text, host):
    x = np.zeros(THREADS, MIXED)
    for name in MIXED.names:
        x[name] = RANDOM.integers(-100, 100, THREADS)
    by = x[5].copy()
    y, expected = device.array(np.zeros(THREADS, MIXED)), np.zeros(THREADS, MIXED)
    device.load(text).launch("structures", THREADS // 64, 64, [device.array(x), y, by])

    class Mixed(ctypes.Structure):
        _fields_ = [("a", ctypes.c_int8), ("b", ctypes.c_int16), ("c", ctypes.c_int32), ("d", ctypes.c_int64),
                    ("e", ctypes.c_float), ("f", ctypes.c_double)]

    on_host(host, "structures", [x, expected], Mixed.from_buffer_copy(by.tobytes()))
    result = y.read()
    for name in MIXED.names:
        assert result[name].tolist() == expected[name].tolist()


def test_shared_memory_and_shuffles(device, text):
    x = RANDOM.integers(-50, 50, THREADS).astype(np.float32)
    y = device.array(np.zeros(THREADS, np.float32))
    device.load(text).launch("neighbours", THREADS // 64, 64, [device.array(x), y])
    sums = x.reshape(-1, 2, 32).sum(2)[:, ::-1] * 2
    assert y.read().tolist() == np.repeat(sums.ravel(), 32).tolist()
