"""libcuda.so.1 as a program sees it: contexts, memory, modules, streams, graphs, events, errors."""
import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest

from device import HEADER, LIBRARY, ROOT, Array, CudaError, Device, call, kernel, library, parameters

INCREMENT = kernel(
    "mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4; add.u64 %rd1, %in0, %rd1; ld.global.u32 %r2, [%rd1];"
    "add.u32 %r2, %r2, 1; st.global.u32 [%rd1], %r2;")


@pytest.fixture
def device():
    with Device() as device:
        yield device


def status(name, *arguments):
    return getattr(library(), name)(*arguments)


def handle():
    return ctypes.c_void_p()


def launch(function, array, stream=None, shared=0, grid=1, block=4):
    pointers, cells = parameters([array])
    return status("cuLaunchKernel", function, grid, 1, 1, block, 1, 1, shared, stream, pointers, None)


def test_the_library_has_the_drivers_name():
    dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert "SONAME" in dynamic and "[libcuda.so.1]" in dynamic


def test_every_name_is_found_by_name_and_by_symbol(device):
    table = (ROOT / "test" / "ptx" / "driver" / "EntryPoints.inc").read_text()
    names = [line[len("ENTRY_POINT("):-1].split(", ") for line in table.splitlines() if line.startswith("ENTRY_POINT(")]
    assert len(names) > 60
    for name, symbol in names:
        found, result = handle(), ctypes.c_int(-1)
        call("cuGetProcAddress_v2", name.encode(), ctypes.byref(found), 12000, ctypes.c_uint64(0), ctypes.byref(result))
        assert found.value == ctypes.cast(getattr(library(), symbol), ctypes.c_void_p).value and result.value == 0
    assert status("cuGetProcAddress_v2", b"cuNothing", ctypes.byref(found), 12000, ctypes.c_uint64(0),
                  ctypes.byref(result)) == 500
    assert result.value == 1 and not found.value


def test_our_declarations_agree_with_nvidias(tmp_path):
    """The header of the toolkit, where there is one, beside the functions that we define."""
    header = "/usr/local/cuda/include/cuda.h"
    if not os.path.exists(header):
        pytest.skip("no cuda.h here")
    symbols = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True,
                             check=True).stdout.split()
    names = sorted(s for s in symbols if s.startswith("cu"))
    declared = open(header).read()
    missing = [n for n in names if n not in declared and n.removesuffix("_v2") not in declared]
    assert not missing
    for line in (ROOT / "test" / "ptx" / "driver" /
                 "Errors.inc").read_text().splitlines():
        if line.startswith("CUDA_ERROR(CUDA"):
            name, value = line[len("CUDA_ERROR("):].split(", ")[:2]
            assert any(l.split("=")[0].strip() == name and l.split("=")[1].strip(" ,") == value
                       for l in declared.splitlines() if "=" in l and name in l), name


def test_calls_before_cu_init_and_without_a_context():
    script = (
        "import ctypes; cu = ctypes.CDLL(%r); p = ctypes.c_uint64(); n = ctypes.c_int();"
        "print(cu.cuDeviceGetCount(ctypes.byref(n)), cu.cuMemAlloc_v2(ctypes.byref(p), ctypes.c_size_t(4)),"
        "cu.cuInit(0),"
        "cu.cuMemAlloc_v2(ctypes.byref(p), ctypes.c_size_t(4)), cu.cuDeviceGetCount(ctypes.byref(n)), n.value)"
    ) % str(LIBRARY)
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["3", "3", "0", "201", "0", "1"]


@pytest.mark.parametrize("capability, shared", [("7.5", 64), ("8.0", 163), ("8.6", 99), ("9.0", 227)])
def test_the_capability_is_configurable(capability, shared):
    script = (
        "import sys; sys.path.insert(0, %r); from device import *; import ctypes\n"
        "with Device() as d:\n"
        "  v = ctypes.c_int(); get = lambda a: (call('cuDeviceGetAttribute', ctypes.byref(v), a, 0), v.value)[1]\n"
        "  print(get(75), get(76), get(97) >> 10)\n"
        "  for target in ('sm_70', 'sm_80', 'sm_90a'):\n"
        "    try: d.load(HEADER.replace('sm_80', target)); print(target)\n"
        "    except CudaError as e: assert 'NO_BINARY_FOR_GPU' in str(e)\n") % os.path.dirname(__file__)
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                         env={**os.environ, "PTX_DEVICE_CAPABILITY": capability}).stdout.split()
    assert out[:3] == [*capability.split("."), str(shared)]
    runs = {"7.5": ["sm_70"], "8.0": ["sm_70", "sm_80"], "8.6": ["sm_70", "sm_80"], "9.0": ["sm_70", "sm_80", "sm_90a"]}
    assert out[3:] == runs[capability]


