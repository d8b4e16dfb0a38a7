// What graph.tree_ensemble and graph.packed_trees refuse, each message once.
// RUN: quern-opt %s --split-input-file --verify-diagnostics

func.func @rows(%x: tensor<7x3xi32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{reads f32 or f64 [N, F] with known F > 0, not 'tensor<7x3xi32>'}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xi32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @values(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0]> : tensor<1xi64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{has values of type 'tensor<2x1xi64>', not f32 or f64 [L, W]}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xi64>, tensor<1x2xi32>, tensor<1xi64>, tensor<0xi32>) -> tensor<7x1xi64>
  return
}

// -----

func.func @base(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0, 2.0], [2.0, 3.0]]> : tensor<2x2xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{has a base of type 'tensor<1xf64>' for values of type 'tensor<2x2xf64>'}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x2xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @result(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{makes [N, targets] of the base's type, not 'tensor<6x1xf64>'}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<6x1xf64>
  return
}

// -----

func.func @nodes(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2]]> : tensor<1x4xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{has nodes of type 'tensor<1x4xi32>', not i32 [M, 5]}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x4xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @thresholds(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{has thresholds of type 'tensor<2xf32>' for 1 nodes that read 'f32'}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<2xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @trees(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0, 0]]> : tensor<1x3xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{has trees of type 'tensor<1x3xi32>', not i32 [T, 2] with a tree or more}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x3xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @sets(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<[[1]]> : tensor<1x1xi32>
  // expected-error @below {{has sets of type 'tensor<1x1xi32>', not i32 of rank 1}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<1x1xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @compare(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{compares by eq; it can by le, lt, ge and gt}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare eq>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @feature(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[3, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{node 0 reads feature 3 of 3}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @no_leaf(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -3, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{node 0 leads to leaf 2 of 2}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @no_node(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[1, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{tree 0 leads to node 1 of 1}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @cycle(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, 1, -1, 2, -1], [1, 0, -2, 2, -1]]> : tensor<2x5xi32>
  %thresholds = graph.constant dense<[0.5, 0.5]> : tensor<2xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{node 1 leads back to node 0: children stand behind their parent}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<2x5xi32>, tensor<2xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @shared(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, 1, -1, 2, -1], [1, -1, -2, 2, -1]]> : tensor<2x5xi32>
  %thresholds = graph.constant dense<[0.5, 0.5]> : tensor<2xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0], [1, 0]]> : tensor<2x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{tree 1 leads to node 1, as another does}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<2x5xi32>, tensor<2xf32>, tensor<2x1xf64>, tensor<2x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @flags(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 16, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{node 0 has flags 16, not 0 to 15}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @no_set(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, 0]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<[2, 7]> : tensor<2xi32>
  // expected-error @below {{node 0 has a set at 0 that is not within the 2 words of sets}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<2xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @target(%x: tensor<7x3xf32>) {
  %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
  %thresholds = graph.constant dense<[0.5]> : tensor<1xf32>
  %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %trees = graph.constant dense<[[0, 1]]> : tensor<1x2xi32>
  %base = graph.constant dense<[0.0]> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  // expected-error @below {{tree 0 adds 1 values from target 1 on, of 1}}
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return
}

// -----

func.func @packed(%x: tensor<7x3xf32>, %t: tensor<16xi32>, %c: tensor<1xf64>, %v: tensor<2x1xf64>, %b: tensor<1xf64>) {
  // expected-error @below {{has tables of type 'tensor<16xi32>', which its counts do not describe}}
  %y = graph.packed_trees %x, %t, %c, %v, %b {columns = 1 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 3 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 1 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<7x3xf32>, tensor<16xi32>, tensor<1xf64>, tensor<2x1xf64>, tensor<1xf64>) -> tensor<7x1xf64>
  return
}

// -----

func.func @cuts(%x: tensor<7x3xf32>, %t: tensor<80xi32>, %c: tensor<1xf32>, %v: tensor<2x1xf64>, %b: tensor<1xf64>) {
  // expected-error @below {{has cuts of type 'tensor<1xf32>', not f64 of rank 1}}
  %y = graph.packed_trees %x, %t, %c, %v, %b {columns = 1 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 3 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 1 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<7x3xf32>, tensor<80xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1xf64>) -> tensor<7x1xf64>
  return
}
