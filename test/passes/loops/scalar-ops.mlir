// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// NaN wins in a minimum; integer division is made safe before the machine's: a zero is reported and becomes 1, -1 is taken
// out because the smallest integer by -1 traps.
// CHECK-LABEL: func.func @k_v4
// CHECK:       arith.minimumf
// CHECK:       %[[ZERO:.*]] = arith.cmpi eq, %[[Y:.*]], %{{.*}} : vector<16xi32>
// CHECK-NEXT:  %[[ANY:.*]] = vector.reduction <or>, %[[ZERO]]
// CHECK-NEXT:  scf.if %[[ANY]]
// CHECK:       %[[NONZERO:.*]] = arith.select %[[ZERO]], %[[ONE:.*]], %[[Y]]
// CHECK:       %[[SAFE:.*]] = arith.select %{{.*}}, %[[ONE]], %[[NONZERO]]
// CHECK-NEXT:  arith.divsi %{{.*}}, %[[SAFE]]

// Against an ordinary constant one comparison is enough: a NaN compares false and stays.
// CHECK-LABEL: func.func @relu_v4
// CHECK:       %[[BELOW:.*]] = arith.cmpf ogt, %[[C:.*]], %[[X:.*]] : vector<16xf32>
// CHECK-NEXT:  arith.select %[[BELOW]], %[[C]], %[[X]]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<16xf32>, %y: tensor<16xf32>, %i: tensor<16xi32>, %j: tensor<16xi32>):
  %0 = graph.min %x, %y : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %1 = graph.div %i, %j : (tensor<16xi32>, tensor<16xi32>) -> tensor<16xi32>
  kernel.yield %0, %1 : tensor<16xf32>, tensor<16xi32>
}
kernel.func @relu attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<16xf32>):
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.max %x, %zero : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
  kernel.yield %0 : tensor<16xf32>
}

// A remainder of floats is a fused step where all quotients are small numbers, and exact, else it goes bit by bit.
// CHECK-LABEL: func.func @remainder_v4
// CHECK:       %[[Q:.*]] = arith.divf
// CHECK:       arith.cmpf olt, %[[Q]]
// CHECK:       %[[ALL:.*]] = vector.reduction <and>
// CHECK:       scf.if %[[ALL]]
// CHECK:         math.trunc %[[Q]]
// CHECK:         math.fma
// CHECK:         math.copysign
// CHECK:       } else {
// CHECK:         arith.remf
kernel.func @remainder attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<16xf64>, %y: tensor<16xf64>):
  %0 = graph.mod %x, %y {truncated = true} : (tensor<16xf64>, tensor<16xf64>) -> tensor<16xf64>
  kernel.yield %0 : tensor<16xf64>
}
