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
  TileProblem problem{shape.batches, shape.rows, shape.columns, shape.depth, shape.accumulator};
  problem.rhsAlongDepth = matmul.getTransposeRhs();
  problem.lhs = [&](ElementEmitter &emitter, Value batch, Value row, Value k) {
    return elementAs(shape.accumulator, emitter, matmul.getLhs(), pointOf(dimsOf(matmul.getLhs()), batch, row, k));
  };
  problem.rhs = [&](ElementEmitter &emitter, Value batch, Value column, Value k) {
    SmallVector<Dim> dims = dimsOf(matmul.getRhs());
    Value row = problem.rhsAlongDepth ? column : k, last = problem.rhsAlongDepth ? k : column;
    Point point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
    if (shape.batched)
      point = pointOf(dims, batch, row, last);
    point[dims.size() - 2] = {row, 0, {}};
    point.back() = {last, 0, {}};
    return elementAs(shape.accumulator, emitter, matmul.getRhs(), point);
  };
  problem.store = [&](Value batch, Value row, Value column, Value sum) {
    epilogue.store(sum, pointOf(shape.result, batch, row, column));
  };
  emitTiles(kernel, problem);
  return success();
}

} // namespace quern
