"""Ensembles of decision trees: graph.tree_ensemble on Values."""
import numpy as np

from . import build


def tree_ensemble(x, nodes, thresholds, values, trees, base, sets, compare="le"):
    """The sums [N, targets] of what the leaves of all trees say of the rows of x [N, F], in the dtype of `values`.

    x: a Value of float32 or float64. The tables are ndarrays as dialects/graph/TreeOps.td describes them: nodes int32
    [M, 5] of feature, child if yes, child if no, flags, set; thresholds [M]; values [L, W]; trees int32 [T, 2] of root and
    first target; base [targets]; sets int32. compare: "le", "lt", "ge" or "gt", the question of a node.
    """
    program = x.program
    tables = [nodes.astype(np.int32), thresholds.astype(x.dtype), values, trees.astype(np.int32),
              base.astype(values.dtype), sets.astype(np.int32)]
    operands = [build.constant(program, np.ascontiguousarray(table)) for table in tables]
    return program.emit("tree_ensemble", [x, *operands], [(values.dtype, (x.dims[0], len(base)))],
                        compare=f"#graph<compare {compare}>")
