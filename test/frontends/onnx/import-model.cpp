// import-model FILE [--full]: imports an ONNX file, or parses IR text of the same dialect, and prints the module.
// Blobs are left out of the text unless --full is given. Exit code and message are those of the compiler.
#include "compiler/Diagnostics.h"
#include "dialects/onnx/OnnxOps.h"
#include "frontends/onnx/Importer.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace quern;

static llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> load(llvm::StringRef path, mlir::MLIRContext &context) {
  if (!path.ends_with(".mlir"))
    return importOnnxFile(path, context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceFile<mlir::ModuleOp>(path, &context);
  if (!module)
    return makeError(ErrorKind::Model, "{0} is no valid IR", path);
  return module;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    llvm::errs() << "usage: import-model FILE [--full]\n";
    return exitCode(ErrorKind::Usage);
  }
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<onnx::OnnxDialect, mlir::func::FuncDialect>();
  auto module = load(argv[1], context);
  if (!module) {
    Failure failure = takeFailure(module.takeError());
    llvm::errs() << "error: " << failure.message << "\n";
    return exitCode(failure.kind);
  }
  mlir::OpPrintingFlags flags;
  if (argc == 2 || llvm::StringRef(argv[2]) != "--full")
    flags.useLocalScope(); // elideLargeResourceString would write each blob as text before it leaves it out
  (*module)->print(llvm::outs(), flags);
  return 0;
}
