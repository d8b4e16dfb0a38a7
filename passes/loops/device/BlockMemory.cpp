#include "passes/loops/device/BlockMemory.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

BlockMemory::BlockMemory(KernelFunction &kernel, Type element, int64_t elements)
    : kernel(kernel), element(element), base(kernel.sharedTile(element, elements)) {}

Value BlockMemory::address(Value offset) const {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), offset);
  return b.create<LLVM::GEPOp>(base.getType(), element, base, ArrayRef<LLVM::GEPArg>{distance});
}

/// Vectors of more than 16 bytes are taken apart by the code generator.
static unsigned alignment(Type element, int64_t width) {
  return std::min<unsigned>(width * element.getIntOrFloatBitWidth() / 8, 16);
}

SmallVector<Value> BlockMemory::load(Value offset, int64_t count) const {
  ImplicitLocOpBuilder &b = kernel.builder;
  int64_t width = accessWidth(count);
  Type type = width == 1 ? element : VectorType::get(width, element);
  SmallVector<Value> values;
  for (int64_t first = 0; first < count; first += width) {
    Value loaded = b.create<LLVM::LoadOp>(type, address(kernel.add(offset, first)), alignment(element, width));
    for (int64_t i = 0; i < width; ++i)
      values.push_back(width == 1 ? loaded : b.create<vector::ExtractOp>(loaded, i).getResult());
  }
  return values;
}

void BlockMemory::store(ArrayRef<Value> values, Value offset) const {
  ImplicitLocOpBuilder &b = kernel.builder;
  int64_t width = accessWidth(values.size());
  for (size_t first = 0; first < values.size(); first += width) {
    Value stored = values[first];
    if (width > 1) {
      auto type = VectorType::get(width, element);
      stored = b.create<arith::ConstantOp>(b.getZeroAttr(type));
      for (int64_t i = 0; i < width; ++i)
        stored = b.create<vector::InsertOp>(values[first + i], stored, i);
    }
    b.create<LLVM::StoreOp>(stored, address(kernel.add(offset, first)), alignment(element, width));
  }
}

} // namespace quern
