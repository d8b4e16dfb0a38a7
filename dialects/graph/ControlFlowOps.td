// Branches and loops of the model. They stay in the host function; kernels have none.

#ifndef QUERN_GRAPH_CONTROL_FLOW_OPS
#define QUERN_GRAPH_CONTROL_FLOW_OPS

include "dialects/graph/GraphOp.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Graph_YieldOp : Graph_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "ends a region with the values that leave it";
  let description = [{
    ```mlir
    %y = graph.if %c {symbols = []} : (tensor<i1>) -> tensor<4xf32> {
      graph.yield %a : tensor<4xf32>
    } else {
      graph.yield %b : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}
def Graph_IfOp : Op<Graph_Dialect, "if", [SingleBlock, NoRegionArguments]> {
  let summary = "one of two regions; `symbols` are bound to the dims of the results where the branches differ";
  let description = [{
    The condition is i1 of rank 0. A result's dim that is the same expression in both branches keeps it. Otherwise the
    result's type has a symbol listed in `symbols`, and each branch's yielded type says what it is there.

    ```mlir
    %y = graph.if %c {symbols = ["rows"]} : (tensor<i1>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>> {
      %0 = graph.concat %x, %x {axis = 0 : i64} : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<6x4xf32>
      graph.yield %0 : tensor<6x4xf32>
    } else {
      graph.yield %x : tensor<3x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyTensor:$condition, StrArrayAttr:$symbols);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition attr-dict `:` functional-type(operands, results) $then_region `else` $else_region";
}
def Graph_LoopOp : Op<Graph_Dialect, "loop", [SingleBlock]> {
  let summary = "ONNX Loop: carried values, and scan outputs stacked along a new first axis";
  let description = [{
    Operands: trip count (i64 rank 0; a negative one is "no limit"), condition (i1 rank 0), initial carried values.
    Body arguments: iteration (i64), condition (i1), carried values. It yields condition, carried values, scan values.
    Results: final carried values, then scan outputs, whose first dim is a symbol of `symbols`. Carried types are a
    fixed point: a dim that changes between iterations is a symbol of `symbols`.

    ```mlir
    %last, %all = graph.loop %trips, %go, %x {symbols = ["n"]}
        : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32, #graph.dims<["n", ""]>>) {
    ^bb0(%i: tensor<i64>, %on: tensor<i1>, %before: tensor<4xf32>):
      %after = graph.sin %before : (tensor<4xf32>) -> tensor<4xf32>
      graph.yield %on, %after, %before : tensor<i1>, tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyTensor:$trip_count, AnyTensor:$condition, Variadic<AnyTensor>:$initial, StrArrayAttr:$symbols);
  let results = (outs Variadic<AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results) $body";
}

#endif
