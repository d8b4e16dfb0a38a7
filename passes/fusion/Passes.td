#ifndef QUERN_PASSES_FUSION
#define QUERN_PASSES_FUSION

include "mlir/Pass/PassBase.td"

def FormKernelsPass : Pass<"quern-form-kernels", "mlir::ModuleOp"> {
  let summary = "Put every compute op into exactly one kernel.region";
  let description = [{
    Greedy, in program order: an op joins the kernels that make its operands where their emitter can take it in, else
    it starts one. The full case is test/passes/fusion/form-kernels.mlir.

    ```mlir
    %0 = graph.matmul %x, %w                %y = kernel.region "fc1" (%x, %w, %b) {
    %1 = graph.add %0, %b             ->      %0 = graph.matmul ; %1 = graph.add
                                              kernel.yield %1 }
    ```

    It must run after constants are folded and layouts are assigned, whose ops it fuses, and before schedules are
    selected, which look at whole kernels.
  }];
  let dependentDialects = ["::quern::kernel::KernelDialect"];
}

#endif
