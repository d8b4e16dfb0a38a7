#include "codegen/Emit.h"
#include "codegen/Schedules.h"
#include "test/codegen/Fixture.h"
#include "llvm/Object/ELFObjectFile.h"

using namespace quern;
using namespace quern::test;

namespace {

class Emit : public CodegenTest {};

TEST_F(Emit, RegisterTileOfTheBestLevelStaysInRegisters) {
  const Target &x86 = target("x86-64");
  LoopCounts hot = emit(tileKernel("k0_v4", 14, 2, 16), x86, x86.levels[0]).hot;
  EXPECT_EQ(hot.fma, 28u);
  EXPECT_EQ(hot.scalarFma + hot.stackLoads + hot.stackStores + hot.calls, 0u);
  EXPECT_LE(hot.instructions, 64u);
}

TEST_F(Emit, RegisterTileOfTheBaseLevelStaysInRegisters) {
  const Target &x86 = target("x86-64");
  LoopCounts hot = emit(tileKernel("k0_v3", 6, 2, 8), x86, x86.levels[1]).hot;
  EXPECT_EQ(hot.fma, 12u);
  EXPECT_EQ(hot.scalarFma + hot.stackLoads + hot.stackStores + hot.calls, 0u);
}

TEST_F(Emit, RegisterTilesOfArmTakeLanesAndStayInRegisters) {
  const Target &arm = target("aarch64");
  for (const TileChoice &tile : registerTiles(arm.baseLevel())) {
    SCOPED_TRACE(std::to_string(tile.rows) + "x" + std::to_string(tile.vectors));
    LoopCounts hot = emit(tileKernel("k0_neon", tile.rows, tile.vectors, 4), arm, arm.baseLevel()).hot;
    EXPECT_EQ(hot.fma, tile.rows * tile.vectors);
    EXPECT_EQ(hot.scalarFma + hot.stackLoads + hot.stackStores + hot.calls, 0u);
    // A broadcast takes no instruction of its own: rows by one load each at most, and the loop's own few.
    EXPECT_LE(hot.instructions, tile.rows * tile.vectors + tile.vectors + tile.rows + 5);
  }
  auto module = parse(tileKernel("k0_neon", 6, 4, 4));
  ASSERT_TRUE(succeeded(lowerToLLVMDialect(*module)));
  std::string text = unwrap(emitAssembly(*module, arm, arm.baseLevel()));
  EXPECT_NE(text.find(".s[0]"), std::string::npos) << "multiply-adds take the factor from a lane";
}

TEST_F(Emit, SymbolsAreHidden) {
  const Target &x86 = target("x86-64-v3");
  EmittedObject object = emit(scaleKernel("k0_v3", 2), x86, x86.baseLevel());
  auto file = unwrap(llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(bytesOf(object), "object")));
  unsigned globals = 0;
  for (const llvm::object::ELFSymbolRef symbol : file->symbols()) {
    if (symbol.getBinding() != llvm::ELF::STB_GLOBAL)
      continue;
    EXPECT_EQ(symbol.getOther(), llvm::ELF::STV_HIDDEN) << unwrap(symbol.getName()).str();
    ++globals;
  }
  EXPECT_EQ(globals, 1u);
}

TEST_F(Emit, AssemblyIsText) {
  const Target &x86 = target("x86-64-v4");
  auto module = parse(tileKernel("k0_v4", 2, 1, 16));
  ASSERT_TRUE(succeeded(lowerToLLVMDialect(*module)));
  std::string text = unwrap(emitAssembly(*module, x86, x86.baseLevel()));
  EXPECT_NE(text.find("k0_v4:"), std::string::npos);
  EXPECT_NE(text.find("vfmadd"), std::string::npos);
}

TEST_F(Emit, AllKeepsTheOrderOfTheJobs) {
  const Target &x86 = target("x86-64");
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::vector<EmitJob> jobs;
  for (unsigned rows = 1; rows <= 12; ++rows) {
    modules.push_back(parse(tileKernel("k", rows, 1, 16)));
    jobs.push_back({*modules.back(), &x86.levels[0], "k"});
  }
  std::vector<EmittedObject> objects = unwrap(emitAll(jobs, x86));
  ASSERT_EQ(objects.size(), 12u);
  for (unsigned rows = 1; rows <= 12; ++rows)
    EXPECT_EQ(objects[rows - 1].hot.fma, rows);
}

TEST_F(Emit, SameModuleGivesSameBytesOnAnyThread) {
  const Target &x86 = target("x86-64-v4");
  EmittedObject alone = emit(tileKernel("k", 8, 2, 16), x86, x86.baseLevel());
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::vector<EmitJob> jobs;
  for (unsigned i = 0; i < 8; ++i) {
    modules.push_back(parse(tileKernel("k", 8, 2, 16)));
    jobs.push_back({*modules.back(), &x86.baseLevel(), "k"});
  }
  for (const EmittedObject &object : unwrap(emitAll(jobs, x86)))
    EXPECT_TRUE(bytesOf(object) == bytesOf(alone));
}

/// Pass managers enter what is missing without a lock, on each thread.
TEST_F(Emit, LoweringEntersNoDialectIntoTheContext) {
  std::vector<llvm::StringRef> before = context.getAvailableDialects();
  for (bool isDevice : {false, true}) {
    auto module = parse(scaleKernel("k0", 2));
    ASSERT_TRUE(succeeded(lowerToLLVMDialect(*module, isDevice)));
    EXPECT_EQ(context.getAvailableDialects(), before);
  }
}

TEST_F(Emit, FirstFailedJobIsNamed) {
  const Target &x86 = target("x86-64-v4");
  auto good = parse(scaleKernel("good", 2));
  // No pass here lowers an operation of tensors.
  auto bad = parse(R"(func.func @bad(%x: tensor<4xf32>) -> tensor<4xf32> {
    %y = arith.addf %x, %x : tensor<4xf32>
    return %y : tensor<4xf32>
  })");
  EmitJob jobs[] = {{*good, &x86.baseLevel(), "good"}, {*bad, &x86.baseLevel(), "bad"}};
  std::string message = messageOf(emitAll(jobs, x86).takeError(), ErrorKind::Internal);
  EXPECT_EQ(message.find("kernel 'bad' for x86-64-v4: "), 0u) << message;
}

TEST_F(Emit, FatalErrorOfTheCodeGeneratorIsAnErrorOfItsJob) {
  const Target &x86 = target("x86-64-v3");
  // The base level cannot select an instruction of the best one: LLVM gives up with report_fatal_error.
  auto module = parse(R"(llvm.func @k(%a: vector<16xf32>, %b: vector<16xi32>) -> vector<16xf32> {
    %r = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%a, %b)
      : (vector<16xf32>, vector<16xi32>) -> vector<16xf32>
    llvm.return %r : vector<16xf32>
  })");
  EmitJob job = {*module, &x86.baseLevel(), "k"};
  std::string message = messageOf(emitAll(job, x86).takeError(), ErrorKind::Internal);
  EXPECT_EQ(message, "kernel 'k' for x86-64-v3: emission: Do not know how to split the result of this operator!");
}

TEST_F(Emit, NothingToEmitIsNothing) {
  EXPECT_TRUE(unwrap(emitAll({}, target("x86-64"))).empty());
}

} // namespace
