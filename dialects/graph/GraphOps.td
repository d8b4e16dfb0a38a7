#ifndef QUERN_GRAPH_OPS
#define QUERN_GRAPH_OPS

include "dialects/graph/GraphDialect.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
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

//===--- Elementwise ------------------------------------------------------------------------===//
// Operands broadcast as in NumPy: aligned at the last axis, extent 1 stretches. The scalar meaning of each is in
// passes/loops/ScalarOps.inc.

/// Traits let passes ask "is this elementwise?" without a list of ops.
def Graph_Elementwise : NativeOpTrait<"Elementwise"> { let cppNamespace = "::quern::graph"; }

class Graph_ElementwiseOp<string mnemonic, dag args, list<Trait> traits = []>
    : Graph_PureOp<mnemonic, traits # [Graph_Elementwise, InferTypeOpAdaptor]> {
  let arguments = args;
  let results = (outs AnyTensor:$result);
}

class Graph_Unary<string mnemonic> : Graph_ElementwiseOp<mnemonic, (ins AnyTensor:$operand)>;
class Graph_Binary<string mnemonic> : Graph_ElementwiseOp<mnemonic, (ins AnyTensor:$lhs, AnyTensor:$rhs)>;
/// The result is i1.
class Graph_Predicate<string mnemonic> : Graph_ElementwiseOp<mnemonic, (ins AnyTensor:$operand)>;

def Graph_NegOp     : Graph_Unary<"neg">     { let summary = "-x; integers wrap"; }
def Graph_AbsOp     : Graph_Unary<"abs">     { let summary = "|x|; the smallest integer stays"; }
def Graph_SignOp    : Graph_Unary<"sign">    { let summary = "-1, 0 or 1; NaN stays"; }
def Graph_CeilOp    : Graph_Unary<"ceil">    { let summary = "rounds up"; }
def Graph_FloorOp   : Graph_Unary<"floor">   { let summary = "rounds down"; }
def Graph_RoundOp   : Graph_Unary<"round">   { let summary = "rounds to the nearest integer, halves to even"; }
def Graph_SqrtOp    : Graph_Unary<"sqrt">    { let summary = "square root, correctly rounded"; }
def Graph_ExpOp     : Graph_Unary<"exp">     { let summary = "e^x"; }
def Graph_Expm1Op   : Graph_Unary<"expm1">   { let summary = "e^x - 1 without cancellation"; }
def Graph_LogOp     : Graph_Unary<"log">     { let summary = "natural logarithm"; }
def Graph_Log1pOp   : Graph_Unary<"log1p">   { let summary = "log(1 + x)"; }
def Graph_TanhOp    : Graph_Unary<"tanh">    { let summary = "hyperbolic tangent"; }
def Graph_SigmoidOp : Graph_Unary<"sigmoid"> { let summary = "1 / (1 + e^-x)"; }
def Graph_SoftplusOp : Graph_Unary<"softplus"> { let summary = "log(1 + e^x)"; }
def Graph_ErfOp     : Graph_Unary<"erf">     { let summary = "error function"; }
def Graph_SinOp     : Graph_Unary<"sin">     { let summary = "sine, full range reduction"; }
def Graph_CosOp     : Graph_Unary<"cos">     { let summary = "cosine, full range reduction"; }
def Graph_TanOp     : Graph_Unary<"tan">     { let summary = "tangent"; }
def Graph_AsinOp    : Graph_Unary<"asin">    { let summary = "inverse sine"; }
def Graph_AcosOp    : Graph_Unary<"acos">    { let summary = "inverse cosine"; }
def Graph_AtanOp    : Graph_Unary<"atan">    { let summary = "inverse tangent"; }
def Graph_SinhOp    : Graph_Unary<"sinh">    { let summary = "hyperbolic sine"; }
def Graph_CoshOp    : Graph_Unary<"cosh">    { let summary = "hyperbolic cosine"; }
def Graph_AsinhOp   : Graph_Unary<"asinh">   { let summary = "inverse hyperbolic sine"; }
def Graph_AcoshOp   : Graph_Unary<"acosh">   { let summary = "inverse hyperbolic cosine"; }
def Graph_AtanhOp   : Graph_Unary<"atanh">   { let summary = "inverse hyperbolic tangent"; }
def Graph_NotOp     : Graph_Unary<"not">     { let summary = "all bits flipped; logical on i1"; }
def Graph_IsNanOp   : Graph_Predicate<"is_nan"> { let summary = "x is NaN; the result is i1"; }
def Graph_IsInfOp   : Graph_Predicate<"is_inf"> {
  let summary = "x is an infinity of a sign that is asked for; the result is i1";
  let arguments = (ins AnyTensor:$operand, BoolAttr:$negative, BoolAttr:$positive);
}

