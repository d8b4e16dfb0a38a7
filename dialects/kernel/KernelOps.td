#ifndef QUERN_KERNEL_OPS
#define QUERN_KERNEL_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
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
    Block arguments stand for the operands. `name` is unique in the model; `nodes` are the model's own nodes in it.

    ```mlir
    %y = kernel.region "conv1" (%x, %w) {nodes = "/conv1, /relu1"} : (tensor<..>, tensor<..>) -> tensor<..> {
    ^bb0(%0: tensor<..>, %1: tensor<..>):
      %2 = graph.conv %0, %1 ...
      %3 = graph.max %2, %zero ...
      kernel.yield %3 : tensor<..>
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
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$dims, Kernel_ScheduleAttr:$schedule, OptionalAttr<StrAttr>:$tasks,
                       OptionalAttr<StrAttr>:$scratch, OptionalAttr<StrAttr>:$phases, OptionalAttr<StrAttr>:$shared);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def Kernel_LaunchOp : Op<Kernel_Dialect, "launch", [Pure]> {
  let summary = "runs a kernel.func; `dims` are the values of its parameters as expressions over the model's symbols";
  let arguments = (ins StrAttr:$name, FlatSymbolRefAttr:$callee, Variadic<AnyTensor>:$inputs, StrArrayAttr:$dims, StrAttr:$nodes);
  let results = (outs Variadic<AnyTensor>:$results);
  let assemblyFormat = "$name $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)";
}

#endif
