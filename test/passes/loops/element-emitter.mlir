// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 | FileCheck %s --check-prefix=ONCE

// Movement costs no memory: a slice moves the address that the load reads.
// CHECK-LABEL: func.func @movement_v4
// CHECK:       scf.for
// CHECK:       scf.for %[[ROW:.*]] =
// CHECK-NEXT:    %[[R:.*]] = arith.addi %[[ROW]], %c2
// CHECK-NEXT:    %[[A:.*]] = arith.muli %[[R]], %c32
// CHECK-NEXT:    %[[B:.*]] = arith.addi %[[A]], %c16
// CHECK-NEXT:    vector.load %{{.*}}[%[[B]]]
// CHECK:         vector.store
// CHECK-NOT:   vector.store

// Lanes that are not neighbours in memory are gathered.
// CHECK-LABEL: func.func @transposed_v4
// CHECK-DAG:   %[[LANES:.*]] = arith.constant dense<[0, 8, 16, 24, {{.*}}, 120]> : vector<16xindex>
// CHECK:       vector.gather %{{.*}}[%{{.*}}] [%[[LANES]]]

// A value that two ops ask for at one point is computed once.
// CHECK-LABEL: func.func @shared_v4
// CHECK:       scf.for
// CHECK:         %[[E:.*]] = math.sqrt
// CHECK-NOT:     math.sqrt
// CHECK:         arith.mulf %[[E]], %[[E]]
// CHECK:         vector.store

// Also along an axis of one element, whose place is a constant in each point.
// ONCE-LABEL: func.func @shared_row_v4
// ONCE:         %[[S:.*]] = math.sqrt
// ONCE-NEXT:    %[[N:.*]] = arith.negf %[[S]]
// ONCE-NOT:     math.sqrt
// ONCE:         arith.mulf %[[N]], %[[N]]

// Lanes that are few elements apart are taken out of whole vectors; the last of these ends at the last lane.
// CHECK-LABEL: func.func @apart_v4
// CHECK:       %[[FIRST:.*]] = vector.load
// CHECK:       %[[LAST:.*]] = arith.addi %{{.*}}, %c15
// CHECK-NEXT:  %[[SECOND:.*]] = vector.load %{{.*}}[%[[LAST]]]
// CHECK-NEXT:  vector.shuffle %[[FIRST]], %[[SECOND]] [0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31]

// What a padding repeats is found lane by lane only where lanes are outside.
// CHECK-LABEL: func.func @padded_v4
// CHECK:       %[[FIRST:.*]] = arith.cmpi ult, %[[AT:.*]], %c40
// CHECK:       %[[LAST:.*]] = arith.cmpi ult, %{{.*}}, %c40
// CHECK-NEXT:  %[[WITHIN:.*]] = arith.andi %[[FIRST]], %[[LAST]]
// CHECK-NEXT:  scf.if %[[WITHIN]]
// CHECK-NEXT:    vector.load %{{.*}}[%[[AT]]]
// CHECK:       } else {
// CHECK:         arith.remsi
// CHECK:         vector.gather
kernel.func @movement attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<16x32xf32>):
  %0 = graph.slice %x {starts = ["2", "16"], steps = array<i64: 1, 1>} : (tensor<16x32xf32>) -> tensor<8x16xf32>
  %1 = graph.exp %0 : (tensor<8x16xf32>) -> tensor<8x16xf32>
  kernel.yield %1 : tensor<8x16xf32>
}
kernel.func @transposed attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<16x8xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<16x8xf32>) -> tensor<8x16xf32>
  %1 = graph.neg %0 : (tensor<8x16xf32>) -> tensor<8x16xf32>
  kernel.yield %1 : tensor<8x16xf32>
}
kernel.func @shared attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<16xf32>):
  %0 = graph.sqrt %x : (tensor<16xf32>) -> tensor<16xf32>
  %1 = graph.mul %0, %0 : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  kernel.yield %1 : tensor<16xf32>
}
kernel.func @shared_row attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<1x16xf32>):
  %0 = graph.sqrt %x : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %1 = graph.neg %0 : (tensor<1x16xf32>) -> tensor<1x16xf32>
  %2 = graph.mul %1, %1 : (tensor<1x16xf32>, tensor<1x16xf32>) -> tensor<1x16xf32>
  kernel.yield %2 : tensor<1x16xf32>
}
kernel.func @apart attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<63xf32>):
  %0 = graph.slice %x {starts = ["0"], steps = array<i64: 2>} : (tensor<63xf32>) -> tensor<32xf32>
  %1 = graph.neg %0 : (tensor<32xf32>) -> tensor<32xf32>
  kernel.yield %1 : tensor<32xf32>
}
kernel.func @padded attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<40xf32>):
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.pad %x, %zero {low = ["4"], mode = #graph<pad_mode reflect>} : (tensor<40xf32>, tensor<f32>) -> tensor<48xf32>
  kernel.yield %0 : tensor<48xf32>
}

// What a part is put into is emitted once a level, twice would be 2^n for n of them: it is read and the result is written.
// CHECK-LABEL: func.func @parts_v4
// CHECK-COUNT-2: arith.muli %{{.*}}, %c64
// CHECK-NOT:   arith.muli %{{.*}}, %c64
kernel.func @parts attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%a: tensor<2x2xf32>, %x: tensor<6x64xf32>):
  %0 = graph.pad %a, %x {low = ["0", "3"], mode = #graph<pad_mode constant>} : (tensor<2x2xf32>, tensor<6x64xf32>) -> tensor<6x64xf32>
  %1 = graph.pad %a, %0 {low = ["1", "9"], mode = #graph<pad_mode constant>} : (tensor<2x2xf32>, tensor<6x64xf32>) -> tensor<6x64xf32>
  %2 = graph.pad %a, %1 {low = ["2", "20"], mode = #graph<pad_mode constant>} : (tensor<2x2xf32>, tensor<6x64xf32>) -> tensor<6x64xf32>
  kernel.yield %2 : tensor<6x64xf32>
}

// What lies backwards is loaded forwards and turned in the register.
// CHECK-LABEL: func.func @backwards_v4
// CHECK:       %[[LANES:.*]] = vector.load {{.*}} : memref<?xf32>, vector<16xf32>
// CHECK-NEXT:  vector.shuffle %[[LANES]], %[[LANES]] [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
kernel.func @backwards attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<640xf32>):
  %0 = graph.slice %x {starts = ["639"], steps = array<i64: -1>} : (tensor<640xf32>) -> tensor<640xf32>
  %1 = graph.neg %0 : (tensor<640xf32>) -> tensor<640xf32>
  kernel.yield %1 : tensor<640xf32>
}
