// What does not infer or parse in the graph dialect, each message once.
// RUN: quern-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{"2 N" is not a dim expression}}
func.func private @expression(tensor<?xf32, #graph.dims<["2 N"]>>)

// -----

// expected-error @below {{"N + 1 + N" is not canonical; write "2*N + 1"}}
func.func private @canonical(tensor<?xf32, #graph.dims<["N + 1 + N"]>>)

// -----

// expected-error @below {{expected strings, got 1 : i64}}
func.func private @strings(tensor<?xf32, #graph.dims<[1]>>)

// -----

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<4xf32>) {
  // expected-error @below {{operands 'tensor<2x3xf32>' and 'tensor<4xf32>' do not broadcast}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.add %x, %y : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @inferred(%x: tensor<2x3xf32>) {
  // expected-error @below {{'graph.neg' op inferred type(s) 'tensor<2x3xf32>' are incompatible with return type(s) of operation 'tensor<3x2xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.neg %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @permutation(%x: tensor<2x3xf32>) {
  // expected-error @below {{permutation is not one of the operand's 2 axes}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @nothing() {
  // expected-error @below {{needs at least one input}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat {axis = 0 : i64} : () -> tensor<0xf32>
  return
}

// -----

func.func @concat(%x: tensor<2x3xf32>, %y: tensor<4x2xf32>) {
  // expected-error @below {{inputs have extents 3 and 2 along axis 1}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<4x2xf32>) -> tensor<6x3xf32>
  return
}

// -----

func.func @ranks(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error @below {{inputs have ranks 2 and 1}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat %x, %y {axis = 0 : i64} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @axis(%x: tensor<2x3xf32>) {
  // expected-error @below {{axis 2 is not one of 2 axes}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.arg_reduce %x {axis = 2 : i64, largest = true, last = false} : (tensor<2x3xf32>) -> tensor<2x1xi64>
  return
}

// -----

func.func @block(%x: tensor<2x3xf32>) {
  // expected-error @below {{a block has 0 elements, but must have at least one}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.block %x {axis = 1 : i64, size = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x0x0xf32>
  return
}

// -----

func.func @reshape(%x: tensor<2x3xf32>) {
  // expected-error @below {{'graph.reshape' op has 6 elements and makes 8}}
  %0 = graph.reshape %x : (tensor<2x3xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @rank(%x: tensor<3xf32>, %y: tensor<3x4xf32>) {
  // expected-error @below {{needs operands of rank 2 or more}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @inner(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @below {{lhs has 3 columns and rhs has 4 rows}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @batch(%x: tensor<2x2x3xf32>, %y: tensor<3x3x5xf32>) {
  // expected-error @below {{leading axes of 'tensor<2x2x3xf32>' and 'tensor<3x3x5xf32>' do not broadcast}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2x2x3xf32>, tensor<3x3x5xf32>) -> tensor<2x2x5xf32>
  return
}

// -----

func.func @window(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>) {
  // expected-error @below {{strides, dilations and pads do not belong to a window over the operand's 3 axes}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.conv %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1>, strides = array<i64: 1>} : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @stride(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>) {
  // expected-error @below {{strides and dilations must be positive}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.conv %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1, 1>, strides = array<i64: 0>} : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @weight(%x: tensor<1x3x8xf32>, %w: tensor<4x3xf32>) {
  // expected-error @below {{a window over 1 axes does not fit a weight of type 'tensor<4x3xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.conv %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1, 1>, strides = array<i64: 1>} : (tensor<1x3x8xf32>, tensor<4x3xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @kernel(%x: tensor<1x3x8xf32>) {
  // expected-error @below {{has 2 kernel extents and 1 strides}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.pool %x {ceil = false, count_padding = false, dilations = array<i64: 1>, kernel = array<i64: 2, 2>, kind = #graph<pool_kind max>, pads = array<i64: 0, 0>, strides = array<i64: 2>} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @starts(%x: tensor<4xf32>) {
  // expected-error @below {{attribute 'starts' failed to satisfy constraint: array of expressions over symbols}}
  %0 = graph.slice %x {starts = ["N +"], steps = array<i64: 1>} : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @winograd_weight(%w: tensor<32x32x5x5xf32>) {
  // expected-error @below {{needs a weight with a window of 3x3}}
  // expected-error @below {{failed to infer returned types}}
  %u = graph.winograd_weight %w {tile = 4 : i64} : (tensor<32x32x5x5xf32>) -> tensor<36x2x32x16xf32>
  return
}

// -----

func.func @fourier(%x: tensor<4x8xf32>) {
  // expected-error @below {{takes pairs of f32 or f64 along the last axis, not 'tensor<4x8xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @fourier(%x: tensor<4x8x2xf32>) {
  // expected-error @below {{axis 2 is not one of 2 axes of complex numbers}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.fourier %x {axis = 2 : i64, inverse = false, scale = 1.0 : f64} : (tensor<4x8x2xf32>) -> tensor<4x8x2xf32>
  return
}

// -----

func.func @fourier(%x: tensor<?x2xf32, #graph.dims<["N", ""]>>) {
  // expected-error @below {{transforms an axis of static extent, not one of N}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<?x2xf32, #graph.dims<["N", ""]>>) -> tensor<?x2xf32, #graph.dims<["N", ""]>>
  return
}

// -----

func.func @turned(%x: tensor<4x8x2xf32>) {
  // expected-error @below {{turned stands for rows of [..., rows, columns, 2], with static extents}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.fourier %x {axis = 1 : i64, inverse = false, scale = 1.0 : f64, turned} : (tensor<4x8x2xf32>) -> tensor<4x8x2xf32>
  return
}

// -----

func.func @transposed(%x: tensor<4x8x2xf32>) {
  // expected-error @below {{transposed stands for columns of [..., rows, columns, 2]}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64, transposed} : (tensor<4x8x2xf32>) -> tensor<8x4x2xf32>
  return
}
