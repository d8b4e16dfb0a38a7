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

// Along the last axis, the extremum of each block is found in vectors first, then in the first block that has the largest
// the first index of it: 32 elements at a time until there is one.
// CHECK-LABEL: func.func @arg_max_v4
// CHECK:       scf.for %{{.*}} = %c0 to %c5000 step %c2048 iter_args
// CHECK:         arith.maximumf {{.*}} : vector<16xf32>
// CHECK:         arith.cmpf ugt, {{.*}} : f32
// CHECK:       scf.while
// CHECK:         arith.cmpf oeq, {{.*}} : vector<32xf32>
// CHECK:         vector.bitcast %{{.*}} : vector<32xi1> to vector<1xi32>
// CHECK:       math.cttz
kernel.func @arg_max attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x5000xf32>):
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, last = false} : (tensor<4x5000xf32>) -> tensor<4x1xi64>
  kernel.yield %0 : tensor<4x1xi64>
}
