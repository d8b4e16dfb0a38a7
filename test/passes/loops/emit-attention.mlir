// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Between the two products the scores are in scratch: never a tensor of queries times keys.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "{{[1-9][0-9]*}}"
// CHECK:       kernel.func @one attributes {{{.*}}scratch = "384"
// CHECK-LABEL: func.func @k_v4
// CHECK:       vector.fma
// CHECK:       vector.store %{{.*}}, %[[SCORES:.*]][
// CHECK:       math.fma
// CHECK:       vector.store %{{.*}}, %[[SCORES]][
// CHECK:       memref.load %[[SCORES]][
// CHECK:       vector.fma
// CHECK:       vector.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"attention", {}, "test">} {
^bb0(%q: tensor<1x2x32x64xf32>, %k: tensor<1x2x48x64xf32>, %v: tensor<1x2x48x64xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x2x32x64xf32>, tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>) -> tensor<1x2x32x64xf32>
  kernel.yield %0 : tensor<1x2x32x64xf32>
}

// One query reads the keys where they lie, sixteen at a time along the depth: its scratch is a row of scores and one sum
// for each row of a tile.
// CHECK-LABEL: func.func @one_v4
// CHECK:       scf.for {{.*}} iter_args(
// CHECK-COUNT-17: vector.load
// CHECK:       vector.shuffle
// CHECK:       math.fma
kernel.func @one attributes {dims = 0 : i64, schedule = #kernel.schedule<"attention", {}, "test">} {
^bb0(%q: tensor<1x2x1x64xf32>, %k: tensor<1x2x48x64xf32>, %v: tensor<1x2x48x64xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x2x1x64xf32>, tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>) -> tensor<1x2x1x64xf32>
  kernel.yield %0 : tensor<1x2x1x64xf32>
}
