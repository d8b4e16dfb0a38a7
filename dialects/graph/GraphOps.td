// The ops of the graph dialect, by what they do.

#ifndef QUERN_GRAPH_OPS
#define QUERN_GRAPH_OPS

include "dialects/graph/ElementwiseOps.td"
include "dialects/graph/ShapeOps.td"
include "dialects/graph/MovementOps.td"
include "dialects/graph/ReductionOps.td"
include "dialects/graph/ContractionOps.td"
include "dialects/graph/FourierOps.td"
include "dialects/graph/FactorOps.td"
include "dialects/graph/TreeOps.td"
include "dialects/graph/ControlFlowOps.td"

#endif
