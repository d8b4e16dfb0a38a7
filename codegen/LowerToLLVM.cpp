#include "codegen/LowerToLLVM.h"
#include "codegen/nvptx/LowerThreads.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace quern {
namespace {

/// Operations of arith that its conversion to LLVM does not know: divisions that round up or down, and bfloat16, which
/// LLVM would convert by a call for each element. The stock arith-expand pass is not used: it also takes minimum and
/// maximum apart, which LLVM does better (one instruction for a relu).
struct ExpandArithPass : PassWrapper<ExpandArithPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandArithPass)

  StringRef getName() const override { return "ExpandArithPass"; }

  /// The pair of types that the patterns know; between others LLVM converts.
  static bool isExpanded(Value wide, Value narrow) {
    return getElementTypeOrSelf(wide).isF32() && getElementTypeOrSelf(narrow).isBF16();
  }

  void runOnOperation() override {
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalOp<arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>();
    target.addDynamicallyLegalOp<arith::ExtFOp>([](arith::ExtFOp op) { return !isExpanded(op.getOut(), op.getIn()); });
    target.addDynamicallyLegalOp<arith::TruncFOp>([](arith::TruncFOp op) { return !isExpanded(op.getIn(), op.getOut()); });
    RewritePatternSet patterns(&getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};

void addPasses(PassManager &manager, bool isDevice, unsigned indexBits) {
  if (isDevice)
    manager.addPass(createLowerThreadsPass());
  // First, as what it makes is ordinary arith.
  manager.addPass(std::make_unique<ExpandArithPass>());
  // Structured control flow next: all later conversions then see blocks and branches only.
  manager.addPass(createConvertSCFToCFPass());
  // Of these conversions the one without a width of indices; kernels with narrow ones have no vectors of them.
  // Vectors before memrefs: a vector.load becomes a pointer and an offset made of its memref's descriptor.
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass(
      {/*useAlignedAlloc=*/false, indexBits, /*useGenericFunctions=*/false}));
  // The scalar dialects in any order; each leaves casts at its borders with the others.
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass({indexBits}));
  manager.addPass(createConvertIndexToLLVMPass({indexBits}));
  manager.addPass(createConvertFuncToLLVMPass({/*useBarePtrCallConv=*/false, indexBits}));
  manager.addPass(createConvertControlFlowToLLVMPass({indexBits}));
  // All sides of every border are LLVM's now, so the casts cancel. Descriptors packed and unpacked, and what is there
  // twice, LLVM's own first passes remove in less time than ours would.
  manager.addPass(createReconcileUnrealizedCastsPass());
  if (isDevice)
    manager.addPass(createMarkEntriesPass());
}

} // namespace

void loadCodegenDialects(MLIRContext &context) {
  DialectRegistry registry;
  // Translation needs interfaces of two dialects only: the passes take all others to LLVM first.
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerThreadDialects(registry);
  registry.insert<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                  index::IndexDialect, LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                  vector::VectorDialect>();
  // Each run of a pass manager enters the dialects that its passes make into the context, without a lock: they are all
  // there before the first of several threads runs one.
  for (bool isDevice : {false, true}) {
    PassManager manager(&context);
    addPasses(manager, isDevice, /*indexBits=*/64);
    manager.getDependentDialects(registry);
  }
  context.appendDialectRegistry(registry);
  for (StringRef name : registry.getDialectNames())
    context.getOrLoadDialect(name);
}

LogicalResult lowerToLLVMDialect(ModuleOp module, bool isDevice) {
  PassManager manager(module.getContext());
  // Once at the end: after each of these passes it would take as long as they do.
  manager.enableVerifier(false);
  addPasses(manager, isDevice, indexBits(module));
  return failure(failed(manager.run(module)) || failed(verify(module)));
}

} // namespace quern
