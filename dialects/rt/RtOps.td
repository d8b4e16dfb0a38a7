#ifndef QUERN_RT_OPS
#define QUERN_RT_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rt_Dialect : Dialect {
  let name = "rt";
  let cppNamespace = "::quern::rt";
  let summary = "The host function: where buffers lie and which kernels run on them";
  let description = [{
    Made by the memory phase. A `!rt.buffer` is an address; its size is known to the op that makes it. Extents are
    expressions over symbols (text, as in the graph dialect); the host phase computes them once. See Rationale.md.
  }];
  let useDefaultTypePrinterParser = 1;
}

def Rt_BufferType : TypeDef<Rt_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "The address of a tensor's elements";
}

class Rt_Op<string mnemonic, list<Trait> traits = []> : Op<Rt_Dialect, mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Rt_ArenaOp : Rt_Op<"arena"> {
  let summary = "reserves the arena: one slot per entry, of so many bytes each (expressions)";
  let arguments = (ins StrArrayAttr:$slots);
}
def Rt_SlotOp : Rt_Op<"slot", [Pure]> {
  let summary = "the address of a slot of the arena";
  let arguments = (ins I64Attr:$index);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_AllocateOp : Rt_Op<"allocate"> {
  let summary = "memory for this run, of a size that is known only here";
  let arguments = (ins StrAttr:$bytes);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_InputOp : Rt_Op<"input", [Pure]> {
  let summary = "the data of an input of the model";
  let arguments = (ins I64Attr:$index);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_OutputOp : Rt_Op<"output"> {
  let summary = "sets the dims of an output and says where its data goes";
  let arguments = (ins I64Attr:$index, StrArrayAttr:$dims);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_ConstantOp : Rt_Op<"constant", [Pure]> {
  let summary = "a weight: segment `segment` of the artifact's weights";
  let arguments = (ins ElementsAttr:$value, I64Attr:$segment);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_LaunchOp : Rt_Op<"launch"> {
  let summary = "runs a kernel: `buffers` in the order of its arguments, then its results, then its shared memory";
  let description = [{
    `dims` are the kernel's parameters, `tasks` and `scratch` its number of tasks and bytes of scratch per thread, all
    expressions over the model's symbols. `site` numbers the launches of the model. With `phases` the tasks run that
    many times, numbered on, with a barrier between.
  }];
  let arguments = (ins StrAttr:$name, FlatSymbolRefAttr:$callee, I64Attr:$site, Variadic<Rt_BufferType>:$buffers, StrArrayAttr:$dims,
                       StrAttr:$tasks, StrAttr:$scratch, OptionalAttr<StrAttr>:$phases, StrAttr:$nodes);
}
def Rt_CopyOp : Rt_Op<"copy"> {
  let summary = "copies `bytes` bytes";
  let arguments = (ins Rt_BufferType:$from, Rt_BufferType:$to, StrAttr:$bytes);
}
def Rt_ReadSymbolsOp : Rt_Op<"read_symbols"> {
  let summary = "binds symbols to integers in memory; see graph.read_symbols";
  let arguments = (ins Rt_BufferType:$values, TypeAttr:$element, StrArrayAttr:$symbols, I64Attr:$minimum, OptionalAttr<StrAttr>:$maximum);
}
def Rt_GuardOp : Rt_Op<"guard"> {
  let summary = "fails the run where two dims differ";
  let arguments = (ins StrAttr:$lhs, StrAttr:$rhs, StrAttr:$message);
}
def Rt_YieldOp : Rt_Op<"yield", [Pure, Terminator]> {
  let summary = "ends a branch with buffers, and with values for the op's symbols";
  let arguments = (ins Variadic<Rt_BufferType>:$buffers, StrArrayAttr:$symbols);
}
def Rt_IfOp : Op<Rt_Dialect, "if", [SingleBlock, NoRegionArguments]> {
  let summary = "one of two branches, by a bool in memory; `symbols` are bound by the yields";
  let arguments = (ins Rt_BufferType:$condition, StrArrayAttr:$symbols);
  let results = (outs Variadic<Rt_BufferType>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition attr-dict `:` functional-type(operands, results) $then_region `else` $else_region";
}
def Rt_LoopOp : Op<Rt_Dialect, "loop", [SingleBlock]> {
  let summary = "repeats its body while the condition holds and the trip count, if not negative, is not reached";
  let description = [{
    Body arguments: the iteration (i64 in memory), the condition (bool in memory), the carried buffers. The yield gives
    the next condition, the next carried buffers, and buffers of `scan_bytes` bytes each (expressions inside the body)
    that are appended one after another. `symbols` start at `initial_symbols` and become what the yield says. Results:
    the carried buffers, then the appended ones.
  }];
  let arguments = (ins Rt_BufferType:$trip_count, Rt_BufferType:$condition, Variadic<Rt_BufferType>:$initial, StrArrayAttr:$symbols,
                       StrArrayAttr:$initial_symbols, StrArrayAttr:$scan_bytes);
  let results = (outs Variadic<Rt_BufferType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results) $body";
}

#endif
