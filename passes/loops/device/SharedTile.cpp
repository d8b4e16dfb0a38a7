#include "passes/loops/device/SharedTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;

namespace quern {

SharedTile::SharedTile(KernelFunction &kernel, const TileProblem &problem, const TileProblem::Side &side, int64_t lines,
                       int64_t depth)
    : kernel(kernel), problem(problem), side(side), b(kernel.builder), lines(lines), depth(depth),
      isLeft(&side == &problem.lhs) {
  unsigned bits = problem.multiplicand.getIntOrFloatBitWidth();
  rowsAreLines = side.alongDepth || bits != 16;
  perChunk = kLoadedBytes * 8 / bits;
  rows = rowsAreLines ? lines : depth;
  chunks = (rowsAreLines ? depth : lines) / perChunk;
}

/// Rows of less than 128 bytes share the banks with their neighbours.
Value SharedTile::swizzle(Value row) {
  if (chunks < kLoadedRows)
    row = b.create<arith::DivUIOp>(row, kernel.index(kLoadedRows / chunks));
  return b.create<arith::RemUIOp>(row, kernel.index(std::min(chunks, kLoadedRows)));
}

static Value shifted(ImplicitLocOpBuilder &b, Value pointer, Value bytes) {
  Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), bytes);
  return b.create<LLVM::GEPOp>(pointer.getType(), b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{distance});
}

Value SharedTile::placeOf(Value memory, Value row, Value chunk) {
  Value place = b.create<arith::XOrIOp>(chunk, swizzle(row));
  Value offset =
      kernel.add(kernel.multiply(row, kernel.index(rowBytes())), kernel.multiply(place, kernel.index(kLoadedBytes)));
  return shifted(b, memory, offset);
}

//===--- From the device's memory -----------------------------------------------------------===//

void SharedTile::fill(Value memory, Value batch, Value first, Value from) {
  int64_t count = rows * chunks;
  // Neighbouring threads read what lies together: chunks of a row, or the same chunk of neighbouring lines.
  bool alongRow = rowsAreLines == side.alongDepth;
  int64_t perRow = alongRow ? chunks : rows;
  auto turn = [&](TurnPlace place) {
    fillChunk(memory, batch, first, from, alongRow ? place.row : place.column, alongRow ? place.column : place.row);
  };
  if (count < kernel.threads) {
    auto choice =
        b.create<scf::IfOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, kernel.thread(), kernel.index(count)),
                            /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    return turn(placeOfTurn(kernel, 0, perRow));
  }
  // Copies are few instructions each, but have addresses in registers; what is computed may be many.
  constexpr int64_t kMostCopies = 8;
  int64_t turns = count / kernel.threads;
  if (count % kernel.threads == 0 && turns <= (isCopied() ? kMostCopies : 1)) {
    for (int64_t i = 0; i < turns; ++i)
      turn(placeOfTurn(kernel, i, perRow));
    return;
  }
  kernel.forRange(kernel.thread(), kernel.index(count), kernel.index(kernel.threads), [&](Value number) {
    Value each = kernel.index(perRow);
    turn({b.create<arith::DivUIOp>(number, each), b.create<arith::RemUIOp>(number, each)});
  });
}

void SharedTile::fillChunk(Value memory, Value batch, Value first, Value from, Value row, Value chunk) {
  Value start = kernel.multiply(chunk, kernel.index(perChunk));
  Value line = kernel.add(first, rowsAreLines ? row : start), k = kernel.add(from, rowsAreLines ? start : row);
  Value to = placeOf(memory, row, chunk);
  if (isCopied())
    copyChunk(to, batch, line, k);
  else
    computeChunk(to, batch, line, k);
}

Value SharedTile::isInside(Value line, Value k) {
  return quern::isInside(kernel, problem, side, lines, depth, line, k);
}

void SharedTile::copyChunk(Value to, Value batch, Value line, Value k) {
  beginCopy(b, to, side.address(batch, line, k), kLoadedBytes, isInside(line, k));
}

