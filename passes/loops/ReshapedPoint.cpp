#include "passes/loops/ReshapedPoint.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace quern {

Point reshapedPoint(KernelFunction &kernel, ArrayRef<Dim> from, ArrayRef<Dim> to, const Point &point) {
  auto &builder = kernel.builder;
  Point result(to.size());
  size_t lastFrom = from.size(), lastTo = to.size();
  // Trailing axes that are the same need no arithmetic, nor do leading ones.
  while (lastFrom && lastTo && from[lastFrom - 1] == to[lastTo - 1])
    result[--lastTo] = point[--lastFrom];
  size_t first = 0;
  while (first < lastFrom && first < lastTo && from[first] == to[first]) {
    result[first] = point[first];
    ++first;
  }
  Value linear = kernel.index(0);
  int64_t lane = 0;
  Dim stride = 1;
  for (size_t i = lastFrom; i-- > first;) {
    linear = kernel.add(linear, kernel.multiply(point[i].base, kernel.dim(stride)));
    // The one axis along the lanes is last or has only axes of extent 1 behind it.
    lane += point[i].lane;
    stride = stride * from[i];
  }
  for (size_t i = lastTo; i-- > first;) {
    bool outermost = i == first;
    Value extent = kernel.dim(to[i]);
    Value here = outermost ? linear : builder.createOrFold<arith::RemUIOp>(linear, extent);
    result[i] = {here, lane, {}};
    lane = 0;
    if (!outermost)
      linear = builder.createOrFold<arith::DivUIOp>(linear, extent);
  }
  return result;
}

} // namespace quern
