// RUN: quern-opt %s --quern-form-kernels --quern-select-schedule --quern-outline-kernels --quern-emit-kernels --quern-plan-memory --quern-emit-host | FileCheck %s

// Straight code: the symbol, the output, one launch, an early exit after each call that can fail.
// CHECK: module @host_main
// CHECK: llvm.func @quern_host_main(%{{.*}}: !llvm.ptr) -> i32
// CHECK: llvm.cond_br
// CHECK: llvm.call
// CHECK: llvm.cond_br
// CHECK: llvm.return
!n = tensor<?x3xf32, #graph.dims<["N", ""]>>
func.func @main(%x: !n) -> !n {
  %0 = graph.neg %x : (!n) -> !n
  return %0 : !n
}
