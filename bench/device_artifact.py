"""A compiled model on tensors in its device's memory, through ctypes: nothing is copied to or from the processor."""
import ctypes
from ctypes import POINTER, Structure, c_int32, c_size_t, c_uint32, c_void_p

from artifact import NUMBERS, Artifact, Tensor

CUDA = 2


class Device(Structure):
    _fields_ = [("type", c_int32), ("ordinal", c_int32)]


class Places(Structure):
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("inputs", POINTER(Device)), ("outputs", POINTER(Device))]


def describe(tensors, values):
    """Fills tensors from what has data_ptr(), nbytes, dtype and shape, such as torch's."""
    for tensor, value in zip(tensors, values, strict=True):
        tensor.data, tensor.bytes, tensor.rank = value.data_ptr(), value.nbytes, len(value.shape)
        tensor.dtype = NUMBERS[str(value.dtype).removeprefix("torch.")]
        tensor.dims[:len(value.shape)] = value.shape


class DeviceArtifact(Artifact):
    def bind(self, inputs, outputs):
        """The tensors, all in the memory of the first CUDA device, that `run` reads ({name: tensor}) and writes (a list)."""
        self.library.quern_run_on.restype = c_int32
        self.library.quern_run_on.argtypes = [c_void_p, POINTER(Tensor), c_size_t, POINTER(Tensor), c_size_t, POINTER(Places)]
        self.kept = [inputs[name] for name in self.input_names], outputs
        self.inputs = (Tensor * len(self.input_names))()
        describe(self.inputs, self.kept[0])
        describe(self.tensors, outputs)
        sides = [(Device * max(len(side), 1))(*(Device(CUDA, 0) for _ in side)) for side in self.kept]
        self.places = Places(ctypes.sizeof(Places), 0, *sides)

    def run(self):
        """Runs once and waits; the outputs are written."""
        if self.library.quern_run_on(self.context, self.inputs, len(self.inputs), self.tensors, len(self.tensors),
                                     ctypes.byref(self.places)):
            raise RuntimeError(self.library.quern_context_error(self.context).decode())
        return self.kept[1]
