// Ops that compute each element of the result from the elements at the same place.
//
// Operands broadcast as in NumPy: aligned at the last axis, extent 1 stretches. Unless an op says otherwise its operands
// and its result have one element type, and every element type is taken that has the operation. Floats follow IEEE 754
// without traps; functions are good to a few units in the last place (codegen/common/VectorMath.inc has the bounds).
// The scalar meaning of each is a line of passes/loops/ScalarOps.cpp, and on constants of EvaluateElementwise.cpp.

#ifndef QUERN_GRAPH_ELEMENTWISE_OPS
#define QUERN_GRAPH_ELEMENTWISE_OPS

include "dialects/graph/GraphOp.td"

/// Traits let passes ask "is this elementwise?" without a list of ops.
def Graph_Elementwise : NativeOpTrait<"Elementwise"> { let cppNamespace = "::quern::graph"; }

class Graph_ElementwiseOp<string mnemonic, dag args, list<Trait> traits = []>
    : Graph_PureOp<mnemonic, traits # [Graph_Elementwise, InferTypeOpAdaptor]> {
  let arguments = args;
  let results = (outs AnyTensor:$result);
}

class Graph_Unary<string mnemonic, string type = "f32"> : Graph_ElementwiseOp<mnemonic, (ins AnyTensor:$operand)> {
  let description = [{
    ```mlir
    %y = graph.}] # mnemonic # [{ %x : (tensor<2x4x}] # type # [{>) -> tensor<2x4x}] # type # [{>
    ```
  }];
}

class Graph_Binary<string mnemonic, string type = "f32">
    : Graph_ElementwiseOp<mnemonic, (ins AnyTensor:$lhs, AnyTensor:$rhs)> {
  let description = [{
    ```mlir
    %z = graph.}] # mnemonic # [{ %x, %y : (tensor<2x4x}] # type # [{>, tensor<4x}] # type # [{>) -> tensor<2x4x}] # type # [{>
    ```
  }];
}

//===--- One operand ------------------------------------------------------------------------===//

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
def Graph_NotOp     : Graph_Unary<"not", "i1"> { let summary = "all bits flipped; logical on i1"; }

def Graph_IsNanOp : Graph_ElementwiseOp<"is_nan", (ins AnyTensor:$operand)> {
  let summary = "x is NaN";
  let description = [{
    The result is i1.

    ```mlir
    %y = graph.is_nan %x : (tensor<4xf32>) -> tensor<4xi1>
    ```
  }];
}
def Graph_IsInfOp : Graph_ElementwiseOp<"is_inf", (ins AnyTensor:$operand, BoolAttr:$negative, BoolAttr:$positive)> {
  let summary = "x is an infinity of a sign that is asked for";
  let description = [{
    The result is i1. With both flags false it is false everywhere.

    ```mlir
    %y = graph.is_inf %x {negative = false, positive = true} : (tensor<4xf32>) -> tensor<4xi1>
    ```
  }];
}

def Graph_CastOp : Graph_PureOp<"cast", [Graph_Elementwise]> {
  let summary = "the same value in another element type";
  let description = [{
    To i1: not equal to zero. Float to integer truncates toward zero and saturates; NaN gives 0. Integer to narrower
    integer keeps the low bits. Float to narrower float rounds to nearest even; 8-bit floats saturate.

    ```mlir
    %y = graph.cast %x : (tensor<4xf32>) -> tensor<4xi64>
    ```
  }];
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
}

def Graph_BitcastOp : Graph_PureOp<"bitcast", [Graph_Elementwise]> {
  let summary = "the same bits as another element type of the same width";
  let description = [{
    The operand's elements are of 8 bits or more; a bool has none that it could share.

    ```mlir
    %y = graph.bitcast %x : (tensor<4xf32>) -> tensor<4xi32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

//===--- Two operands -----------------------------------------------------------------------===//

def Graph_AddOp : Graph_Binary<"add"> { let summary = "x + y; integers wrap"; }
def Graph_SubOp : Graph_Binary<"sub"> { let summary = "x - y; integers wrap"; }
def Graph_MulOp : Graph_Binary<"mul"> { let summary = "x * y; integers wrap"; }
def Graph_DivOp : Graph_Binary<"div"> {
  let summary = "x / y; integers truncate";
  let description = [{
    Integer division by zero is a data error of the run; the smallest integer by -1 wraps to itself.

    ```mlir
    %z = graph.div %x, %y : (tensor<2x4xi32>, tensor<i32>) -> tensor<2x4xi32>
    ```
  }];
}
def Graph_ModOp : Graph_ElementwiseOp<"mod", (ins AnyTensor:$lhs, AnyTensor:$rhs, BoolAttr:$truncated)> {
  let summary = "remainder with the sign of y, or of x where truncated (C's fmod)";
  let description = [{
    Zero as an integer divisor is a data error of the run. Floats are exact.

    ```mlir
    %z = graph.mod %x, %y {truncated = false} : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>
    ```
  }];
}
def Graph_PowOp : Graph_Binary<"pow"> {
  let summary = "x^y in the type of x";
  let description = [{
    The exponent may have another type. Integer powers go through f64, as NumPy's do within its range.

    ```mlir
    %z = graph.pow %x, %y : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
    ```
  }];
}
def Graph_MinOp : Graph_Binary<"min"> { let summary = "smaller of two; NaN if either is"; }
def Graph_MaxOp : Graph_Binary<"max"> { let summary = "larger of two; NaN if either is"; }
def Graph_AndOp : Graph_Binary<"and", "i1"> { let summary = "bitwise and; logical on i1"; }
def Graph_OrOp  : Graph_Binary<"or", "i1">  { let summary = "bitwise or; logical on i1"; }
def Graph_XorOp : Graph_Binary<"xor", "i1"> { let summary = "bitwise exclusive or; logical on i1"; }
def Graph_ShiftLeftOp  : Graph_Binary<"shift_left", "ui8">  { let summary = "x << y; 0 where y >= width"; }
def Graph_ShiftRightOp : Graph_Binary<"shift_right", "ui8"> { let summary = "x >> y for unsigned x; 0 where y >= width"; }
def Graph_CompareOp : Graph_ElementwiseOp<"compare", (ins AnyTensor:$lhs, AnyTensor:$rhs, Graph_CompareKindAttr:$kind)> {
  let summary = "i1 of a comparison; ordered, except that ne is true for NaN";
  let description = [{
    `kind` is eq, ne, lt, le, gt or ge.

    ```mlir
    %z = graph.compare %x, %y {kind = #graph<compare lt>} : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xi1>
    ```
  }];
}

//===--- Three operands ---------------------------------------------------------------------===//

def Graph_SelectOp : Graph_ElementwiseOp<"select", (ins AnyTensor:$condition, AnyTensor:$lhs, AnyTensor:$rhs)> {
  let summary = "lhs where the i1 condition holds, else rhs";
  let description = [{
    All three broadcast. Both sides are computed; neither has effects.

    ```mlir
    %z = graph.select %c, %x, %y : (tensor<2x4xi1>, tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
    ```
  }];
}

#endif
