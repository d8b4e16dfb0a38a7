// RUN: quern-opt %s --quern-form-kernels | FileCheck %s
// RUN: quern-opt %s --quern-form-kernels=fuse=false | FileCheck %s --check-prefix=SINGLE

// A matmul takes its bias and activation in; the residual comes as an input.
// CHECK-LABEL: func.func @main
// CHECK: %[[Y:.*]] = kernel.region "matmul"
// CHECK: graph.matmul
// CHECK: graph.add
// CHECK: graph.max
// CHECK: kernel.yield
// The transpose reads with another domain than the matmul writes: a kernel of its own.
// CHECK: kernel.region "transpose" (%[[Y]])
// CHECK-NOT: kernel.region
// CHECK: return

// SINGLE-COUNT-4: kernel.region
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>) -> tensor<16x4xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.add %0, %b : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  %2 = graph.max %1, %zero : (tensor<4x16xf32>, tensor<f32>) -> tensor<4x16xf32>
  %3 = graph.transpose %2 {permutation = array<i64: 1, 0>} : (tensor<4x16xf32>) -> tensor<16x4xf32>
  return %3 : tensor<16x4xf32>
}

// -----

// Results of loops that are the elements of a new last axis are put there by the same loops; others go on with the
// results as they were.
// CHECK-LABEL: func.func @stack
// CHECK:         %[[K:.*]]:2 = kernel.region
// CHECK:           graph.sub
// CHECK:           graph.concat
// CHECK-NEXT:      graph.exp
// CHECK-NEXT:      kernel.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    return %[[K]]#0, %[[K]]#1
func.func @stack(%x: tensor<4x6xf32>, %y: tensor<4x6xf32>) -> (tensor<4x6x2xf32>, tensor<4x6xf32>) {
  %0 = graph.add %x, %y : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = graph.sub %x, %y : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  %2 = graph.reshape %0 : (tensor<4x6xf32>) -> tensor<4x6x1xf32>
  %3 = graph.reshape %1 : (tensor<4x6xf32>) -> tensor<4x6x1xf32>
  %4 = graph.concat %2, %3 {axis = 2 : i64} : (tensor<4x6x1xf32>, tensor<4x6x1xf32>) -> tensor<4x6x2xf32>
  %5 = graph.exp %0 : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %4, %5 : tensor<4x6x2xf32>, tensor<4x6xf32>
}

// -----

// Parts of a concatenation that nobody else reads are computed where they belong, whatever their dims.
// CHECK-LABEL: func.func @roll
// CHECK:         kernel.region "{{.*}}" (%arg0)
// CHECK:           graph.slice
// CHECK:           graph.slice
// CHECK:           graph.neg
// CHECK:           graph.concat
// CHECK-NOT:     kernel.region
func.func @roll(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = graph.slice %x {starts = ["5"], steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<3xf32>
  %1 = graph.slice %x {starts = ["0"], steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<5xf32>
  %2 = graph.neg %1 : (tensor<5xf32>) -> tensor<5xf32>
  %3 = graph.concat %0, %2 {axis = 0 : i64} : (tensor<3xf32>, tensor<5xf32>) -> tensor<8xf32>
  return %3 : tensor<8xf32>
}

// -----

// One that takes long is computed once, though it comes twice.
// CHECK-LABEL: func.func @twice
// CHECK:         kernel.region
// CHECK:           graph.exp
// CHECK:         kernel.region
// CHECK:           graph.concat
func.func @twice(%x: tensor<8xf32>) -> tensor<16xf32> {
  %0 = graph.exp %x : (tensor<8xf32>) -> tensor<8xf32>
  %1 = graph.concat %0, %0 {axis = 0 : i64} : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
  return %1 : tensor<16xf32>
}

// -----

// So is what takes the place of a part of a tensor, and the tensor, where nothing else was made of that.
// CHECK-LABEL: func.func @replace
// CHECK:         kernel.region "{{.*}}" (%arg0, %arg1)
// CHECK:           graph.mul
// CHECK:           graph.sub
// CHECK:           graph.pad
// CHECK:           graph.abs
// CHECK-NOT:     kernel.region
func.func @replace(%x: tensor<8xf32>, %y: tensor<7xf32>) -> tensor<8xf32> {
  %0 = graph.mul %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = graph.sub %y, %y : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  %2 = graph.pad %1, %0 {low = ["1"], mode = #graph<pad_mode constant>} : (tensor<7xf32>, tensor<8xf32>) -> tensor<8xf32>
  %3 = graph.abs %2 : (tensor<8xf32>) -> tensor<8xf32>
  return %3 : tensor<8xf32>
}

// -----

// Here it was: the sum of neighbours reads it elsewhere.
// CHECK-LABEL: func.func @stencil
// CHECK:         kernel.region
// CHECK:           graph.mul
// CHECK:         kernel.region
// CHECK:           graph.slice
// CHECK:           graph.slice
// CHECK:           graph.add
// CHECK:           graph.pad
// CHECK-NOT:     kernel.region
func.func @stencil(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = graph.mul %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = graph.slice %0 {starts = ["1"], steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<7xf32>
  %2 = graph.slice %0 {starts = ["0"], steps = array<i64: 1>} : (tensor<8xf32>) -> tensor<7xf32>
  %3 = graph.add %1, %2 : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32>
  %4 = graph.pad %3, %0 {low = ["1"], mode = #graph<pad_mode constant>} : (tensor<7xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}

// Rows whose elements are picked out of pairs join the reductions of both parts, which read the same memory: one kernel.
// CHECK-LABEL: func.func @sums_of_pairs
// CHECK:         kernel.region
// CHECK-COUNT-2: graph.reduce
// CHECK:         graph.sub
// CHECK-NOT:     kernel.region
func.func @sums_of_pairs(%x: tensor<8x100x2xf64>) -> tensor<8x1xf64> {
  %0 = graph.constant dense<0> : tensor<i64>
  %1 = graph.constant dense<1> : tensor<i64>
  %2 = graph.gather %x, %0 {axis = 2 : i64} : (tensor<8x100x2xf64>, tensor<i64>) -> tensor<8x100xf64>
  %3 = graph.gather %x, %1 {axis = 2 : i64} : (tensor<8x100x2xf64>, tensor<i64>) -> tensor<8x100xf64>
  %4 = graph.reduce %2 {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<8x100xf64>) -> tensor<8x1xf64>
  %5 = graph.reduce %3 {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<8x100xf64>) -> tensor<8x1xf64>
  %6 = graph.sub %4, %5 : (tensor<8x1xf64>, tensor<8x1xf64>) -> tensor<8x1xf64>
  return %6 : tensor<8x1xf64>
}
