// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Floats become keys whose unsigned order is theirs: a NaN last, zeros of both signs the same as the indices are wanted.
// CHECK-LABEL: func.func @pairs_v4
// CHECK:       arith.cmpf oeq
// CHECK:       arith.bitcast %{{.*}} : f32 to i32
// CHECK:       arith.xori
// CHECK:       arith.cmpf uno
// CHECK:       arith.select
// The digits of all four rounds are counted at once.
// CHECK:       vector.store
// CHECK:       scf.for
// CHECK-COUNT-3: arith.shrui %{{.*}} : i32
// A round that finds one digit only moves nothing.
// CHECK:       scf.for %{{.*}} iter_args
// CHECK:         arith.cmpi eq, %{{.*}} : i64
// CHECK:         scf.for %{{.*}} iter_args
// CHECK:         scf.for
// CHECK:           arith.shrui
kernel.func @pairs attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<4x100xf32>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<4x100xf32>) -> (tensor<4x100xf32>, tensor<4x100xi64>)
  kernel.yield %0, %1 : tensor<4x100xf32>, tensor<4x100xi64>
}

// The values alone come back out of the keys: no place is moved.
// CHECK-LABEL: func.func @values_v4
// CHECK-NOT:   arith.index_cast %{{.*}} : index to i64
// CHECK:       arith.xori %{{.*}} : i16
// CHECK:       memref.store %{{.*}} : memref<?xi16>
kernel.func @values attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<4x100xi16>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<4x100xi16>) -> (tensor<4x100xi16>, tensor<4x100xi64>)
  kernel.yield %0 : tensor<4x100xi16>
}

// Fewer than 64 elements are put in their places one after the other: no digit is counted.
// CHECK-LABEL: func.func @few_v4
// CHECK:       scf.while
// CHECK:         arith.cmpi ugt, %{{.*}} : i64
// CHECK-NOT:   arith.shrui
kernel.func @few attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<4x10xf64>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<4x10xf64>) -> (tensor<4x10xf64>, tensor<4x10xi64>)
  kernel.yield %0, %1 : tensor<4x10xf64>, tensor<4x10xi64>
}
