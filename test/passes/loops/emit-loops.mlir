// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Each operand of a concatenation is a piece: a loop nest of its own that writes its place in the result; the last whole
// vector is followed by a masked one.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "2"
// CHECK-LABEL: func.func @k_v4
// CHECK:       arith.cmpi ult
// CHECK:       scf.if
// CHECK:         vector.load
// CHECK-NEXT:    arith.negf
// CHECK:         vector.maskedload
// CHECK:         vector.maskedstore
// CHECK:       scf.if
// CHECK:         %[[ROW:.*]] = arith.muli %{{.*}}, %c40
// CHECK-NEXT:    %[[AT:.*]] = arith.addi %[[ROW]], %c24
// CHECK-NEXT:    vector.store %{{.*}}[%[[AT]]]
// CHECK-NOT:   vector.maskedstore
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x24xf32>, %y: tensor<4x16xf32>):
  %0 = graph.neg %x : (tensor<4x24xf32>) -> tensor<4x24xf32>
  %1 = graph.concat %0, %y {axis = 1 : i64} : (tensor<4x24xf32>, tensor<4x16xf32>) -> tensor<4x40xf32>
  kernel.yield %1 : tensor<4x40xf32>
}

// -----

// Sums down columns: eight vectors of them side by side, in chunks of whole groups, then what is left. Each is added up in
// parts, whose errors do not grow with all of its terms.
// CHECK:       kernel.func @columns attributes {{{.*}}tasks = "4"
// CHECK-LABEL: func.func @columns_v4
// CHECK:         scf.for {{.*}} step %c128
// CHECK:           scf.for {{.*}} step %c256 iter_args(%[[SUM:.*]] = {{.*}}) -> (vector<128xf32>)
// CHECK:             %[[PART:.*]] = scf.for {{.*}} step %c1 iter_args({{.*}}) -> (vector<128xf32>)
// CHECK:               arith.addf {{.*}} : vector<128xf32>
// CHECK:             arith.addf %[[SUM]], %[[PART]] : vector<128xf32>
// CHECK:         scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>)
kernel.func @columns attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<1000x1000xf32>):
  %0 = graph.reduce %x {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<1000x1000xf32>) -> tensor<1x1000xf32>
  kernel.yield %0 : tensor<1x1000xf32>
}

// A step of more than two functions fetches what later ones read and write; one of two does not.
// CHECK-LABEL: func.func @long_v4
// CHECK:       %[[AHEAD:.*]] = arith.addi %{{.*}}, %c256 : index
// CHECK:       memref.prefetch %{{.*}}[%[[AHEAD]]], read, locality<3>, data : memref<?xf32>
// CHECK:       vector.maskedload
// CHECK:       memref.prefetch {{.*}}, write, locality<3>, data : memref<?xf32>
// CHECK:       vector.maskedstore
kernel.func @long attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<100xf32>):
  %0 = graph.exp %x : (tensor<100xf32>) -> tensor<100xf32>
  %1 = graph.log %0 : (tensor<100xf32>) -> tensor<100xf32>
  %2 = graph.tanh %1 : (tensor<100xf32>) -> tensor<100xf32>
  kernel.yield %2 : tensor<100xf32>
}

// CHECK-LABEL: func.func @short_v4
// CHECK-NOT:   memref.prefetch
kernel.func @short attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<100xf32>):
  %0 = graph.exp %x : (tensor<100xf32>) -> tensor<100xf32>
  %1 = graph.log %0 : (tensor<100xf32>) -> tensor<100xf32>
  kernel.yield %1 : tensor<100xf32>
}

// -----

// A long row that lies in memory as the result wants it is copied whole; shorter ones of the same kernel in vectors.
// CHECK-LABEL: func.func @copies_v4
// CHECK:       scf.if %{{.*}} {
// CHECK:         vector.load
// CHECK:         vector.store
// CHECK:       } else {
// CHECK:         "llvm.intr.memcpy"
kernel.func @copies attributes {dims = 1 : i64, schedule = #kernel.schedule<"loops", {}, "test">, symbols = ["n"]} {
^bb0(%x: tensor<4x?xf32, #graph.dims<["", "n"]>>, %y: tensor<4x?xf32, #graph.dims<["", "n"]>>):
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<4x?xf32, #graph.dims<["", "n"]>>, tensor<4x?xf32, #graph.dims<["", "n"]>>) -> tensor<4x?xf32, #graph.dims<["", "2*n"]>>
  kernel.yield %0 : tensor<4x?xf32, #graph.dims<["", "2*n"]>>
}

// -----

// Rows known to be short are not.
// CHECK-LABEL: func.func @short_v4
// CHECK-NOT:   memcpy
kernel.func @short attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x24xf32>, %y: tensor<4x16xf32>):
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<4x24xf32>, tensor<4x16xf32>) -> tensor<4x40xf32>
  kernel.yield %0 : tensor<4x40xf32>
}

// -----

// Columns of a matrix lie apart: nothing is copied.
// CHECK-LABEL: func.func @columns_v4
// CHECK-NOT:     llvm.intr.memcpy
kernel.func @columns attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<1000x1xf32>, %y: tensor<1000x2xf32>):
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<1000x1xf32>, tensor<1000x2xf32>) -> tensor<1000x3xf32>
  kernel.yield %0 : tensor<1000x3xf32>
}
