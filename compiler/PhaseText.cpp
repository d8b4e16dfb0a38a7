#include "compiler/PhaseText.h"
#include "compiler/ProgramWeights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

namespace quern {

static std::string print(ModuleOp module, const OpPrintingFlags &flags) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, flags);
  return text;
}

std::string completeText(ModuleOp module) { return print(module, OpPrintingFlags().enableDebugInfo()); }

std::string readableText(ModuleOp module) {
  std::string text = print(module, OpPrintingFlags().elideLargeResourceString(0));
  return text.substr(0, text.rfind("\n{-#")); // the list of weights, empty now
}

bool isProgram(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  return main && main.getNumResults() && main.getResultAttr(0, "graph.name");
}

/// Bytes of a blob of this type; nothing where the elements have no fixed size.
static std::optional<int64_t> blobBytes(ShapedType type) {
  if (!type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return std::nullopt;
  int64_t bits = type.getElementTypeBitWidth(), count = type.getNumElements();
  return bits < 8 && bits != 1 ? (count * bits + 7) / 8 : count * ((bits + 7) / 8); // a bool is a byte
}

/// The first weight that the text names without its bytes, or with too few or too many of them.
static llvm::Error checkWeights(ModuleOp module, llvm::StringRef input) {
  DenseResourceElementsAttr wrong;
  module->walk([&](Operation *op) {
    for (NamedAttribute attribute : op->getAttrs()) {
      auto weight = dyn_cast<DenseResourceElementsAttr>(attribute.getValue());
      const AsmResourceBlob *blob = weight ? weight.getRawHandle().getBlob() : nullptr;
      if (!weight || (blob && int64_t(blob->getData().size()) == blobBytes(weight.getType())))
        continue;
      wrong = weight;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (!wrong)
    return llvm::Error::success();
  std::string name = quoted(wrong.getRawHandle().getKey());
  if (const AsmResourceBlob *blob = wrong.getRawHandle().getBlob())
    return makeError(ErrorKind::Model, "{0} holds {1} bytes of the weight {2}, which do not fit its type",
                     quoted(input), blob->getData().size(), name);
  return makeError(ErrorKind::Model,
                   "{0} names the weight {1} but does not hold it: write the text with --stop-after=PHASE -o FILE, "
                   "which keeps weights",
                   quoted(input), name);
}

llvm::Error readPhaseText(Compilation &c) {
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(c.input);
  if (!file)
    return makeError(ErrorKind::File, "{0} cannot be read: {1}", quoted(c.input), file.getError().message());
  std::string reason;
  ScopedDiagnosticHandler handler(&c.context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error || !reason.empty())
      return success();
    if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      reason = llvm::formatv("line {0}, column {1}: ", place.getLine(), place.getColumn());
    reason += llvm::StringRef(diagnostic.str()).split('\n').first;
    return success();
  });
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  c.module = parseSourceFile<ModuleOp>(sources, &c.context);
  if (!c.module)
    return makeError(ErrorKind::Model, "{0} is not the text of a phase: {1}", quoted(c.input), reason);
  if (isProgram(*c.module))
    if (llvm::Error error = bindWeights(*c.module, c.input, c.options.consumeWeights))
      return error;
  return checkWeights(*c.module, c.input);
}

} // namespace quern
