// Runs passes of the pipeline on text: the tool of the tests.
#include "compiler/Compile.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/Rt.h"
#include "dialects/text/Text.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/loops/Loops.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<quern::onnx::OnnxDialect, quern::graph::GraphDialect, quern::kernel::KernelDialect,
                  quern::rt::RtDialect, quern::text::TextDialect, mlir::func::FuncDialect, mlir::gpu::GPUDialect, mlir::arith::ArithDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect, mlir::NVVM::NVVMDialect>();
  quern::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "quern-opt: passes of the Quern compiler\n", registry));
}
