// The indices of nonzero elements in row-major order; their count is known before, from a reduction.
#include "passes/loops/Emitters.h"
#include "passes/loops/ElementEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

LogicalResult emitNonZero(KernelFunction &kernel) {
  auto op = kernel.find<NonZeroOp>();
  if (!op)
    return kernel.source.emitError() << "has no search for nonzero elements";
  ImplicitLocOpBuilder &b = kernel.builder;
  SmallVector<Dim> dims = dimsOf(op.getOperand()), outDims = dimsOf(op.getResult());
  Type element = elementOf(op.getOperand());
  kernel.forTasks(1, [&](Value) {
    Value count = kernel.dim(outDims[1]);
    Point point;
    // Every place is written where the next nonzero element's belongs, and stays only if its element is one: a branch
    // on data would be guessed wrong as often as not. The loops end with the last of them, so there is always room.
    std::function<Value(Value)> nest = [&](Value found) -> Value {
      OpBuilder::InsertionGuard guard(b);
      if (point.size() == dims.size()) {
        ElementEmitter e(kernel, 1);
        Value nonzero = emitCast(b, e.at(op.getOperand(), point), element, b.getI1Type());
        for (auto [axis, place] : llvm::enumerate(point))
          e.store(b.create<arith::IndexCastOp>(b.getI64Type(), place.base), kernel.resultBuffer(0), outDims,
                  {AxisPoint{kernel.index(axis), 0, {}}, AxisPoint{found, 0, {}}});
        return kernel.add(found, b.create<arith::IndexCastUIOp>(b.getIndexType(), nonzero));
      }
      Type index = b.getIndexType();
      auto loop = b.create<scf::WhileOp>(TypeRange{index, index}, ValueRange{kernel.index(0), found});
      Block *before = b.createBlock(&loop.getBefore(), {}, {index, index}, {b.getLoc(), b.getLoc()});
      using Less = arith::CmpIPredicate;
      Value inside = b.create<arith::CmpIOp>(Less::slt, before->getArgument(0), kernel.dim(dims[point.size()]));
      Value room = b.create<arith::CmpIOp>(Less::slt, before->getArgument(1), count);
      b.create<scf::ConditionOp>(b.create<arith::AndIOp>(inside, room), before->getArguments());
      Block *after = b.createBlock(&loop.getAfter(), {}, {index, index}, {b.getLoc(), b.getLoc()});
      point.push_back({after->getArgument(0), 0, {}});
      Value next = nest(after->getArgument(1));
      point.pop_back();
      b.setInsertionPointToEnd(after);
      b.create<scf::YieldOp>(ValueRange{kernel.add(after->getArgument(0), 1), next});
      return loop.getResult(1);
    };
    nest(kernel.index(0));
  });
  return success();
}

} // namespace quern
