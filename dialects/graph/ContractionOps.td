// Ops that sum products: where the time goes, and an emitter of passes/loops is found for each. Pooling walks windows as a
// convolution does and stands here too.

#ifndef QUERN_GRAPH_CONTRACTION_OPS
#define QUERN_GRAPH_CONTRACTION_OPS

include "dialects/graph/GraphOp.td"

def Graph_MatmulOp : Graph_PureOp<"matmul", [InferTypeOpAdaptor]> {
  let summary = "product of the last two axes, the leading ones broadcast; rank >= 2";
  let description = [{
    `transpose_rhs`: rhs is [.., N, K]. `columns`: rhs is a packed weight [N/16, K, 16] of so many columns, made by
    PackWeights. Floats narrower than f32 add up in f32, integers in i32 or their own width.

    ```mlir
    %y = graph.matmul %x, %w : (tensor<8x128x64xf32>, tensor<64x32xf32>) -> tensor<8x128x32xf32>
    %z = graph.matmul %x, %p {columns = 20 : i64} : (tensor<8x128x64xf32>, tensor<2x64x16xf32>) -> tensor<8x128x20xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$lhs, AnyTensor:$rhs, UnitAttr:$transpose_rhs, OptionalAttr<I64Attr>:$columns);
  let results = (outs AnyTensor:$result);
}
def Graph_ConvOp : Graph_PureOp<"conv", [InferTypeOpAdaptor]> {
  let summary = "convolution over any number of spatial axes";
  let description = [{
    Plain: x [N, C, D...], w [M, C/group, K...], result [N, M, O...]. `pads` are the low ends then the high ends.
    `blocked_input`: x is [N, C/16, D..., 16]. `blocked_output`: the result is [N, M/16, O..., 16] and the weight is
    packed: [M/16, C/16, K..., 16 (in), 16 (out)] for a blocked input, [M/16, C, K..., 16] for a plain one,
    [C/16, K..., 16] for a depthwise one (group == channels). `channels` is M then, `kernel` the window. With
    a blocked input `input_channels` is C, of which the last block may not be full.
    `winograd`: the weight of a blocked 3x3 convolution of strides 1 is a graph.winograd_weight for tiles of so many
    output pixels a side.
    `spacing`: elements of x are taken to lie so far apart, with zeros between them, as a transposed convolution of these
    strides has them; of a blocked input and strides of 1 only.

    ```mlir
    %y = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>}
        : (tensor<1x3x224x224xf32>, tensor<64x3x3x3xf32>) -> tensor<1x64x112x112xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$weight, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, UnitAttr:$blocked_input, UnitAttr:$blocked_output,
                       OptionalAttr<I64Attr>:$channels, OptionalAttr<DenseI64ArrayAttr>:$kernel,
                       OptionalAttr<I64Attr>:$winograd, OptionalAttr<I64Attr>:$input_channels,
                       OptionalAttr<DenseI64ArrayAttr>:$spacing);
  let results = (outs AnyTensor:$result);
  // The plain form.
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input, "::mlir::Value":$weight,
                                 "::llvm::ArrayRef<int64_t>":$strides, "::llvm::ArrayRef<int64_t>":$dilations,
                                 "::llvm::ArrayRef<int64_t>":$pads, "int64_t":$group), [{
    build($_builder, $_state, result, input, weight, strides, dilations, pads, group, /*blocked_input=*/false,
          /*blocked_output=*/false, /*channels=*/::mlir::IntegerAttr(), /*kernel=*/::mlir::DenseI64ArrayAttr(),
          /*winograd=*/::mlir::IntegerAttr(), /*input_channels=*/::mlir::IntegerAttr(),
          /*spacing=*/::mlir::DenseI64ArrayAttr());
  }]>];
}
def Graph_WinogradWeightOp : Graph_PureOp<"winograd_weight", [InferTypeOpAdaptor]> {
  let summary = "a constant weight [M, C, 3, 3] as Winograd's algorithm multiplies it: [P, M/16, C, 16 out]";
  let description = [{
    P = (tile + 2)^2 matrices of products, row by row; C is filled up to whole blocks of 16, as M is, with zeros. It is
    carried out at compile time, in f64 (dialects/graph/Winograd.h has the matrices).

    ```mlir
    %u = graph.winograd_weight %w {tile = 4 : i64} : (tensor<256x256x3x3xf32>) -> tensor<36x16x256x16xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$weight, I64Attr:$tile);
  let results = (outs AnyTensor:$result);
}
def Graph_ConvTransposeOp : Graph_PureOp<"conv_transpose"> {
  let summary = "transposed convolution; x [N, C, D...], w [C, M/group, K...]";
  let description = [{
    The result type carries the extents, so an output padding needs no attribute.

    ```mlir
    %y = graph.conv_transpose %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1, 1>, strides = array<i64: 2>}
        : (tensor<1x8x16xf32>, tensor<8x4x4xf32>) -> tensor<1x4x32xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$weight, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group);
  let results = (outs AnyTensor:$result);
}
def Graph_PoolOp : Graph_PureOp<"pool", [InferTypeOpAdaptor]> {
  let summary = "maximum or average of windows";
  let description = [{
    `ceil` counts partial windows at the high end, `count_padding` averages over pads too. `blocked`: channels are in
    blocks of 16 as in graph.conv.

    ```mlir
    %y = graph.pool %x {ceil = false, count_padding = false, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, kind = #graph<pool_kind max>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>}
        : (tensor<1x64x112x112xf32>) -> tensor<1x64x56x56xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, Graph_PoolKindAttr:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, BoolAttr:$ceil, BoolAttr:$count_padding,
                       UnitAttr:$blocked);
  let results = (outs AnyTensor:$result);
}
def Graph_AttentionOp : Graph_PureOp<"attention"> {
  let summary = "softmax(q k^T * scale + bias) v per head";
  let description = [{
    q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv], bias broadcasts to [B, H, S, T] or is absent; Hk divides H
    (grouped queries). `causal` masks key j for query i where j > i + T - S. Formed by FormAttention from
    matmul, mul, add, softmax, matmul, and by native Attention operators. A query whose keys are all masked gives 0.

    ```mlir
    %y = graph.attention %q, %k, %v, %mask {scale = 0.125 : f64}
        : (tensor<1x12x128x64xf32>, tensor<1x12x128x64xf32>, tensor<1x12x128x64xf32>, tensor<1x1x1x128xf32>) -> tensor<1x12x128x64xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$query, AnyTensor:$key, AnyTensor:$value, Optional<AnyTensor>:$bias, F64Attr:$scale,
                       UnitAttr:$causal);
  let results = (outs AnyTensor:$result);
}
def Graph_RnnOp : Graph_PureOp<"rnn", [AttrSizedOperandSegments]> {
  let summary = "the recurrent part of an RNN, LSTM or GRU layer, all steps and directions";
  let description = [{
    `projected` is x W^T + biases, computed by a matmul before, by blocks of P hidden units (gates in ONNX order):
    [directions, T, B, ceil(H/P), gates, P]; `recurrence` is R by the same blocks, zeros past the last unit,
    [directions, ceil(H/P), H, gates, P];
    `recurrence_bias` [directions, gates*H] only for GRU's linear_before_reset; `initial_h`, `initial_c` [directions, B, H];
    `lengths` [B] i32; `peepholes` [directions, 3*H]. `activations` are ONNX's names, one per gate function and direction, as `alphas` and
    `betas` are. A `clip` of 0 is none. Absent initial states are 0, absent lengths T; outputs past a length are 0.
    Results: y [T, directions, B, H], last_h [directions, B, H], last_c [directions, B, H] (LSTM; else unused, same
    type). `directions` is "forward", "reverse" or "bidirectional".

    ```mlir
    %y, %h, %c = graph.rnn %p, %r {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>}
        : (tensor<1x7x2x1x1x16xf32>, tensor<1x1x16x1x16xf32>) -> (tensor<7x1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>)
    ```
  }];
  let arguments = (ins AnyTensor:$projected, AnyTensor:$recurrence, Optional<AnyTensor>:$recurrence_bias,
                       Optional<AnyTensor>:$initial_h, Optional<AnyTensor>:$initial_c, Optional<AnyTensor>:$lengths,
                       Optional<AnyTensor>:$peepholes, Graph_RnnKindAttr:$kind, StrAttr:$direction,
                       StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas, F64Attr:$clip,
                       BoolAttr:$linear_before_reset, BoolAttr:$input_forget);
  let results = (outs AnyTensor:$y, AnyTensor:$last_h, AnyTensor:$last_c);
}

#endif
