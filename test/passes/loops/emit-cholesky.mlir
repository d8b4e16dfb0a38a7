// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// The rows above the diagonal of a panel are its columns below; the pivot's root divides both. The other factor of the products
// is rows of memory, turned in registers.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %{{.*}} = %c0 to %c3 step %c1
// CHECK:         math.sqrt %{{.*}} : f64
// CHECK:         arith.divf %{{.*}} : vector<8xf64>
// CHECK:         arith.divf %{{.*}} : f64
// CHECK:         scf.if
// CHECK:           vector.shuffle
// CHECK:           vector.fma
// In the end the other triangle is zeros.
// CHECK:       vector.store %{{.*}} : memref<?xf64>, vector<8xf64>
// CHECK:       memref.store %cst
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"cholesky", {}, "test">} {
^bb0(%a: tensor<40x40xf64>):
  %0 = graph.cholesky %a : (tensor<40x40xf64>) -> tensor<40x40xf64>
  kernel.yield %0 : tensor<40x40xf64>
}
