// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v3 --canonicalize --cse | FileCheck %s --check-prefix=NARROW

// Of 20 columns 16 are one square; of the other four, as many lanes are read as there are columns. Where loads have no
// masks the last square begins early enough to be whole. The last block of rows goes element by element.
// CHECK-LABEL: func.func @k_v4
// CHECK:         memref.load
// CHECK:         memref.store
// CHECK:         vector.load %{{.*}} vector<16xf32>
// CHECK:         vector.shuffle
// CHECK:         vector.store
// CHECK:         vector.maskedload
// CHECK:         vector.shuffle
// CHECK:         vector.store
// NARROW-LABEL: func.func @k_v3
// NARROW-NOT:     vector.maskedload
// NARROW:         vector.load %{{.*}} vector<8xf32>
// NARROW:         vector.shuffle
// NARROW:         vector.store
// NARROW-NOT:     vector.maskedload
// NARROW:         return
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"row_lanes", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>):
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<?x20xf32, #graph.dims<["d0", ""]>>) -> tensor<?x1xf32, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf32, #graph.dims<["d0", ""]>>
}
