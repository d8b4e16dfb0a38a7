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