def Graph_AddOp : Graph_Binary<"add"> { let summary = "x + y; integers wrap"; }
def Graph_SubOp : Graph_Binary<"sub"> { let summary = "x - y; integers wrap"; }
def Graph_MulOp : Graph_Binary<"mul"> { let summary = "x * y; integers wrap"; }
def Graph_DivOp : Graph_Binary<"div"> {
  let summary = "x / y; integers truncate";
  let description = "Integer division by zero is a data error of the run; the smallest integer by -1 wraps to itself.";
}
def Graph_ModOp : Graph_ElementwiseOp<"mod", (ins AnyTensor:$lhs, AnyTensor:$rhs, BoolAttr:$truncated)> {
  let summary = "remainder with the sign of y, or of x where truncated (C's fmod)";
}
def Graph_PowOp : Graph_Binary<"pow"> { let summary = "x^y in the type of x; y may have another type"; }
def Graph_MinOp : Graph_Binary<"min"> { let summary = "smaller of two; NaN if either is"; }
def Graph_MaxOp : Graph_Binary<"max"> { let summary = "larger of two; NaN if either is"; }
def Graph_AndOp : Graph_Binary<"and"> { let summary = "bitwise and; logical on i1"; }
def Graph_OrOp  : Graph_Binary<"or">  { let summary = "bitwise or; logical on i1"; }
def Graph_XorOp : Graph_Binary<"xor"> { let summary = "bitwise exclusive or; logical on i1"; }
def Graph_ShiftLeftOp  : Graph_Binary<"shift_left">  { let summary = "x << y; 0 where y >= width"; }
def Graph_ShiftRightOp : Graph_Binary<"shift_right"> { let summary = "x >> y for unsigned x; 0 where y >= width"; }
def Graph_CompareOp : Graph_ElementwiseOp<"compare", (ins AnyTensor:$lhs, AnyTensor:$rhs, Graph_CompareKindAttr:$kind)> {
  let summary = "i1 of a comparison; ordered, except that ne is true for NaN";
}
def Graph_SelectOp : Graph_ElementwiseOp<"select", (ins AnyTensor:$condition, AnyTensor:$lhs, AnyTensor:$rhs)> {
  let summary = "lhs where the i1 condition holds, else rhs";
}

def Graph_CastOp : Graph_PureOp<"cast", [Graph_Elementwise]> {
  let summary = "the same value in another element type";
  let description = [{
    To i1: not equal to zero. Float to integer truncates toward zero and saturates; NaN gives 0. Integer to narrower
    integer keeps the low bits. Float to narrower float rounds to nearest even; 8-bit floats
    saturate.
  }];
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
}

//===--- Constants and shapes ---------------------------------------------------------------===//

