// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A kernel is a function of its launch: buffers are flat memory, a bool is a byte, dims are loaded once at the entry, and
// tasks [first, last) run in one loop. It returns a status.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "{{.*}}d0*d1
// CHECK-LABEL: func.func @k_v4(%{{.*}}: !llvm.ptr) -> i32
// CHECK:       memref.alloca() : memref<i32>
// CHECK:       memref<?xi8>
// CHECK:       %[[D0:.*]] = arith.index_cast
// CHECK:       %[[D1:.*]] = arith.index_cast
// CHECK:       arith.muli %[[D0]], %[[D1]]
// CHECK:       scf.for
// CHECK-NOT:   llvm.load
// CHECK:         vector.load {{.*}} vector<16xi8>
// CHECK:         vector.store {{.*}} vector<16xi8>
// CHECK:       %[[STATUS:.*]] = memref.load {{.*}} memref<i32>
// CHECK-NEXT:  return %[[STATUS]]
kernel.func @k attributes {dims = 2 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<?x?xi1, #graph.dims<["d0", "d1"]>>):
  %0 = graph.not %x : (tensor<?x?xi1, #graph.dims<["d0", "d1"]>>) -> tensor<?x?xi1, #graph.dims<["d0", "d1"]>>
  kernel.yield %0 : tensor<?x?xi1, #graph.dims<["d0", "d1"]>>
}
