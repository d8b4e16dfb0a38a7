"""How each ATen operator is computed: a table from its name to a function of the call and its arguments.

The function takes a lower.Call and the operator's own arguments, tensors as Values, and returns a Value, or a tuple of
them where the operator has several results (None for one that inference does not ask for).
"""
from .table import LOWERINGS
from . import (attention, complexes, contraction, creation, elementwise, fourier, indexing, movement, normalization,  # noqa
               recurrent, reduction, sampling, sorting, systems, windows)

__all__ = ["LOWERINGS", "rule_of"]


def rule_of(node):
    """The function of a node's operator, None where there is none; complex numbers have functions of their own."""
    return complexes.rule_of(node) if complexes.is_complex(node) else LOWERINGS.get(str(node.target))
