"""The C interface of a compiled model through ctypes, and CUDA's own through the interpreter's library, in one process: what a
program with tensors in the device's memory does."""
import ctypes
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[3] / "bench"))
from artifact import Tensor
from device_artifact import Device as Place
from device_artifact import Places

CPU, CUDA = 1, 2
NUMBERS = {"float32": 1, "int64": 7}
NAMES = {number: name for name, number in NUMBERS.items()}


class ModelOptions(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("max_level", ctypes.c_uint32), ("device", Place)]


class Failure(Exception):
    pass


class DeviceArray:
    """Memory that cuMemAlloc gave, or a part of it `offset` bytes behind its beginning."""

    def __init__(self, cuda, values, offset=0):
        self.cuda, self.values = cuda, np.ascontiguousarray(values)
        base = ctypes.c_uint64()
        cuda.call("cuMemAlloc_v2", ctypes.byref(base), ctypes.c_size_t(self.values.nbytes + offset + 1))
        self.address = base.value + offset
        if self.values.nbytes:
            cuda.call("cuMemcpyHtoD_v2", ctypes.c_uint64(self.address), ctypes.c_void_p(self.values.ctypes.data),
                      ctypes.c_size_t(self.values.nbytes))

    def read(self):
        result = np.empty_like(self.values)
        if result.nbytes:
            self.cuda.call("cuMemcpyDtoH_v2", ctypes.c_void_p(result.ctypes.data), ctypes.c_uint64(self.address),
                           ctypes.c_size_t(result.nbytes))
        return result


class Cuda:
    """The device's primary context."""

    def __init__(self, library):
        self.library = ctypes.CDLL(str(library))
        self.call("cuInit", 0)
        self.context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), 0)
        self.call("cuCtxSetCurrent", self.context)

    def close(self):
        self.call("cuCtxSetCurrent", None)
        self.call("cuDevicePrimaryCtxRelease_v2", 0)

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        assert status == 0, f"{name}: {status}"

    def count(self, what):
        """How often the interpreter's driver did something, such as "launch" or "graph"."""
        self.library.ptxCount.restype = ctypes.c_uint64
        return self.library.ptxCount(what.encode())

    def array(self, values, offset=0):
        return DeviceArray(self, values, offset)


class Model:
    """`device`: what quern_model_options says; the default is the first device."""

    def __init__(self, path, device=(0, 0)):
        self.library = ctypes.CDLL(str(path))
        self.library.quern_context_error.restype = ctypes.c_char_p
        self.library.quern_model_get_device.restype = Place
        descriptor = ctypes.addressof(ctypes.c_char.in_dll(self.library, "quern_model_descriptor"))
        options = ModelOptions(ctypes.sizeof(ModelOptions), 0, Place(*device))
        self.model, self.context, message = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_char_p()
        status = self.library.quern_model_open(ctypes.c_void_p(descriptor), ctypes.byref(options), ctypes.byref(self.model),
                                               ctypes.byref(message))
        if status:
            raise Failure(message.value.decode())
        assert self.library.quern_context_create(self.model, None, ctypes.byref(self.context)) == 0

    def close(self):
        self.library.quern_context_destroy(self.context)
        self.library.quern_model_close(self.model)

    @property
    def device(self):
        place = self.library.quern_model_get_device(self.model)
        return place.type, place.ordinal

    def run(self, inputs, outputs, ordinal=0):
        """Both are NumPy arrays or DeviceArrays; the outputs are written. Returns the shapes of the outputs."""
        tensors, places = zip(*(self._side(side, ordinal) for side in (inputs, outputs)))
        where = Places(ctypes.sizeof(Places), 0, *places)
        status = self.library.quern_run_on(self.context, tensors[0], ctypes.c_size_t(len(inputs)), tensors[1],
                                           ctypes.c_size_t(len(outputs)), ctypes.byref(where))
        if status:
            raise Failure(self.library.quern_context_error(self.context).decode())
        return [tuple(tensor.dims[:tensor.rank]) for tensor in tensors[1][:len(outputs)]]

    @staticmethod
    def _side(values, ordinal):
        tensors, places = (Tensor * max(len(values), 1))(), (Place * max(len(values), 1))()
        for tensor, place, value in zip(tensors, places, values):
            array, on_device = (value.values, True) if isinstance(value, DeviceArray) else (value, False)
            address = value.address if on_device else array.ctypes.data
            tensor.data, tensor.bytes, tensor.dtype, tensor.rank = address, array.nbytes, NUMBERS[array.dtype.name], array.ndim
            tensor.dims[:array.ndim] = array.shape
            place.type, place.ordinal = (CUDA, ordinal) if on_device else (CPU, 0)
        return tensors, places