def test_memory_is_nan_until_written_and_copies_check_their_ranges(device):
    pointer = ctypes.c_uint64()
    call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(64))
    values = np.zeros(16, np.float32)
    at, host = lambda offset: ctypes.c_uint64(pointer.value + offset), ctypes.c_void_p(values.ctypes.data)
    call("cuMemcpyDtoH_v2", host, pointer, ctypes.c_size_t(64))
    assert np.isnan(values).all()
    call("cuMemsetD32_v2", at(8), 0x3f800000, ctypes.c_size_t(2))
    call("cuMemsetD8_v2", at(0), 0, ctypes.c_size_t(8))
    call("cuMemcpyDtoD_v2", at(16), at(0), ctypes.c_size_t(16))
    call("cuMemcpyDtoH_v2", host, pointer, ctypes.c_size_t(32))
    assert values[:8].tolist() == [0, 0, 1, 1] * 2
    assert status("cuMemcpyDtoH_v2", host, at(32), ctypes.c_size_t(33)) == 1
    assert status("cuMemcpyHtoD_v2", at(64), host, ctypes.c_size_t(1)) == 1
    assert status("cuMemcpyDtoH_v2", ctypes.c_void_p(pointer.value), pointer, ctypes.c_size_t(4)) == 1
    assert status("cuMemsetD32_v2", at(2), 0, ctypes.c_size_t(1)) == 1
    assert status("cuMemFree_v2", at(8)) == 1
    call("cuMemFree_v2", pointer)
    assert status("cuMemFree_v2", pointer) == 1
    assert status("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(1 << 60)) == 2


def test_free_memory_counts(device):
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    before = free.value
    Array(np.zeros(1 << 20, np.uint8))
    call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    assert before - free.value == 1 << 20 and total.value >= before


def test_pointer_attributes(device):
    x = Array(np.zeros(8, np.float32))
    kind, start, size = ctypes.c_uint(), ctypes.c_uint64(), ctypes.c_size_t()
    inside = ctypes.c_uint64(x.address.value + 5)
    call("cuPointerGetAttribute", ctypes.byref(kind), 2, inside)
    call("cuPointerGetAttribute", ctypes.byref(start), 11, inside)
    call("cuPointerGetAttribute", ctypes.byref(size), 12, inside)
    assert (kind.value, start.value, size.value) == (2, x.address.value, 32)
    pinned = handle()
    call("cuMemHostAlloc", ctypes.byref(pinned), ctypes.c_size_t(100), 0)
    call("cuPointerGetAttribute", ctypes.byref(kind), 2, ctypes.c_uint64(pinned.value + 99))
    assert kind.value == 1
    call("cuMemFreeHost", pinned)
    assert status("cuPointerGetAttribute", ctypes.byref(kind), 2, ctypes.c_uint64(pinned.value)) == 1
    assert status("cuMemFreeHost", pinned) == 1


def test_host_memory_that_the_device_sees_too(device):
    pinned, address = handle(), ctypes.c_uint64()
    call("cuMemHostAlloc", ctypes.byref(pinned), ctypes.c_size_t(16), 2)
    call("cuMemHostGetDevicePointer_v2", ctypes.byref(address), pinned, 0)
    words = (ctypes.c_uint32 * 4).from_address(pinned.value)
    words[:] = [1, 2, 3, 4]
    array = Array(np.zeros(1, np.uint32))
    array.address = address
    assert launch(device.load(INCREMENT).function("k"), array) == 0
    call("cuCtxSynchronize")
    assert list(words) == [2, 3, 4, 5]
    call("cuMemFreeHost", pinned)
    assert status("cuMemHostGetDevicePointer_v2", ctypes.byref(address), pinned, 0) == 1


def test_host_registration(device):
    values = np.zeros(100)
    pointer = ctypes.c_void_p(values.ctypes.data)
    call("cuMemHostRegister_v2", pointer, ctypes.c_size_t(800), 0)
    assert status("cuMemHostRegister_v2", pointer, ctypes.c_size_t(800), 0) == 712
    call("cuMemHostUnregister", pointer)
    assert status("cuMemHostUnregister", pointer) == 713


def test_modules_functions_and_globals(device):
    module = device.load(INCREMENT + ".visible .global .align 4 .b32 g[3] = {7, 8};")
    address, size = ctypes.c_uint64(), ctypes.c_size_t()
    call("cuModuleGetGlobal_v2", ctypes.byref(address), ctypes.byref(size), module.handle, b"g")
    values = np.zeros(3, np.uint32)
    call("cuMemcpyDtoH_v2", ctypes.c_void_p(values.ctypes.data), address, size)
    assert size.value == 12 and values.tolist() == [7, 8, 0]
    found = handle()
    assert status("cuModuleGetGlobal_v2", ctypes.byref(address), ctypes.byref(size), module.handle, b"k") == 500
    assert status("cuModuleGetFunction", ctypes.byref(found), module.handle, b"g") == 500
    function = module.function("k")
    call("cuModuleUnload", module.handle)
    assert launch(function, Array(np.zeros(4, np.uint32))) == 400
    assert status("cuModuleUnload", module.handle) == 400


def test_machine_code_and_broken_text_are_refused(device, capfd):
    module = handle()
    assert status("cuModuleLoadData", ctypes.byref(module), b"\x7fELF....") == 209
    log = ctypes.create_string_buffer(200)
    options, values = (ctypes.c_int * 2)(5, 6), (ctypes.c_void_p * 2)(ctypes.addressof(log), 200)
    assert status("cuModuleLoadDataEx", ctypes.byref(module), (HEADER + "oops").encode(), 2, options, values) == 218
    assert b"line 4: unknown directive 'oops'" in log.value and "line 4" in capfd.readouterr().err
    assert status("cuModuleLoadData", ctypes.byref(module), HEADER.replace("8.5", "9.9").encode()) == 222


def test_launches_that_can_not_be(device):
    module, x = device.load(INCREMENT), Array(np.zeros(4, np.uint32))
    function = module.function("k")
    assert launch(function, x, block=1025) == 1 and launch(function, x, grid=0) == 1
    assert launch(function, x, shared=(48 << 10) + 1) == 1
    call("cuFuncSetAttribute", function, 8, 100 << 10)
    assert launch(function, x, shared=100 << 10) == 0
    assert status("cuFuncSetAttribute", function, 8, 164 << 10) == 1
    value = ctypes.c_int()
    call("cuFuncGetAttribute", ctypes.byref(value), 8, function)
    assert value.value == 100 << 10
    assert x.read().tolist() == [1] * 4


def test_arguments_in_a_buffer(device):
    x = Array(np.zeros(4, np.uint32))
    buffer, size = ctypes.c_uint64(x.address.value), ctypes.c_size_t(8)
    extra = (ctypes.c_void_p * 5)(1, ctypes.addressof(buffer), 2, ctypes.addressof(size), 0)
    function = device.load(INCREMENT).function("k")
    call("cuLaunchKernel", function, 1, 1, 1, 4, 1, 1, 0, None, None, extra)
    assert x.read().tolist() == [1] * 4
    size.value = 4
    assert status("cuLaunchKernel", function, 1, 1, 1, 4, 1, 1, 0, None, None, extra) == 1


def captured(stream, work, mode=0):
    graph = handle()
    call("cuStreamBeginCapture_v2", stream, mode)
    work()
    call("cuStreamEndCapture", stream, ctypes.byref(graph))
    return graph


@pytest.fixture
def stream(device):
    stream = handle()
    call("cuStreamCreate", ctypes.byref(stream), 0)
    return stream


def test_a_capture_runs_at_its_graphs_launches_only(device, stream):
    function, x, y = device.load(INCREMENT).function("k"), Array(np.zeros(4, np.uint32)), Array(np.zeros(4, np.uint32))

    def work():
        state = ctypes.c_int()
        call("cuStreamIsCapturing", stream, ctypes.byref(state))
        assert state.value == 1
        assert launch(function, x, stream) == 0
        call("cuMemcpyDtoDAsync_v2", y.address, x.address, ctypes.c_size_t(16), stream)
        assert launch(function, x, stream) == 0

    graph, executable, count = captured(stream, work), handle(), ctypes.c_size_t()
    assert x.read().tolist() == [0] * 4
    call("cuGraphGetNodes", graph, None, ctypes.byref(count))
    assert count.value == 3
    call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
    call("cuGraphDestroy", graph)
    for launches in range(1, 4):
        call("cuGraphLaunch", executable, stream)
        call("cuStreamSynchronize", stream)
        assert x.read().tolist() == [2 * launches] * 4 and y.read().tolist() == [2 * launches - 1] * 4
    call("cuGraphExecDestroy", executable)
    assert status("cuGraphLaunch", executable, stream) == 400


def test_an_update_gives_a_graph_other_addresses(device, stream):
    function, x, y = device.load(INCREMENT).function("k"), Array(np.zeros(4, np.uint32)), Array(np.zeros(4, np.uint32))
    executable, info = handle(), (ctypes.c_uint64 * 3)()
    graph, other, longer = (captured(stream, lambda arrays=arrays: [launch(function, array, stream) for array in arrays])
                            for arrays in ([x], [y], [x, y]))
    call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_ulonglong(0))
    call("cuGraphExecUpdate_v2", executable, other, info)
    call("cuGraphLaunch", executable, stream)
    assert x.read().tolist() == [0] * 4 and y.read().tolist() == [1] * 4
    assert status("cuGraphExecUpdate_v2", executable, longer, info) == 910 and info[0] == 2


