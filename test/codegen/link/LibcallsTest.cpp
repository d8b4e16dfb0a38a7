// What LLVM calls where the machine has no instruction, as kernels meet it.
#include "test/codegen/link/Artifact.h"
#include <cmath>
#include <limits>
#include <random>

using namespace quern;
using namespace quern::test;

namespace {

class Libcalls : public LinkTest {
protected:
  /// 64 results of `body` (see mapKernel) at the base level.
  std::vector<float> run(llvm::StringRef body, llvm::ArrayRef<float> input) {
    Model model = makeModel("map", [&](llvm::StringRef symbol) { return mapKernel(symbol, body); });
    std::string path = inFolder("map.so");
    EXPECT_EQ(messageOf(linkSharedLibrary(model.request(x86, path)), ErrorKind::Internal), "");
    EXPECT_EQ(Elf(path).needed(), std::vector<std::string>{"libc.so.6"});
    return Library(path).run(input, /*maxLevel=*/3);
  }

  void expectEqual(llvm::ArrayRef<float> input, llvm::ArrayRef<float> actual,
                   llvm::function_ref<float(float)> expected) {
    for (auto [x, y] : llvm::zip(input, actual))
      EXPECT_TRUE(y == expected(x) || (std::isnan(y) && std::isnan(expected(x))))
          << "of " << x << ": " << y << " and not " << expected(x);
  }

  /// Values of all magnitudes, then the special ones.
  std::vector<float> values() {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> result = {0.0f,    -0.0f,   infinity, -infinity, NAN,      1e-45f,   -1e-40f, 65504.0f,
                                 65519.9f, 65520.0f, 3.4e38f,  2.98e-8f,  5.96e-8f, 6.1e-5f, 1.0f,    1.00390625f};
    std::mt19937 random(1);
    while (result.size() < 64)
      result.push_back(std::ldexp(std::uniform_real_distribution<float>(-2, 2)(random), int(random() % 80) - 40));
    return result;
  }
};

TEST_F(Libcalls, Remainder) {
  std::vector<float> x = values();
  std::vector<float> y = run(R"(%d = arith.constant -0.37 : f32
      %y = arith.remf %x, %d : f32)", x);
  expectEqual(x, y, [](float v) { return std::fmod(v, -0.37f); });
}

TEST_F(Libcalls, RemainderOfDoubles) {
  std::vector<float> x = values();
  std::vector<float> y = run(R"(%d = arith.constant 1.0e-310 : f64
      %w = arith.extf %x : f32 to f64
      %r = arith.remf %w, %d : f64
      %u = arith.divf %r, %d : f64
      %y = arith.truncf %u : f64 to f32)", x);
  expectEqual(x, y, [](float v) { return float(std::fmod(double(v), 1e-310) / 1e-310); });
}

TEST_F(Libcalls, Bfloat16RoundsToNearestEven) {
  std::vector<float> x = values();
  auto expected = [](float v) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    if (!std::isnan(v))
      bits += 0x7fff + (bits >> 16 & 1);
    bits &= 0xffff0000;
    memcpy(&v, &bits, 4);
    return v;
  };
  expectEqual(x, run(R"(%h = arith.truncf %x : f32 to bf16
      %y = arith.extf %h : bf16 to f32)", x), expected);
  // Through double the value is the same, but the conversion is another.
  expectEqual(x, run(R"(%w = arith.extf %x : f32 to f64
      %h = arith.truncf %w : f64 to bf16
      %y = arith.extf %h : bf16 to f32)", x), expected);
}

TEST_F(Libcalls, HalfOfDoubleRoundsToNearestEven) {
  std::vector<float> x = values();
  expectEqual(x, run(R"(%w = arith.extf %x : f32 to f64
      %h = arith.truncf %w : f64 to f16
      %y = arith.extf %h : f16 to f32)", x), [](float v) { return float(_Float16(v)); });
}

TEST_F(Libcalls, DivisionsRoundUpAndDown) {
  std::vector<float> x(64);
  for (int i = 0; i < 64; ++i)
    x[i] = i - 32;
  std::vector<float> y = run(R"(%i32 = arith.fptosi %x : f32 to i32
      %d = arith.constant 5 : i32
      %up = arith.ceildivsi %i32, %d : i32
      %down = arith.floordivsi %i32, %d : i32
      %k = arith.constant 100 : i32
      %m = arith.muli %up, %k : i32
      %s = arith.addi %m, %down : i32
      %y = arith.sitofp %s : i32 to f32)", x);
  expectEqual(x, y, [](float v) { return 100 * std::ceil(v / 5) + std::floor(v / 5); });
}

} // namespace
