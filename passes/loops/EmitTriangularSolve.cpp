// Systems with triangular matrices: a task has up to 64 columns of the right sides, which lie in groups as wide as a
// register tile while row after row becomes that of the solution. An upper triangle is a lower one whose rows and columns
// are counted from the end, so that its steps are negative; a transposed one has them exchanged.
#include "passes/loops/Emitters.h"
#include "passes/loops/MatrixBlocks.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class TriangularSolve {
public:
  TriangularSolve(KernelFunction &kernel, TriangularSolveOp op)
      : kernel(kernel), op(op), blocks(kernel, elementOf(op.getSolution()[0]), op.getNumResults()),
        builder(kernel.builder), sideDims(dimsOf(op.rightSide()[0])), matrixDims(dimsOf(op.matrix()[0])),
        rank(sideDims.size()), count(sideDims[rank - 2]), isUpper(op.getLower() == op.getTranspose()) {
    for (Value part : op.matrix())
      matrix.push_back(kernel.buffer(cast<BlockArgument>(part)));
    panel = blocks.panel(count);
  }

  void emit() {
    Dim columns = sideDims.back(), chunks = columns.ceildiv(MatrixBlocks::kPanelColumns);
    kernel.forTasks(product(ArrayRef(sideDims).drop_back(2)) * chunks, [&](Value task) {
      Index chunkCount = kernel.dim(chunks);
      Point place = placeOf(builder.div(task, chunkCount));
      Index first = builder.mul(builder.rem(task, chunkCount), MatrixBlocks::kPanelColumns);
      Index width = builder.min(builder.sub(kernel.dim(columns), first), MatrixBlocks::kPanelColumns);
      forVectors(place, first, width, [&](ElementEmitter &e, Index row, Index group, int64_t vector) {
        Number value;
        for (Value part : op.rightSide())
          value.push_back(e.at(part, place));
        blocks.storePanel(value, panel, row, group, vector);
      });
      blocks.substitute(matrixAt(place), panel, width, kernel.dim(count), op.getUnit());
      forVectors(place, first, width, [&](ElementEmitter &e, Index row, Index group, int64_t vector) {
        Number value = blocks.loadPanel(panel, row, group, vector);
        for (auto [result, yielded] : llvm::enumerate(kernel.yield().getValues()))
          e.store(value[cast<OpResult>(yielded).getResultNumber()], kernel.resultBuffer(result), sideDims, place);
      });
    });
  }

private:
  Point placeOf(Index batch) {
    Point place(rank, AxisPoint{kernel.index(0), 0, {}});
    for (size_t axis = rank - 2; axis-- > 0;) {
      Index extent = kernel.dim(sideDims[axis]);
      place[axis].base = builder.value(axis ? builder.rem(batch, extent) : batch);
      batch = builder.div(batch, extent);
    }
    return place;
  }

  /// As a lower triangle.
  Matrix matrixAt(const Point &place) {
    SmallVector<Value> strides = kernel.strides(matrixDims);
    Index offset = builder.index(0), n = kernel.dim(count);
    for (size_t axis = 0; axis + 2 < rank; ++axis)
      if (!matrixDims[axis].isEqualTo(1))
        offset = builder.add(offset, builder.mul(place[axis].base, strides[axis]));
    Index rowStep = n, columnStep = builder.index(1);
    if (op.getTranspose())
      std::swap(rowStep, columnStep);
    if (!isUpper)
      return {matrix, offset, rowStep, columnStep};
    Index last = builder.sub(builder.mul(n, n), 1), none = builder.index(0);
    return {matrix, builder.add(offset, last), builder.sub(none, rowStep), builder.sub(none, columnStep)};
  }

  /// Runs `body` for the vectors of the rows of some columns, whose place on the last two axes is in `place` then.
  void forVectors(Point &place, Index first, Index width,
                  function_ref<void(ElementEmitter &, Index, Index, int64_t)> body) {
    builder.loop(builder.index(0), kernel.dim(count), 1, [&](Index row) {
      blocks.forGroups(width, [&](Index group) {
        for (int64_t j = 0; j < blocks.vectors; ++j) {
          Index column = builder.add(builder.mul(group, blocks.group), j * blocks.lanes);
          Value mask = builder.create<vector::CreateMaskOp>(VectorType::get(blocks.lanes, builder.builder.getI1Type()),
                                                            builder.value(builder.sub(width, column)));
          ElementEmitter e(kernel, blocks.lanes, mask);
          Index own = isUpper ? builder.sub(builder.sub(kernel.dim(count), 1), row) : row;
          place[rank - 2] = {builder.value(own), 0, {}};
          place[rank - 1] = {builder.value(builder.add(first, column)), 1, {}};
          body(e, row, group, j);
        }
      });
    });
  }

  KernelFunction &kernel;
  TriangularSolveOp op;
  MatrixBlocks blocks;
  IndexBuilder builder;
  SmallVector<Dim> sideDims, matrixDims;
  size_t rank;
  Dim count;
  bool isUpper;
  Number matrix;
  Panel panel;
};

} // namespace

LogicalResult emitTriangularSolve(KernelFunction &kernel) {
  auto op = kernel.find<TriangularSolveOp>();
  if (!op)
    return kernel.source.emitError() << "has no triangular system";
  for (Value part : op.matrix())
    if (!isa<BlockArgument>(part))
      return kernel.source.emitError("has a triangular matrix that is computed in the kernel");
  TriangularSolve(kernel, op).emit();
  return success();
}

} // namespace quern
