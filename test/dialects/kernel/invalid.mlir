// What kernel.region refuses, one message each.
// RUN: quern-opt --split-input-file --verify-diagnostics %s

func.func @main(%x: tensor<2xf32>) {
  // expected-error @below {{has 1 inputs and 0 block arguments}}
  %0 = kernel.region "k" (%x) {nodes = ""} : (tensor<2xf32>) -> tensor<2xf32> {
    %c = graph.constant dense<0.0> : tensor<2xf32>
    kernel.yield %c : tensor<2xf32>
  }
  return
}

// -----

func.func @main(%x: tensor<2xf32>) {
  // expected-error @below {{input 'tensor<2xf32>' does not match block argument 'tensor<3xf32>'}}
  %0 = kernel.region "k" (%x) {nodes = ""} : (tensor<2xf32>) -> tensor<3xf32> {
  ^bb0(%a: tensor<3xf32>):
    kernel.yield %a : tensor<3xf32>
  }
  return
}

// -----

func.func @main(%x: tensor<2xf32>) {
  // expected-error @below {{must end with a kernel.yield of its result types}}
  %0 = kernel.region "k" (%x) {nodes = ""} : (tensor<2xf32>) -> tensor<3xf32> {
  ^bb0(%a: tensor<2xf32>):
    kernel.yield %a : tensor<2xf32>
  }
  return
}
