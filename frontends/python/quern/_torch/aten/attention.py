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
    bias = _bias(attn_mask, query.dtype)
    if is_causal and not _is_square(query, key):
        bias, is_causal = _causal_bias(c, query, key, bias), False
    heads, size = query.dims[1], query.dims[3]
    if all(isinstance(extent, int) for extent in (heads, size, value.dims[3])):
        return neural.attention(query, key, value, bias, 1 / math.sqrt(size) if scale is None else scale, is_causal), None
    bias = _causal_bias(c, query, key, bias) if is_causal else bias
    return _of_products(c, query, key, value, bias, _root(c, size) if scale is None else build.like(query, 1 / scale)), None


def _of_products(c, query, key, value, bias, divisor):
    """The same where numbers or sizes of heads vary, by its own products."""
    scores = build.matmul(build.binary("div", c.wide(query), c.wide(divisor)), build.transpose(c.wide(key), [0, 1, 3, 2]))
    scores = scores if bias is None else build.binary("add", scores, c.wide(bias))
    shares = neural.softmax(scores, 3)
    shares = build.select(build.predicate("is_nan", shares), build.like(shares, 0), shares)      # where nothing is seen
    return c.tensor(build.matmul(shares, c.wide(value)), query.dtype)


def _root(c, size):
    return build.unary("sqrt", build.cast(build.extents(c.program, [size], scalar=True), np.float32))


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
