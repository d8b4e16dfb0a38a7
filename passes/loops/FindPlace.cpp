#include "passes/loops/FindPlace.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

Value bitsOf(ImplicitLocOpBuilder &b, Value lanes) {
  Type word = b.getIntegerType(cast<VectorType>(lanes.getType()).getNumElements());
  return b.create<vector::ExtractOp>(b.create<vector::BitCastOp>(VectorType::get(1, word), lanes), 0);
}

Value placeOfLane(ImplicitLocOpBuilder &b, Value bits, bool last) {
  int64_t lanes = bits.getType().getIntOrFloatBitWidth();
  if (!last)
    return b.create<math::CountTrailingZerosOp>(bits);
  Value end = b.create<arith::ConstantIntOp>(lanes - 1, lanes);
  return b.create<arith::SubIOp>(end, b.create<math::CountLeadingZerosOp>(bits));
}

Value findPlace(ElementEmitter &outer, Value extent, bool last, int64_t lanes,
                function_ref<Value(ElementEmitter &, const AxisPoint &)> isHit) {
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  Type index = b.getIndexType(), word = b.getIntegerType(lanes);
  // Whole vectors, from the end that counts; then those that are left.
  Value none = b.create<arith::ConstantIntOp>(0, lanes), width = kernel.index(lanes);
  auto loop = b.create<scf::WhileOp>(TypeRange{index, word}, ValueRange{kernel.index(0), none});
  auto placeOf = [&](Value done) -> Value {
    return last ? b.create<arith::SubIOp>(b.create<arith::SubIOp>(extent, done), width).getResult() : done;
  };
  Location loc = b.getLoc();
  {
    OpBuilder::InsertionGuard guard(b);
    Block *before = b.createBlock(&loop.getBefore(), {}, {index, word}, {loc, loc});
    Value done = before->getArgument(0), bits = before->getArgument(1);
    Value fits = b.create<arith::CmpIOp>(arith::CmpIPredicate::sle, kernel.add(done, lanes), extent);
    Value isNone = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, bits, none);
    b.create<scf::ConditionOp>(b.create<arith::AndIOp>(fits, isNone), before->getArguments());
    Block *after = b.createBlock(&loop.getAfter(), {}, {index, word}, {loc, loc});
    done = after->getArgument(0);
    ElementEmitter e(kernel, lanes);
    e.inherit(outer);
    bits = bitsOf(b, isHit(e, AxisPoint{placeOf(done), 1, {}}));
    isNone = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, bits, none);
    Value next = b.create<arith::SelectOp>(isNone, kernel.add(done, lanes), done);
    b.create<scf::YieldOp>(ValueRange{next, bits});
  }
  Value done = loop.getResult(0);
  Value isNone = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, loop.getResult(1), none);
  auto rest = b.create<scf::IfOp>(TypeRange{index, word}, isNone, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rest.thenBlock());
    Value mask = b.create<vector::CreateMaskOp>(VectorType::get(lanes, b.getI1Type()),
                                                ValueRange{b.create<arith::SubIOp>(extent, done)});
    ElementEmitter e(kernel, lanes, mask);
    e.inherit(outer);
    Value place = last ? kernel.index(0) : done;
    Value hits = b.create<arith::AndIOp>(isHit(e, AxisPoint{place, 1, {}}), mask);
    b.create<scf::YieldOp>(ValueRange{place, bitsOf(b, hits)});
    b.setInsertionPointToStart(rest.elseBlock());
    b.create<scf::YieldOp>(ValueRange{placeOf(done), loop.getResult(1)});
  }
  Value lane = b.create<arith::IndexCastUIOp>(index, placeOfLane(b, rest.getResult(1), last));
  return b.create<arith::AddIOp>(rest.getResult(0), lane);
}

} // namespace quern
