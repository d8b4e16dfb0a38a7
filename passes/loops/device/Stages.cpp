#include "passes/loops/device/Stages.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;

namespace quern {

Stages::Stages(KernelFunction &kernel, int64_t bytes, bool copies, int64_t least)
    : kernel(kernel), b(kernel.builder),
      count(std::max<int64_t>(kernel.source.getSchedule().parameter("stages", 2), 2)), bytes(bytes), copies(copies) {
  memory = kernel.sharedTile(b.getI8Type(), std::max(count * bytes, least));
}

SmallVector<Value> Stages::forSteps(const TilePlace &place, int64_t depthStep, ArrayRef<Value> start, Fill fill,
                                    Multiply multiply) {
  kernel.forRange(kernel.index(0), kernel.index(count - 1), kernel.index(1), [&](Value stage) {
    fillIfThere(place, stage, kernel.add(place.from, kernel.multiply(stage, kernel.index(depthStep))), fill);
  });
  SmallVector<Value> carried{kernel.index(0), kernel.index(count - 1)};
  llvm::append_range(carried, start);
  auto loop = b.create<scf::ForOp>(place.from, place.end, kernel.index(depthStep), carried);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value read = loop.getRegionIterArg(0), write = loop.getRegionIterArg(1);
    await(count - 2);
    // The stage that is filled now had been multiplied by all before they came here.
    kernel.barrier();
    fillIfThere(place, write, kernel.add(loop.getInductionVar(), (count - 1) * depthStep), fill);
    SmallVector<Value> sums(loop.getRegionIterArgs().drop_front(2));
    multiply(at(read), loop.getInductionVar(), sums);
    SmallVector<Value> next{following(read), following(write)};
    llvm::append_range(next, sums);
    b.create<scf::YieldOp>(next);
  }
  await(0);
  kernel.barrier();
  return SmallVector<Value>(loop.getResults().drop_front(2));
}

Value Stages::at(Value stage) {
  Value offset = kernel.multiply(stage, kernel.index(bytes));
  Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), offset);
  return b.create<LLVM::GEPOp>(memory.getType(), b.getI8Type(), memory, ArrayRef<LLVM::GEPArg>{distance});
}

Value Stages::following(Value stage) {
  Value isLast = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, stage, kernel.index(count - 1));
  return b.create<arith::SelectOp>(isLast, kernel.index(0), kernel.add(stage, 1));
}

/// A step that is not there leaves an empty group of copies, so that waiting is counting.
void Stages::fillIfThere(const TilePlace &place, Value stage, Value from, Fill fill) {
  {
    auto choice = b.create<scf::IfOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, from, place.end),
                                      /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    fill(at(stage), from);
  }
  if (copies)
    endCopies(b);
}

void Stages::await(int64_t pending) {
  if (copies)
    awaitCopies(b, pending);
}

} // namespace quern
