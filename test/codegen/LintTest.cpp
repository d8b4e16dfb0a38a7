#include "codegen/Lint.h"
#include "test/codegen/Fixture.h"
#include "llvm/ADT/StringExtras.h"

using namespace quern;
using namespace quern::test;

namespace {

class Lint : public CodegenTest {
protected:
  FunctionCounts count(llvm::StringRef text, llvm::StringRef targetName) {
    const Target &machine = target(targetName);
    EmittedObject object = emit(text, machine, machine.baseLevel());
    std::vector<FunctionCounts> functions = unwrap(countLoops(bytesOf(object), machine, machine.baseLevel()));
    EXPECT_EQ(functions.size(), 1u);
    return functions.front();
  }
};

TEST_F(Lint, SpillsOfATooLargeTileAreSeen) {
  FunctionCounts counts = count(tileKernel("k", 14, 3, 16), "x86-64-v4");
  EXPECT_EQ(counts.name, "k");
  EXPECT_EQ(counts.hot.fma, 42u);
  EXPECT_GT(counts.hot.stackLoads, 0u);
  EXPECT_GT(counts.hot.stackStores, 0u);
  FunctionCounts arm = count(tileKernel("k", 10, 3, 4), "aarch64");
  EXPECT_EQ(arm.hot.fma, 30u);
  EXPECT_GT(arm.hot.stackLoads, 0u);
}

class LintOf : public Lint, public testing::WithParamInterface<const char *> {};
INSTANTIATE_TEST_SUITE_P(, LintOf, testing::Values("x86-64-v4", "x86-64-v3", "aarch64"), [](const auto &info) {
  return llvm::join(llvm::split(llvm::StringRef(info.param), '-'), "_");
});

TEST_P(LintOf, LoopWithoutMultiplyAddIsCountedByItsInstructions) {
  LoopCounts hot = count(scaleKernel("k", 2), GetParam()).hot;
  EXPECT_EQ(hot.fma, 0u);
  EXPECT_GT(hot.instructions, 2u);
}

TEST_P(LintOf, ScalarMultiplyAddIsNotAVectorOne) {
  LoopCounts hot = count(R"(
    llvm.func @k(%n: i64, %p: !llvm.ptr, %x: f32) -> f32 {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x) -> (f32) : i64 {
        %q = llvm.getelementptr %p[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
        %y = llvm.load %q : !llvm.ptr -> f32
        %z = math.fma %y, %x, %s : f32
        scf.yield %z : f32
      }
      llvm.return %r : f32
    })",
                         GetParam())
                       .hot;
  EXPECT_EQ(hot.fma, 0u);
  EXPECT_EQ(hot.scalarFma, 1u);
}

TEST_P(LintOf, CallInALoopIsSeen) {
  LoopCounts hot = count(R"(
    llvm.func @f(i64)
    llvm.func @k(%n: i64) {
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      scf.for %i = %c0 to %n step %c1 : i64 {
        llvm.call @f(%i) : (i64) -> ()
      }
      llvm.return
    })",
                         GetParam())
                       .hot;
  EXPECT_EQ(hot.calls, 1u);
}

TEST_P(LintOf, StackThatGrowsWithTheDataIsSeen) {
  static constexpr char text[] = R"(
    llvm.func @f(!llvm.ptr)
    llvm.func @k(%n: i64) {
      %p = llvm.alloca %n x f32 : (i64) -> !llvm.ptr
      llvm.call @f(%p) : (!llvm.ptr) -> ()
      llvm.return
    })";
  EXPECT_TRUE(count(text, GetParam()).dynamicStack);
  // Spills take a fixed amount.
  EXPECT_FALSE(count(tileKernel("k", 14, 3, target(GetParam()).baseLevel().vectorBytes / 4), GetParam()).dynamicStack);
}

TEST_F(Lint, LanesOfArmAreVectorMultiplyAdds) {
  LoopCounts hot = count(tileKernel("k", 6, 4, 4), "aarch64").hot;
  EXPECT_EQ(hot.fma, 24u);
  EXPECT_EQ(hot.scalarFma + hot.stackLoads + hot.stackStores + hot.calls, 0u);
}

TEST_F(Lint, WhatIsNoObjectIsRefused) {
  const Target &x86 = target("x86-64-v3");
  std::string message = messageOf(countLoops("no object", x86, x86.baseLevel()).takeError(), ErrorKind::Internal);
  EXPECT_EQ(message.find("the lint cannot read an object"), 0u) << message;
}

} // namespace
