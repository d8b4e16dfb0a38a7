"""Which ATen operators are taken apart into others: all of PyTorch's own list that have no line in the table here.

Those that PyTorch composes itself, wherever they are called, are not in the list: to collect them takes a sixth of a second.
"""
import functools

import torch
from torch._decomp import _core_aten_decompositions_post_autograd, get_decompositions

from . import aten, special    # noqa: F401, special adds to the composites
from .composites import COMPOSITES

# Not in PyTorch's list, because others have kernels for them.
_MORE = (torch.ops.aten.grid_sampler_2d, torch.ops.aten.addmv, torch.ops.aten.index_add, torch.ops.aten.index_copy,
         torch.ops.aten.linalg_vector_norm, torch.ops.aten._native_batch_norm_legit_functional)


@functools.cache
def table():
    known = _core_aten_decompositions_post_autograd() | get_decompositions(_MORE) | COMPOSITES
    return {operator: rule for operator, rule in known.items() if str(operator) not in aten.LOWERINGS}
