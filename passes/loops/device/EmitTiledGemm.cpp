#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/ProductShape.h"
#include "passes/loops/device/Tiles.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// A matrix product, its rows, columns and batches as ProductShape numbers them.
LogicalResult emitTiledGemm(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<MatmulOp>(kernel);
  if (failed(found))
    return failure();
  MatmulOp matmul = *found;
  Value left = matmul.getLhs(), right = matmul.getRhs();
  bool isTransposed = matmul.getTransposeRhs();
  ProductShape shape(matmul);
  Epilogue epilogue(kernel, matmul.getResult());
  auto pointOf = [&](ArrayRef<Dim> dims, Value batch, Value row, Value last) {
    ArrayRef<Dim> leadingDims = shape.leadingDims(dims);
    Point leading;
    if (!leadingDims.empty()) {
      Value number = shape.batched ? batch : row;
      Point places = takeApart(kernel, number, leadingDims.drop_front());
      leading.push_back({number, 0, {}});
      leading.append(places);
    }
    Point point = shape.rowPoint(kernel, dims, std::move(leading), row);
    point.back() = {last, 0, {}};
    return point;
  };
  auto lhsPoint = [&](Value batch, Value row, Value k) { return pointOf(dimsOf(left), batch, row, k); };
  auto rhsPoint = [&](Value batch, Value column, Value k) {
    SmallVector<Dim> dims = dimsOf(right);
    Value row = isTransposed ? column : k, last = isTransposed ? k : column;
    Point point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
    if (shape.batched)
      point = pointOf(dims, batch, row, last);
    point[dims.size() - 2] = {row, 0, {}};
    point.back() = {last, 0, {}};
    return point;
  };
  TileProblem problem;
  problem.multiplicand = multiplicandType(kernel, elementOf(left), shape.accumulator);
  problem.accumulator = shape.accumulator;
  problem.batches = shape.batches;
  problem.depth = shape.depth;
  problem.lhs = tensorSide(kernel, left, shape.rows, /*alongDepth=*/true, problem.multiplicand, lhsPoint);
  problem.rhs = tensorSide(kernel, right, shape.columns, isTransposed, problem.multiplicand, rhsPoint);
  problem.store = [&](Value batch, Value row, Value column, Value sum) {
    epilogue.store(sum, pointOf(shape.result, batch, row, column));
  };
  emitTiles(kernel, problem);
  return success();
}

} // namespace quern
