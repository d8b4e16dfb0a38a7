// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Lines of one chunk are in the memory of a thread.
// CHECK:       kernel.func @values attributes {{{.*}}scratch = "9216", tasks = "1"}
// A line of several chunks is shared by tasks, first sorted chunk by chunk, then merged in as many phases as it takes; places
// of wide keys are sorted twice. What is kept is of no thread.
// CHECK:       kernel.func @long attributes {{{.*}}phases = "6"{{.*}}scratch = "0", shared = "{{[1-9][0-9]*}}", tasks = "6"}

// Keys of 32 bits stand above their places; a NaN last, zeros of both signs the same.
// CHECK-LABEL: func.func @pairs_v4
// CHECK:       arith.cmpf oeq
// CHECK:       arith.bitcast %{{.*}} : vector<16xf32> to vector<16xi32>
// CHECK:       arith.cmpf uno
// CHECK:       arith.extsi %{{.*}} : vector<16xi32> to vector<16xi64>
// CHECK:       arith.shli
// CHECK:       arith.ori
// Two registers hold the ten elements of a line: no lists are merged.
// CHECK:       arith.minsi %{{.*}} : vector<8xi64>
// CHECK-NOT:   scf.while
// The values are read again where they stand.
// CHECK:       arith.andi
// CHECK:       vector.gather
kernel.func @pairs attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<4x10xf32>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<4x10xf32>) -> (tensor<4x10xf32>, tensor<4x10xi64>)
  kernel.yield %0, %1 : tensor<4x10xf32>, tensor<4x10xi64>
}

// The values alone come back out of the keys, which are of 32 bits at least. Half of the
// registers are sorted at once, and what is longer is merged: the list whose next key is smaller gives the next block.
// CHECK-LABEL: func.func @values_v4
// CHECK:       arith.extsi %{{.*}} : vector<16xi16> to vector<16xi32>
// CHECK:       arith.xori
// CHECK-COUNT-63: arith.maxsi %{{.*}} : vector<16xi32>
// CHECK:       scf.for {{.*}} = %c0 to %c2 step %c1
// CHECK:         scf.while
// CHECK:         scf.for {{.*}} -> (index, index, vector<16xi32>{{.*}})
// CHECK:           arith.cmpi sle
// CHECK:           memref.prefetch
// CHECK:           vector.shuffle
// CHECK:       arith.trunci %{{.*}} : vector<16xi32> to vector<16xi16>
kernel.func @values attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<4x1000xi16>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<4x1000xi16>) -> (tensor<4x1000xi16>, tensor<4x1000xi64>)
  kernel.yield %0 : tensor<4x1000xi16>
}

kernel.func @long attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<2x80000xf64>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<2x80000xf64>) -> (tensor<2x80000xf64>, tensor<2x80000xi64>)
  kernel.yield %1 : tensor<2x80000xi64>
}

// Lines of unknown length: one that fits a smaller network is filled up to that and sorted by it.
// CHECK-LABEL: func.func @short_or_long_v4
// CHECK:       arith.select %{{.*}}, %{{.*}}, %c64
// CHECK:       arith.select %{{.*}}, %{{.*}}, %c32
// CHECK:       arith.select %{{.*}}, %{{.*}}, %c16
// CHECK:       arith.cmpi eq, %{{.*}}, %c16
// CHECK:       scf.if
// CHECK:         arith.minsi %{{.*}} : vector<8xi64>
// CHECK:       } else {
// CHECK:         arith.cmpi eq, %{{.*}}, %c32
// CHECK:         scf.if
kernel.func @short_or_long attributes {dims = 1 : i64, schedule = #kernel.schedule<"sort", {}, "test">, symbols = ["n"]} {
^bb0(%x: tensor<?xf64, #graph.dims<["n"]>>):
  %0, %1 = graph.top_k %x {axis = 0 : i64, largest = false, sorted = true} : (tensor<?xf64, #graph.dims<["n"]>>) -> (tensor<?xf64, #graph.dims<["n"]>>, tensor<?xi64, #graph.dims<["n"]>>)
  kernel.yield %0 : tensor<?xf64, #graph.dims<["n"]>>
}
