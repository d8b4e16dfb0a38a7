#ifndef QUERN_PASSES_LOOPS
#define QUERN_PASSES_LOOPS

include "mlir/Pass/PassBase.td"

def OutlineKernelsPass : Pass<"quern-outline-kernels", "mlir::ModuleOp"> {
  let summary = "Move kernel bodies into functions, one per distinct kernel";
  let description = [{
    Every dim expression of a region becomes a parameter d0, d1, ... of its function, so that layers that differ only
    in sizes known at run time share code; regions with the same text become launches of one function.

    ```mlir
    %y = kernel.region "fc1" (%x) {..}     kernel.func @k0 attributes {dims = 1, ..} { ^bb0(%0: tensor<?x8xf32, d0>): .. }
    %z = kernel.region "fc2" (%y) {..}  -> %y = kernel.launch "fc1" @k0 (%x) {dims = ["batch"]}
                                           %z = kernel.launch "fc2" @k0 (%y) {dims = ["batch"]}
    ```

    It must run after schedules are selected, which are part of what makes kernels distinct. Models that go into one file
    need different prefixes.
  }];
  let options = [Option<"prefix", "prefix", "std::string", "\"k\"", "how the names of the functions begin">];
}

def EmitKernelsPass : Pass<"quern-emit-kernels", "mlir::ModuleOp"> {
  let summary = "Make the loops of each kernel.func, for each level of the target";
  let description = [{
    For every kernel.func and level a nested module @kN_LEVEL with one func.func of scf, vector and memref appears; the
    kernel.func learns its number of tasks and its scratch memory. See test/passes/loops/emit-kernels.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"x86-64\"", "target whose levels are emitted">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::index::IndexDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect"];
}

#endif
