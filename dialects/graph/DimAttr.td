// Sizes as attributes, of every dialect: text that dialects/graph/Dim.h reads.

#ifndef QUERN_GRAPH_DIM_ATTR
#define QUERN_GRAPH_DIM_ATTR

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

/// A Dim as text: an expression over symbols that Dim::parse reads.
def Graph_DimAttr : StringBasedAttr<
    And<[StrAttr.predicate, CPred<"::quern::Dim::parse(::llvm::cast<::mlir::StringAttr>($_self).getValue()).has_value()">]>,
    "expression over symbols"> {
  let returnType = "::llvm::StringRef";
  let convertFromStorage = "$_self.getValue()";
}
/// One Dim per axis, or per element of a shape.
def Graph_DimArrayAttr : TypedArrayAttrBase<Graph_DimAttr, "array of expressions over symbols">;

#endif
