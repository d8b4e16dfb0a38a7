// What the kernel dialect does not take, each message once.
// RUN: quern-opt %s --split-input-file --verify-diagnostics

func.func @arguments(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'kernel.region' op has 1 inputs and 0 block arguments}}
  %y = kernel.region "neg" (%x) {nodes = ""} : (tensor<4xf32>) -> tensor<4xf32> {
    %0 = graph.constant dense<0.0> : tensor<4xf32>
    kernel.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @types(%x: tensor<4xf32>) -> tensor<5xf32> {
  // expected-error @below {{'kernel.region' op input 'tensor<4xf32>' does not match block argument 'tensor<5xf32>'}}
  %y = kernel.region "neg" (%x) {nodes = ""} : (tensor<4xf32>) -> tensor<5xf32> {
  ^bb0(%0: tensor<5xf32>):
    kernel.yield %0 : tensor<5xf32>
  }
  return %y : tensor<5xf32>
}

// -----

func.func @results(%x: tensor<4xf32>) -> tensor<5xf32> {
  // expected-error @below {{'kernel.region' op must end with a kernel.yield of its result types}}
  %y = kernel.region "neg" (%x) {nodes = ""} : (tensor<4xf32>) -> tensor<5xf32> {
  ^bb0(%0: tensor<4xf32>):
    kernel.yield %0 : tensor<4xf32>
  }
  return %y : tensor<5xf32>
}

// -----

// expected-error @below {{attribute 'tasks' failed to satisfy constraint: expression over symbols}}
kernel.func @tasks attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">, scratch = "0", tasks = "4 +"} {
^bb0(%0: tensor<4xf32>):
  kernel.yield %0 : tensor<4xf32>
}
