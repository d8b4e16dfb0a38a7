// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --split-input-file | FileCheck %s

// The runtime's kernel gets the same memory, and numbers of its own for dims.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "0", tasks = "floordiv(d0 + 4095, 4096)"
// CHECK:       func.func private @quern_text_lookup(!llvm.ptr) -> i32
// CHECK-LABEL: func.func @k_v4
// CHECK:         %[[CODE:.*]] = call @quern_text_lookup(%{{.*}}) : (!llvm.ptr) -> i32
// CHECK-NEXT:    return %[[CODE]] : i32
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"text", {}, "test">} {
^bb0(%x: tensor<?x!text.string, #graph.dims<["d0"]>>, %t: tensor<111xui8>):
  %0 = text.lookup %x, %t {groups = 1 : i64} : (tensor<?x!text.string, #graph.dims<["d0"]>>, tensor<111xui8>) -> tensor<?xi64, #graph.dims<["d0"]>>
  kernel.yield %0 : tensor<?xi64, #graph.dims<["d0"]>>
}

// -----

// Three numbers for each of a thousand terms, and a window of units.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "12252", tasks = "floordiv(d0 + 31, 32)"
// CHECK:       call @quern_text_product
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"text", {}, "test">} {
^bb0(%x: tensor<?x!text.string, #graph.dims<["d0"]>>, %t: tensor<111xui8>, %w: tensor<1000x3xf64>):
  %0 = text.term_product %x, %t, %w {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 1000 : i64}
      : (tensor<?x!text.string, #graph.dims<["d0"]>>, tensor<111xui8>, tensor<1000x3xf64>) -> tensor<?x3xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x3xf64, #graph.dims<["d0", ""]>>
}
