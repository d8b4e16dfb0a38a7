// Constants, and sizes that are data.

#ifndef QUERN_GRAPH_SHAPE_OPS
#define QUERN_GRAPH_SHAPE_OPS

include "dialects/graph/GraphOp.td"

def Graph_ConstantOp : Graph_Op<"constant", [Pure, ConstantLike, InferTypeOpAdaptor]> {
  let summary = "a value known at compile time";
  let description = [{
    Weights are dense_resource blobs that refer to mapped bytes; only small values (at most 64 elements) are dense
    attributes, which take part in folding of shape arithmetic.

    ```mlir
    %c = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Graph_ShapeVectorOp : Graph_PureOp<"shape_vector"> {
  let summary = "integers that are expressions over the symbols";
  let description = [{
    What Shape, Size and arithmetic on them become: an integer tensor of static shape whose elements, in row-major
    order, are Dims.

    ```mlir
    %s = graph.shape_vector {dims = ["batch", "12", "64"]} : () -> tensor<3xi64>
    ```
  }];
  let arguments = (ins Graph_DimArrayAttr:$dims);
  let results = (outs AnyTensor:$result);
}

def Graph_ReadSymbolsOp : Graph_Op<"read_symbols", [MemoryEffects<[MemWrite]>]> {
  let summary = "binds new symbols to the elements of an integer tensor at run time";
  let description = [{
    For sizes and positions that are data: a slice start that is an input of the model, the k of a TopK. Stands before
    every use of the symbols, one for each element of `values`. A value outside [minimum, maximum] is a data error of the
    run; `maximum` is an expression, 2^40 where it is absent.

    ```mlir
    graph.read_symbols %k {maximum = "N", minimum = 1 : i64, symbols = ["k"]} : (tensor<1xi64>) -> ()
    ```
  }];
  let arguments = (ins AnyTensor:$values, StrArrayAttr:$symbols, DefaultValuedAttr<I64Attr, "0">:$minimum,
                       OptionalAttr<Graph_DimAttr>:$maximum);
}

def Graph_GuardOp : Graph_Op<"guard", [MemoryEffects<[MemWrite]>]> {
  let summary = "two dims that must be equal at run time";
  let description = [{
    Where the model says so but its types do not: two extents that broadcast, the rows of one operand and the columns of
    another. Otherwise the run fails with a data error: `message` and the two numbers.

    ```mlir
    graph.guard "N", "M", "node 'add': extents that must be equal"
    ```
  }];
  let arguments = (ins Graph_DimAttr:$lhs, Graph_DimAttr:$rhs, StrAttr:$message);
  let assemblyFormat = "$lhs `,` $rhs `,` $message attr-dict";
}

#endif
