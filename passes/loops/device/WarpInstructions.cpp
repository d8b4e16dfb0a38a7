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

SmallVector<Value> loadMatrices(ImplicitLocOpBuilder &b, Value address, bool transposed) {
  constexpr uint32_t kMatrices = 4;
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(kMatrices, b.getI32Type()));
  return members(b, b.create<NVVM::LdMatrixOp>(type, inShared(b, address), kMatrices,
                                               transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row));
}

namespace {
/// A type that the matrix unit multiplies: LLVM's name of the product, and how many elements are in a word that it
/// takes, as a vector; 0: it takes the bits. The op of nvvm knows no bits of bfloat16.
struct Product {
  bool (Type::*is)() const;
  StringRef intrinsic;
  int64_t wordLanes;
};
constexpr Product products[] = {{&Type::isF16, "llvm.nvvm.mma.m16n8k16.row.col.f32.f32", 2},
                                {&Type::isBF16, "llvm.nvvm.mma.m16n8k16.row.col.bf16", 0}};
} // namespace

SmallVector<Value> multiplyMatrices(ImplicitLocOpBuilder &b, Type multiplicand, ArrayRef<Value> lhs,
                                    ArrayRef<Value> rhs, ArrayRef<Value> sums) {
  const Product &product = *llvm::find_if(products, [&](const Product &row) { return (multiplicand.*row.is)(); });
  SmallVector<Value> operands;
  for (Value word : llvm::concat<const Value>(lhs, rhs))
    operands.push_back(
        product.wordLanes
            ? b.create<LLVM::BitcastOp>(VectorType::get(product.wordLanes, multiplicand), word).getResult()
            : word);
  llvm::append_range(operands, sums);
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(sums.size(), b.getF32Type()));
  return members(b, b.create<LLVM::CallIntrinsicOp>(type, b.getStringAttr(product.intrinsic), operands).getResult(0));
}

void beginCopy(ImplicitLocOpBuilder &b, Value shared, Value global) {
  // Around the first cache: what a block copies it reads from shared memory alone.
  b.create<NVVM::CpAsyncOp>(inShared(b, shared), inSpace(b, global, NVVM::kGlobalMemorySpace), kLoadedBytes,
                            NVVM::LoadCacheModifierKind::CG, /*cpSize=*/Value());
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
