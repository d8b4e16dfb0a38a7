"""Operators that make tensors of nothing but numbers."""
import numpy as np
from torch.utils._mode_utils import no_dispatch

from ..._trace import build
from ..._trace.extents import Extent
from ..dtypes import as_array
from ..refusal import Refusal
from .elementwise import result
from .table import lowers


@lowers("full.default", "full_like.default")
def full(c, _shape, value, **_options):
    return build.broadcast(c.tensor(value, c.dtype()), c.dims())


@lowers("new_full.default")
def new_full(c, _like, shape, value, **_options):
    return full(c, shape, value)


@lowers("fill.Scalar", "fill.Tensor")
def fill(c, _x, value):
    return result(c, c.tensor(value, c.dtype()))


@lowers("scalar_tensor.default")
def scalar_tensor(c, value, **_options):
    return c.tensor(value, c.dtype())


# What an empty tensor holds is up to us.
@lowers("zeros.default", "zeros_like.default", "new_zeros.default", "empty.memory_format", "empty_strided.default",
        "empty_like.default", "new_empty.default", "new_empty_strided.default", "empty_permuted.default")
def zeros(c, *_, **_options):
    return build.broadcast(c.tensor(0, c.dtype()), c.dims())


@lowers("ones.default", "ones_like.default", "new_ones.default")
def ones(c, *_, **_options):
    return build.broadcast(c.tensor(1, c.dtype()), c.dims())


@lowers("arange.start_step")
def arange(c, start, end, step=1, **_options):
    index = build.iota(c.program, c.dims(), 0)
    kind = c.wide(index, c.dtype()).dtype
    if kind.kind == "f":      # rounded once, as PyTorch's is
        kind = np.dtype(np.float64)
    spread = build.binary("mul", c.tensor(index, kind), c.tensor(step, kind))
    return result(c, build.binary("add", spread, c.tensor(start, kind)))


@lowers("fft_fftfreq.default", "fft_rfftfreq.default", *(f"{name}_window.{kind}" for name, kinds in (
    ("bartlett", ("default", "periodic")), ("blackman", ("default", "periodic")), ("hann", ("default", "periodic")),
    ("hamming", ("default", "periodic", "periodic_alpha", "periodic_alpha_beta")),
    ("kaiser", ("default", "periodic", "beta"))) for kind in kinds))
def table_of_numbers(c, *arguments, **options):
    """What PyTorch makes of numbers alone."""
    if any(isinstance(argument, Extent) for argument in arguments):
        raise Refusal(f"{c.node.target} of a size that varies is not supported")
    with no_dispatch():
        return c.program.constant(as_array(c.node.target(*arguments, **options)))


def _triangle(c, rows, columns, offset, upper):
    if not all(isinstance(size, int) for size in (rows, columns, offset)):
        raise Refusal("the sizes of a triangle are not numbers")
    return c.program.constant(np.array(np.triu_indices(rows, offset, columns) if upper else
                                       np.tril_indices(rows, offset, columns), c.dtype()))


@lowers("tril_indices.default")
def tril_indices(c, rows, columns, offset=0, **_options):
    return _triangle(c, rows, columns, offset, upper=False)


@lowers("triu_indices.default")
def triu_indices(c, rows, columns, offset=0, **_options):
    return _triangle(c, rows, columns, offset, upper=True)
