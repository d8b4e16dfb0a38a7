#include "passes/loops/device/WarpInstructions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace quern {

static Value inSpace(ImplicitLocOpBuilder &b, Value pointer, unsigned space) {
  return b.create<LLVM::AddrSpaceCastOp>(LLVM::LLVMPointerType::get(b.getContext(), space), pointer);
}
static Value inShared(ImplicitLocOpBuilder &b, Value pointer) {
  return inSpace(b, pointer, NVVM::kSharedMemorySpace);
}

static SmallVector<Value> members(ImplicitLocOpBuilder &b, Value record) {
  SmallVector<Value> values;
  for (size_t i = 0; i < cast<LLVM::LLVMStructType>(record.getType()).getBody().size(); ++i)
    values.push_back(b.create<LLVM::ExtractValueOp>(record, i));
  return values;
}

namespace {
/// A type that the matrix unit multiplies: LLVM's names of the product and of rounding two float32 to a word, and how a
/// word of its elements is given, which is loaded as 4 bytes. The op of nvvm knows no words of bfloat16.
struct Product {
  bool (Type::*is)() const;
  StringRef intrinsic, round;
  Value (*word)(ImplicitLocOpBuilder &, Value bits);
};

Value asBits(ImplicitLocOpBuilder &, Value bits) {
  return bits;
}
Value asHalves(ImplicitLocOpBuilder &b, Value bits) {
  return b.create<LLVM::BitcastOp>(VectorType::get(2, b.getF16Type()), bits);
}
/// The unit would cut the lowest bits off.
Value asRounded(ImplicitLocOpBuilder &b, Value bits) {
  Value value = b.create<LLVM::BitcastOp>(b.getF32Type(), bits);
  return b.create<LLVM::CallIntrinsicOp>(b.getI32Type(), b.getStringAttr("llvm.nvvm.f2tf32.rna"), value).getResult(0);
}

constexpr Product products[] = {
    {&Type::isF16, "llvm.nvvm.mma.m16n8k16.row.col.f32.f32", "llvm.nvvm.ff2f16x2.rn", asHalves},
    {&Type::isBF16, "llvm.nvvm.mma.m16n8k16.row.col.bf16", "llvm.nvvm.ff2bf16x2.rn", asBits},
    {&Type::isF32, "llvm.nvvm.mma.m16n8k8.row.col.tf32", "", asRounded}};
} // namespace

/// The row of a type that the schedule gives to the matrix unit.
static const Product &productOf(Type multiplicand) {
  return *llvm::find_if(products, [&](const Product &row) { return (multiplicand.*row.is)(); });
}

SmallVector<Value> loadMultiplicands(ImplicitLocOpBuilder &b, Value address, Type multiplicand, bool transposed) {
  constexpr uint32_t kMatrices = 4;
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(kMatrices, b.getI32Type()));
  SmallVector<Value> words =
      members(b, b.create<NVVM::LdMatrixOp>(type, inShared(b, address), kMatrices,
                                            transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row));
  for (Value &word : words)
    word = productOf(multiplicand).word(b, word);
  return words;
}

SmallVector<Value> multiplyMatrices(ImplicitLocOpBuilder &b, Type multiplicand, ArrayRef<Value> lhs,
                                    ArrayRef<Value> rhs, ArrayRef<Value> sums) {
  SmallVector<Value> operands(lhs);
  llvm::append_range(operands, rhs);
  llvm::append_range(operands, sums);
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(sums.size(), b.getF32Type()));
  auto name = b.getStringAttr(productOf(multiplicand).intrinsic);
  return members(b, b.create<LLVM::CallIntrinsicOp>(type, name, operands).getResult(0));
}

Value packMultiplicands(ImplicitLocOpBuilder &b, Type multiplicand, Value low, Value high) {
  const Product &product = productOf(multiplicand);
  Value pair = b.create<LLVM::CallIntrinsicOp>(VectorType::get(2, multiplicand), b.getStringAttr(product.round),
                                               ValueRange{high, low})
                   .getResult(0);
  return product.word(b, b.create<LLVM::BitcastOp>(b.getI32Type(), pair));
}

Value powerOfTwo(ImplicitLocOpBuilder &b, Value x) {
  return b.create<LLVM::CallIntrinsicOp>(x.getType(), b.getStringAttr("llvm.nvvm.ex2.approx.ftz.f"), x).getResult(0);
}

void beginCopy(ImplicitLocOpBuilder &b, Value shared, Value global, int64_t bytes, Value inside) {
  Value to = inShared(b, shared), from = inSpace(b, global, NVVM::kGlobalMemorySpace);
  // Around the first cache where that can be: what a block copies it reads from shared memory alone.
  auto cache = bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
  if (!inside) {
    b.create<NVVM::CpAsyncOp>(to, from, bytes, cache, /*cpSize=*/Value());
    return;
  }
  // The op of nvvm would be inline assembly with a size.
  Value size = b.create<arith::SelectOp>(inside, b.create<arith::ConstantIntOp>(bytes, 32),
                                         b.create<arith::ConstantIntOp>(0, 32));
  StringRef name = bytes == 16  ? "llvm.nvvm.cp.async.cg.shared.global.16.s"
                   : bytes == 8 ? "llvm.nvvm.cp.async.ca.shared.global.8.s"
                                : "llvm.nvvm.cp.async.ca.shared.global.4.s";
  b.create<LLVM::CallIntrinsicOp>(Type(), b.getStringAttr(name), ValueRange{to, from, size});
}

void endCopies(ImplicitLocOpBuilder &b) {
  b.create<NVVM::CpAsyncCommitGroupOp>();
}

void awaitCopies(ImplicitLocOpBuilder &b, int64_t pending) {
  b.create<NVVM::CpAsyncWaitGroupOp>(pending);
}

void synchronizeWarp(ImplicitLocOpBuilder &b) {
  b.create<NVVM::SyncWarpOp>(b.create<arith::ConstantIntOp>(-1, 32));
}

} // namespace quern
