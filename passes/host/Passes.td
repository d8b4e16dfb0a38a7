#ifndef QUERN_PASSES_HOST
#define QUERN_PASSES_HOST

include "mlir/Pass/PassBase.td"

def EmitHostPass : Pass<"quern-emit-host", "mlir::ModuleOp"> {
  let summary = "Turn the rt ops of @host into native code";
  let description = [{
    A nested module @host_main appears with one llvm.func @quern_host_main(frame) -> i32 (or of another symbol) of straight code: dims as i64
    arithmetic, addresses, calls of the runtime's services, an early exit after each that can fail.

    ```mlir
    rt.launch %x, %y {callee = @k0, dims = ["2*N"], ..}   ->   llvm.store %x, %buffers ; llvm.store %y, %buffers[8]
                                                               %0 = llvm.mul %N, %c2 ; llvm.store %0, %dims
                                                               %1 = llvm.call %launch(%frame, %site, %buffers, %dims, ..)
                                                               llvm.cond_br (%1 != 0), ^exit(%1), ^next
    ```

    It must run after memory is planned; nothing but rt ops may be left in @host. The full case is
    test/passes/host/emit-host.mlir.
  }];
  let options = [Option<"symbol", "symbol", "std::string", "\"quern_host_main\"", "the function's name">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
