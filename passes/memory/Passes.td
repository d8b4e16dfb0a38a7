#ifndef QUERN_PASSES_MEMORY
#define QUERN_PASSES_MEMORY

include "mlir/Pass/PassBase.td"

def PlaceTransfersPass : Pass<"quern-place-transfers", "mlir::ModuleOp"> {
  let summary = "Bring tensors to the memory of the kernel that reads them";
  let description = [{
    Some kernels run on the target's device, the others and everything else on the processor: sizes read from tensors,
    conditions. A value that is made in one memory and read in the other is copied over once, an input before anything
    runs. Weights are in both. Concatenations of what the device makes are on the device. In which memory inputs and
    outputs are is the caller's to say, so what returns stays where it is.

    ```mlir
    %y = kernel.launch "add" @k0 (%x) ..      %0 = kernel.transfer %x {to_device} ; %y = kernel.launch "add" @k0 (%0) ..
    return %y                             ->  return %y
    ```

    It must run after kernels are emitted, when it is known where each runs, and before memory is planned. Without
    kernels for a device it changes nothing.
  }];
}

def PlanMemoryPass : Pass<"quern-plan-memory", "mlir::ModuleOp"> {
  let summary = "Give every tensor of the host function a place";
  let description = [{
    Tensors become addresses: inputs, outputs, weights, slots of one arena. Two tensors share a slot where their lives
    do not overlap; a slot is as large as its largest tensor, an expression where sizes are dynamic, so the same plan
    serves static and dynamic shapes. Parts of a concatenation are written into its slot. The device's memory has an arena of its own. A tensor whose size is known only during the run is allocated where it is made.

    ```mlir
    %y = kernel.launch "fc1" @k0 (%x) ..     rt.arena {slots = ["256*batch"]}
    %z = kernel.launch "fc2" @k1 (%y) ..  -> %0 = rt.input {index = 0} ; %1 = rt.slot {index = 0}
    return %z                                rt.launch %0, %1 {..} ; %2 = rt.output {..} ; rt.launch %1, %2 {..}
    ```

    It must run after kernels are emitted, which learn their tasks and scratch then.
  }];
  let dependentDialects = ["::quern::rt::RtDialect", "::mlir::func::FuncDialect"];
}

#endif
