"""A compiled model through ctypes: on a machine that has Python, NumPy and the model's file, and nothing else of Quern.

The structures are those of quern/runtime.h, ABI version 1, as far as they are used.
"""
import ctypes
import json
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

import numpy as np

MAX_RANK = 8
DTYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
          11: "float64", 12: "uint32", 13: "uint64"}
NUMBERS = {name: number for number, name in DTYPES.items()}


class Tensor(Structure):
    _fields_ = [("data", c_void_p), ("bytes", c_uint64), ("dtype", c_int32), ("rank", c_int32), ("dims", c_int64 * MAX_RANK)]


class ValueInfo(Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_int32), ("rank", c_int32), ("dims", POINTER(c_int64))]


class Level(Structure):
    _fields_ = [("name", c_char_p), ("number", c_uint32), ("reserved", c_uint32), ("kernels", c_void_p)]


class Descriptor(Structure):
    _fields_ = [("abi_version", c_uint32), ("size", c_uint32), ("name", c_char_p), ("num_inputs", c_uint32),
                ("num_outputs", c_uint32), ("num_symbols", c_uint32), ("num_sites", c_uint32), ("num_kernels", c_uint32),
                ("num_levels", c_uint32), ("num_metadata", c_uint32), ("reserved", c_uint32), ("inputs", POINTER(ValueInfo)),
                ("outputs", POINTER(ValueInfo)), ("symbols", c_void_p), ("sites", c_void_p), ("levels", c_void_p),
                ("metadata", c_void_p), ("manifest", c_char_p)]


PROFILE = CFUNCTYPE(None, c_void_p, c_uint32, c_int64, c_int64)


class ContextOptions(Structure):
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("pool", c_void_p), ("arena", c_void_p), ("arena_bytes", c_uint64),
                ("profile", PROFILE), ("profile_user", c_void_p)]


# Function of the runtime -> (its result, its arguments).
FUNCTIONS = {
    "quern_model_open": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_char_p)]),
    "quern_model_close": (None, [c_void_p]),
    "quern_model_get_level": (POINTER(Level), [c_void_p]),
    "quern_pool_create": (c_void_p, [c_int32]),
    "quern_pool_destroy": (None, [c_void_p]),
    "quern_context_create": (c_int32, [c_void_p, POINTER(ContextOptions), POINTER(c_void_p)]),
    "quern_context_destroy": (None, [c_void_p]),
    "quern_context_error": (c_char_p, [c_void_p]),
    "quern_run": (c_int32, [c_void_p, POINTER(Tensor), c_size_t, POINTER(Tensor), c_size_t]),
}


class Output:
    """An output where the last run put it."""

    def __init__(self, tensor):
        self.tensor = tensor

    def numpy(self):
        """An array over the context's memory, which the next run writes again."""
        dtype, shape = np.dtype(DTYPES[self.tensor.dtype]), tuple(self.tensor.dims[:self.tensor.rank])
        count = int(np.prod(shape, dtype=np.int64))
        if not count:
            return np.empty(shape, dtype)
        return np.frombuffer((ctypes.c_char * (count * dtype.itemsize)).from_address(self.tensor.data), dtype).reshape(shape)


class Artifact:
    """A model and one context of it. `profile`, if given, is called with (index of the site, nanoseconds) for each kernel;
    the manifest says of each site and kernel what it is."""

    def __init__(self, path, threads=1, profile=None):
        self.library = ctypes.CDLL(str(path))
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        self.descriptor = descriptor = Descriptor.in_dll(self.library, "quern_model_descriptor")
        self.model, self.pool, self.context, message = c_void_p(), None, c_void_p(), c_char_p()
        if self.library.quern_model_open(ctypes.byref(descriptor), None, self.model, message):
            raise RuntimeError(f"'{path}': {message.value.decode()}")
        self.pool = self.library.quern_pool_create(threads)
        self.callback = PROFILE(lambda user, site, tasks, nanoseconds: profile(site, nanoseconds)) if profile else PROFILE()
        options = ContextOptions(ctypes.sizeof(ContextOptions), 0, self.pool, None, 0, self.callback, None)
        if not self.pool or self.library.quern_context_create(self.model, options, self.context):
            raise MemoryError(f"'{path}': no memory for a context")
        self.level = self.library.quern_model_get_level(self.model).contents.name.decode()
        self.input_names = [descriptor.inputs[i].name.decode() for i in range(descriptor.num_inputs)]
        self.tensors = (Tensor * descriptor.num_outputs)()
        self.outputs = [Output(tensor) for tensor in self.tensors]
        self.manifest = json.loads(descriptor.manifest)

    def bind(self, inputs):
        """Takes the arrays that `run` reads: {name: array}."""
        self.arrays = [np.ascontiguousarray(inputs[name]) for name in self.input_names]
        self.inputs = (Tensor * len(self.arrays))()
        for tensor, array in zip(self.inputs, self.arrays):
            tensor.data, tensor.bytes, tensor.dtype, tensor.rank = array.ctypes.data, array.nbytes, NUMBERS[array.dtype.name], array.ndim
            tensor.dims[:array.ndim] = array.shape

    def run(self):
        """Runs once; the outputs."""
        if self.library.quern_run(self.context, self.inputs, len(self.inputs), self.tensors, len(self.tensors)):
            raise RuntimeError(self.library.quern_context_error(self.context).decode())
        return self.outputs

    def __del__(self):
        if getattr(self, "context", None):
            self.library.quern_context_destroy(self.context)
        if getattr(self, "pool", None):
            self.library.quern_pool_destroy(self.pool)
        if getattr(self, "model", None):
            self.library.quern_model_close(self.model)