/// One vector of the elements' bits.
Value SharedTile::pack(ArrayRef<Value> elements) {
  Type bits = b.getIntegerType(problem.multiplicand.getIntOrFloatBitWidth());
  Value vector = b.create<arith::ConstantOp>(b.getZeroAttr(VectorType::get(elements.size(), bits)));
  for (auto [i, element] : llvm::enumerate(elements))
    vector = b.create<vector::InsertOp>(b.create<arith::BitcastOp>(bits, element), vector, int64_t(i));
  return vector;
}

void SharedTile::computeChunk(Value to, Value batch, Value line, Value k) {
  ElementEmitter emitter(kernel, 1);
  auto elements = [&](function_ref<Value(Value line, Value k)> element) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < perChunk; ++i)
      values.push_back(rowsAreLines ? element(line, kernel.add(k, i)) : element(kernel.add(line, i), k));
    return pack(values);
  };
  auto plain = [&](Value line, Value k) { return side.element(emitter, batch, line, k); };
  Value inside = isInside(line, k), packed;
  const Dim &extent = rowsAreLines ? problem.depth : side.lines;
  if (!inside) {
    packed = elements(plain);
  } else if (extent.mod(perChunk).isEqualTo(0)) {
    Type bits = b.getIntegerType(problem.multiplicand.getIntOrFloatBitWidth());
    Value zeros = b.create<arith::ConstantOp>(b.getZeroAttr(VectorType::get(perChunk, bits)));
    packed = emitter.guarded(inside, zeros, [&] { return elements(plain); });
  } else {
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.multiplicand));
    packed = elements(
        [&](Value line, Value k) { return emitter.guarded(isInside(line, k), zero, [&] { return plain(line, k); }); });
  }
  b.create<LLVM::StoreOp>(packed, to, kLoadedBytes);
}

//===--- To the matrix unit -----------------------------------------------------------------===//

SmallVector<Value> SharedTile::load(Value memory, Value line, int64_t block, int64_t step) {
  auto quotient = [&](Value a, int64_t by) { return b.create<arith::DivUIOp>(a, kernel.index(by)).getResult(); };
  auto remainder = [&](Value a, int64_t by) { return b.create<arith::RemUIOp>(a, kernel.index(by)).getResult(); };
  Value lane = remainder(kernel.thread(), kernel.device->warp), matrix = quotient(lane, kLoadedRows);
  Value lower = isLeft ? remainder(matrix, 2) : quotient(matrix, 2); // of the lines
  Value half = isLeft ? quotient(matrix, 2) : remainder(matrix, 2);  // of the depth
  Value row = remainder(lane, kLoadedRows), chunk;
  // What is added last is a displacement: whole swizzles of rows, and chunks beyond the eight that a swizzle turns about.
  int64_t rowsFurther = 0, chunksFurther = 0;
  if (rowsAreLines) {
    row = kernel.add(kernel.add(line, kernel.multiply(lower, kernel.index(kLoadedRows))), row);
    chunk = half;
    rowsFurther = block * kMatrixRows;
    chunksFurther = step * kMatrixDepthBytes / kLoadedBytes;
  } else {
    row = kernel.add(kernel.multiply(half, kernel.index(kLoadedRows)), row);
    chunk = kernel.add(quotient(line, kLoadedRows), lower);
    rowsFurther = step * 2 * kLoadedRows;
    chunksFurther = block * kMatrixRows / kLoadedRows;
  }
  chunk = kernel.add(chunk, chunksFurther % kLoadedRows);
  int64_t constant = rowsFurther * rowBytes() + chunksFurther / kLoadedRows * kLoadedRows * kLoadedBytes;
  Value address = placeOf(memory, row, chunk);
  return loadMultiplicands(b, constant ? shifted(b, address, kernel.index(constant)) : address, problem.multiplicand,
                           !rowsAreLines);
}

} // namespace quern
