// What every op of the graph dialect shares.

#ifndef QUERN_GRAPH_OP
#define QUERN_GRAPH_OP

include "dialects/graph/DimAttr.td"
include "dialects/graph/GraphDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Graph_Op<string mnemonic, list<Trait> traits = []> : Op<Graph_Dialect, mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  // Dims may be renamed (parameters of a kernel), so a symbolic extent agrees with any other.
  let extraClassDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual) {
      return ::quern::graph::agree(inferred, actual);
    }
  }];
}

class Graph_PureOp<string mnemonic, list<Trait> traits = []> : Graph_Op<mnemonic, traits # [Pure]>;

#endif
