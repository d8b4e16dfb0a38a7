// The dialect's text is read back as it was written.
// RUN: import-model %s | FileCheck %s

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<?x4xf32> {onnx.dims = ["batch", ""], onnx.name = "x"},
                %s: !onnx.seq<tensor<*xf32>>, %m: !onnx.map<i64, f32>, %o: !onnx.optional<tensor<2xf32>>)
    -> (!onnx.value {onnx.name = "y"}) {
  // CHECK: onnx.initializer "w" dense<{{.*}}> : tensor<2xf32>
  %w = onnx.initializer "w" dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK: onnx.initializer "texts" dense<["a", "b\22"]> : tensor<2x!onnx.string>
  %texts = onnx.initializer "texts" dense<["a", "b\22"]> : tensor<2x!onnx.string>
  // CHECK: %[[NONE:.+]] = onnx.none
  %none = onnx.none
  // CHECK: onnx.node "Conv"(%{{.+}}, %{{.+}}, %[[NONE]]) {attributes = {group = 1 : i64}, name = "conv", opset = 17 : i64}
  // CHECK-SAME: : (tensor<?x4xf32>, tensor<2xf32>, none) -> !onnx.value
  %y = onnx.node "Conv"(%x, %w, %none) {attributes = {group = 1 : i64}, name = "conv", opset = 17 : i64}
      : (tensor<?x4xf32>, tensor<2xf32>, none) -> !onnx.value
  // CHECK: onnx.node "If"({{.*}}region_names = ["then_branch", "else_branch"]} : (!onnx.value) -> !onnx.value {
  // CHECK-NEXT: onnx.yield %{{.+}} : tensor<2xf32>
  // CHECK-NEXT: }, {
  // CHECK-NEXT: onnx.yield %{{.+}} : !onnx.value
  %z = onnx.node "If"(%y) {opset = 17 : i64, region_names = ["then_branch", "else_branch"]} : (!onnx.value) -> !onnx.value {
    onnx.yield %w : tensor<2xf32>
  }, {
    onnx.yield %y : !onnx.value
  }
  return %z : !onnx.value
}
