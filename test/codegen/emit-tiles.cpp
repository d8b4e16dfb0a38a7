// Writes the register tiles of a target as IR, objects and assembly, for tests that read them or run them on other
// machines:
//
//   emit-tiles TARGET FOLDER
//
// Prints a JSON array that says of each what test_tiles.py and bench/report_arm.py need to know.
#include "codegen/Emit.h"
#include "codegen/LowerToLLVM.h"
#include "test/passes/loops/TileKernels.h"
#include "llvm/Support/FormatVariadic.h"

using namespace quern;
using namespace quern::test;

/// Odd: what is left after the unrolled steps runs too.
static constexpr int64_t kSteps = 65;

static const char *nameOf(const DotForm *form, DotElement DotForm::*operand) {
  if (!form)
    return "f32";
  switch (form->*operand) {
  case DotElement::S8: return "s8";
  case DotElement::U8: return "u8";
  case DotElement::BF16: return "bf16";
  }
}

static llvm::Error write(const std::string &path, llvm::StringRef bytes) {
  std::error_code code;
  llvm::raw_fd_ostream out(path, code);
  if (!code)
    out << bytes;
  return llvm::errorCodeToError(code);
}

static llvm::Expected<llvm::json::Object> emitTile(const Target &target, const Level &level, const TileChoice &choice,
                                                   const DotForm *form, const std::string &folder) {
  int64_t columns = choice.vectors * level.vectorBytes / 4;
  std::string symbol = llvm::formatv("{0}_{1}x{2}", form ? form->name.data() : "f32", choice.rows, columns);
  TileKernels kernels(level, kSteps);
  mlir::OwningOpRef<mlir::ModuleOp> module = kernels.tile(choice, form, symbol);
  std::string path = folder + "/" + symbol, text;
  llvm::raw_string_ostream(text) << *module << "\n";
  if (llvm::Error error = write(path + ".mlir", text))
    return std::move(error);
  if (failed(lowerToLLVMDialect(*module)))
    return llvm::createStringError("the tile cannot be lowered");
  llvm::Expected<EmittedObject> object = emitObject(*module, target, level);
  if (!object)
    return object.takeError();
  llvm::Expected<std::string> assembly = emitAssembly(*module, target, level);
  if (!assembly)
    return assembly.takeError();
  if (llvm::Error error = llvm::joinErrors(write(path + ".o", {object->object.data(), object->object.size()}),
                                           write(path + ".s", *assembly)))
    return std::move(error);
  return llvm::json::Object{{"symbol", symbol},
                            {"level", level.name},
                            {"instruction", form ? form->name.data() : "fmla"},
                            {"a", nameOf(form, &DotForm::a)},
                            {"b", nameOf(form, &DotForm::b)},
                            {"depth", form ? form->depth : 1},
                            {"rows", choice.rows},
                            {"columns", columns},
                            {"steps", kSteps}};
}

static llvm::Error emitTiles(const Target &target, const std::string &folder) {
  llvm::json::Array all;
  auto add = [&](const Level &level, const TileChoice &choice, const DotForm *form) -> llvm::Error {
    llvm::Expected<llvm::json::Object> tile = emitTile(target, level, choice, form, folder);
    if (tile)
      all.push_back(std::move(*tile));
    return tile.takeError();
  };
  for (const TileChoice &choice : registerTiles(target.baseLevel()))
    if (llvm::Error error = add(target.baseLevel(), choice, nullptr))
      return error;
  for (const DotForm *form : dotForms(target.levels.front()))
    for (const Level &level : target.levels)
      if (level.name == form->level)
        if (llvm::Error error = add(level, form->tile, form))
          return error;
  llvm::outs() << llvm::json::Value(std::move(all)) << "\n";
  return llvm::Error::success();
}

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: emit-tiles TARGET FOLDER\n";
    return 2;
  }
  llvm::Expected<const Target *> target = lookupTarget(argv[1]);
  llvm::Error error = target ? emitTiles(**target, argv[2]) : target.takeError();
  if (!error)
    return 0;
  llvm::errs() << llvm::toString(std::move(error)) << "\n";
  return 1;
}