@pytest.mark.parametrize("forbidden, code", [
    (lambda stream: status("cuStreamSynchronize", stream), 900), (lambda stream: status("cuCtxSynchronize"), 900),
    (lambda stream: status("cuMemAlloc_v2", ctypes.byref(ctypes.c_uint64()), ctypes.c_size_t(4)), 900),
    (lambda stream: status("cuMemcpyHtoD_v2", ctypes.c_uint64(0), None, ctypes.c_size_t(0)), 906)])
def test_what_a_capture_forbids_spoils_it(device, stream, forbidden, code):
    call("cuStreamBeginCapture_v2", stream, 0)
    assert forbidden(stream) == code
    graph = handle()
    assert status("cuStreamEndCapture", stream, ctypes.byref(graph)) == 901 and not graph.value
    call("cuStreamSynchronize", stream)


def test_an_event_brings_another_stream_into_a_capture(device, stream):
    function, x = device.load(INCREMENT).function("k"), Array(np.zeros(4, np.uint32))
    other, event = handle(), handle()
    call("cuStreamCreate", ctypes.byref(other), 0)
    call("cuEventCreate", ctypes.byref(event), 0)

    def work():
        call("cuEventRecord", event, stream)
        call("cuStreamWaitEvent", other, event, 0)
        assert launch(function, x, other) == 0
        assert status("cuStreamEndCapture", other, ctypes.byref(handle())) == 903

    captured(stream, work)
    assert x.read().tolist() == [0] * 4
    assert launch(function, x, other) == 0 and x.read().tolist() == [1] * 4


