// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A search goes on in whole vectors while they fit and nothing was found, then looks at what is left under a mask. A
// reduction of bools is one: it ends at the first that decides.
// CHECK-LABEL: func.func @any_v4
// CHECK:       scf.while
// CHECK:         arith.cmpi sle, %{{.*}}, %c5003
// CHECK:         scf.condition
// CHECK:         vector.load {{.*}} vector<64xi8>
// CHECK:         vector.bitcast %{{.*}} : vector<64xi1> to vector<1xi64>
// CHECK:       scf.if
// CHECK:         vector.create_mask {{.*}} : vector<64xi1>
// CHECK:         vector.maskedload
// CHECK:       math.cttz
// CHECK:       arith.cmpi ult, %{{.*}}, %c5003
kernel.func @any attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<5003xi1>):
  %0 = graph.reduce %x {axes = array<i64: 0>, kind = #graph<reduction max>} : (tensor<5003xi1>) -> tensor<1xi1>
  kernel.yield %0 : tensor<1xi1>
}