def Graph_ConstantOp : Graph_Op<"constant", [Pure, ConstantLike, InferTypeOpAdaptor]> {
  let summary = "a value known at compile time";
  let description = [{
    Weights are dense_resource blobs that refer to mapped bytes; only small values (at most 64 elements) are dense
    attributes, which take part in folding of shape arithmetic.
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
  let arguments = (ins StrArrayAttr:$dims);
  let results = (outs AnyTensor:$result);
}

def Graph_ReadSymbolsOp : Graph_Op<"read_symbols", [MemoryEffects<[MemWrite]>]> {
  let summary = "binds new symbols to the elements of an integer tensor at run time";
  let description = [{
    For sizes and positions that are data: a slice start that is an input of the model, the k of a TopK. Stands before
    every use of the symbols. A value outside [minimum, maximum] is a data error (maximum is an expression, may be absent).
  }];
  let arguments = (ins AnyTensor:$values, StrArrayAttr:$symbols, DefaultValuedAttr<I64Attr, "0">:$minimum,
                       OptionalAttr<StrAttr>:$maximum);
}

def Graph_GuardOp : Graph_Op<"guard", [MemoryEffects<[MemWrite]>]> {
  let summary = "two dims that must be equal at run time";
  let arguments = (ins StrAttr:$lhs, StrAttr:$rhs, StrAttr:$message);
  let assemblyFormat = "$lhs `,` $rhs `,` $message attr-dict";
}

//===--- Data movement ----------------------------------------------------------------------===//

def Graph_ReshapeOp : Graph_PureOp<"reshape"> {
  let summary = "the same elements in row-major order with other dims";
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}
def Graph_TransposeOp : Graph_PureOp<"transpose", [InferTypeOpAdaptor]> {
  let summary = "result axis i is operand axis permutation[i]";
  let arguments = (ins AnyTensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyTensor:$result);
}
def Graph_BroadcastOp : Graph_PureOp<"broadcast"> {
  let summary = "stretches extents of 1 and adds leading axes to reach the result's dims";
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
}
def Graph_SliceOp : Graph_PureOp<"slice"> {
  let summary = "elements start, start + step, ... of every axis; as many as the result has";
  let description = [{
    `starts` are Dim expressions, one per axis, already inside [0, extent); `steps` are nonzero integers.

    ```mlir
    %y = graph.slice %x {starts = ["0", "H - 1"], steps = array<i64: 1, -1>} : (tensor<..>) -> tensor<..>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, StrArrayAttr:$starts, DenseI64ArrayAttr:$steps);
  let results = (outs AnyTensor:$result);
}
def Graph_ConcatOp : Graph_PureOp<"concat", [InferTypeOpAdaptor]> {
  let summary = "operands one after another along an axis";
  let arguments = (ins Variadic<AnyTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_PadOp : Graph_PureOp<"pad"> {
  let summary = "adds elements before and after each axis (negative amounts crop)";
  let description = "`value` is a rank-0 tensor used in constant mode; `low` are Dim expressions, one per axis.";
  let arguments = (ins AnyTensor:$operand, AnyTensor:$value, StrArrayAttr:$low, Graph_PadModeAttr:$mode);
  let results = (outs AnyTensor:$result);
}
def Graph_GatherOp : Graph_PureOp<"gather", [InferTypeOpAdaptor]> {
  let summary = "slices of data along an axis picked by indices; negative indices count from the end";
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_GatherElementsOp : Graph_PureOp<"gather_elements"> {
  let summary = "result[..i..] = data[..indices[..i..]..] along an axis; result has the dims of indices";
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_GatherNdOp : Graph_PureOp<"gather_nd"> {
  let summary = "slices of data picked by the index tuples in the last axis of indices";
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, I64Attr:$batch_dims);
  let results = (outs AnyTensor:$result);
}
def Graph_ScatterElementsOp : Graph_PureOp<"scatter_elements"> {
  let summary = "data with data[..indices[i]..] replaced or combined with updates[i], in row-major order of updates";
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, AnyTensor:$updates, I64Attr:$axis, Graph_ScatterKindAttr:$kind);
  let results = (outs AnyTensor:$result);
}
def Graph_ScatterNdOp : Graph_PureOp<"scatter_nd"> {
  let summary = "data with the slices at the index tuples replaced or combined with updates";
  let arguments = (ins AnyTensor:$data, AnyTensor:$indices, AnyTensor:$updates, Graph_ScatterKindAttr:$kind);
  let results = (outs AnyTensor:$result);
}
def Graph_IotaOp : Graph_PureOp<"iota"> {
  let summary = "the index along an axis";
  let arguments = (ins I64Attr:$axis);
  let results = (outs AnyTensor:$result);
}
def Graph_ResizeOp : Graph_PureOp<"resize"> {
  let summary = "interpolation along some axes; all of ONNX Resize 19 but crop_and_resize's data-dependent box";
  let description = [{
    `mode` is nearest, linear or cubic; `coordinates` and `nearest` are ONNX's names. `scales` has one f64 per axis
    (1 for axes that stay). Where a scale is not known at compile time its entry is 0 and it is output / input extent.
  }];
  let arguments = (ins AnyTensor:$operand, StrAttr:$mode, StrAttr:$coordinates, StrAttr:$nearest,
                       DenseF64ArrayAttr:$scales, F64Attr:$cubic_coeff, BoolAttr:$exclude_outside,
                       BoolAttr:$antialias, F64Attr:$extrapolation);
  let results = (outs AnyTensor:$result);
}

def Graph_BlockOp : Graph_PureOp<"block", [InferTypeOpAdaptor]> {
  let summary = "cuts an axis into blocks that become the last axis: [N, C, H, W] -> [N, ceil(C/16), H, W, 16]";
  let description = "Elements past the extent are zero. The inverse is graph.unblock.";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, I64Attr:$size);
  let results = (outs AnyTensor:$result);
}
def Graph_UnblockOp : Graph_PureOp<"unblock", [InferTypeOpAdaptor]> {
  let summary = "the inverse of graph.block: the last axis goes back inside `axis`, whose extent becomes `extent`";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, I64Attr:$extent);
  let results = (outs AnyTensor:$result);
}

//===--- Reductions -------------------------------------------------------------------------===//

def Graph_ReduceOp : Graph_PureOp<"reduce", [InferTypeOpAdaptor]> {
  let summary = "combines elements along axes; the reduced axes stay with extent 1";
  let description = [{
    An empty sum is 0, an empty product 1, an empty maximum -inf or the smallest integer, an empty mean NaN.
    On i1, max is "any" and min is "all". Floats: the order of the sum is fixed by the shape.

    ```mlir
    %m = graph.reduce %x {axes = array<i64: 2, 3>, kind = #graph<reduction mean>} : (tensor<1x8x7x7xf32>) -> tensor<1x8x1x1xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, DenseI64ArrayAttr:$axes, Graph_ReduceKindAttr:$kind);
  let results = (outs AnyTensor:$result);
}
def Graph_ArgReduceOp : Graph_PureOp<"arg_reduce", [InferTypeOpAdaptor]> {
  let summary = "i64 index of the largest (or smallest) element along an axis, which stays with extent 1";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$last);
  let results = (outs AnyTensor:$result);
}
def Graph_CumulativeOp : Graph_PureOp<"cumulative"> {
  let summary = "running sum (or product) along an axis";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, Graph_ReduceKindAttr:$kind, BoolAttr:$exclusive, BoolAttr:$reverse);
  let results = (outs AnyTensor:$result);
}
def Graph_TopKOp : Graph_PureOp<"top_k"> {
  let summary = "the k largest (or smallest) along an axis and their i64 indices; the lower index wins a tie";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$sorted);
  let results = (outs AnyTensor:$values, AnyTensor:$indices);
}
def Graph_NonZeroOp : Graph_Op<"non_zero", [MemoryEffects<[MemWrite]>]> {
  let summary = "indices of the nonzero elements, [rank, count]; binds `symbol` to the count";
  let arguments = (ins AnyTensor:$operand, StrAttr:$symbol);
  let results = (outs AnyTensor:$result);
}
def Graph_SoftmaxOp : Graph_PureOp<"softmax", [InferTypeOpAdaptor]> {
  let summary = "exp(x - max) / sum along an axis; its logarithm where `log`";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$log);
  let results = (outs AnyTensor:$result);
}
def Graph_LayerNormOp : Graph_PureOp<"layer_norm", [InferTypeOpAdaptor]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) over the axes from `axis` on; `centered` false: RMS norm";
  let description = "Scale and bias are multiplied and added by elementwise ops that follow and fuse.";
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, F64Attr:$epsilon, BoolAttr:$centered);
  let results = (outs AnyTensor:$result);
}

