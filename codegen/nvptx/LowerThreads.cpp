#include "codegen/nvptx/LowerThreads.h"
#include "codegen/LowerToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace quern {
namespace {

/// The stock pass wants a gpu.module and would also turn math ops into calls of NVIDIA's own library: here only the ops
/// of `gpu` change.
struct LowerThreadsPass : PassWrapper<LowerThreadsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerThreadsPass)

  StringRef getName() const override { return "LowerThreadsPass"; }

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(indexBits(getOperation()));
    LLVMTypeConverter converter(&getContext(), options);
    RewritePatternSet patterns(&getContext());
    populateGpuToNVVMConversionPatterns(converter, patterns);
    ConversionTarget target(getContext());
    target.addIllegalDialect<gpu::GPUDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};

struct MarkEntriesPass : PassWrapper<MarkEntriesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MarkEntriesPass)

  StringRef getName() const override { return "MarkEntriesPass"; }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (!function.isExternal())
        function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), UnitAttr::get(&getContext()));
  }
};

} // namespace

void registerThreadDialects(DialectRegistry &registry) {
  registerNVVMDialectTranslation(registry);
  registry.insert<gpu::GPUDialect, NVVM::NVVMDialect>();
}

std::unique_ptr<Pass> createLowerThreadsPass() {
  return std::make_unique<LowerThreadsPass>();
}
std::unique_ptr<Pass> createMarkEntriesPass() {
  return std::make_unique<MarkEntriesPass>();
}

} // namespace quern
