// The loop over the entries of a tree holds its vectors in registers: a comparison and a masked "and" for each, keys read
// where they are compared.
// RUN: quern compile %s --target x86-64-v4 --stop-after=emit -o - | FileCheck %s --check-prefix=V4
// RUN: quern compile %s --target x86-64-v3 --stop-after=emit -o - | FileCheck %s --check-prefix=V3

// V4:      vpcmpled (%{{.*}},4), %[[FIRST:zmm[0-9]+]], %k1
// V4-NEXT: vpandd {{.*}} {%k1}
// V4-NEXT: vpcmpled 64(%{{.*}},4), %[[FIRST]], %k1
// V4-NEXT: vpandd {{.*}} {%k1}
// V4-NEXT: vpcmpled 128(%{{.*}},4), %[[FIRST]], %k1
// V4-NEXT: vpandd {{.*}} {%k1}
// V4-NEXT: vpcmpled 192(%{{.*}},4), %[[FIRST]], %k1
// V4-NEXT: vpandd {{.*}} {%k1}
// V4-NEXT: addq $12,
// V4-NEXT: decq
// V4-NEXT: jne

// V3:      vpcmpgtd 224(%{{.*}},4), %ymm{{[0-9]+}}, %ymm{{[0-9]+}}
// V3-NEXT: vpor %ymm
// V3-NEXT: vpand %ymm
// V3-NEXT: addq $12,
// V3-NEXT: decq
// V3-NEXT: jne
module {
  func.func @main(%x: tensor<?x3xf32, #graph.dims<["N", ""]>> {graph.name = "x"}) -> (tensor<?x1xf64, #graph.dims<["N", ""]>> {graph.name = "y"}) {
    %nodes = graph.constant dense<[[0, 1, -2, 2, -1], [2, -1, -3, 3, -1]]> : tensor<2x5xi32>
    %thresholds = graph.constant dense<[0.5, 1.5]> : tensor<2xf32>
    %values = graph.constant dense<[[1.0], [2.0], [4.0]]> : tensor<3x1xf64>
    %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
    %base = graph.constant dense<[0.25]> : tensor<1xf64>
    %sets = graph.constant dense<> : tensor<0xi32>
    %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
        : (tensor<?x3xf32, #graph.dims<["N", ""]>>, tensor<2x5xi32>, tensor<2xf32>, tensor<3x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<?x1xf64, #graph.dims<["N", ""]>>
    return %y : tensor<?x1xf64, #graph.dims<["N", ""]>>
  }
}
