"""How each ATen operator is computed: a table from its name to a function of the call and its arguments.

The function takes a lower.Call and the operator's own arguments, tensors as Values, and returns a Value, or a tuple of
them where the operator has several results (None for one that inference does not ask for).
"""
from .table import LOWERINGS
from . import (attention, contraction, creation, elementwise, indexing, movement, normalization, recurrent, reduction,  # noqa
               sampling, sorting, windows)

__all__ = ["LOWERINGS"]
