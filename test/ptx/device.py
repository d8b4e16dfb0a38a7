"""The interpreter's libcuda.so.1 for Python tests: PTX text and NumPy arrays in, arrays out.

    with Device() as device:
        y = device.array(np.zeros(8, np.float32))
        device.load(text).launch("kernel", 1, 32, [x, y, np.int32(8)])
        y.read()

A failure of a call raises CudaError with CUDA's name of it; what the interpreter says of a kernel goes to stderr.
"""
import ctypes
import functools
import os
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARY = Path(os.environ.get("QUERN_TEST_CUDA", ROOT / "build" / "test" / "ptx")) / "libcuda.so.1"    # --cuda


class CudaError(Exception):
    pass


@functools.cache
def library():
    return ctypes.CDLL(str(LIBRARY))


def call(name, *arguments):
    status = getattr(library(), name)(*arguments)
    if status != 0:
        text = ctypes.c_char_p()
        library().cuGetErrorName(status, ctypes.byref(text))
        raise CudaError(f"{name}: {(text.value or str(status).encode()).decode()}")


class Array:
    """A NumPy array's copy on the device."""

    def __init__(self, values):
        self.values = np.ascontiguousarray(values)
        self.address = ctypes.c_uint64()
        call("cuMemAlloc_v2", ctypes.byref(self.address), ctypes.c_size_t(self.values.nbytes))
        self.write(self.values)

    def write(self, values):
        values = np.ascontiguousarray(values)
        call("cuMemcpyHtoD_v2", self.address, ctypes.c_void_p(values.ctypes.data), ctypes.c_size_t(values.nbytes))

    def read(self):
        result = np.empty_like(self.values)
        call("cuMemcpyDtoH_v2", ctypes.c_void_p(result.ctypes.data), self.address, ctypes.c_size_t(result.nbytes))
        return result


def parameters(values):
    """The array of pointers that cuLaunchKernel takes, and what must stay alive while it is used."""
    cells = []
    for value in values:
        bits = value.address.value.to_bytes(8, "little") if isinstance(value, Array) else value.tobytes()
        cells.append(ctypes.create_string_buffer(bits, max(len(bits), 1)))
    return (ctypes.c_void_p * max(len(cells), 1))(*(ctypes.addressof(cell) for cell in cells)), cells


class Module:
    def __init__(self, text):
        self.handle = ctypes.c_void_p()
        call("cuModuleLoadData", ctypes.byref(self.handle), text.encode() + b"\0")

    def function(self, name):
        function = ctypes.c_void_p()
        call("cuModuleGetFunction", ctypes.byref(function), self.handle, name.encode())
        return function

    def launch(self, name, grid, block, arguments, shared=0, stream=None):
        """Runs the kernel and waits for it. Arguments are Arrays and NumPy scalars or records."""
        function = self.function(name)
        if shared > 48 << 10:
            call("cuFuncSetAttribute", function, 8, shared)
        pointers, cells = parameters(arguments)
        dims = [*(grid if isinstance(grid, tuple) else (grid,)), 1, 1][:3]
        dims += [*(block if isinstance(block, tuple) else (block,)), 1, 1][:3]
        call("cuLaunchKernel", function, *dims, shared, stream, pointers, None)
        if stream is None:
            call("cuCtxSynchronize")


class Device:
    """The primary context. Leaving it frees everything and forgets a kernel's failure."""

    def __enter__(self):
        call("cuInit", 0)
        self.context = ctypes.c_void_p()
        call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), 0)
        call("cuCtxSetCurrent", self.context)
        return self

    def __exit__(self, *_):
        call("cuCtxSetCurrent", None)
        call("cuDevicePrimaryCtxRelease_v2", 0)

    def array(self, values):
        return Array(values)

    def load(self, text):
        return Module(text)


HEADER = ".version 8.5\n.target sm_80\n.address_size 64\n"


def kernel(body, params=1, name="k"):
    """A kernel of 64-bit parameters that are global addresses, in %in0, %in1, ..., and the usual registers."""
    declared = ", ".join(f".param .u64 p{i}" for i in range(params))
    loads = "".join(f"ld.param.u64 %in{i}, [p{i}];" for i in range(params))
    return (f"{HEADER}.visible .entry {name}({declared}) {{\n"
            ".reg .pred %p<16>; .reg .b16 %h<16>; .reg .b32 %r<64>; .reg .b64 %rd<32>; .reg .f32 %f<32>;"
            f".reg .f64 %fd<16>; .reg .b64 %in<8>;\n{loads}\n{body}\nret;\n}}\n")


def run_elementwise(device, instructions, result, *sources):
    """Runs instructions per element: %a, %b, %c (of each source's width) to %d. Returns an array of dtype `result`."""
    n = len(sources[0])
    width = {1: ("b16", "u8"), 2: ("b16", "b16"), 4: ("b32", "b32"), 8: ("b64", "b64")}
    names = "abcd"
    arrays = [device.array(np.ascontiguousarray(s)) for s in sources]
    out = device.array(np.zeros(n, result))
    size = np.dtype(result).itemsize
    lines = [f".reg .{width[size][0]} %d; .reg .pred %q; .reg .b32 %i; .reg .b64 %at, %o;",
             "mov.u32 %i, %ctaid.x; mad.lo.u32 %i, %i, 128, %r0; setp.ge.u32 %q, %i, " f"{n}; @%q bra $end;"]
    for array, source, name in zip(arrays, sources, names):
        bits, access = width[source.dtype.itemsize]
        lines.append(f".reg .{bits} %{name}; mul.wide.u32 %o, %i, {source.dtype.itemsize};"
                     f"add.u64 %at, %in{names.index(name)}, %o; ld.global.{access} %{name}, [%at];")
    lines.append(instructions)
    lines.append(f"mul.wide.u32 %o, %i, {size}; add.u64 %at, %in{len(sources)}, %o;"
                 f"st.global.{width[size][1]} [%at], %d;\n$end:")
    text = kernel("mov.u32 %r0, %tid.x;\n" + "\n".join(lines), params=len(sources) + 1)
    device.load(text).launch("k", (n + 127) // 128, 128, [*arrays, out])
    return out.read()


def nvcc(source, folder, *flags):
    """CUDA C to PTX."""
    path = Path(folder) / "kernel.cu"
    path.write_text(source)
    target = path.with_suffix(".ptx")
    subprocess.run([os.environ.get("NVCC", "nvcc"), "--ptx", "-arch=sm_80", *flags, str(path), "-o", str(target)],
                   check=True, capture_output=True)
    return target.read_text()
