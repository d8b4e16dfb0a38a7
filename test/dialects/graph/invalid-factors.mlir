// What the factors of matrices and systems with them refuse, one message each.
// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @lu() {
  // expected-error @below {{has matrices of 0 parts, not a real one or a real and an imaginary one}}
  %0, %1 = graph.lu : () -> (tensor<3xi64>, tensor<3xi64>)
  return
}

// -----

func.func @lu(%a: tensor<3x2xf64>) {
  // expected-error @below {{has matrices of type 'tensor<3x2xf64>', which are not square}}
  %0, %1, %2 = graph.lu %a : (tensor<3x2xf64>) -> (tensor<3x2xf64>, tensor<3xi64>, tensor<3xi64>)
  return
}

// -----

func.func @lu(%a: tensor<3x3xf16>) {
  // expected-error @below {{has elements of type 'f16', not f32 or f64}}
  %0, %1, %2 = graph.lu %a : (tensor<3x3xf16>) -> (tensor<3x3xf16>, tensor<3xi64>, tensor<3xi64>)
  return
}

// -----

func.func @lu(%a: tensor<3x3xf64>) {
  // expected-error @below {{has numbers of rows of type 'tensor<4xi64>', not 'tensor<3xi64>'}}
  %0, %1, %2 = graph.lu %a : (tensor<3x3xf64>) -> (tensor<3x3xf64>, tensor<3xi64>, tensor<4xi64>)
  return
}

// -----

func.func @cholesky(%a: tensor<3x3xf64>, %b: tensor<3x3xf32>) {
  // expected-error @below {{has parts of types 'tensor<3x3xf64>' and 'tensor<3x3xf32>'}}
  %0, %1 = graph.cholesky %a, %b : (tensor<3x3xf64>, tensor<3x3xf32>) -> (tensor<3x3xf64>, tensor<3x3xf64>)
  return
}

// -----

func.func @cholesky(%a: tensor<3x3xf64>) {
  // expected-error @below {{has results of another type than 'tensor<3x3xf64>'}}
  %0 = graph.cholesky %a : (tensor<3x3xf64>) -> tensor<3x3xf32>
  return
}

// -----

func.func @triangular_solve(%a: tensor<3x3xf64>) {
  // expected-error @below {{has 1 operands for 1 results}}
  %0 = graph.triangular_solve %a {lower = true, transpose = false, unit = false} : (tensor<3x3xf64>) -> tensor<3x3xf64>
  return
}

// -----

func.func @triangular_solve(%a: tensor<3x3xf64>, %b: tensor<4x2xf64>) {
  // expected-error @below {{has matrices of type 'tensor<3x3xf64>' and right sides of type 'tensor<4x2xf64>'}}
  %0 = graph.triangular_solve %a, %b {lower = true, transpose = false, unit = false} : (tensor<3x3xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
  return
}
