#include "dialects/graph/Winograd.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace quern {
namespace {

/// Finite points. Those of larger tiles are chosen for small errors: with 0, 1, -1, 2, -2 the error of tiles of 4 is
/// twice that of these.
ArrayRef<double> pointsOf(int64_t outputs) {
  static constexpr double two[] = {0, 1, -1};
  static constexpr double four[] = {0, numbers::inv_sqrt2, -numbers::inv_sqrt2, numbers::sqrt2, -numbers::sqrt2};
  switch (outputs) {
  case 2:
    return two;
  case 4:
    return four;
  }
  llvm_unreachable("winogradTiles() has all tiles");
}

/// The coefficients of the product of (x - p) over all points but `skipped`, lowest power first.
SmallVector<double> polynomial(ArrayRef<double> points, size_t skipped) {
  SmallVector<double> result{1};
  for (auto [i, point] : enumerate(points)) {
    if (i == skipped)
      continue;
    result.push_back(0);
    for (size_t power = result.size() - 1; power > 0; --power)
      result[power] = result[power - 1] - point * result[power];
    result[0] *= -point;
  }
  return result;
}

} // namespace

ArrayRef<int64_t> winogradTiles() {
  static constexpr int64_t tiles[] = {2, 4};
  return tiles;
}

WinogradTransform::WinogradTransform(int64_t outputs)
    : outputs(outputs), inputs(outputs + kWindow - 1), weight(inputs, kWindow), input(inputs, inputs),
      output(outputs, inputs) {
  ArrayRef<double> points = pointsOf(outputs);
  auto power = [](double base, int64_t exponent) {
    double result = 1;
    while (exponent-- > 0)
      result *= base;
    return result;
  };
  for (auto [i, point] : enumerate(points)) {
    double distance = 1;
    for (auto [j, other] : enumerate(points))
      distance *= i == j ? 1 : point - other;
    for (int64_t k = 0; k < kWindow; ++k)
      weight.at(i, k) = power(point, k) / distance;
    for (int64_t k = 0; k < outputs; ++k)
      output.at(k, i) = power(point, k);
    for (auto [k, coefficient] : enumerate(polynomial(points, i)))
      input.at(i, k) = coefficient;
  }
  weight.at(inputs - 1, kWindow - 1) = 1;
  output.at(outputs - 1, inputs - 1) = 1;
  for (auto [k, coefficient] : enumerate(polynomial(points, points.size())))
    input.at(inputs - 1, k) = coefficient;
}

} // namespace quern