//===--- Contractions -----------------------------------------------------------------------===//

def Graph_MatmulOp : Graph_PureOp<"matmul", [InferTypeOpAdaptor]> {
  let summary = "product of the last two axes, the leading ones broadcast; rank >= 2";
  let description = [{
    `transpose_rhs`: rhs is [.., N, K]. `panels`: rhs is a packed weight [N/16, K, 16] of `columns` columns,
    made by the schedule phase.
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
    [C/16, K..., 16] for a depthwise one (group == channels). `channels` is M then.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$weight, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, UnitAttr:$blocked_input, UnitAttr:$blocked_output,
                       OptionalAttr<I64Attr>:$channels, OptionalAttr<DenseI64ArrayAttr>:$kernel);
  let results = (outs AnyTensor:$result);
}
def Graph_ConvTransposeOp : Graph_PureOp<"conv_transpose"> {
  let summary = "transposed convolution; x [N, C, D...], w [C, M/group, K...]; the result type carries the extents";
  let arguments = (ins AnyTensor:$input, AnyTensor:$weight, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group);
  let results = (outs AnyTensor:$result);
}
def Graph_PoolOp : Graph_PureOp<"pool", [InferTypeOpAdaptor]> {
  let summary = "maximum or average of windows; `ceil` counts partial windows, `count_padding` averages over pads too";
  let arguments = (ins AnyTensor:$operand, Graph_PoolKindAttr:$kind, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, BoolAttr:$ceil, BoolAttr:$count_padding,
                       UnitAttr:$blocked);
  let results = (outs AnyTensor:$result);
}
def Graph_AttentionOp : Graph_PureOp<"attention"> {
  let summary = "softmax(q k^T * scale + bias) v per head";
  let description = [{
    q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv], bias broadcasts to [B, H, S, T] or is absent; Hk divides H
    (grouped queries). `causal` masks key j for query i where j > i + T - S. Formed by the fusion phase from
    matmul, mul, add, softmax, matmul, and by native Attention operators. A query whose keys are all masked gives 0.
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
    `recurrence_bias` [directions, gates*H] only for GRU's linear_before_reset;
    `initial_h`, `initial_c` [directions, B, H]; `lengths` [B] i32; `peepholes` [directions, 3*H].
    `activations` are ONNX's names, one per gate function and direction, as `alphas` and `betas` are. A `clip` of 0 is none.
    Absent initial states are 0, absent lengths T; outputs past a length are 0. Results: y [T, directions, B, H],
    last_h [directions, B, H], last_c [directions, B, H] (LSTM; else unused, same type).
    `directions` is "forward", "reverse" or "bidirectional".
  }];
  let arguments = (ins AnyTensor:$projected, AnyTensor:$recurrence, Optional<AnyTensor>:$recurrence_bias,
                       Optional<AnyTensor>:$initial_h, Optional<AnyTensor>:$initial_c, Optional<AnyTensor>:$lengths,
                       Optional<AnyTensor>:$peepholes, Graph_RnnKindAttr:$kind, StrAttr:$direction,
                       StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas, F64Attr:$clip,
                       BoolAttr:$linear_before_reset, BoolAttr:$input_forget);
  let results = (outs AnyTensor:$y, AnyTensor:$last_h, AnyTensor:$last_c);
}

