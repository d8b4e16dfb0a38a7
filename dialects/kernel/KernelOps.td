#ifndef QUERN_KERNEL_OPS
#define QUERN_KERNEL_OPS

include "dialects/graph/DimAttr.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::quern::kernel";
  let summary = "The units of fusion, scheduling, launch and profile";
  let description = [{
    Phase 3 puts every compute op into one `kernel.region`; phase 4 gives each a `#kernel.schedule`; phase 5 moves the
    bodies into `kernel.func`s, one per distinct kernel, and leaves `kernel.launch`es behind. See Rationale.md.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def Kernel_ScheduleAttr : AttrDef<Kernel_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "How a kernel is computed: the algorithm, its integer parameters and why they were chosen";
  let description = [{
    ```mlir
    #kernel.schedule<"gemm", {task_rows = 126, task_columns = 64}, "weights packed in panels of 16">
    ```
    The register tile of each level comes from the target's table; what stands here is the same for all levels.
  }];
  let parameters = (ins "::mlir::StringAttr":$algorithm, "::mlir::DictionaryAttr":$parameters, "::mlir::StringAttr":$reason);
  let assemblyFormat = "`<` $algorithm `,` $parameters `,` $reason `>`";
  let extraClassDeclaration = [{
    /// The integer parameter of this name; `otherwise` where the schedule does not say.
    int64_t parameter(llvm::StringRef name, int64_t otherwise) const;
  }];
}

def Kernel_RegionOp : Op<Kernel_Dialect, "region", [IsolatedFromAbove, SingleBlock, Pure]> {
  let summary = "graph ops that become one kernel";
  let description = [{
    Block arguments stand for the operands; nothing else is seen from inside but constants of one value, which are copied.
    `name` is unique in the model; `nodes` are the model's own nodes in it.

    ```mlir
    %y = kernel.region "fc1" (%x, %w, %b) {nodes = "/fc1, /relu1"} : (tensor<4x8xf32>, tensor<1x8x16xf32>, tensor<16xf32>) -> tensor<4x16xf32> {
    ^bb0(%0: tensor<4x8xf32>, %1: tensor<1x8x16xf32>, %2: tensor<16xf32>):
      %zero = graph.constant dense<0.0> : tensor<f32>
      %3 = graph.matmul %0, %1 {columns = 16 : i64} : (tensor<4x8xf32>, tensor<1x8x16xf32>) -> tensor<4x16xf32>
      %4 = graph.add %3, %2 : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
      %5 = graph.max %4, %zero : (tensor<4x16xf32>, tensor<f32>) -> tensor<4x16xf32>
      kernel.yield %5 : tensor<4x16xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyTensor>:$inputs, StrAttr:$nodes, OptionalAttr<Kernel_ScheduleAttr>:$schedule);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name ` ` `(` $inputs `)` attr-dict `:` functional-type($inputs, $results) $body";
  let hasVerifier = 1;
}

def Kernel_YieldOp : Op<Kernel_Dialect, "yield", [Pure, Terminator, ReturnLike, ParentOneOf<["RegionOp", "FuncOp"]>]> {
  let summary = "the results of a kernel";
  let description = [{
    Ends a kernel.region and a kernel.func.

    ```mlir
    %y = kernel.region "neg" (%x) {nodes = "n"} : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%0: tensor<4xf32>):
      %1 = graph.neg %0 : (tensor<4xf32>) -> tensor<4xf32>
      kernel.yield %1 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyTensor>:$values);
  let assemblyFormat = "$values `:` type($values) attr-dict";
}

def Kernel_FuncOp : Op<Kernel_Dialect, "func", [IsolatedFromAbove, SingleBlock, Symbol]> {
  let summary = "one distinct kernel; its types' dims are the parameters d0, d1, ...";
  let description = [{
    `dims` counts the parameters. `tasks`, `scratch` (bytes per thread), `phases` and `shared` are expressions over them,
    set when the loops are made. Dims that the kernel knows at compile time are constants in the types.

    A kernel in `phases` runs `tasks` tasks in each, numbered on from phase to phase; a phase begins when all tasks of
    the one before have ended. `shared` bytes of memory that all tasks see carry values from one to the next.

    With `threads` the kernel runs on the target's device: a task is a block of so many threads, and `scratch` is the
    block's.

    ```mlir
    kernel.func @k0 attributes {dims = 1 : i64, schedule = #kernel.schedule<"loops", {}, "vectors along the innermost axis">, scratch = "0", tasks = "1"} {
    ^bb0(%0: tensor<?x3xf32, #graph.dims<["d0", ""]>>):
      %1 = graph.neg %0 : (tensor<?x3xf32, #graph.dims<["d0", ""]>>) -> tensor<?x3xf32, #graph.dims<["d0", ""]>>
      kernel.yield %1 : tensor<?x3xf32, #graph.dims<["d0", ""]>>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$dims, Kernel_ScheduleAttr:$schedule, OptionalAttr<Graph_DimAttr>:$tasks,
                       OptionalAttr<Graph_DimAttr>:$scratch, OptionalAttr<Graph_DimAttr>:$phases, OptionalAttr<Graph_DimAttr>:$shared,
                       OptionalAttr<I64Attr>:$threads);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def Kernel_LaunchOp : Op<Kernel_Dialect, "launch", [Pure]> {
  let summary = "runs a kernel.func; `dims` are the values of its parameters as expressions over the model's symbols";
  let description = [{
    Operands and results are those of the region that it stands for. The kernel's d0 is 2*N here:

    ```mlir
    %y = kernel.launch "neg" @k0(%x) {dims = ["2*N"], nodes = "n"}
        : (tensor<?x3xf32, #graph.dims<["2*N", ""]>>) -> tensor<?x3xf32, #graph.dims<["2*N", ""]>>
    ```
  }];
  let arguments = (ins StrAttr:$name, FlatSymbolRefAttr:$callee, Variadic<AnyTensor>:$inputs, Graph_DimArrayAttr:$dims, StrAttr:$nodes);
  let results = (outs Variadic<AnyTensor>:$results);
  let assemblyFormat = "$name $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)";
}

def Kernel_TransferOp : Op<Kernel_Dialect, "transfer", [Pure, SameOperandsAndResultType]> {
  let summary = "the same tensor in the other memory: the device's, or without `to_device` the processor's";
  let description = [{
    Stands between kernels of the processor and kernels of the device, only where the target has one.

    ```mlir
    %1 = kernel.transfer %0 {to_device} : tensor<4xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, UnitAttr:$to_device);
  let results = (outs AnyTensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

#endif
