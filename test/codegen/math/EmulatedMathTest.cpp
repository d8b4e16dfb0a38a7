// The math functions as they are compiled for AArch64, run under qemu: the same inputs and the same bounds.
#include "test/codegen/math/Inputs.h"
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

using namespace quern::test;

namespace {

class EmulatedMath : public testing::TestWithParam<int> {
protected:
  EmulatedMath() {
    char name[] = "/tmp/quern-math-XXXXXX";
    folder = mkdtemp(name);
  }
  ~EmulatedMath() override {
    for (const char *file : {"/in", "/out"})
      unlink((folder + file).c_str());
    rmdir(folder.c_str());
  }

  /// Results of all inputs, or nothing if the program fails.
  template <typename T> std::vector<T> run(const std::string &function, const Inputs<T> &inputs) {
    std::ofstream in(folder + "/in", std::ios::binary);
    for (const std::vector<T> *numbers : {&inputs.x, &inputs.y})
      in.write(reinterpret_cast<const char *>(numbers->data()), numbers->size() * sizeof(T));
    in.close();
    std::string command = RUN_MATH " " + function + " " + folder + "/in " + folder + "/out";
    std::vector<T> results(inputs.x.size());
    if (std::system(command.c_str()) != 0 ||
        !std::ifstream(folder + "/out", std::ios::binary)
             .read(reinterpret_cast<char *>(results.data()), results.size() * sizeof(T)))
      return {};
    return results;
  }

  template <typename T> void check(const char *variant, double bound) {
    const Oracle &oracle = oracles[GetParam()];
    Inputs<T> inputs = inputsFor<T>(oracle.operands);
    for (T &x : inputs.x)
      x = inDomain(oracle, x);
    std::vector<T> results = run(std::string(variant) + "_" + oracle.name, inputs);
    ASSERT_EQ(results.size(), inputs.x.size());
    Worst worst;
    compare(oracle, inputs.x.data(), inputs.y.data(), results.data(), results.size(), worst);
    std::printf("%s %-8s %.3f ulp at %.17g (%.17g): %.17g\n", variant, oracle.name, worst.ulps, worst.x, worst.y, worst.got);
    EXPECT_LE(worst.ulps, bound) << variant << " " << oracle.name << "(" << worst.x << ", " << worst.y << ") = " << worst.got;
  }

  std::string folder;
};

TEST_P(EmulatedMath, F32) { check<float>("f32_4", oracles[GetParam()].ulpsF32); }
TEST_P(EmulatedMath, F32OneByOne) { check<float>("f32_1", oracles[GetParam()].ulpsF32); }
TEST_P(EmulatedMath, F64) { check<double>("f64_2", oracles[GetParam()].ulpsF64); }

INSTANTIATE_TEST_SUITE_P(Functions, EmulatedMath, testing::Range(0, oracleCount),
                         [](const auto &info) { return std::string(oracles[info.param].name); });

} // namespace
