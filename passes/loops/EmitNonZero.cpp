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
    std::function<Value(Value)> nest = [&](Value found) -> Value {
      OpBuilder::InsertionGuard guard(b);
      if (point.size() < dims.size()) {
        auto loop =
            b.create<scf::ForOp>(kernel.index(0), kernel.dim(dims[point.size()]), kernel.index(1), ValueRange(found));
        b.setInsertionPointToStart(loop.getBody());
        point.push_back({loop.getInductionVar(), 0, {}});
        b.create<scf::YieldOp>(nest(loop.getRegionIterArg(0)));
        point.pop_back();
        return loop.getResult(0);
      }
      ElementEmitter e(kernel, 1);
      Value nonzero = emitCast(b, e.at(op.getOperand(), point), element, b.getI1Type());
      Value room = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, found, count);
      auto choice = b.create<scf::IfOp>(TypeRange(b.getIndexType()), b.create<arith::AndIOp>(nonzero, room),
                                        /*withElseRegion=*/true);
      b.setInsertionPointToStart(choice.elseBlock());
      b.create<scf::YieldOp>(found);
      b.setInsertionPointToStart(choice.thenBlock());
      for (auto [axis, place] : llvm::enumerate(point))
        e.store(b.create<arith::IndexCastOp>(b.getI64Type(), place.base), kernel.resultBuffer(0), outDims,
                {AxisPoint{kernel.index(axis), 0, {}}, AxisPoint{found, 0, {}}});
      b.create<scf::YieldOp>(kernel.add(found, 1));
      return choice.getResult(0);
    };
    nest(kernel.index(0));
  });
  return success();
}

} // namespace quern
