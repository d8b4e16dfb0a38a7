#include "codegen/Target.h"
#include "codegen/x86/Host.h"
#include "test/codegen/Fixture.h"

using namespace quern;
using namespace quern::test;

TEST(Target, EveryRowIsFoundByItsName) {
  for (const Target &row : allTargets())
    EXPECT_EQ(unwrap(lookupTarget(row.name)), &row);
}

TEST(Target, LevelsAreBestFirst) {
  for (const Target &row : allTargets())
    for (size_t i = 1; i < row.levels.size(); ++i)
      EXPECT_GT(row.levels[i - 1].number, row.levels[i].number) << row.name.str();
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

TEST(Target, NativeIsOneLevelThatThisMachineRuns) {
  const Target &native = target("native");
  ASSERT_EQ(native.levels.size(), 1u);
  EXPECT_TRUE(runsOnThisMachine(native.levels.front()));
}

TEST(Target, MisspeltNameGetsTheNearest) {
  EXPECT_EQ(messageOf(lookupTarget("x86-64-v5").takeError(), ErrorKind::Usage),
            "unknown target 'x86-64-v5'; did you mean 'x86-64-v4'? known: native, x86-64, x86-64-v4, x86-64-v3");
  EXPECT_EQ(messageOf(lookupTarget("sparc-solaris").takeError(), ErrorKind::Usage),
            "unknown target 'sparc-solaris'; known: native, x86-64, x86-64-v4, x86-64-v3");
}
