// Every math function against its oracle: special values, thresholds and a sample over all bit patterns.
#include "test/codegen/math/Inputs.h"
#include <gtest/gtest.h>

using namespace quern::test;

namespace {

template <typename T, size_t n>
void check(const Variant<T> (&variants)[n], int function, double bound) {
  const Oracle &oracle = oracles[function];
  const Inputs<T> &inputs = inputsFor<T>(oracle.operands);
  for (const Variant<T> &variant : variants) {
    if (!runsHere(variant.needsAvx512))
      continue;
    Worst worst;
    for (size_t at = 0; at < inputs.x.size(); at += batchLength)
      measure(variant.functions[function], oracle, &inputs.x[at], &inputs.y[at], worst);
    std::printf("%s %-8s %.3f ulp at %.17g", variant.name, oracle.name, worst.ulps, worst.x);
    std::printf(" (%.17g): %.17g\n", worst.y, worst.got);
    EXPECT_LE(worst.ulps, bound) << variant.name << " " << oracle.name << "(" << worst.x << ", " << worst.y
                                 << ") = " << worst.got;
  }
}

class VectorMath : public testing::TestWithParam<int> {};

TEST_P(VectorMath, F32) { check(variantsF32, GetParam(), oracles[GetParam()].ulpsF32); }
TEST_P(VectorMath, F64) { check(variantsF64, GetParam(), oracles[GetParam()].ulpsF64); }

INSTANTIATE_TEST_SUITE_P(Functions, VectorMath, testing::Range(0, oracleCount),
                         [](const auto &info) { return std::string(oracles[info.param].name); });

} // namespace
