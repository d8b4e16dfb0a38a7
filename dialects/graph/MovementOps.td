// Ops that move elements and compute none. Inside a kernel they cost no memory: they change the place that a reader asks
// for (passes/loops/ElementEmitter.h).

#ifndef QUERN_GRAPH_MOVEMENT_OPS
#define QUERN_GRAPH_MOVEMENT_OPS

include "dialects/graph/GraphOp.td"

def Graph_ReshapeOp : Graph_PureOp<"reshape"> {
  let summary = "the same elements in row-major order with other dims";
  let description = [{
    Both types have the same number of elements, as expressions where they are not known.

    ```mlir
    %y = graph.reshape %x : (tensor<?x4x16xf32, #graph.dims<["N", "", ""]>>) -> tensor<?x64xf32, #graph.dims<["N", ""]>>
    ```
  }];
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}
def Graph_TransposeOp : Graph_PureOp<"transpose", [InferTypeOpAdaptor]> {
  let summary = "result axis i is operand axis permutation[i]";
  let description = [{
    ```mlir
    %y = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<2x3x5xf32>) -> tensor<2x5x3xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyTensor:$result);
}
def Graph_BroadcastOp : Graph_PureOp<"broadcast"> {
  let summary = "stretches extents of 1 and adds leading axes to reach the result's dims";
  let description = [{
    Elementwise ops stretch their operands themselves: this one is for what must lie in memory stretched, or be an output.

    ```mlir
    %y = graph.broadcast %x : (tensor<1x4xf32>) -> tensor<2x3x4xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
}
def Graph_SliceOp : Graph_PureOp<"slice"> {
  let summary = "elements start, start + step, ... of every axis; as many as the result has";
  let description = [{
    `starts` are Dim expressions, one per axis, already inside [0, extent); `steps` are nonzero integers. Negative steps
    walk down.

    ```mlir
    %y = graph.slice %x {starts = ["0", "H - 1"], steps = array<i64: 1, -1>}
        : (tensor<2x?xf32, #graph.dims<["", "H"]>>) -> tensor<2x?xf32, #graph.dims<["", "H"]>>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, Graph_DimArrayAttr:$starts, DenseI64ArrayAttr:$steps);
  let results = (outs AnyTensor:$result);
}
def Graph_ConcatOp : Graph_PureOp<"concat", [InferTypeOpAdaptor]> {
  let summary = "operands one after another along an axis";
  let description = [{
    At least one operand; all have the same rank and the same extents along the other axes.

    ```mlir
    %z = graph.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x5xf32>) -> tensor<2x8xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_PadOp : Graph_PureOp<"pad"> {
  let summary = "adds elements before and after each axis (negative amounts crop)";
  let description = [{
    `low` are Dim expressions, one per axis: how many come before; the result's extent says how many after. `mode` is
    constant (`value` is read there only: a rank-0 tensor, or one of the result's dims, whose elements stay where the
    operand is not), reflect (without the edge itself), edge, or wrap.

    ```mlir
    %y = graph.pad %x, %zero {low = ["0", "1"], mode = #graph<pad_mode reflect>} : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x6xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, AnyTensor:$value, Graph_DimArrayAttr:$low, Graph_PadModeAttr:$mode);
  let results = (outs AnyTensor:$result);
}
def Graph_GatherOp : Graph_PureOp<"gather", [InferTypeOpAdaptor]> {
  let summary = "slices of data along an axis picked by indices";
  let description = [{
    The indices' axes take the place of the axis. Negative indices count from the end; one outside the extent is a data
    error of the run, as with all ops that index.

    ```mlir
    %y = graph.gather %x, %i {axis = 0 : i64} : (tensor<1000x64xf32>, tensor<2x7xi64>) -> tensor<2x7x64xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_GatherElementsOp : Graph_PureOp<"gather_elements"> {
  let summary = "result[..i..] = data[..indices[..i..]..] along an axis; result has the dims of indices";
  let description = [{
    ```mlir
    %y = graph.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x8xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_GatherNdOp : Graph_PureOp<"gather_nd"> {
  let summary = "slices of data picked by the index tuples in the last axis of indices";
  let description = [{
    The first `batch_dims` axes of data and indices go together. A tuple is as long as the last axis of indices.

    ```mlir
    %y = graph.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<4x5x6xf32>, tensor<7x2xi64>) -> tensor<7x6xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, I64Attr:$batch_dims);
  let results = (outs AnyTensor:$result);
}
def Graph_ScatterElementsOp : Graph_PureOp<"scatter_elements"> {
  let summary = "data with data[..indices[i]..] replaced or combined with updates[i], in row-major order of updates";
  let description = [{
    `kind` is none (the last update wins), add, mul, min or max.

    ```mlir
    %y = graph.scatter_elements %x, %i, %u {axis = 0 : i64, kind = #graph<scatter add>}
        : (tensor<8xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, AnyTensor:$updates, I64Attr:$axis, Graph_ScatterKindAttr:$kind);
  let results = (outs AnyTensor:$result);
}
def Graph_ScatterNdOp : Graph_PureOp<"scatter_nd"> {
  let summary = "data with the slices at the index tuples replaced or combined with updates";
  let description = [{
    The tuples are in the last axis of indices, as in graph.gather_nd; `kind` as in graph.scatter_elements.

    ```mlir
    %y = graph.scatter_nd %x, %i, %u {kind = #graph<scatter none>}
        : (tensor<8x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<8x4xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, AnyTensor:$updates, Graph_ScatterKindAttr:$kind);
  let results = (outs AnyTensor:$result);
}
def Graph_IotaOp : Graph_PureOp<"iota"> {
  let summary = "the index along an axis";
  let description = [{
    ```mlir
    %i = graph.iota {axis = 0 : i64} : () -> tensor<?xi64, #graph.dims<["N"]>>
    ```
  }];
  let arguments = (ins I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_ResizeOp : Graph_PureOp<"resize"> {
  let summary = "interpolation along some axes; all of ONNX Resize 19 but crop_and_resize's data-dependent box";
  let description = [{
    `mode` is nearest, linear or cubic; `coordinates` and `nearest` are ONNX's names. `scales` has one f64 per axis
    (1 for axes that stay). Where a scale is not known at compile time its entry is 0 and it is output / input extent.

    ```mlir
    %y = graph.resize %x {antialias = false, coordinates = "half_pixel", cubic_coeff = -0.75 : f64, exclude_outside = false, extrapolation = 0.0 : f64, mode = "linear", nearest = "floor", scales = array<f64: 1.0, 1.0, 2.0, 2.0>}
        : (tensor<1x3x4x4xf32>) -> tensor<1x3x8x8xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, StrAttr:$mode, StrAttr:$coordinates, StrAttr:$nearest,
                       DenseF64ArrayAttr:$scales, F64Attr:$cubic_coeff, BoolAttr:$exclude_outside,
                       BoolAttr:$antialias, F64Attr:$extrapolation);
  let results = (outs AnyTensor:$result);
}

def Graph_BlockOp : Graph_PureOp<"block", [InferTypeOpAdaptor]> {
  let summary = "cuts an axis into blocks that become the last axis: [N, C, H, W] -> [N, ceil(C/16), H, W, 16]";
  let description = [{
    Elements past the extent are zero. The inverse is graph.unblock.

    ```mlir
    %y = graph.block %x {axis = 1 : i64, size = 16 : i64} : (tensor<1x40x8x8xf32>) -> tensor<1x3x8x8x16xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, I64Attr:$size);
  let results = (outs AnyTensor:$result);
}
def Graph_UnblockOp : Graph_PureOp<"unblock", [InferTypeOpAdaptor]> {
  let summary = "the inverse of graph.block: the last axis goes back inside `axis`, whose extent becomes `extent`";
  let description = [{
    What the last block holds past the extent is dropped.

    ```mlir
    %y = graph.unblock %x {axis = 1 : i64, extent = 40 : i64} : (tensor<1x3x8x8x16xf32>) -> tensor<1x40x8x8xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, I64Attr:$extent);
  let results = (outs AnyTensor:$result);
}

#endif
