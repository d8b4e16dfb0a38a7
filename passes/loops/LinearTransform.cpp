#include "passes/loops/LinearTransform.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>

using namespace mlir;

namespace quern {
namespace {

class MatrixEmitter {
public:
  MatrixEmitter(IndexBuilder builder, VectorType type) : builder(builder), type(type) {}

  SmallVector<Value> apply(Matrix matrix, ArrayRef<Value> operands) {
    SmallVector<Value> values(operands), results;
    for (int64_t column = 0; column + 1 < matrix.columns; ++column)
      if (columnsPair(matrix, column))
        splitColumns(matrix, values, column);
    for (int64_t row = 0; row < matrix.rows; ++row) {
      if (row + 1 == matrix.rows || !rowsPair(matrix, row)) {
        results.push_back(combine(matrix, row, values));
        continue;
      }
      auto [even, odd] = combinePair(matrix, row, values);
      results.append({even, odd});
      ++row;
    }
    return results;
  }

private:
  static bool columnsPair(const Matrix &matrix, int64_t column) {
    bool even = false, odd = false;
    for (int64_t row = 0; row < matrix.rows; ++row) {
      double a = matrix.at(row, column), b = matrix.at(row, column + 1);
      if (std::abs(a) != std::abs(b))
        return false;
      even |= a && a == b;
      odd |= a && a == -b;
    }
    return even && odd;
  }
  static bool rowsPair(const Matrix &matrix, int64_t row) {
    bool even = false, odd = false;
    for (int64_t column = 0; column < matrix.columns; ++column) {
      double a = matrix.at(row, column), b = matrix.at(row + 1, column);
      if (std::abs(a) != std::abs(b))
        return false;
      even |= a && a == b;
      odd |= a && a == -b;
    }
    return even && odd;
  }

  void splitColumns(Matrix &matrix, SmallVectorImpl<Value> &values, int64_t column) {
    Value a = values[column], b = values[column + 1];
    values[column] = builder.create<arith::AddFOp>(a, b);
    values[column + 1] = builder.create<arith::SubFOp>(a, b);
    for (int64_t row = 0; row < matrix.rows; ++row) {
      double &left = matrix.at(row, column), &right = matrix.at(row, column + 1);
      double even = (left + right) / 2, odd = (left - right) / 2;
      left = even;
      right = odd;
    }
  }

  std::pair<Value, Value> combinePair(const Matrix &matrix, int64_t row, ArrayRef<Value> values) {
    Matrix even(1, matrix.columns), odd(1, matrix.columns);
    double factor = 0;
    for (int64_t column = 0; column < matrix.columns; ++column) {
      double a = matrix.at(row, column), b = matrix.at(row + 1, column);
      even.at(0, column) = (a + b) / 2;
      odd.at(0, column) = (a - b) / 2;
      factor = odd.at(0, column) ? odd.at(0, column) : factor;
    }
    for (double &element : odd.elements)
      element /= factor;
    Value shared = combine(even, 0, values), signedPart = combine(odd, 0, values);
    return {addProduct(factor, signedPart, shared), addProduct(-factor, signedPart, shared)};
  }

  /// One row times the values: it starts with a factor of 1 where there is one.
  Value combine(const Matrix &matrix, int64_t row, ArrayRef<Value> values) {
    std::optional<int64_t> start;
    for (int64_t column = 0; column < matrix.columns; ++column)
      if (double factor = matrix.at(row, column); factor && (!start || factor == 1))
        start = column;
    double first = matrix.at(row, *start);
    Value sum = first == 1 ? values[*start] : builder.create<arith::MulFOp>(splat(first), values[*start]).getResult();
    for (int64_t column = 0; column < matrix.columns; ++column)
      if (double factor = matrix.at(row, column); factor && column != *start)
        sum = addProduct(factor, values[column], sum);
    return sum;
  }

  Value addProduct(double factor, Value value, Value sum) {
    if (factor == 1)
      return builder.create<arith::AddFOp>(sum, value);
    if (factor == -1)
      return builder.create<arith::SubFOp>(sum, value);
    return builder.create<vector::FMAOp>(splat(factor), value, sum);
  }

  Value splat(double value) {
    auto element = builder.builder.getFloatAttr(type.getElementType(), value);
    return builder.create<arith::ConstantOp>(DenseElementsAttr::get(type, element));
  }

  IndexBuilder builder;
  VectorType type;
};

} // namespace

SmallVector<Value> applyMatrix(IndexBuilder builder, const Matrix &matrix, ArrayRef<Value> values) {
  return MatrixEmitter(builder, cast<VectorType>(values.front().getType())).apply(matrix, values);
}

} // namespace quern
