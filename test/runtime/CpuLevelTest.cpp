// A CPU that lacks one feature of a level is not given that level: a model refuses it at load and never meets SIGILL.
#include "masked_cpuid.h"
#include <cpuid.h>
#include <gtest/gtest.h>

namespace {

struct Case {
  const char *name;
  uint32_t masked_features::*leaf;
  uint32_t bit;
  uint32_t most; ///< the highest level without the feature
};

constexpr auto leaf1 = &masked_features::leaf_1_ecx, leaf7 = &masked_features::leaf_7_ebx, extended = &masked_features::leaf_80000001_ecx;
const Case cases[] = {
    {"sse3", leaf1, bit_SSE3, 1},           {"ssse3", leaf1, bit_SSSE3, 1},       {"cmpxchg16b", leaf1, bit_CMPXCHG16B, 1},
    {"sse4.1", leaf1, bit_SSE41, 1},        {"sse4.2", leaf1, bit_SSE42, 1},      {"popcnt", leaf1, bit_POPCNT, 1},
    {"lahf", extended, bit_LAHF_LM, 1},     {"fma", leaf1, bit_FMA, 2},           {"movbe", leaf1, bit_MOVBE, 2},
    {"osxsave", leaf1, bit_OSXSAVE, 2},     {"avx", leaf1, bit_AVX, 2},           {"f16c", leaf1, bit_F16C, 2},
    {"bmi", leaf7, bit_BMI, 2},             {"avx2", leaf7, bit_AVX2, 2},         {"bmi2", leaf7, bit_BMI2, 2},
    {"lzcnt", extended, bit_LZCNT, 2},      {"avx512f", leaf7, bit_AVX512F, 3},   {"avx512dq", leaf7, bit_AVX512DQ, 3},
    {"avx512cd", leaf7, bit_AVX512CD, 3},   {"avx512bw", leaf7, bit_AVX512BW, 3}, {"avx512vl", leaf7, bit_AVX512VL, 3},
};

} // namespace

TEST(CpuLevel, NeedsEveryFeature) {
  masked_features = {};
  const uint32_t whole = masked_cpu_level();
  for (const Case &one : cases) {
    masked_features = {};
    masked_features.*one.leaf = one.bit;
    EXPECT_EQ(masked_cpu_level(), std::min(whole, one.most)) << one.name;
  }
}

TEST(CpuLevel, OfANehalemIsTwo) {
  masked_features = {bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C, ~0u, bit_LZCNT};
  EXPECT_EQ(masked_cpu_level(), 2u);
}
