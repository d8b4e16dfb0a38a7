// Elements picked by index tensors.
#include "passes/loops/ElementEmitter.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

Value ElementEmitter::gatherElements(GatherElementsOp op, const Point &point) {
  Point inner = point;
  inner[op.getAxis()] = indexAt(op.getIndices(), point, dimOf(op.getData(), op.getAxis()));
  return at(op.getData(), inner);
}

Value ElementEmitter::gatherNd(GatherNdOp op, const Point &point) {
  int64_t batch = op.getBatchDims(), rank = rankOf(op.getIndices()),
          depth = *dimOf(op.getIndices(), rank - 1).constant();
  Point indexPoint(point.begin(), point.begin() + rank - 1), inner(point.begin(), point.begin() + batch);
  indexPoint.emplace_back();
  for (int64_t i = 0; i < depth; ++i) {
    indexPoint.back() = {kernel.index(i), 0, {}};
    inner.push_back(indexAt(op.getIndices(), indexPoint, dimOf(op.getData(), batch + i)));
  }
  inner.append(point.begin() + rank - 1, point.end());
  return at(op.getData(), inner);
}

} // namespace quern
