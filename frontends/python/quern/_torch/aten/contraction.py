"""Products of matrices, and convolutions."""
from ..._trace import build, neural
from ..._trace.build import I64
from ..refusal import Refusal
from .elementwise import result
from .table import lowers


_JOINED = 16


def is_float(dtype):
    return dtype.kind in "fV"


@lowers("mm.default", "bmm.default")
def mm(c, a, b):
    return build.matmul(a, b)


@lowers("mv.default")
def mv(c, a, b):
    return build.drop_axes(build.matmul(a, build.add_axes(b, [1])), [1])


@lowers("dot.default")
def dot(c, a, b):
    return build.reshape(build.matmul(build.add_axes(a, [0]), build.add_axes(b, [1])), [])


def _scaled(value, factor):
    return value if factor == 1 else build.binary("mul", value, build.like(value, factor))


@lowers("addmm.default", "baddbmm.default")
def addmm(c, bias, a, b, beta=1, alpha=1):
    product = _scaled(build.matmul(a, b), alpha)
    if beta == 0:
        return product
    return result(c, build.binary("add", product, _scaled(bias, beta)))


@lowers("_grouped_mm.default", "transformers::grouped_mm_fallback.default")
def grouped_mm(c, a, b, offs=None, bias=None, out_dtype=None):
    """Rows [.., K] in groups that end at `offs`, each times its own of the matrices [groups, K, N]."""
    if bias is not None or (offs is None) != (len(a.dims) == 3) or len(b.dims) != 3:
        raise Refusal(f"grouped products of ranks {len(a.dims)} and {len(b.dims)} are not supported: expected 2 and 3 with "
                      "offsets, 3 and 3 without")
    a, b = c.wide(a), c.wide(b)
    if offs is None:
        return c.tensor(build.matmul(a, b), c.dtype())
    rows, groups = a.dims[0], b.dims[0]
    ends = build.concat([build.constant(c.program, [0], I64), build.cast(offs, I64), build.extents(c.program, [rows])], 0)
    first, last = (build.slice_axis(ends, 0, start, groups + 1) for start in (0, 1))
    starts, counts = build.read_extents(first, "start"), build.read_extents(build.binary("sub", last, first), "rows")
    parts = [build.matmul(build.slice_axis(a, 0, start, count), build.drop_axes(build.slice_axis(b, 0, group, 1), [0]))
             for group, (start, count) in enumerate(zip(starts, counts[:-1]))]
    while len(parts) > 1:      # some at a time: a kernel has code for each operand
        parts = [build.concat(parts[i:i + _JOINED], 0) for i in range(0, len(parts), _JOINED)]
    y, = parts
    return c.tensor(build.pad(y, [0, 0], [rows - y.dims[0], 0]), c.dtype())


@lowers("convolution.default")
def convolution(c, x, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    if not is_float(x.dtype):
        raise Refusal("convolutions of integers are not supported")
    if not all(isinstance(extent, int) for extent in weight.dims[1:]):
        raise Refusal(f"the weight's extents {list(weight.dims)} are not numbers")
    if not isinstance(groups, int):
        raise Refusal("convolutions of as many groups as a size that varies are not supported")
    x, weight = c.wide(x), c.wide(weight)      # narrow floats are rounded once, behind the bias
    rank = len(weight.dims) - 2
    single = len(x.dims) == rank + 1      # without a batch
    x = build.add_axes(x, [0]) if single else x
    stride, padding, dilation, output_padding = (list(v) * rank if len(v) == 1 else list(v) for v in
                                                 (stride, padding, dilation, output_padding))
    if transposed:
        y = neural.conv_transpose(x, weight, stride, dilation, padding, output_padding, groups)
    else:
        y = neural.conv(x, weight, stride, dilation, padding, padding, groups)
    if bias is not None:
        y = build.binary("add", y, build.reshape(c.wide(bias), [1, bias.dims[0], *[1] * rank]))
    return c.tensor(build.drop_axes(y, [0]) if single else y, c.dtype())
