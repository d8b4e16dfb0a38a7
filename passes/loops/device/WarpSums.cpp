#include "passes/loops/device/WarpSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;

namespace quern {

/// More columns would take more memory than the tiles that were there before.
constexpr int64_t kMostTogether = 64;

WarpSums::WarpSums(KernelFunction &kernel, int64_t rows, int64_t columns)
    : kernel(kernel), b(kernel.builder), rows(rows), columns(columns), together(std::min(columns, kMostTogether)) {}

/// Elements from row to row; the padding spreads rows over the banks.
int64_t WarpSums::pitch() const {
  return together + kLoadedRows;
}

int64_t WarpSums::bytes() const {
  return kMatrixRows * pitch() * int64_t(sizeof(float));
}

Value WarpSums::at(Value waiting, Value row, Value column) {
  Value number = kernel.add(kernel.multiply(row, kernel.index(pitch())), column);
  Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), number);
  return b.create<LLVM::GEPOp>(waiting.getType(), b.getF32Type(), waiting, ArrayRef<LLVM::GEPArg>{distance});
}

void WarpSums::store(Value memory, ArrayRef<Value> sums, Store store) {
  auto quotient = [&](Value a, int64_t by) { return b.create<arith::DivUIOp>(a, kernel.index(by)).getResult(); };
  auto remainder = [&](Value a, int64_t by) { return b.create<arith::RemUIOp>(a, kernel.index(by)).getResult(); };
  int64_t threads = kernel.device->warp, across = columns / kMatrixColumns;
  Value lane = remainder(kernel.thread(), threads);
  Value waiting =
      at(memory, kernel.multiply(quotient(kernel.thread(), threads), kernel.index(kMatrixRows)), kernel.index(0));
  auto keep = [&](ArrayRef<Value> matrix, int64_t column) {
    for (int64_t half = 0; half < 2; ++half) {
      Value vector = b.create<arith::ConstantOp>(b.getZeroAttr(VectorType::get(2, b.getF32Type())));
      for (int64_t e = 0; e < 2; ++e)
        vector = b.create<vector::InsertOp>(matrix[2 * half + e], vector, e);
      Value row = kernel.add(quotient(lane, 4), half * kLoadedRows);
      Value place = at(waiting, row, kernel.add(kernel.multiply(remainder(lane, 4), kernel.index(2)), column));
      b.create<LLVM::StoreOp>(vector, place, /*alignment=*/8);
    }
  };
  for (int64_t i = 0; i < rows / kMatrixRows; ++i)
    for (int64_t first = 0; first < columns; first += together) {
      int64_t count = std::min(together, columns - first);
      for (int64_t j = 0; j < count; j += kMatrixColumns)
        keep(sums.slice((i * across + (first + j) / kMatrixColumns) * kMatrixSums, kMatrixSums), j);
      synchronizeWarp(b);
      kernel.forRange(lane, kernel.index(kMatrixRows * count), kernel.index(threads), [&](Value n) {
        Value row = quotient(n, count), column = remainder(n, count);
        Value sum = b.create<LLVM::LoadOp>(b.getF32Type(), at(waiting, row, column));
        store(kernel.add(row, i * kMatrixRows), kernel.add(column, first), sum);
      });
      synchronizeWarp(b);
    }
}

} // namespace quern
