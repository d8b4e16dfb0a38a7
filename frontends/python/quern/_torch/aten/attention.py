"""Scaled dot products."""
import math

import numpy as np

from ..._trace import build, neural
from ..refusal import Refusal
from .table import lowers


@lowers("_scaled_dot_product_flash_attention_for_cpu.default")
def flash_attention(c, query, key, value, dropout_p=0.0, is_causal=False, *, attn_mask=None, scale=None):
    if dropout_p:
        raise Refusal("it draws random numbers")
    if any(user.args[1] == 1 for user in c.node.users):
        raise Refusal("the sums of its exponentials are read")
    size = query.dims[-1]
    if scale is None and not isinstance(size, int):
        raise Refusal(f"the size of a head is {size}, expected a number")
    scale = 1 / math.sqrt(size) if scale is None else scale
    bias = _bias(attn_mask, query.dtype)
    if is_causal and not _is_square(query, key):
        bias, is_causal = _causal_bias(c, query, key, bias), False
    return neural.attention(query, key, value, bias, scale, is_causal), None


def _bias(mask, dtype):
    """What is added to the scores."""
    if mask is None or mask.dtype.kind != "b":
        return mask if mask is None else build.cast(mask, dtype)
    return build.select(mask, build.scalar(mask.program, 0, dtype), build.scalar(mask.program, -np.inf, dtype))


def _is_square(query, key):
    return build.same(query.dims[2], key.dims[2])


def _causal_bias(c, query, key, bias):
    """PyTorch counts queries from the first key on, graph.attention to the last."""
    rows, columns = query.dims[2], key.dims[2]
    row, column = build.iota(c.program, [rows, 1], 0), build.iota(c.program, [1, columns], 1)
    seen = _bias(build.compare("le", column, row), query.dtype)
    return seen if bias is None else build.binary("add", bias, seen)
