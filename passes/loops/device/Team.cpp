#include "passes/loops/device/Team.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace quern {

/// Registers are exchanged in words of 32 bits.
Value exchanged(KernelFunction &kernel, Value value, int32_t distance) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Type type = value.getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Type bitsType = b.getIntegerType(width), i32 = b.getI32Type();
  auto word = [&](Value bits) -> Value {
    return b.create<gpu::ShuffleOp>(bits, distance, int32_t(kernel.device->warp), gpu::ShuffleMode::XOR)
        .getShuffleResult();
  };
  Value bits = type == bitsType ? value : b.create<arith::BitcastOp>(bitsType, value).getResult();
  if (width == 64) {
    Value half = b.create<arith::ConstantIntOp>(32, 64);
    Value low = word(b.create<arith::TruncIOp>(i32, bits));
    Value high = word(b.create<arith::TruncIOp>(i32, b.create<arith::ShRUIOp>(bits, half)));
    Value upper = b.create<arith::ShLIOp>(b.create<arith::ExtUIOp>(bitsType, high), half);
    bits = b.create<arith::OrIOp>(upper, b.create<arith::ExtUIOp>(bitsType, low));
  } else if (width < 32) {
    bits = b.create<arith::TruncIOp>(bitsType, word(b.create<arith::ExtUIOp>(i32, bits)));
  } else {
    bits = word(bits);
  }
  return type == bitsType ? bits : b.create<arith::BitcastOp>(type, bits).getResult();
}

/// The partial results of all threads, combined: pairs within each warp, then the warps in order.
static Value combine(KernelFunction &kernel, const RowReduction &reduction, Value value) {
  ImplicitLocOpBuilder &b = kernel.builder;
  int64_t warp = kernel.device->warp, warps = kernel.threads / warp;
  auto step = [&](Value x, Value y) { return reductionStep(b, reduction.kind, reduction.element, x, y); };
  for (int64_t distance = warp / 2; distance > 0; distance /= 2)
    value = step(value, exchanged(kernel, value, distance));
  if (warps == 1)
    return value;
  bool isBool = value.getType().isInteger(1);
  Type stored = isBool ? Type(b.getI8Type()) : value.getType();
  Value tile = kernel.memory(kernel.sharedTile(stored, warps), stored);
  Value thread = kernel.thread(), lane = b.create<arith::RemUIOp>(thread, kernel.index(warp));
  Value isFirst = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, lane, kernel.index(0));
  b.create<scf::IfOp>(isFirst, [&](OpBuilder &inner, Location loc) {
    Value kept = isBool ? inner.create<arith::ExtUIOp>(loc, stored, value).getResult() : value;
    Value place = inner.create<arith::DivUIOp>(loc, thread, kernel.index(warp));
    inner.create<memref::StoreOp>(loc, kept, tile, place);
    inner.create<scf::YieldOp>(loc);
  });
  kernel.barrier();
  Value sum;
  for (int64_t i = 0; i < warps; ++i) {
    Value part = b.create<memref::LoadOp>(tile, kernel.index(i));
    if (isBool)
      part = b.create<arith::TruncIOp>(b.getI1Type(), part);
    sum = sum ? step(sum, part) : part;
  }
  kernel.barrier(); // before the tile is written again, for the next row
  return sum;
}

SmallVector<Value> reduceInBlock(ElementEmitter &outer, Value extent, ArrayRef<RowReduction> reductions,
                                 function_ref<SmallVector<Value>(ElementEmitter &, const AxisPoint &)> terms) {
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  int64_t lanes = kernel.neighbours;
  SmallVector<Value> starts, results;
  for (const RowReduction &reduction : reductions) {
    Type scalar = KernelFunction::registerType(reduction.element);
    starts.push_back(reductionStart(kernel, reduction.kind, reduction.element,
                                    lanes == 1 ? scalar : VectorType::get(lanes, scalar)));
  }
  Value first = kernel.multiply(kernel.thread(), kernel.index(lanes));
  auto loop = b.create<scf::ForOp>(first, extent, kernel.index(kernel.threads * lanes), starts);
  {
    llvm::SaveAndRestore<bool> alone(kernel.isTeam, false); // a reduction inside a term is this thread's own
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    ElementEmitter emitter(kernel, lanes);
    emitter.inherit(outer);
    SmallVector<Value> values = terms(emitter, {loop.getInductionVar(), lanes > 1, {}}), next;
    for (auto [i, reduction] : llvm::enumerate(reductions))
      next.push_back(reductionStep(b, reduction.kind, reduction.element, loop.getRegionIterArg(i), values[i]));
    b.create<scf::YieldOp>(next);
  }
  for (auto [i, reduction] : llvm::enumerate(reductions)) {
    Value value = loop.getResult(i);
    if (lanes > 1)
      value = reduceLanes(b, reduction.kind, reduction.element, value);
    results.push_back(combine(kernel, reduction, value));
  }
  return results;
}

void forTeam(ElementEmitter &outer, Value from, Value to, int64_t lanes,
             function_ref<void(ElementEmitter &, const AxisPoint &)> body) {
  KernelFunction &kernel = outer.kernel;
  llvm::SaveAndRestore<bool> alone(kernel.isTeam, false);
  Value first = kernel.add(from, kernel.multiply(kernel.thread(), kernel.index(lanes)));
  kernel.forRange(first, to, kernel.index(kernel.threads * lanes), [&](Value at) {
    ElementEmitter emitter(kernel, lanes);
    emitter.inherit(outer);
    body(emitter, {at, lanes > 1, {}});
  });
}

} // namespace quern