//===--- Control flow -----------------------------------------------------------------------===//

def Graph_YieldOp : Graph_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "ends a region";
  let arguments = (ins Variadic<AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}
def Graph_IfOp : Op<Graph_Dialect, "if", [SingleBlock, NoRegionArguments]> {
  let summary = "one of two regions; `symbols` are bound to the dims of the results where the branches differ";
  let description = [{
    A result's dim that is the same expression in both branches keeps it. Otherwise the result's type has a symbol
    listed in `symbols`, and each branch's yielded type says what it is there.
  }];
  let arguments = (ins AnyTensor:$condition, StrArrayAttr:$symbols);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition attr-dict `:` functional-type(operands, results) $then_region `else` $else_region";
}
def Graph_LoopOp : Op<Graph_Dialect, "loop", [SingleBlock]> {
  let summary = "ONNX Loop: carried values, and scan outputs stacked along a new first axis";
  let description = [{
    Operands: trip count (i64 rank 0; a negative one is "no limit"), condition (i1 rank 0), initial carried values.
    Body arguments: iteration (i64), condition (i1), carried values. It yields condition, carried values, scan values.
    Results: final carried values, then scan outputs, whose first dim is a symbol of `symbols`. Carried types are a
    fixed point: a dim that changes between iterations is a symbol of `symbols`.
  }];
  let arguments = (ins AnyTensor:$trip_count, AnyTensor:$condition, Variadic<AnyTensor>:$initial, StrArrayAttr:$symbols);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results) $body";
}

#endif
