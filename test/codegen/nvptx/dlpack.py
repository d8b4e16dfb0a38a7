"""Arrays in the device's memory that give it away as DLPack says: __dlpack_device__ and a capsule from __dlpack__."""
import ctypes

CODES = {"i": 0, "u": 1, "f": 2}


class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]


class DLManagedTensor(ctypes.Structure):
    _fields_ = [("tensor", DLTensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class DlpackArray:
    """`array` is a c_interface.DeviceArray, which this keeps; strides count elements, None are those of a dense array."""

    def __init__(self, array, device=(2, 0), strides=None):
        self.array, self.device, self.strides = array, device, strides
        self.managed = []

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **_):
        values = self.array.values
        dims = (ctypes.c_int64 * values.ndim)(*values.shape)
        strides = (ctypes.c_int64 * values.ndim)(*self.strides) if self.strides else None
        tensor = DLTensor(self.array.address, *self.device, values.ndim, CODES[values.dtype.kind], 8 * values.itemsize, 1, dims,
                          strides, 0)
        managed = DLManagedTensor(tensor, None, None)
        self.managed.append((managed, dims, strides))
        capsule = ctypes.pythonapi.PyCapsule_New
        capsule.restype, capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return capsule(ctypes.addressof(managed), b"dltensor", None)
