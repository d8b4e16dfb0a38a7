#pragma once
#include "dialects/graph/Graph.h"
#include "mlir/IR/SymbolTable.h"

#include "dialects/kernel/KernelDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"
