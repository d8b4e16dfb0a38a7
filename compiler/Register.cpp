// The only place that knows every dialect and every pass.
#include "compiler/Compile.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/Rt.h"
#include "dialects/text/Text.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Transforms/Passes.h"
#include "passes/fusion/Fusion.h"
#include "passes/graph/Passes.h"
#include "passes/host/Host.h"
#include "passes/loops/Loops.h"
#include "passes/memory/Memory.h"
#include "passes/schedule/Schedule.h"

using namespace mlir;

namespace quern {

void loadDialects(MLIRContext &context) {
  context.loadDialect<onnx::OnnxDialect, graph::GraphDialect, kernel::KernelDialect, rt::RtDialect, text::TextDialect, func::FuncDialect,
                      gpu::GPUDialect, arith::ArithDialect, index::IndexDialect, math::MathDialect,
                      memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect, LLVM::LLVMDialect, NVVM::NVVMDialect>();
}

void registerPasses() {
  registerCanonicalizer();
  registerCSE();
  graph::registerGraphPasses();
  registerFusionPasses();
  registerSchedulePasses();
  registerLoopsPasses();
  registerMemoryPasses();
  registerHostPasses();
}

} // namespace quern
