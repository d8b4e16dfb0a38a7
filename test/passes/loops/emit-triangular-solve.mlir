// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A task has 64 columns of one right side, of which the first matrix is that of all.
// CHECK:       kernel.func @lower attributes {{{.*}}tasks = "6"}
// CHECK-LABEL: func.func @lower_v4
// CHECK:       vector.maskedload
// CHECK:       vector.fma
// CHECK:       arith.divf %{{.*}} : vector<8xf64>
// CHECK:       vector.maskedstore
kernel.func @lower attributes {dims = 0 : i64, schedule = #kernel.schedule<"triangular_solve", {}, "test">} {
^bb0(%a: tensor<1x40x40xf64>, %b: tensor<3x40x100xf64>):
  %0 = graph.triangular_solve %a, %b {lower = true, transpose = false, unit = false} : (tensor<1x40x40xf64>, tensor<3x40x100xf64>) -> tensor<3x40x100xf64>
  kernel.yield %0 : tensor<3x40x100xf64>
}

// An upper triangle is read from its end: element 1599 is the first. Where the diagonal is ones nothing is divided.
// CHECK-LABEL: func.func @upper_v4
// CHECK:       arith.subi %c39
// CHECK:       memref.load %{{.*}} : memref<?xf64>
// CHECK-NOT:   arith.divf
kernel.func @upper attributes {dims = 0 : i64, schedule = #kernel.schedule<"triangular_solve", {}, "test">} {
^bb0(%a: tensor<40x40xf64>, %b: tensor<40x2xf64>):
  %0 = graph.triangular_solve %a, %b {lower = false, transpose = false, unit = true} : (tensor<40x40xf64>, tensor<40x2xf64>) -> tensor<40x2xf64>
  kernel.yield %0 : tensor<40x2xf64>
}
