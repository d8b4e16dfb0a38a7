// Ops along axes: sums, extrema, orders and norms.

#ifndef QUERN_GRAPH_REDUCTION_OPS
#define QUERN_GRAPH_REDUCTION_OPS

include "dialects/graph/GraphOp.td"

def Graph_ReduceOp : Graph_PureOp<"reduce", [InferTypeOpAdaptor]> {
  let summary = "combines elements along axes; the reduced axes stay with extent 1";
  let description = [{
    `kind` is sum, prod, min, max or mean. An empty sum is 0, an empty product 1, an empty maximum -inf or the smallest
    integer, an empty mean NaN. On i1, max is "any" and min is "all". Floats: the order of the sum is fixed by the shape.

    ```mlir
    %m = graph.reduce %x {axes = array<i64: 2, 3>, kind = #graph<reduction mean>} : (tensor<1x8x7x7xf32>) -> tensor<1x8x1x1xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, DenseI64ArrayAttr:$axes, Graph_ReduceKindAttr:$kind);
  let results = (outs AnyTensor:$result);
}
def Graph_ArgReduceOp : Graph_PureOp<"arg_reduce", [InferTypeOpAdaptor]> {
  let summary = "i64 index of the largest (or smallest) element along an axis, which stays with extent 1";
  let description = [{
    Of equal elements the first counts, or the last where `last`. A NaN is beyond all numbers.

    ```mlir
    %i = graph.arg_reduce %x {axis = 1 : i64, largest = true, last = false} : (tensor<2x10xf32>) -> tensor<2x1xi64>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$last);
  let results = (outs AnyTensor:$result);
}
def Graph_CumulativeOp : Graph_PureOp<"cumulative"> {
  let summary = "running sum (or product) along an axis";
  let description = [{
    `exclusive`: an element is not in its own sum. `reverse`: from the end. 16-bit floats add up in f32.

    ```mlir
    %y = graph.cumulative %x {axis = 1 : i64, exclusive = false, kind = #graph<reduction sum>, reverse = false} : (tensor<2x10xf32>) -> tensor<2x10xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, Graph_ReduceKindAttr:$kind, BoolAttr:$exclusive, BoolAttr:$reverse);
  let results = (outs AnyTensor:$result);
}
def Graph_TopKOp : Graph_PureOp<"top_k"> {
  let summary = "the k largest (or smallest) along an axis and their i64 indices; the lower index wins a tie";
  let description = [{
    A NaN is larger than all numbers. k is the extent of the results along the axis. `sorted` false leaves the order
    open; it is sorted all the same.

    ```mlir
    %v, %i = graph.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<2x100xf32>) -> (tensor<2x5xf32>, tensor<2x5xi64>)
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$sorted);
  let results = (outs AnyTensor:$values, AnyTensor:$indices);
}
def Graph_NonZeroOp : Graph_Op<"non_zero", [MemoryEffects<[MemWrite]>]> {
  let summary = "indices of the nonzero elements, [rank, count]; binds `symbol` to the count";
  let description = [{
    In row-major order of the elements. Stands before every use of the symbol.

    ```mlir
    %i = graph.non_zero %x {symbol = "found"} : (tensor<4x6xi1>) -> tensor<2x?xi64, #graph.dims<["", "found"]>>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, StrAttr:$symbol);
  let results = (outs AnyTensor:$result);
}
def Graph_SoftmaxOp : Graph_PureOp<"softmax", [InferTypeOpAdaptor]> {
  let summary = "exp(x - max) / sum along an axis; its logarithm where `log`";
  let description = [{
    A row that is -inf throughout gives NaN, as the formula does.

    ```mlir
    %y = graph.softmax %x {axis = 1 : i64, log = false} : (tensor<4x1000xf32>) -> tensor<4x1000xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$log);
  let results = (outs AnyTensor:$result);
}
def Graph_LayerNormOp : Graph_PureOp<"layer_norm", [InferTypeOpAdaptor]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) over the axes from `axis` on; `centered` false: RMS norm";
  let description = [{
    The variance is the mean of squares about the mean, or about 0 where not centered. Scale and bias are multiplied and
    added by elementwise ops that follow and fuse.

    ```mlir
    %y = graph.layer_norm %x {axis = 2 : i64, centered = true, epsilon = 1.0e-05 : f64} : (tensor<1x128x768xf32>) -> tensor<1x128x768xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, F64Attr:$epsilon, BoolAttr:$centered);
  let results = (outs AnyTensor:$result);
}

#endif
