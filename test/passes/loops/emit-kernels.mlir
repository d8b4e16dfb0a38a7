// RUN: quern-opt %s --quern-form-kernels --quern-select-schedule --quern-outline-kernels --quern-emit-kernels=target=x86-64 | FileCheck %s

// The function learns its tasks; each level gets a module with vectors of its width.
// CHECK: kernel.func @k0 attributes {{.*}}tasks = "1"
// CHECK: module @k0_v4
// CHECK: func.func @k0_v4(%{{.*}}: !llvm.ptr) -> i32
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: vector.maskedload
// CHECK: module @k0_v3
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK-NOT: vector.maskedload
func.func @main(%x: tensor<5x19xf32>, %y: tensor<5x19xf32>) -> tensor<5x19xf32> {
  %0 = graph.add %x, %y : (tensor<5x19xf32>, tensor<5x19xf32>) -> tensor<5x19xf32>
  return %0 : tensor<5x19xf32>
}
