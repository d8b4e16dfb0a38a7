#include "passes/loops/DotProduct.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

DotProduct::DotProduct(IndexBuilder builder, const DotForm &form, int64_t lanes)
    : builder(builder), form(form), lanes(lanes) {
  bool isFloat = form.a == DotElement::BF16;
  elements = lanes * (isFloat ? 2 : 4);
  words = VectorType::get(lanes, builder.builder.getI32Type());
  type = VectorType::get(elements, isFloat ? Type(builder.builder.getBF16Type()) : builder.builder.getI8Type());
}

Value DotProduct::load(Value memory, Index offset) {
  return builder.create<vector::LoadOp>(type, memory, builder.value(offset));
}

Value DotProduct::add(Value sum, Value a, int64_t row, Value b) {
  if (form.rows == 1) {
    // The elements of a row and step are one word; the instruction takes it from its lane.
    Value all = builder.create<vector::BitCastOp>(words, a);
    all = builder.create<vector::ShuffleOp>(all, all, SmallVector<int64_t>(lanes, row));
    a = builder.create<vector::BitCastOp>(type, all);
    // LLVM selects lanes of the last factor, where the two are alike.
    if (form.a == form.b)
      std::swap(a, b);
  }
  return builder.create<LLVM::CallIntrinsicOp>(sum.getType(), StringRef(form.intrinsic), ValueRange{sum, a, b})
      .getResults();
}

SmallVector<Value> DotProduct::rowsOf(ArrayRef<Value> blocks, int64_t vectors) {
  if (form.rows == 1)
    return SmallVector<Value>(blocks);
  SmallVector<Value> rows(blocks.size());
  int64_t half = getColumns();
  for (size_t block = 0; block < blocks.size(); block += 2) {
    int64_t pair = block / (2 * vectors), vector = block % (2 * vectors) / 2;
    for (int64_t row = 0; row < 2; ++row) {
      SmallVector<int64_t> order;
      for (int64_t from : {row * half, lanes + row * half})
        llvm::append_range(order, llvm::seq(from, from + half));
      rows[(2 * pair + row) * vectors + vector] =
          builder.create<vector::ShuffleOp>(blocks[block], blocks[block + 1], order);
    }
  }
  return rows;
}

} // namespace quern
