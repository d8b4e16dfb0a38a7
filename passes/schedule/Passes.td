#ifndef QUERN_PASSES_SCHEDULE
#define QUERN_PASSES_SCHEDULE

include "mlir/Pass/PassBase.td"

def SelectSchedulePass : Pass<"quern-select-schedule", "mlir::ModuleOp"> {
  let summary = "Choose how each kernel is computed";
  let description = [{
    Writes a #kernel.schedule on every kernel.region: the algorithm its anchor op calls for, the sizes of a task, and
    the reason. Nothing is transformed here; passes/loops reads the choice.

    ```mlir
    kernel.region "fc1" (..)   ->   kernel.region "fc1" (..) {schedule = #kernel.schedule<"gemm", {..}, "...">}
    ```

    It must run after kernels are formed and before they are outlined, because equal kernels with different schedules
    are different functions.

    Where the target has a device, kernels that it can compute get an algorithm of the device (DeviceSchedule.cpp); the
    others stay on the processor, and their reason says why.
  }];
  let options = [Option<"target", "target", "std::string", "\"x86-64\"", "target whose device, if it has one, runs kernels">,
                 Option<"tf32", "tf32", "bool", "false", "matrix units may multiply float32, rounded to 11 bits">];
}

#endif
