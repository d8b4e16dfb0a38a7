// RUN: quern-opt %s --quern-pack-trees | %python %S/Inputs/print-tables.py | FileCheck %s

// Tree 0: (x0 <= 1 ? (x1 <= 2 ? a : b) : (x0 <= 3 ? c : d)). The two sides of a node lie side by side; its leaves are numbered
// from the left, and ask the last column, where all is missing. Tree 1 is a leaf, tree 2 one node for target 1: they come first among the
// walks of one row, which are filled up with trees that do not count.
// An entry takes away the leaves of its node's yes, and they are in the order of their keys, column by column.
// CHECK-LABEL: small
// CHECK-NEXT:  column 0: feature 0
// CHECK-NEXT:  column 1: feature 1
// CHECK-NEXT:  column 2: feature 0, missing lowest, zero up to inf
// CHECK-NEXT:  node 0: column 0 <= 1, 1 on
// CHECK-NEXT:  node 1: column 1 <= 2, 2 on
// CHECK-NEXT:  node 2: column 0 <= 3, 3 on
// CHECK-NEXT:  node 3: row 0
// CHECK-NEXT:  node 4: row 1
// CHECK-NEXT:  node 5: row 2
// CHECK-NEXT:  node 6: row 3
// CHECK-NEXT:  node 7: row 4
// CHECK-NEXT:  node 8: column 1 <= 4, 1 on
// CHECK-NEXT:  node 9: row 5
// CHECK-NEXT:  node 10: row 6
// CHECK-NEXT:  tree 0: root 0, nodes 7, depth 2, in the mean 2, target 0, row 0, words 0 to 1
// CHECK-NEXT:  tree 1: root 7, nodes 1, depth 0, in the mean 0, target 0, row 4, words 1 to 2
// CHECK-NEXT:  tree 2: root 8, nodes 3, depth 1, in the mean 1, target 1, row 5, words 2 to 3
// CHECK-NEXT:  order: tree 1 at 7, tree 2 at 8, tree 0 at 0, tree 3 at 0, tree 4 at 0, tree 5 at 0, tree 6 at 0, tree 7 at 0,
// CHECK-NEXT:  groups: depth 2, in the mean 2;
// CHECK-NEXT:  words: 0 3 3 4
// CHECK-NEXT:  entry: column 0 > 1, takes 0 to 1
// CHECK-NEXT:  entry: column 0 > 3, takes 2 to 2
// CHECK-NEXT:  entry: column 1 > 2, takes 0 to 0
// CHECK-NEXT:  entry: column 1 > 4, takes 0 to 0
// CHECK-NOT:   entry
func.func @small(%x: tensor<7x2xf32>) -> tensor<7x2xf64> {
  %nodes = graph.constant dense<[[0, 2, 1, 0, -1], [0, -1, -3, 0, -1], [1, -4, -2, 0, -1], [1, -6, -7, 0, -1]]> : tensor<4x5xi32>
  %thresholds = graph.constant dense<[1.0, 3.0, 2.0, 4.0]> : tensor<4xf32>
  %values = graph.constant dense<[[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]> : tensor<7x1xf64>
  %trees = graph.constant dense<[[0, 0], [-5, 0], [3, 1]]> : tensor<3x2xi32>
  %base = graph.constant dense<0.0> : tensor<2xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x2xf32>, tensor<4x5xi32>, tensor<4xf32>, tensor<7x1xf64>, tensor<3x2xi32>, tensor<2xf64>, tensor<0xi32>) -> tensor<7x2xf64>
  return %y : tensor<7x2xf64>
}

// The values go where the leaves are: a, b, c and d were rows 3, 1, 0 and 2.
// RUN: quern-opt %s --quern-pack-trees | FileCheck %s --check-prefix=VALUES
// VALUES: graph.constant dense<{{\[\[}}3.000000e+00], [1.000000e+00], [0.000000e+00], [2.000000e+00], [4.000000e+00], [5.000000e+00], [6.000000e+00]]>

