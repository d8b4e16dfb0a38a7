#ifndef QUERN_RT_OPS
#define QUERN_RT_OPS

include "dialects/graph/DimAttr.td"
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
  let description = [{
    Once, at the start of the host function. Slots lie one after another, each at a multiple of 64 bytes. With `device`
    it is the arena in the device's memory, which has its own count.

    ```mlir
    rt.arena {slots = ["256*batch", "4096"]} : () -> ()
    ```
  }];
  let arguments = (ins Graph_DimArrayAttr:$slots, UnitAttr:$device);
}
def Rt_SlotOp : Rt_Op<"slot", [Pure]> {
  let summary = "the address of a slot of the arena";
  let description = [{
    `index` counts the entries of rt.arena; with `device`, of the device's.

    ```mlir
    %b = rt.slot {index = 1 : i64} : () -> !rt.buffer
    ```
  }];
  let arguments = (ins I64Attr:$index, UnitAttr:$device);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_OffsetOp : Rt_Op<"offset", [Pure]> {
  let summary = "an address so many bytes behind another: a part of a concatenation";
  let description = [{
    ```mlir
    %b = rt.offset %a {bytes = "8*N + 16"} : (!rt.buffer) -> !rt.buffer
    ```
  }];
  let arguments = (ins Rt_BufferType:$base, Graph_DimAttr:$bytes);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_AllocateOp : Rt_Op<"allocate"> {
  let summary = "memory for this run, of a size that is known only here";
  let description = [{
    For tensors whose sizes are data. The runtime gives it back when the run ends; without memory the run fails. With
    `device` it is the device's memory.

    ```mlir
    %b = rt.allocate {bytes = "4*found"} : () -> !rt.buffer
    ```
  }];
  let arguments = (ins Graph_DimAttr:$bytes, UnitAttr:$device);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_InputOp : Rt_Op<"input", [Pure]> {
  let summary = "the data of an input of the model";
  let description = [{
    The caller's own memory, never written. In models with a device it may be the device's: with `bytes` the elements
    are in the processor's memory, where so many are copied to if they are not; with a `place` they are in the device's,
    the caller's own or copied to that place.

    ```mlir
    %x = rt.input {index = 0 : i64} : () -> !rt.buffer
    %y = rt.input %slot {bytes = "256", index = 1 : i64} : (!rt.buffer) -> !rt.buffer
    ```
  }];
  let arguments = (ins I64Attr:$index, OptionalAttr<Graph_DimAttr>:$bytes, Optional<Rt_BufferType>:$place);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_OutputOp : Rt_Op<"output"> {
  let summary = "sets the dims of an output and says where its data goes";
  let description = [{
    The caller's memory where it gave some that is large enough, else the context's. Fails the run where the caller's does not
    fit. In models with a device the caller's may be the device's: with `bytes` the address is the processor's all the
    same, and so many go over at the end; with a `place` it is the device's, the caller's own or that place, and an
    rt.deliver follows.

    ```mlir
    %y = rt.output {dims = ["batch", "10"], index = 0 : i64} : () -> !rt.buffer
    %z = rt.output %slot {bytes = "40", dims = ["10"], index = 1 : i64} : (!rt.buffer) -> !rt.buffer
    ```
  }];
  let arguments = (ins I64Attr:$index, Graph_DimArrayAttr:$dims, OptionalAttr<Graph_DimAttr>:$bytes,
                       Optional<Rt_BufferType>:$place);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_DeliverOp : Rt_Op<"deliver"> {
  let summary = "takes an output from the device's memory to where the caller wants it";
  let description = [{
    Sets the dims of the output as rt.output does. Nothing is copied where the elements are in the caller's memory already.

    ```mlir
    rt.deliver %z {bytes = "40", dims = ["10"], index = 1 : i64} : (!rt.buffer) -> ()
    ```
  }];
  let arguments = (ins Rt_BufferType:$from, I64Attr:$index, Graph_DimArrayAttr:$dims, Graph_DimAttr:$bytes);
}
def Rt_ConstantOp : Rt_Op<"constant", [Pure]> {
  let summary = "a weight: segment `segment` of the artifact's weights";
  let description = [{
    Offsets of segments are in the module's `quern.weight_offsets`, multiples of 64 bytes. Equal values are one segment.
    With `device` it is the copy in the device's memory.

    ```mlir
    %w = rt.constant {segment = 0 : i64, value = dense<1.0> : tensor<4xf32>} : () -> !rt.buffer
    ```
  }];
  let arguments = (ins ElementsAttr:$value, I64Attr:$segment, UnitAttr:$device);
  let results = (outs Rt_BufferType:$buffer);
}
def Rt_LaunchOp : Rt_Op<"launch"> {
  let summary = "runs a kernel: `buffers` in the order of its arguments, then its results, then its shared memory";
  let description = [{
    `dims` are the kernel's parameters, `tasks` and `scratch` its number of tasks and bytes of scratch per thread, all
    expressions over the model's symbols. `site` numbers the launches of the model. With `phases` the tasks run that
    many times, numbered on, with a barrier between. With `threads` the device runs them, as blocks of so many threads.

    ```mlir
    rt.launch %x, %w, %y {callee = @k0, dims = ["batch"], name = "fc1", nodes = "/fc1", scratch = "0", site = 0 : i64, tasks = "1"} : (!rt.buffer, !rt.buffer, !rt.buffer) -> ()
    ```
  }];
  let arguments = (ins StrAttr:$name, FlatSymbolRefAttr:$callee, I64Attr:$site, Variadic<Rt_BufferType>:$buffers, Graph_DimArrayAttr:$dims,
                       Graph_DimAttr:$tasks, Graph_DimAttr:$scratch, OptionalAttr<Graph_DimAttr>:$phases, StrAttr:$nodes,
                       OptionalAttr<I64Attr>:$threads);
}
def Rt_CopyOp : Rt_Op<"copy"> {
  let summary = "copies `bytes` bytes";
  let description = [{
    The two places are the same or do not overlap. `from_device` and `to_device` say which of them is the device's.

    ```mlir
    rt.copy %x, %y {bytes = "4*batch"} : (!rt.buffer, !rt.buffer) -> ()
    ```
  }];
  let arguments = (ins Rt_BufferType:$from, Rt_BufferType:$to, Graph_DimAttr:$bytes, UnitAttr:$from_device, UnitAttr:$to_device);
}
def Rt_ReadSymbolsOp : Rt_Op<"read_symbols"> {
  let summary = "binds symbols to integers in memory; see graph.read_symbols";
  let description = [{
    ```mlir
    rt.read_symbols %k {element = i64, maximum = "N", minimum = 1 : i64, symbols = ["k"]} : (!rt.buffer) -> ()
    ```
  }];
  let arguments = (ins Rt_BufferType:$values, TypeAttr:$element, StrArrayAttr:$symbols, I64Attr:$minimum, OptionalAttr<Graph_DimAttr>:$maximum);
}
def Rt_GuardOp : Rt_Op<"guard"> {
  let summary = "fails the run where two dims differ";
  let description = [{
    See graph.guard.

    ```mlir
    rt.guard {lhs = "N", message = "node 'add': extents that must be equal", rhs = "M"} : () -> ()
    ```
  }];
  let arguments = (ins Graph_DimAttr:$lhs, Graph_DimAttr:$rhs, StrAttr:$message);
}
def Rt_YieldOp : Rt_Op<"yield", [Pure, Terminator]> {
  let summary = "ends a branch with buffers, and with values for the op's symbols";
  let description = [{
    One expression for each symbol of the rt.if or rt.loop around it.

    ```mlir
    %y = rt.if %c {symbols = ["rows"]} : (!rt.buffer) -> !rt.buffer {
      rt.yield %a {symbols = ["6"]} : (!rt.buffer) -> ()
    } else {
      rt.yield %b {symbols = ["N"]} : (!rt.buffer) -> ()
    }
    ```
  }];
  let arguments = (ins Variadic<Rt_BufferType>:$buffers, Graph_DimArrayAttr:$symbols);
}
def Rt_IfOp : Op<Rt_Dialect, "if", [SingleBlock, NoRegionArguments]> {
  let summary = "one of two branches, by a bool in memory; `symbols` are bound by the yields";
  let description = [{
    A branch computes in the same arena and gives back addresses: the results' own memory, or that of what it passes on.

    ```mlir
    %y = rt.if %c {symbols = []} : (!rt.buffer) -> !rt.buffer {
      rt.yield %a {symbols = []} : (!rt.buffer) -> ()
    } else {
      %0 = rt.slot {index = 0 : i64} : () -> !rt.buffer
      rt.yield %0 {symbols = []} : (!rt.buffer) -> ()
    }
    ```
  }];
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

    ```mlir
    %last, %all = rt.loop %trips, %go, %x {initial_symbols = ["0"], scan_bytes = ["16"], symbols = ["n"]} : (!rt.buffer, !rt.buffer, !rt.buffer) -> (!rt.buffer, !rt.buffer) {
    ^bb0(%i: !rt.buffer, %on: !rt.buffer, %before: !rt.buffer):
      rt.yield %on, %before, %before {symbols = ["n + 1"]} : (!rt.buffer, !rt.buffer, !rt.buffer) -> ()
    }
    ```
  }];
  let arguments = (ins Rt_BufferType:$trip_count, Rt_BufferType:$condition, Variadic<Rt_BufferType>:$initial, StrArrayAttr:$symbols,
                       Graph_DimArrayAttr:$initial_symbols, Graph_DimArrayAttr:$scan_bytes);
  let results = (outs Variadic<Rt_BufferType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results) $body";
}

#endif
