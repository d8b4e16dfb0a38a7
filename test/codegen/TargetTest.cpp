#include "codegen/Target.h"
#include "codegen/Host.h"
#include "codegen/Schedules.h"
#include "test/codegen/Fixture.h"

using namespace quern;
using namespace quern::test;

TEST(Target, EveryRowIsFoundByItsName) {
  for (const Target *row : allTargets())
    EXPECT_EQ(unwrap(lookupTarget(row->name)), row);
}

TEST(Target, LevelsAreBestFirst) {
  for (const Target *row : allTargets())
    for (size_t i = 1; i < row->levels.size(); ++i)
      EXPECT_GT(row->levels[i - 1].number, row->levels[i].number) << row->name.str();
}

TEST(Target, UniversalTargetHoldsAllLevels) {
  const Target &universal = target("x86-64");
  ASSERT_EQ(universal.levels.size(), 2u);
  EXPECT_EQ(universal.levels[0].suffix, "v4");
  EXPECT_EQ(universal.levels[0].vectorBytes, 64u);
  EXPECT_TRUE(universal.levels[0].masks);
  EXPECT_EQ(universal.baseLevel().suffix, "v3");
  EXPECT_FALSE(universal.baseLevel().masks);
}

TEST(Target, EqualKernelsAreThereOnce) {
  const Target &arm = target("aarch64");
  ASSERT_EQ(arm.levels.size(), 4u);
  ASSERT_EQ(arm.kernelLevels().size(), 1u);
  for (const Level &level : arm.levels)
    EXPECT_EQ(&arm.kernelLevel(level), &arm.baseLevel()) << level.name.str();
  // The levels of x86-64 have vectors of their own widths.
  const Target &x86 = target("x86-64");
  for (const Level &level : x86.levels)
    EXPECT_EQ(&x86.kernelLevel(level), &level) << level.name.str();
}

TEST(Target, LevelWithoutTilesHasThoseOfTheNextLower) {
  const Target &arm = target("aarch64");
  ASSERT_FALSE(registerTiles(arm.baseLevel()).empty());
  EXPECT_EQ(registerTiles(arm.levels.front()).size(), registerTiles(arm.baseLevel()).size());
}

TEST(Target, EveryTileFitsTheRegisters) {
  for (const Target *row : allTargets())
    for (const Level &level : row->levels)
      for (const TileChoice &tile : registerTiles(level))
        EXPECT_LE(tile.rows * tile.vectors + std::min(tile.rows, tile.vectors) + 1, level.vectorRegisters)
            << level.name.str() << " " << tile.rows << "x" << tile.vectors;
}

TEST(Target, DotProductsAreThoseOfTheLevelAndBelow) {
  auto names = [](llvm::StringRef name) {
    std::vector<std::string> found;
    for (const DotForm *form : dotForms(target(name).levels.front()))
      found.push_back(form->name.str());
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("aarch64+dotprod"), (Names{"sdot", "udot"}));
  EXPECT_EQ(names("aarch64+bf16"), (Names{"sdot", "udot", "bfmmla"}));
  EXPECT_EQ(names("aarch64+i8mm"), (Names{"sdot", "udot", "bfmmla", "smmla", "ummla", "usmmla", "usdot"}));
  EXPECT_EQ(names("x86-64"), Names{});
  EXPECT_TRUE(dotForms(target("aarch64").baseLevel()).empty());
}

TEST(Target, EveryTileOfADotProductFitsTheRegisters) {
  const Level &level = target("aarch64").levels.front();
  for (const DotForm *form : dotForms(level)) {
    int64_t bytes = form->depth * (form->a == DotElement::BF16 ? 2 : 1);
    int64_t loaded = form->tile.rows * bytes / level.vectorBytes;
    EXPECT_EQ(loaded * level.vectorBytes, form->tile.rows * bytes) << form->name.str() << " takes rows in whole vectors";
    EXPECT_LE(form->tile.rows * form->tile.vectors + loaded + 1, level.vectorRegisters) << form->name.str();
  }
}

TEST(Target, NativeIsOneLevelThatThisMachineRuns) {
  const Target &native = target("native");
  ASSERT_EQ(native.levels.size(), 1u);
  EXPECT_TRUE(runsOnThisMachine(native.levels.front()));
}

TEST(Target, MisspeltNameGetsTheNearest) {
  EXPECT_EQ(messageOf(lookupTarget("x86-64-v5").takeError(), ErrorKind::Usage),
            "unknown target 'x86-64-v5'; did you mean 'x86-64-v4'? known: native, x86-64, x86-64-v4, x86-64-v3, sm_80, sm_90a, "
            "aarch64, aarch64+i8mm, aarch64+bf16, aarch64+dotprod");
  EXPECT_EQ(messageOf(lookupTarget("sparc-solaris").takeError(), ErrorKind::Usage),
            "unknown target 'sparc-solaris'; known: native, x86-64, x86-64-v4, x86-64-v3, sm_80, sm_90a, "
            "aarch64, aarch64+i8mm, aarch64+bf16, aarch64+dotprod");
}