// Behind the two sides of a node stands all that is below the one with more leaves, or else the first.
// RUN: %python %S/Inputs/large-trees.py complete 3 | quern-opt --quern-pack-trees | %python %S/Inputs/print-tables.py | FileCheck %s --check-prefix=ORDER
// ORDER:      node 0: column 0 <= 0, 1 on
// ORDER-NEXT: node 1: column 0 <= 1, 2 on
// ORDER-NEXT: node 2: column 0 <= 2, 7 on
// ORDER-NEXT: node 3: column 0 <= 3, 2 on
// ORDER-NEXT: node 4: column 0 <= 4, 3 on
// ORDER-NEXT: node 5: row 0
// RUN: %python %S/Inputs/large-trees.py pair 2 5 | quern-opt --quern-pack-trees | %python %S/Inputs/print-tables.py | FileCheck %s --check-prefix=MORE
// MORE:      node 1: column 0 <= 1, 12 on
// MORE-NEXT: node 2: column 0 <= 3, 1 on

// 34 leaves are two words: the second has an entry of the one node that takes one of its leaves.
// RUN: %python %S/Inputs/large-trees.py chain 33 | quern-opt --quern-pack-trees | %python %S/Inputs/print-tables.py | FileCheck %s --check-prefix=WORDS
// WORDS:      tree 0: root 0, nodes 67, depth 33, in the mean 18, target 0, row 0, words 0 to 2
// WORDS:      groups: depth 33, in the mean 18;
// WORDS-NEXT: words: 0 32 33
// WORDS-NEXT: entry: column 0 > 0, takes 0 to 0
// WORDS:      entry: column 0 > 31, takes 31 to 31
// WORDS-NEXT: entry: column 0 > 32, takes 0 to 0

// Walks take as many steps as a tree is deep, bit vectors an entry for each node, ten of which take the time of a step: 31
// nodes of depth 5 are entries, 63 of depth 6 are not.
// RUN: %python %S/Inputs/large-trees.py complete 5 | quern-opt --quern-pack-trees | FileCheck %s --check-prefix=BITS
// RUN: %python %S/Inputs/large-trees.py complete 6 | quern-opt --quern-pack-trees | FileCheck %s --check-prefix=WALKS
// BITS:  graph.packed_trees {{.*}}entries = 31 : i64{{.*}}steps = 5 : i64{{.*}}words = 1 : i64
// WALKS: graph.packed_trees {{.*}}entries = 0 : i64{{.*}}steps = 6 : i64{{.*}}words = 0 : i64

// A node is two words while the number of its column and the distance to its child are 16 bits each; of a node with more
// leaves the smaller side comes first.
// RUN: %python %S/Inputs/large-trees.py complete 15 | quern-opt --quern-pack-trees | FileCheck %s --check-prefix=NARROW
// RUN: %python %S/Inputs/large-trees.py stumps 65535 | quern-opt --quern-pack-trees | FileCheck %s --check-prefix=NARROW
// RUN: %python %S/Inputs/large-trees.py pair 2 40000 | quern-opt --quern-pack-trees | FileCheck %s --check-prefix=NARROW
// RUN: %python %S/Inputs/large-trees.py complete 16 | quern-opt --quern-pack-trees | FileCheck %s --check-prefix=FAR
// RUN: %python %S/Inputs/large-trees.py stumps 65536 | quern-opt --quern-pack-trees -o %t
// RUN: FileCheck %s --check-prefix=FAR < %t
// RUN: %python %S/Inputs/print-tables.py < %t | FileCheck %s --check-prefix=WIDE
// NARROW: graph.packed_trees {{.*}}node_words = 2 : i64
// FAR:    graph.packed_trees {{.*}}node_words = 3 : i64
// WIDE:   node 196605: column 65535 <= 65535, 1 on
// WIDE:   tree 65535: root 196605, nodes 3, depth 1, in the mean 1, target 0, row 131070,
