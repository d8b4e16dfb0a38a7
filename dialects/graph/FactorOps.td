// Factors of square matrices, and systems with triangular ones. Real matrices are one operand; complex ones are two, the
// real parts and the imaginary ones, as the dialect has no complex elements. Elements are f32 or f64.

#ifndef QUERN_GRAPH_FACTOR_OPS
#define QUERN_GRAPH_FACTOR_OPS

include "dialects/graph/GraphOp.td"

def Graph_LuOp : Graph_PureOp<"lu"> {
  let summary = "triangular factors of matrices in another order of their rows, by elimination with partial pivoting";
  let description = [{
    Row `order[i]` of a matrix is row i of L U. L is below the diagonal of `factors`, its own is ones; U is on it and above.
    In step i rows i and `exchanges[i]` >= i changed places. The pivot of a step is the largest number of its column, of
    complex ones that with the largest sum of both parts; a column of zeros is passed over and leaves its zero in U.

    ```mlir
    %f, %e, %o = graph.lu %a : (tensor<5x3x3xf64>) -> (tensor<5x3x3xf64>, tensor<5x3xi64>, tensor<5x3xi64>)
    ```
  }];
  let arguments = (ins Variadic<AnyTensor>:$matrix);
  let results = (outs Variadic<AnyTensor>:$factors, AnyTensor:$exchanges, AnyTensor:$order);
  let hasVerifier = 1;
}
def Graph_CholeskyOp : Graph_PureOp<"cholesky"> {
  let summary = "the lower triangular factor L of Hermitian matrices L L^H";
  let description = [{
    Only the lower triangle is read. Where a matrix is not positive definite, an element of the factor's diagonal is not
    positive: 0 or NaN, and nothing is said of the columns behind it.

    ```mlir
    %l = graph.cholesky %a : (tensor<5x3x3xf64>) -> tensor<5x3x3xf64>
    ```
  }];
  let arguments = (ins Variadic<AnyTensor>:$matrix);
  let results = (outs Variadic<AnyTensor>:$factor);
  let hasVerifier = 1;
}
def Graph_TriangularSolveOp : Graph_PureOp<"triangular_solve"> {
  let summary = "the solution of systems with triangular matrices, by substitution";
  let description = [{
    Operands: the matrices [..., n, n], then the right sides [..., n, m]. Leading extents of 1 of the matrices stretch.
    `lower` says which triangle is read, `unit` that its diagonal is ones and not read, `transpose` that the systems are
    those of the transposes. A zero on the diagonal divides like any other number.

    ```mlir
    %x = graph.triangular_solve %a, %b {lower = true, transpose = false, unit = false}
        : (tensor<5x3x3xf64>, tensor<5x3x2xf64>) -> tensor<5x3x2xf64>
    ```
  }];
  let arguments = (ins Variadic<AnyTensor>:$systems, BoolAttr:$lower, BoolAttr:$transpose, BoolAttr:$unit);
  let results = (outs Variadic<AnyTensor>:$solution);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The parts of the matrices, and of the right sides.
    ::mlir::OperandRange matrix() { return getSystems().take_front(getNumResults()); }
    ::mlir::OperandRange rightSide() { return getSystems().drop_front(getNumResults()); }
  }];
}

#endif
