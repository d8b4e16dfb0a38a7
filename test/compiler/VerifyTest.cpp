// The doors behind machine code, which no text can reach; those of the other phases are in test/compiler/phases.
#include "compiler/Verify.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace quern;

namespace {

struct Verify : testing::Test {
  mlir::MLIRContext context;
  CompileOptions options;
  Compilation compilation{context, options};

  void SetUp() override {
    compilation.module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    mlir::OpBuilder(compilation.module->getBodyRegion()).create<mlir::ModuleOp>(mlir::UnknownLoc::get(&context), "host_main");
    options.output = testing::TempDir() + "verify-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    llvm::sys::fs::remove(options.output);
  }
  std::string complaint(llvm::Error (*verify)(Compilation &)) {
    llvm::Error error = verify(compilation);
    return error ? takeFailure(std::move(error)).message : "";
  }
  void write(llvm::StringRef bytes) {
    std::error_code code;
    llvm::raw_fd_ostream(options.output, code) << bytes;
    ASSERT_FALSE(code);
  }
};

TEST_F(Verify, EveryModuleHasMachineCode) {
  EXPECT_EQ(complaint(verifyEmit), "0 modules have machine code, not 1");
  compilation.objects.emplace_back();
  EXPECT_EQ(complaint(verifyEmit), "a kernel has no machine code");
  compilation.objects[0].object = {'o'};
  EXPECT_EQ(complaint(verifyEmit), "");
}

TEST_F(Verify, AssemblyIsNotEmpty) {
  options.emit = EmitKind::Assembly;
  EXPECT_EQ(complaint(verifyEmit), "there is no assembly");
}

TEST_F(Verify, TheArtifactIsThere) { EXPECT_EQ(complaint(verifyLink), quern::quoted(options.output) + " was not written"); }

TEST_F(Verify, TheArtifactIsOfTheKind) {
  write("!<arch>\n");
  EXPECT_EQ(complaint(verifyLink), quern::quoted(options.output) + " is no file of the kind that was asked for");
  options.emit = EmitKind::Archive;
  EXPECT_EQ(complaint(verifyLink), "");
}

} // namespace