def test_streams_and_events(device, stream):
    first, second, elapsed = handle(), handle(), ctypes.c_float(-1)
    for event in (first, second):
        call("cuEventCreate", ctypes.byref(event), 0)
        call("cuEventRecord", event, stream)
    call("cuEventSynchronize", second)
    call("cuEventElapsedTime", ctypes.byref(elapsed), first, second)
    assert elapsed.value >= 0
    call("cuEventDestroy_v2", first)
    assert status("cuEventRecord", first, stream) == 400
    call("cuStreamDestroy_v2", stream)
    assert status("cuStreamSynchronize", stream) == 400


def test_a_kernels_failure_stays_until_the_context_ends(capfd):
    bad = kernel("ld.global.u32 %r1, [%in0+4096];")
    with Device() as device:
        module, x = device.load(bad), Array(np.zeros(4, np.uint32))
        assert launch(module.function("k"), x) == 0
        for name, arguments in (("cuCtxSynchronize", ()), ("cuMemFree_v2", (x.address, )), ("cuStreamSynchronize",
                                                                                            (None, ))):
            with pytest.raises(CudaError, match="ILLEGAL_ADDRESS"):
                call(name, *arguments)
    assert capfd.readouterr().err.count("\n") == 1
    with Device() as device:
        call("cuCtxSynchronize")


def test_error_texts(device):
    text = ctypes.c_char_p()
    call("cuGetErrorName", 700, ctypes.byref(text))
    assert text.value == b"CUDA_ERROR_ILLEGAL_ADDRESS"
    call("cuGetErrorString", 2, ctypes.byref(text))
    assert text.value == b"out of memory"
    assert status("cuGetErrorName", 12345, ctypes.byref(text)) == 1 and text.value is None
