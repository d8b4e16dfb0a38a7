// lower-model MODEL [--quiet] [--fold]: reads an ONNX file, lowers it to the graph dialect, folds constants on request,
// verifies the graph and prints it, or fails with one line.
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/lowering/Lowering.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "passes/graph/Passes.h"

using namespace quern;

static int report(llvm::Error error) {
  Failure failure = takeFailure(std::move(error));
  llvm::errs() << failure.message << "\n";
  return exitCode(failure.kind);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    llvm::errs() << "usage: lower-model MODEL [--quiet]\n";
    return exitCode(ErrorKind::Usage);
  }
  mlir::MLIRContext context;
  auto imported = importOnnxFile(argv[1], context);
  if (!imported)
    return report(imported.takeError());
  auto lowered = lowerToGraph(**imported);
  if (!lowered)
    return report(lowered.takeError());
  auto has = [&](llvm::StringRef flag) { return llvm::is_contained(llvm::ArrayRef(argv + 2, argc - 2), flag); };
  imported->release().erase();
  mlir::PassManager passes(&context);
  if (has("--fold"))
    passes.addPass(graph::createFoldConstantsPass());
  passes.addPass(graph::createVerifyGraphPass());
  if (failed(passes.run(**lowered)))
    return exitCode(ErrorKind::Internal);
  if (!has("--quiet"))
    (*lowered)->print(llvm::outs(), mlir::OpPrintingFlags().elideLargeElementsAttrs(64).elideLargeResourceString(64));
  return 0;
}
