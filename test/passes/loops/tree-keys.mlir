// Keys of a block of rows, column by column: a column's record is read once for all rows.
// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// An f32 is its bits, those of negative numbers turned around; 0 is added for -0. What is not above the limit is missing, and
// so is NaN, which compares with nothing. One row alone has unsigned keys side by side, a block for bit vectors signed ones:
// its rows become columns, 32 at a time, and keys are made in vectors.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.if
// CHECK:         scf.for %[[COLUMN:.*]] = %c0 to %c2 step %c1 {
// CHECK:           %[[KEY:.*]] = arith.select
// CHECK-NEXT:      %[[UNSIGNED:.*]] = arith.xori %[[KEY]], %c-2147483648_i32
// CHECK-NEXT:      memref.store %[[UNSIGNED]], %{{.*}}[%[[COLUMN]]]
// CHECK:       } else {
// CHECK-NEXT:    scf.for %[[FROM:.*]] = %c0 to %{{.*}} step %c32
// CHECK:           scf.for %[[COLUMN:.*]] = %c0 to %c2 step %c1 {
// CHECK:             %[[FEATURE:.*]] = arith.index_castui
// CHECK:             %[[MISSING:.*]] = memref.load
// CHECK:             %[[LIMIT:.*]] = arith.bitcast %{{.*}} : i32 to f32
// CHECK-NEXT:        %[[LINE:.*]] = arith.muli %[[FEATURE]], %c32
// CHECK-NEXT:        %[[X:.*]] = vector.load %{{.*}}[%[[LINE]]] : memref<?xf32>, vector<16xf32>
// CHECK-NEXT:        %[[SUM:.*]] = arith.addf %[[X]], %cst{{.*}} : vector<16xf32>
// CHECK-NEXT:        %[[BITS:.*]] = arith.bitcast %[[SUM]] : vector<16xf32> to vector<16xi32>
// CHECK-NEXT:        %[[SIGN:.*]] = arith.shrsi %[[BITS]], %cst
// CHECK-NEXT:        %[[TURNED:.*]] = arith.andi %[[SIGN]], %cst
// CHECK-NEXT:        %[[NUMBER:.*]] = arith.xori %[[BITS]], %[[TURNED]]
// CHECK-NEXT:        %[[SIZE:.*]] = math.absf %[[X]]
// CHECK-NEXT:        %[[MOST:.*]] = vector.broadcast %[[LIMIT]]
// CHECK-NEXT:        %[[IS:.*]] = arith.cmpf ule, %[[SIZE]], %[[MOST]]
// CHECK-NEXT:        %[[OTHER:.*]] = vector.broadcast %[[MISSING]]
// CHECK-NEXT:        %[[KEY:.*]] = arith.select %[[IS]], %[[OTHER]], %[[NUMBER]]
// CHECK-NEXT:        %[[LINE:.*]] = arith.muli %[[COLUMN]], %c64
// CHECK-NEXT:        %[[PLACE:.*]] = arith.addi %[[LINE]], %[[FROM]]
// CHECK-NEXT:        vector.store %[[KEY]], %{{.*}}[%[[PLACE]]]
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x3xf32, #graph.dims<["d0", ""]>>, %tables: tensor<112xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 2 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 1 : i64}
      : (tensor<?x3xf32, #graph.dims<["d0", ""]>>, tensor<112xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}

// -----

// An f64 is how many cuts are below it, a bit of that for each step. A set's key is the bit of the category turned around; a
// number beyond its words reads category 0 and takes another key, and NaN its own. Walks have unsigned keys in blocks, too.
// CHECK-LABEL: func.func @k_v4
// CHECK:       } else {
// CHECK:         %[[LIMIT:.*]] = arith.extf %{{.*}} : f32 to f64
// CHECK:         scf.for
// CHECK:           %[[X:.*]] = memref.load {{.*}} : memref<?xf64>
// CHECK:           %[[RANK:.*]] = scf.for %[[STEP:.*]] = %c0 to %[[BITS:.*]] step %c1 iter_args(%[[BELOW:.*]] = %c0) -> (index) {
// CHECK-NEXT:        %[[REST:.*]] = arith.subi %[[BITS]], %[[STEP]]
// CHECK-NEXT:        %[[BIT:.*]] = arith.addi %[[REST]], %c-1
// CHECK-NEXT:        %[[HALF:.*]] = arith.shli %c1, %[[BIT]]
// CHECK:             %[[CUT:.*]] = memref.load {{.*}} : memref<?xf64>
// CHECK-NEXT:        %[[IS:.*]] = arith.cmpf olt, %[[CUT]], %[[X]]
// CHECK-NEXT:        %[[MORE:.*]] = arith.index_castui %[[IS]]
// CHECK-NEXT:        %[[ADDED:.*]] = arith.shli %[[MORE]], %[[BIT]]
// CHECK-NEXT:        %[[NEXT:.*]] = arith.addi %[[BELOW]], %[[ADDED]]
// CHECK-NEXT:        scf.yield %[[NEXT]]
// CHECK:           %[[NUMBER:.*]] = arith.index_cast %[[RANK]] : index to i32
// CHECK:           arith.cmpf ule, %{{.*}}, %[[LIMIT]]
// CHECK-NEXT:      arith.select %{{.*}}, %{{.*}}, %[[NUMBER]]
// CHECK:           memref.store
// CHECK:         %[[END:.*]] = arith.sitofp {{.*}} : i64 to f64
// CHECK-NEXT:    scf.for
// CHECK:           %[[X:.*]] = memref.load {{.*}} : memref<?xf64>
// CHECK-NEXT:      %[[ABOVE:.*]] = arith.cmpf oge, %[[X]], %[[ZERO:.*]] : f64
// CHECK-NEXT:      %[[BELOW:.*]] = arith.cmpf olt, %[[X]], %[[END]]
// CHECK-NEXT:      %[[WITHIN:.*]] = arith.andi %[[ABOVE]], %[[BELOW]]
// CHECK-NEXT:      %[[SAFE:.*]] = arith.select %[[WITHIN]], %[[X]], %[[ZERO]]
// CHECK-NEXT:      %[[CATEGORY:.*]] = arith.fptosi %[[SAFE]]
// CHECK-NEXT:      arith.shrui %[[CATEGORY]], %c5_i32
// CHECK:           %[[WORD:.*]] = memref.load
// CHECK-NEXT:      %[[PLACE:.*]] = arith.andi %[[CATEGORY]], %c31_i32
// CHECK-NEXT:      %[[SHIFTED:.*]] = arith.shrui %[[WORD]], %[[PLACE]]
// CHECK-NEXT:      %[[IN:.*]] = arith.andi %[[SHIFTED]], %c1_i32
// CHECK-NEXT:      %[[OUT:.*]] = arith.xori %[[IN]], %c1_i32
// CHECK-NEXT:      %[[OR:.*]] = arith.select %[[WITHIN]], %[[OUT]],
// CHECK-NEXT:      %[[NAN:.*]] = arith.cmpf uno, %[[X]], %[[X]]
// CHECK-NEXT:      %[[KEY:.*]] = arith.select %[[NAN]], %{{.*}}, %[[OR]]
// CHECK:           %[[UNSIGNED:.*]] = arith.xori %[[KEY]], %c-2147483648_i32
// CHECK-NEXT:      memref.store %[[UNSIGNED]]
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x3xf64, #graph.dims<["d0", ""]>>, %tables: tensor<112xi32>, %cuts: tensor<3xf64>, %values: tensor<4x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 1 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 7 : i64, set_columns = 1 : i64, set_words = 2 : i64, steps = 3 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<?x3xf64, #graph.dims<["d0", ""]>>, tensor<112xi32>, tensor<3xf64>, tensor<4x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}
