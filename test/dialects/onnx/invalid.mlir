// RUN: split-file %s %t
// RUN: not import-model %t/no-operator.mlir 2>&1 | FileCheck %s --check-prefix=OPERATOR
// RUN: not import-model %t/no-opset.mlir 2>&1 | FileCheck %s --check-prefix=OPSET
// RUN: not import-model %t/unnamed-region.mlir 2>&1 | FileCheck %s --check-prefix=UNNAMED
// RUN: not import-model %t/name-twice.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not import-model %t/no-yield.mlir 2>&1 | FileCheck %s --check-prefix=YIELD
// RUN: not import-model %t/output-names.mlir 2>&1 | FileCheck %s --check-prefix=OUTPUTS
// RUN: not import-model %t/left-out-used.mlir 2>&1 | FileCheck %s --check-prefix=LEFTOUT
// RUN: not import-model %t/attributes.mlir 2>&1 | FileCheck %s --check-prefix=DICTIONARY
// RUN: not import-model %t/initializer-type.mlir 2>&1 | FileCheck %s --check-prefix=TYPE

//--- no-operator.mlir
// OPERATOR: 'onnx.node' op has no operator: op_type is empty
onnx.node ""() {opset = 1 : i64} : () -> ()

//--- no-opset.mlir
// OPSET: 'onnx.node' op has opset 0, but versions begin at 1
onnx.node "Relu"() {opset = 0 : i64} : () -> ()

//--- unnamed-region.mlir
// UNNAMED: 'onnx.node' op has 1 regions, but region_names has 0
onnx.node "Loop"() {opset = 1 : i64} : () -> () {
  onnx.yield
}

//--- name-twice.mlir
// TWICE: 'onnx.node' op has two attributes named 'body'
onnx.node "Loop"() {attributes = {body = 1 : i64}, opset = 1 : i64, region_names = ["body"]} : () -> () {
  onnx.yield
}

//--- no-yield.mlir
// YIELD: 'onnx.node' op region does not end with onnx.yield
onnx.node "Loop"() {opset = 1 : i64, region_names = ["body"]} : () -> () {
  %0 = onnx.none
}

//--- output-names.mlir
// OUTPUTS: 'onnx.node' op has 1 outputs, but output_names has 2
%0 = onnx.node "Relu"() {opset = 1 : i64, output_names = ["a", "b"]} : () -> !onnx.value

//--- left-out-used.mlir
// LEFTOUT: 'onnx.node' op uses an output that it leaves out (type none)
%0 = onnx.node "Dropout"() {opset = 1 : i64} : () -> none
onnx.node "Relu"(%0) {opset = 1 : i64} : (none) -> ()

//--- attributes.mlir
// DICTIONARY: 'onnx.node' op 'attributes' is no dictionary
onnx.node "Relu"() {attributes = 1 : i64, opset = 1 : i64} : () -> ()

//--- initializer-type.mlir
// TYPE: 'onnx.initializer' op failed to verify that all of {value, result} have same type
"onnx.initializer"() {name = "w", value = dense<1> : tensor<2xi64>} : () -> tensor<3xi64>
