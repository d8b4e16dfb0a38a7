"""Which ATen operators are taken apart into others: all of PyTorch's own list that have no line in the table here."""
import functools

import torch
from torch._decomp import core_aten_decompositions, get_decompositions

from . import aten

# Not in PyTorch's list, because others have kernels for them.
_MORE = (torch.ops.aten.grid_sampler_2d, torch.ops.aten.addmv, torch.ops.aten.index_add, torch.ops.aten.index_copy,
         torch.ops.aten.linalg_vector_norm, torch.ops.aten.adaptive_max_pool2d)


def _trilinear(a, b, c, expand_a, expand_b, expand_c, summed, unroll_dim=1):
    """As nn.Bilinear has it: the sum of products of three tensors whose missing axes are stretched."""
    def stretched(part, axes):
        for axis in sorted(axes):
            part = part.unsqueeze(axis)
        return part

    return (stretched(a, expand_a) * stretched(b, expand_b) * stretched(c, expand_c)).sum(summed)


@functools.cache
def table():
    known = dict(core_aten_decompositions()) | get_decompositions(_MORE) | {torch.ops.aten._trilinear.default: _trilinear}
    return {operator: rule for operator, rule in known.items() if str(operator) not in aten.LOWERINGS}
