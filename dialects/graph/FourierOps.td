// Fourier transforms. Complex numbers are pairs of floats along the last axis.

#ifndef QUERN_GRAPH_FOURIER_OPS
#define QUERN_GRAPH_FOURIER_OPS

include "dialects/graph/GraphOp.td"

def Graph_FourierOp : Graph_PureOp<"fourier", [InferTypeOpAdaptor]> {
  let summary = "the discrete Fourier transform of complex numbers along an axis of static extent, times `scale`";
  let description = [{
    y[k] = scale * sum over j of x[j] exp(-2 pi i j k / n), with the other sign where `inverse`.

    Two flags are for transforms that are made of smaller ones, n = rows * columns (passes/graph/SplitFourier.cpp).
    `turned`: along the rows [..., rows, columns, 2], and element (k, j) is then turned by the angle j k / n of a circle,
    in the same direction. `transposed`: along the columns [..., rows, columns, 2], and the result is
    [..., columns, rows, 2].

    ```mlir
    %y = graph.fourier %x {axis = 1 : i64, inverse = false, scale = 1.0 : f64} : (tensor<4x60x2xf64>) -> tensor<4x60x2xf64>
    %z = graph.fourier %x {axis = 1 : i64, inverse = false, scale = 1.0 : f64, transposed} : (tensor<4x60x2xf64>) -> tensor<60x4x2xf64>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$axis, BoolAttr:$inverse, F64Attr:$scale, UnitAttr:$turned,
                       UnitAttr:$transposed);
  let results = (outs AnyTensor:$result);
}

def Graph_FourierFromRealOp : Graph_PureOp<"fourier_from_real"> {
  let summary = "the Fourier transform of real numbers along the last axis, times `scale`";
  let description = [{
    [..., n] -> [..., bins, 2], where bins is n, or n / 2 + 1: the others are conjugates of these. With `packed` the
    operand is [..., n / 2, 2], the transform of pairs of neighbours as complex numbers: what is left is to take apart the
    transforms of the even and the odd ones and to put them together.

    ```mlir
    %y = graph.fourier_from_real %x {scale = 1.0 : f64} : (tensor<4x60xf32>) -> tensor<4x31x2xf32>
    %z = graph.fourier_from_real %y {packed, scale = 1.0 : f64} : (tensor<4x31x2xf32>) -> tensor<4x62x2xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, F64Attr:$scale, UnitAttr:$packed);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

def Graph_FourierToRealOp : Graph_PureOp<"fourier_to_real"> {
  let summary = "the inverse of graph.fourier_from_real, times `scale`, without the division by n";
  let description = [{
    [..., n / 2 + 1, 2] -> [..., n]. The first number and, of an even n, the last one count as real. With `packed` the
    result is [..., n / 2, 2], whose inverse transform is pairs of neighbours of the result.

    ```mlir
    %y = graph.fourier_to_real %x {scale = 0.02 : f64} : (tensor<4x26x2xf32>) -> tensor<4x50xf32>
    %z = graph.fourier_to_real %x {packed, scale = 0.02 : f64} : (tensor<4x26x2xf32>) -> tensor<4x25x2xf32>
    ```
  }];
  let arguments = (ins AnyTensor:$operand, F64Attr:$scale, UnitAttr:$packed);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

#endif
