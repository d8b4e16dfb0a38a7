#include "passes/loops/device/Tiles.h"
#include "dialects/kernel/Facts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace quern {

Point takeApart(KernelFunction &kernel, Value &number, ArrayRef<Dim> dims) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Point point(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (dims[axis].isEqualTo(1)) {
      point[axis] = {kernel.index(0), 0, {}};
      continue;
    }
    Value extent = kernel.dim(dims[axis]);
    point[axis] = {b.create<arith::RemUIOp>(number, extent), 0, {}};
    number = b.create<arith::DivUIOp>(number, extent);
  }
  return point;
}

Value elementAs(Type type, ElementEmitter &emitter, Value tensor, const Point &point) {
  Value value = emitter.at(tensor, point);
  return value.getType() == type ? value : emitCast(emitter.kernel.builder, value, graph::elementOf(tensor), type);
}

bool hasWholeChunks(Value tensor, Type type, const Dim &row) {
  return isa<BlockArgument>(tensor) && graph::elementOf(tensor) == type &&
         (row * (type.getIntOrFloatBitWidth() / 8)).mod(kernel::kDeviceAlignment).isEqualTo(0);
}

TileProblem::Side tensorSide(KernelFunction &kernel, Value tensor, const Dim &lines, bool alongDepth, Type multiplicand,
                             PlaceInTensor place) {
  TileProblem::Side side{lines, alongDepth, {}, {}};
  side.element = [=](ElementEmitter &emitter, Value batch, Value line, Value k) {
    return elementAs(multiplicand, emitter, tensor, place(batch, line, k));
  };
  if (hasWholeChunks(tensor, multiplicand, graph::dimsOf(tensor).back()))
    side.address = [=, &kernel](Value batch, Value line, Value k) {
      Value offset = kernel.index(0);
      for (auto [axis, stride] : llvm::zip(place(batch, line, k), kernel.strides(graph::dimsOf(tensor))))
        offset = kernel.add(offset, kernel.multiply(axis.base, stride));
      return kernel.address(kernel.buffer(cast<BlockArgument>(tensor)), offset);
    };
  return side;
}

bool usesMatrixUnit(KernelFunction &kernel) {
  return kernel.source.getSchedule().parameter("warp_rows", 0) > 0;
}

void emitTiles(KernelFunction &kernel, const TileProblem &problem) {
  ImplicitLocOpBuilder &b = kernel.builder;
  std::unique_ptr<TileCore> core =
      usesMatrixUnit(kernel) ? makeWarpTiles(kernel, problem) : makeThreadTiles(kernel, problem);
  Dim rowTiles = problem.lhs.lines.ceildiv(core->rows), columnTiles = problem.rhs.lines.ceildiv(core->columns);
  kernel.forTasks(problem.batches * rowTiles * columnTiles, [&](Value task) {
    // Blocks that run at the same time share columns, which stay in the cache.
    Value rows = kernel.dim(rowTiles), columns = kernel.dim(columnTiles);
    Value rest = b.create<arith::DivUIOp>(task, rows);
    TilePlace place;
    place.row = kernel.multiply(b.create<arith::RemUIOp>(task, rows), kernel.index(core->rows));
    place.column = kernel.multiply(b.create<arith::RemUIOp>(rest, columns), kernel.index(core->columns));
    place.batch = b.create<arith::DivUIOp>(rest, columns);
    core->emit(place);
  });
}

} // namespace quern
