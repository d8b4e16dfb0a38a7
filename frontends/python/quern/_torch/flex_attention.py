"""torch.nn.attention.flex_attention, whose functions of one score are computed for all scores at once."""
import math

import torch
import torch.nn.functional as F


def is_by_element(args):
    """Whether the functions among the operator's arguments compute with scalars alone: then they do with tensors too."""
    _, _, _, score_mod, block_mask, *_ = args
    return all(_is_scalar(node.meta.get("example_value")) for function in (score_mod, block_mask[-1])
               for node in function.graph.nodes if node.op.startswith("call"))


def _is_scalar(value):
    return isinstance(value, torch.Tensor) and value.dim() == 0


def flex_attention(query, key, value, score_mod, block_mask, scale, kernel_options, score_tensors=(), mask_tensors=()):
    """query: (batch, heads, queries, features); key, value: (batch or 1, heads or fewer, keys, features).

    Returns the result, and of the scores of each query the logarithm of the sum of powers and the greatest, both to base 2.
    """
    batch, heads, queries, _ = query.shape
    key, value = (part.repeat_interleave(heads // part.shape[1], 1).expand(batch, -1, -1, -1) for part in (key, value))
    sizes = (batch, heads, queries, key.shape[2])
    places = [torch.arange(size).view([-1 if i == axis else 1 for i in range(4)]) for axis, size in enumerate(sizes)]
    seen = block_mask[-1](*places, *mask_tensors).expand(sizes)
    wide = torch.promote_types(query.dtype, torch.float32)
    scores = (query.to(wide) @ key.to(wide).mT * scale).to(query.dtype)
    scores = torch.where(seen, score_mod(scores, *places, *score_tensors).to(wide), -math.inf)
    if _is_identity(score_mod):
        result = F.scaled_dot_product_attention(query, key, value, seen, scale=scale)
    else:
        result = torch._safe_softmax(scores, -1).to(query.dtype) @ value
    return result, scores.logsumexp(-1) / math.log(2), scores.amax(-1) / math.log(2)


def _is_identity(function):
    first, *_ = function.graph.nodes
    output = next(node for node in function.graph.nodes if node.op == "output")
    return output.args[0] in (first, (first,))
