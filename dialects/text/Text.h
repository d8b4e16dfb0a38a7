// Strings, and what makes numbers of them.
#pragma once
#include "dialects/graph/Graph.h"

#include "dialects/text/TextDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/text/TextTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/text/TextOps.h.inc"

namespace quern::text {

/// The algorithm of kernels that the runtime has (runtime/text): a model is linked with them.
inline constexpr llvm::StringLiteral kLinkedAlgorithm = "text";

inline bool isString(mlir::Value value) { return llvm::isa<StringType>(graph::elementOf(value)); }

/// The constant that a text.hash_table of constants is; nothing where its offsets or starts do not go up, which is an
/// error on the op.
std::optional<mlir::ElementsAttr> makeTable(HashTableOp op);

} // namespace quern::text
