// All 2^32 inputs of the functions of one f32 operand: exhaustive [VARIANT [FUNCTION...]], e.g. f32_16 exp tanh.
#include "test/codegen/math/Measure.h"
#include <bit>
#include <cstdio>
#include <cstring>

using namespace quern::test;

static bool isWanted(const char *name, int argc, char **argv) {
  for (int i = 2; i < argc; ++i)
    if (!std::strcmp(argv[i], name))
      return true;
  return argc <= 2;
}

/// Prints the worst error over all inputs; true where it is within the bound.
static bool sweep(const Variant<float> &variant, int function) {
  alignas(64) static float x[batchLength];
  Worst worst;
  for (uint64_t start = 0; start < uint64_t(1) << 32; start += batchLength) {
    for (uint64_t i = 0; i < batchLength; ++i)
      x[i] = std::bit_cast<float>(uint32_t(start + i));
    measure(variant.functions[function], oracles[function], x, x, worst);
  }
  bool within = worst.ulps <= oracles[function].ulpsF32;
  std::printf("%s %-8s %.4f ulp at %.9g (%a): %.9g%s\n", variant.name, oracles[function].name, worst.ulps, worst.x,
              worst.x, worst.got, within ? "" : "  BEYOND THE BOUND");
  std::fflush(stdout);
  return within;
}

int main(int argc, char **argv) {
  bool within = true;
  for (const Variant<float> &variant : variantsF32) {
    if (!runsHere(variant.needsAvx512) || (argc > 1 && std::strcmp(argv[1], variant.name)))
      continue;
    for (int function = 0; function < oracleCount; ++function)
      if (oracles[function].operands == 1 && isWanted(oracles[function].name, argc, argv))
        within &= sweep(variant, function);
  }
  return within ? 0 : 1;
}
