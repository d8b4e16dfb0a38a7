// What the tests of code generation share: IR from text, a folder of their own, expected errors.
#pragma once
#include "codegen/Emit.h"
#include "codegen/LowerToLLVM.h"
#include "compiler/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <gtest/gtest.h>

namespace quern::test {

/// The value, or a failure of the test with the error's text.
template <typename T>
T unwrap(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  ADD_FAILURE() << llvm::toString(value.takeError());
  std::abort();
}

/// "" for success, else the error's text; checks its kind.
std::string messageOf(llvm::Error error, ErrorKind kind);

const Target &target(llvm::StringRef name);
llvm::StringRef bytesOf(const EmittedObject &object);

class CodegenTest : public testing::Test {
protected:
  CodegenTest();
  ~CodegenTest() override;

  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text);
  /// Parses, lowers and emits for a level.
  EmittedObject emit(llvm::StringRef text, const Target &target, const Level &level);
  std::string inFolder(llvm::StringRef name) const { return folder + "/" + name.str(); }
  std::vector<std::string> filesInFolder() const;

  mlir::MLIRContext context;
  std::string folder;
};

/// A kernel of an `rows` x `vectors` register tile of `lanes` floats over a reduction of 64 steps, named `name`.
std::string tileKernel(llvm::StringRef name, unsigned rows, unsigned vectors, unsigned lanes);

/// A kernel that writes f(x) to buffer 1 for each of 64 floats x of buffer 0; `body` computes %y : f32 of %x : f32.
std::string mapKernel(llvm::StringRef name, llvm::StringRef body);

/// A kernel that writes `factor` times each of 64 floats of buffer 0 to buffer 1.
std::string scaleKernel(llvm::StringRef name, float factor);

} // namespace quern::test
