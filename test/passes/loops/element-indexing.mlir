// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// An index counts from the end if it is negative; one that is outside is an error of the run and reads element 0 instead.
// CHECK-LABEL: func.func @gather_v4
// CHECK:       %[[DATA:.*]] = memref.load %{{.*}} : memref<?xi64>
// CHECK-NEXT:  %[[I:.*]] = arith.index_cast %[[DATA]]
// CHECK-NEXT:  %[[NEGATIVE:.*]] = arith.cmpi slt, %[[I]], %c0
// CHECK-NEXT:  %[[FROM_END:.*]] = arith.addi %[[I]], %c10
// CHECK-NEXT:  %[[J:.*]] = arith.select %[[NEGATIVE]], %[[FROM_END]], %[[I]]
// CHECK-NEXT:  %[[OUTSIDE:.*]] = arith.cmpi uge, %[[J]], %c10
// CHECK-NEXT:  %[[SAFE:.*]] = arith.select %[[OUTSIDE]], %c0, %[[J]]
// CHECK-NEXT:  scf.if %[[OUTSIDE]] {
// CHECK-NEXT:    memref.store %{{.*}} : memref<i32>
// CHECK:       arith.muli %[[SAFE]], %c16
kernel.func @gather attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<10x16xf32>, %i: tensor<4xi64>):
  %0 = graph.gather %x, %i {axis = 0 : i64} : (tensor<10x16xf32>, tensor<4xi64>) -> tensor<4x16xf32>
  kernel.yield %0 : tensor<4x16xf32>
}
