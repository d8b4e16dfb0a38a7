// lower-model MODEL [--quiet] [--simplify] [--fold] [--values | --generic]: reads an ONNX file, lowers it to the graph
// dialect, simplifies it and folds constants on request, verifies the graph and prints it, or fails with one line. With
// --values it prints each result instead: its type and, where it is a constant, its bytes in hexadecimal. --generic prints
// the generic form with all weights, for programs.
#include "dialects/graph/ConstantTensor.h"
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/lowering/Lowering.h"
#include "mlir/Pass/PassManager.h"
#include "passes/graph/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace quern;

static int report(llvm::Error error) {
  Failure failure = takeFailure(std::move(error));
  llvm::errs() << failure.message << "\n";
  return exitCode(failure.kind);
}

static void printValues(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  for (mlir::Value value : main.front().getTerminator()->getOperands()) {
    auto constant = value.getDefiningOp<graph::ConstantOp>();
    auto tensor = constant ? graph::ConstantTensor::read(constant.getValue()) : std::nullopt;
    llvm::outs() << value.getType() << " ";
    if (tensor)
      llvm::outs() << llvm::toHex(llvm::StringRef(tensor->bytes, tensor->count() * tensor->format.bytes), /*LowerCase=*/true);
    else
      llvm::outs() << "?";
    llvm::outs() << "\n";
  }
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
  if (has("--simplify")) {
    passes.addPass(graph::createSimplifyGraph());
    passes.addPass(graph::createFormAttention());
  }
  if (has("--fold"))
    passes.addPass(graph::createFoldConstantsPass());
  passes.addPass(graph::createVerifyGraphPass());
  if (failed(passes.run(**lowered)))
    return exitCode(ErrorKind::Internal);
  if (has("--values"))
    printValues(**lowered);
  else if (has("--generic"))
    (*lowered)->print(llvm::outs(), mlir::OpPrintingFlags().printGenericOpForm());
  else if (!has("--quiet"))
    (*lowered)->print(llvm::outs(), mlir::OpPrintingFlags().elideLargeElementsAttrs(64).elideLargeResourceString(64));
  return 0;
}
