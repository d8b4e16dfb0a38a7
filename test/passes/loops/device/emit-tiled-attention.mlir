// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --verify-diagnostics

// expected-error @+1 {{has tiles of attention that do not fit the memory of a block}}
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {}, "test">} {
^bb0(%q: tensor<1x1x70x256xf32>, %k: tensor<1x1x45x256xf32>, %v: tensor<1x1x45x256xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x1x70x256xf32>, tensor<1x1x45x256xf32>, tensor<1x1x45x256xf32>) -> tensor<1x1x70x256xf32>
  kernel.yield %0 : tensor<1x1x70x256xf32>
}
