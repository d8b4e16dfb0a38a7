// What the ops of the graph dialect refuse, one message each.
// RUN: quern-opt --split-input-file --verify-diagnostics %s

// expected-error @below {{expected strings, got 1 : i64}}
func.func @dims(%x: tensor<?xf32, #graph.dims<[1]>>)

// -----

// expected-error @below {{"n +" is not a dim expression}}
func.func @dims(%x: tensor<?xf32, #graph.dims<["n +"]>>)

// -----

// expected-error @below {{"2*n + n" is not canonical; write "3*n"}}
func.func @dims(%x: tensor<?xf32, #graph.dims<["2*n + n"]>>)

// -----

func.func @add(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @below {{operands 'tensor<2xf32>' and 'tensor<3xf32>' do not broadcast}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @transpose(%x: tensor<2x3xf32>) {
  // expected-error @below {{permutation is not one of the operand's 2 axes}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @concat() {
  // expected-error @below {{needs at least one input}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @concat(%x: tensor<2xf32>) {
  // expected-error @below {{axis 1 is not one of 1 axes}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat %x, %x {axis = 1 : i64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @concat(%x: tensor<2xf32>, %y: tensor<2x3xf32>) {
  // expected-error @below {{inputs have ranks 1 and 2}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat %x, %y {axis = 0 : i64} : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @concat(%x: tensor<2x4xf32>, %y: tensor<2x3xf32>) {
  // expected-error @below {{inputs have extents 4 and 3 along axis 1}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.concat %x, %y {axis = 0 : i64} : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @matmul(%x: tensor<2xf32>, %y: tensor<2x3xf32>) {
  // expected-error @below {{needs operands of rank 2 or more}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @matmul(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @below {{lhs has 3 columns and rhs has 4 rows}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul(%x: tensor<2x3x3xf32>, %y: tensor<4x3x3xf32>) {
  // expected-error @below {{leading axes of 'tensor<2x3x3xf32>' and 'tensor<4x3x3xf32>' do not broadcast}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2x3x3xf32>, tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  return
}

// -----

func.func @conv(%x: tensor<1x3x8xf32>, %w: tensor<2x3x?xf32, #graph.dims<["", "", "k"]>>) {
  // expected-error @below {{needs a kernel of static size}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x8xf32>, tensor<2x3x?xf32, #graph.dims<["", "", "k"]>>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @conv(%x: tensor<1x3x2xf32>, %w: tensor<2x3x9xf32>) {
  // expected-error @below {{result has a negative extent or one that does not fit 64 bits}}
  // expected-error @below {{failed to infer returned types}}
  %0 = graph.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1 : i64} : (tensor<1x3x2xf32>, tensor<2x3x9xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @reshape(%x: tensor<6xf32>) {
  // expected-error @below {{has 6 elements and makes 4}}
  %0 = graph.reshape %x : (tensor<6xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @bitcast(%x: tensor<2xf32>) {
  // expected-error @below {{'graph.bitcast' op cannot take the bits of 'f32' for 'f64'}}
  %0 = graph.bitcast %x : (tensor<2xf32>) -> tensor<2xf64>
  return
}

// -----

func.func @bitcast(%x: tensor<2xi1>) {
  // expected-error @below {{'graph.bitcast' op cannot take the bits of 'i1' for 'i1'}}
  %0 = graph.bitcast %x : (tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @bitcast(%x: tensor<2xf32>) {
  // expected-error @below {{'graph.bitcast' op has a result of another shape than its operand}}
  %0 = graph.bitcast %x : (tensor<2xf32>) -> tensor<3xi32>
  return
}

// -----

func.func @real_numbers(%x: tensor<4x8xf32>, %y: tensor<4x5x2xf64>) {
  // expected-error @below {{'graph.fourier_from_real' op has real numbers of static extent along the last axis and as many complex ones, not 'tensor<4x8xf32>' and 'tensor<3x5x2xf32>'}}
  %0 = graph.fourier_from_real %x {scale = 1.0 : f64} : (tensor<4x8xf32>) -> tensor<3x5x2xf32>
  return
}

// -----

func.func @pairs(%x: tensor<4x8xf32>) {
  // expected-error @below {{'graph.fourier_from_real' op has pairs of f32 or f64 along the last axis, not 'tensor<4x5xf32>'}}
  %0 = graph.fourier_from_real %x {scale = 1.0 : f64} : (tensor<4x8xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @bins(%x: tensor<4x7x2xf32>) {
  // expected-error @below {{'graph.fourier_to_real' op of 10 real numbers has 6 bins, not 7}}
  %0 = graph.fourier_to_real %x {scale = 1.0 : f64} : (tensor<4x7x2xf32>) -> tensor<4x10xf32>
  return
}
