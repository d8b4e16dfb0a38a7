// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v3 --canonicalize --cse | FileCheck %s --check-prefix=PLAIN

// Along the last axis, four vectors a step: each lane keeps its extremum and the number of the vector that has it. NaN are
// only noted, two vectors at a time, and looked for afterwards if there were some.
// CHECK-LABEL: func.func @arg_max_v4
// CHECK:       scf.for %{{.*}} = %c0 to %c4992 step %c64 iter_args
// CHECK-COUNT-4: arith.cmpf ogt, {{.*}} : vector<16xf32>
// CHECK-COUNT-2: arith.cmpf uno, {{.*}} : vector<16xf32>
// CHECK:         scf.yield
// CHECK-COUNT-3: arith.cmpf oeq, {{.*}} : vector<16xf32>
// CHECK:       vector.maskedload
// CHECK:       vector.reduction <minsi>, %{{.*}} : vector<16xi32>
// CHECK:       math.cttz
// CHECK:       scf.if
// CHECK:         scf.while
// CHECK:           arith.cmpf uno, {{.*}} : vector<32xf32>

// PLAIN-LABEL: func.func @arg_max_v3
// PLAIN:       scf.for %{{.*}} = %c0 to %c4992 step %c32 iter_args
// PLAIN-NOT:   vector.maskedload
// PLAIN:       vector.reduction <minsi>, %{{.*}} : vector<8xi32>
kernel.func @arg_max attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x5003xf32>):
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, last = false} : (tensor<4x5003xf32>) -> tensor<4x1xi64>
  kernel.yield %0 : tensor<4x1xi64>
}

// Numbers of vectors are as wide as 64-bit elements; integers have no NaN. The last place wins over those as far.
// CHECK-LABEL: func.func @arg_min_v4
// CHECK-COUNT-4: arith.cmpi sle, {{.*}} : vector<16xi64>
// CHECK:       vector.reduction <maxsi>, %{{.*}} : vector<16xi64>
// CHECK:       math.ctlz
// CHECK-NOT:   scf.while
kernel.func @arg_min attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x5000xi64>):
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = false, last = true} : (tensor<4x5000xi64>) -> tensor<4x1xi64>
  kernel.yield %0 : tensor<4x1xi64>
}

// Of bools, the search ends at the first.
// CHECK-LABEL: func.func @arg_bool_v4
// CHECK:       scf.while
// CHECK:         vector.load {{.*}} vector<64xi8>
// CHECK-NOT:   scf.for
// CHECK:       arith.cmpi ult, %{{.*}}, %c5000
kernel.func @arg_bool attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<5000xi1>):
  %0 = graph.arg_reduce %x {axis = 0 : i64, largest = true, last = false} : (tensor<5000xi1>) -> tensor<1xi64>
  kernel.yield %0 : tensor<1xi64>
}

// Columns of bools are compared as bytes.
// CHECK-LABEL: func.func @arg_bool_columns_v4
// CHECK:       arith.cmpi ugt, {{.*}} : vector<16xi8>
kernel.func @arg_bool_columns attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<50x64xi1>):
  %0 = graph.arg_reduce %x {axis = 0 : i64, largest = true, last = false} : (tensor<50x64xi1>) -> tensor<1x64xi64>
  kernel.yield %0 : tensor<1x64xi64>
}

// Numbers would take more registers than narrow elements do: the extremum first, block by block, then its place.
// CHECK-LABEL: func.func @arg_narrow_v4
// CHECK:       scf.for %{{.*}} = %c0 to %c5000 step %c2048 iter_args
// CHECK:         arith.maxui {{.*}} : vector<16xi8>
// CHECK:       scf.while
// CHECK:         arith.cmpi eq, {{.*}} : vector<32xi8>
kernel.func @arg_narrow attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x5000xui8>):
  %0 = graph.arg_reduce %x {axis = 1 : i64, largest = true, last = false} : (tensor<4x5000xui8>) -> tensor<4x1xi64>
  kernel.yield %0 : tensor<4x1xi64>
}
