#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/device/Tiles.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// The operands and the result of a product as matrices: the last two axes where rhs has batches, else all but the last
/// axis of lhs are its rows.
class Product {
public:
  Product(KernelFunction &kernel, MatmulOp matmul)
      : kernel(kernel), matmul(matmul), result(dimsOf(matmul.getResult())) {
    isBatched =
        llvm::any_of(ArrayRef(dimsOf(matmul.getRhs())).drop_back(2), [](const Dim &dim) { return dim != Dim(1); });
  }

  TileProblem problem() {
    TileProblem problem;
    ArrayRef<Dim> outer = ArrayRef(result).drop_back();
    problem.rows = isBatched ? outer.back() : product(outer);
    problem.batches = isBatched ? product(outer.drop_back()) : Dim(1);
    problem.columns = result.back();
    problem.depth = dimsOf(matmul.getLhs()).back();
    Type element = elementOf(matmul.getLhs()), accumulator = accumulatorType(elementOf(matmul.getResult()));
    problem.accumulator = accumulator;
    bool transposed = matmul.getTransposeRhs();
    problem.rhsAlongDepth = transposed;
    problem.lhs = [=, this](ElementEmitter &emitter, Value batch, Value row, Value k) {
      Point point = pointOf(dimsOf(matmul.getLhs()), batch, row);
      point.back() = {k, 0, {}};
      return widened(emitter.at(matmul.getLhs(), point), element, accumulator);
    };
    problem.rhs = [=, this](ElementEmitter &emitter, Value batch, Value column, Value k) {
      SmallVector<Dim> dims = dimsOf(matmul.getRhs());
      Point point =
          isBatched ? pointOf(dims, batch, kernel.index(0)) : Point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
      size_t rank = point.size();
      point[rank - (transposed ? 1 : 2)] = {k, 0, {}};
      point[rank - (transposed ? 2 : 1)] = {column, 0, {}};
      return widened(emitter.at(matmul.getRhs(), point), elementOf(matmul.getRhs()), accumulator);
    };
    return problem;
  }

  /// The point of a row of lhs or the result, the last axis to be filled in. Extents of 1 stretch.
  Point pointOf(ArrayRef<Dim> dims, Value batch, Value row) {
    Point point;
    if (!isBatched) {
      point = takenApart(row, dims.drop_back());
    } else {
      point = takenApart(batch, ArrayRef(result).drop_back(2));
      point.erase(point.begin(), point.begin() + (result.size() - dims.size()));
      for (size_t axis = 0; axis + 2 < dims.size(); ++axis)
        if (dims[axis] == Dim(1))
          point[axis] = {kernel.index(0), 0, {}};
      point.push_back({row, 0, {}});
    }
    point.push_back({kernel.index(0), 0, {}});
    return point;
  }

private:
  /// `number` as one index per dim, row-major.
  Point takenApart(Value number, ArrayRef<Dim> dims) {
    ImplicitLocOpBuilder &b = kernel.builder;
    Point point(dims.size());
    for (size_t axis = dims.size(); axis-- > 0;) {
      Value extent = kernel.dim(dims[axis]);
      point[axis] = {axis ? b.create<arith::RemUIOp>(number, extent).getResult() : number, 0, {}};
      if (axis)
        number = b.create<arith::DivUIOp>(number, extent);
    }
    return point;
  }

  Value widened(Value value, Type from, Type to) {
    return value.getType() == to ? value : emitCast(kernel.builder, value, from, to);
  }

  KernelFunction &kernel;
  MatmulOp matmul;
  SmallVector<Dim> result;
  bool isBatched;
};

} // namespace

LogicalResult emitTiledGemm(KernelFunction &kernel) {
  auto matmul = kernel.find<MatmulOp>();
  if (!Epilogue::supports(matmul.getResult(), kernel.body()))
    return kernel.source.emitError("has an op behind its anchor that does not run on accumulators");
  Epilogue epilogue(kernel, matmul.getResult());
  Product product(kernel, matmul);
  TileProblem problem = product.problem();
  problem.store = [&](Value batch, Value row, Value column, Value sum) {
    Point point = product.pointOf(dimsOf(matmul.getResult()), batch, row);
    point.back() = {column, 0, {}};
    epilogue.store(sum, point);
  };
  emitTiles(kernel, problem);
  return success();
}

} // namespace quern
