// What does not pass the door of the graph phase, one message each.
// RUN: quern-opt --quern-verify-graph --split-input-file --verify-diagnostics %s

func.func @main(%x: tensor<?x4xf32, #graph.dims<["N", ""]>>) -> tensor<?x4xf32, #graph.dims<["N", ""]>> {
  %y = graph.neg %x : (tensor<?x4xf32, #graph.dims<["N", ""]>>) -> tensor<?x4xf32, #graph.dims<["N", ""]>>
  return %y : tensor<?x4xf32, #graph.dims<["N", ""]>>
}

// -----

// A symbol that is read before it is used is bound.
func.func @main(%x: tensor<1xf32>, %n: tensor<1xi64>) -> tensor<?xf32, #graph.dims<["n"]>> {
  graph.read_symbols %n {symbols = ["n"]} : (tensor<1xi64>) -> ()
  %y = graph.broadcast %x : (tensor<1xf32>) -> tensor<?xf32, #graph.dims<["n"]>>
  return %y : tensor<?xf32, #graph.dims<["n"]>>
}

// -----

// expected-error @below {{has no function @main}}
module {}

// -----

func.func @main(%x: tensor<1xf32>) -> tensor<?xf32, #graph.dims<["n"]>> {
  // expected-error @below {{uses the symbol 'n' before anything binds it}}
  %y = graph.broadcast %x : (tensor<1xf32>) -> tensor<?xf32, #graph.dims<["n"]>>
  return %y : tensor<?xf32, #graph.dims<["n"]>>
}

// -----

func.func @main(%x: tensor<?xf32, #graph.dims<["N"]>>) -> tensor<2xf32> {
  // expected-error @below {{uses the symbol 'M' before anything binds it}}
  %y = graph.slice %x {starts = ["M"], steps = array<i64: 1>} : (tensor<?xf32, #graph.dims<["N"]>>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<?xf32> {
  // expected-error @below {{whose dynamic extents have no expressions}}
  %y = graph.reshape %x : (tensor<2xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<*xf32> {
  // expected-error @below {{has a value of type 'tensor<*xf32>'; values are tensors of known rank}}
  %y = graph.cast %x : (tensor<2xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{does not belong in a graph}}
  %y = arith.negf %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
