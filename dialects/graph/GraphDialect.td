#ifndef QUERN_GRAPH_DIALECT
#define QUERN_GRAPH_DIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::quern::graph";
  let summary = "A model as mathematics: canonical operators on tensors with named dims";
  let description = [{
    The operators of a model after the differences of its origin are gone: no opsets, no optional inputs, no layouts
    by convention. Values are tensors; an axis whose extent is not known at compile time carries an expression over
    named symbols in the type's encoding:

    ```mlir
    %y = graph.add %x, %b : (tensor<?x64xf32, #graph.dims<["batch", ""]>>, tensor<64xf32>)
                         -> tensor<?x64xf32, #graph.dims<["batch", ""]>>
    ```

    See Rationale.md for what this dialect refuses.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

def Graph_DimsAttr : AttrDef<Graph_Dialect, "Dims"> {
  let mnemonic = "dims";
  let summary = "The encoding of a tensor type with dynamic dims: one canonical expression per axis, empty if static";
  let parameters = (ins "::mlir::ArrayAttr":$exprs);
  let assemblyFormat = "`<` $exprs `>`";
  let genVerifyDecl = 1;
}

class Graph_Enum<string name, list<I32EnumAttrCase> cases> : I32EnumAttr<name, "", cases> {
  let cppNamespace = "::quern::graph";
  let genSpecializedAttr = 0;
}
class Graph_EnumAttr<I32EnumAttr e, string mnemonic> : EnumAttr<Graph_Dialect, e, mnemonic>;

def Graph_CompareKind : Graph_Enum<"CompareKind", [
  I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>, I32EnumAttrCase<"le", 3>,
  I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]>;
def Graph_CompareKindAttr : Graph_EnumAttr<Graph_CompareKind, "compare">;

def Graph_ReduceKind : Graph_Enum<"ReduceKind", [
  I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"prod", 1>, I32EnumAttrCase<"min", 2>, I32EnumAttrCase<"max", 3>,
  I32EnumAttrCase<"mean", 4>]>;
def Graph_ReduceKindAttr : Graph_EnumAttr<Graph_ReduceKind, "reduction">;

def Graph_PadMode : Graph_Enum<"PadMode", [
  I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"reflect", 1>, I32EnumAttrCase<"edge", 2>, I32EnumAttrCase<"wrap", 3>]>;
def Graph_PadModeAttr : Graph_EnumAttr<Graph_PadMode, "pad_mode">;

def Graph_ScatterKind : Graph_Enum<"ScatterKind", [
  I32EnumAttrCase<"none", 0>, I32EnumAttrCase<"add", 1>, I32EnumAttrCase<"mul", 2>, I32EnumAttrCase<"min", 3>,
  I32EnumAttrCase<"max", 4>]>;
def Graph_ScatterKindAttr : Graph_EnumAttr<Graph_ScatterKind, "scatter">;

def Graph_PoolKind : Graph_Enum<"PoolKind", [
  I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"average", 1>]>;
def Graph_PoolKindAttr : Graph_EnumAttr<Graph_PoolKind, "pool_kind">;

def Graph_RnnKind : Graph_Enum<"RnnKind", [
  I32EnumAttrCase<"rnn", 0>, I32EnumAttrCase<"lstm", 1>, I32EnumAttrCase<"gru", 2>]>;
def Graph_RnnKindAttr : Graph_EnumAttr<Graph_RnnKind, "rnn_kind">;

#endif
