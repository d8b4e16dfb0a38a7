"""PyTorch's dtypes as NumPy's, which the tracer's Values have."""
import numpy as np
import torch

from .._trace.program import BFLOAT16

OF_TORCH = {torch.bool: np.dtype(bool), torch.uint8: np.dtype(np.uint8), torch.int8: np.dtype(np.int8),
            torch.int16: np.dtype(np.int16), torch.int32: np.dtype(np.int32), torch.int64: np.dtype(np.int64),
            torch.uint16: np.dtype(np.uint16), torch.uint32: np.dtype(np.uint32), torch.uint64: np.dtype(np.uint64),
            torch.float16: np.dtype(np.float16), torch.bfloat16: BFLOAT16, torch.float32: np.dtype(np.float32),
            torch.float64: np.dtype(np.float64), torch.complex64: np.dtype(np.complex64),
            torch.complex128: np.dtype(np.complex128)}


def real(dtype):
    """That of the parts of a complex dtype; other dtypes as they are."""
    return np.dtype(dtype.type(0).real.dtype) if dtype.kind == "c" else dtype


def dense(tensor):
    """A tensor as programs read it: dense, and complex numbers as pairs along one more axis."""
    tensor = tensor.resolve_neg().resolve_conj().contiguous()
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def as_array(tensor):
    """A tensor's elements as an array, in place where they lie dense."""
    tensor = dense(tensor.detach())
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.uint16).numpy().view(BFLOAT16)
    return tensor.numpy()
