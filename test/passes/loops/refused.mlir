// Kernels that cannot be made are refused by the nodes they come from.
// RUN: not quern-opt %s --split-input-file --quern-outline-kernels --quern-emit-kernels=target=x86-64 2>&1 | FileCheck %s

func.func @main(%x: tensor<4xf32>) -> tensor<4xf8E4M3FN> {
  // CHECK: error: node small, Cast: there is no kernel for elements of type float8e4m3fn
  %0 = kernel.region "small" (%x) {nodes = "small, Cast", schedule = #kernel.schedule<"loops", {}, "">} : (tensor<4xf32>) -> tensor<4xf8E4M3FN> {
  ^bb0(%a: tensor<4xf32>):
    %1 = graph.cast %a : (tensor<4xf32>) -> tensor<4xf8E4M3FN>
    kernel.yield %1 : tensor<4xf8E4M3FN>
  }
  return %0 : tensor<4xf8E4M3FN>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: error: node odd, Neg: there is no kernel for sums
  %0 = kernel.region "odd" (%x) {nodes = "odd, Neg", schedule = #kernel.schedule<"sums", {}, "">} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %1 = graph.neg %a : (tensor<4xf32>) -> tensor<4xf32>
    kernel.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: error: node sorted, TopK: there is no kernel for top_k
  %0 = kernel.region "sorted" (%x) {nodes = "sorted, TopK", schedule = #kernel.schedule<"loops", {}, "">} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %1, %2 = graph.top_k %a {axis = 0 : i64, largest = true, sorted = true} : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi64>)
    kernel.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: error: {{.*}}has no op of the kind that its algorithm is for
  %0 = kernel.region "odd" (%x) {nodes = "odd, Neg", schedule = #kernel.schedule<"conv", {}, "">} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %1 = graph.neg %a : (tensor<4xf32>) -> tensor<4xf32>
    kernel.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
