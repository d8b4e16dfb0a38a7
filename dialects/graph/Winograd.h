// Winograd's minimal filtering for windows of 3: m outputs of a correlation with 3 weights from m + 2 products.
//
//   y = output * ((weight * g) . (input * d))       d: m + 2 inputs, g: 3 weights, . elementwise
//
// In two dimensions each matrix is applied along both axes. The matrices follow from m + 1 interpolation points and the
// point at infinity (Toom-Cook). Points of opposite sign stand next to each other: their rows of `input` and columns of
// `output` differ in signs alone, which halves the arithmetic.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace quern {

/// Dense, row-major.
struct Matrix {
  int64_t rows, columns;
  llvm::SmallVector<double> elements;

  Matrix(int64_t rows, int64_t columns) : rows(rows), columns(columns), elements(rows * columns) {}
  double &at(int64_t row, int64_t column) { return elements[row * columns + column]; }
  double at(int64_t row, int64_t column) const { return elements[row * columns + column]; }
};

struct WinogradTransform {
  static constexpr int64_t kWindow = 3;

  /// For tiles of `outputs` pixels a side, one of winogradTiles().
  explicit WinogradTransform(int64_t outputs);

  int64_t outputs;
  int64_t inputs; ///< outputs + 2; there are inputs * inputs products
  Matrix weight, input, output;
};

/// The tile sides that there are points for, smallest first.
llvm::ArrayRef<int64_t> winogradTiles();

} // namespace quern
