// lower-model MODEL [--quiet]: reads an ONNX file, lowers it to the graph dialect and prints that, or fails with one line.
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/lowering/Lowering.h"
#include "mlir/IR/Verifier.h"

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
  if (failed(mlir::verify(**lowered)))
    return exitCode(ErrorKind::Internal);
  if (argc < 3)
    (*lowered)->print(llvm::outs(), mlir::OpPrintingFlags().elideLargeElementsAttrs(64).elideLargeResourceString(64));
  return 0;
}
