// Nanoseconds per element of the compiler's own math functions beside MLIR's approximations, glibc's vector math
// (libmvec, bound of 4 ulp) and glibc's scalar functions: f32, one thread, 4096 elements in L1, least of many runs. In
// parentheses the instructions of the loop over vectors, the branch for huge angles included.
#include "codegen/Lint.h"
#include "test/codegen/math/Measure.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <immintrin.h>

using namespace quern::test;

#define MEMREF(type) type *, type *, int64_t, int64_t, int64_t
#define MLIR_HAS(X) X(exp) X(expm1) X(log) X(log2) X(log1p) X(erf) X(tanh) X(sin) X(cos) X(asin) X(acos) X(atan)
#define LIBMVEC_HAS(X)                                                                                                 \
  MLIR_HAS(X) X(exp2) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh) X(tan)

#define DECLARE_MLIR(name)                                                                                             \
  extern "C" void mlir_f32_16_##name(MEMREF(const float), MEMREF(float));                                              \
  extern "C" void mlir_f32_8_##name(MEMREF(const float), MEMREF(float));
MLIR_HAS(DECLARE_MLIR)

#define DECLARE_LIBMVEC(name)                                                                                          \
  extern "C" __attribute__((target("avx512f"))) __m512 _ZGVeN16v_##name##f(__m512);                                    \
  extern "C" __attribute__((target("avx2"))) __m256 _ZGVdN8v_##name##f(__m256);                                        \
  __attribute__((target("avx512f"))) static void mvec16_##name(const float *x, float *result) {                        \
    for (size_t i = 0; i < batchLength; i += 16)                                                                       \
      _mm512_store_ps(result + i, _ZGVeN16v_##name##f(_mm512_load_ps(x + i)));                                         \
  }                                                                                                                    \
  __attribute__((target("avx2"))) static void mvec8_##name(const float *x, float *result) {                            \
    for (size_t i = 0; i < batchLength; i += 8)                                                                        \
      _mm256_store_ps(result + i, _ZGVdN8v_##name##f(_mm256_load_ps(x + i)));                                          \
  }                                                                                                                    \
  static void scalar_##name(const float *x, float *result) {                                                           \
    for (size_t i = 0; i < batchLength; ++i)                                                                           \
      result[i] = ::name##f(x[i]);                                                                                     \
  }
LIBMVEC_HAS(DECLARE_LIBMVEC)

using Mlir = void (*)(MEMREF(const float), MEMREF(float));
using Loop = void (*)(const float *, float *);

struct Peer {
  const char *name;
  Loop scalar, mvec[2];
};
static const Peer peers[] = {
#define ROW(name) {#name, scalar_##name, {mvec16_##name, mvec8_##name}},
    LIBMVEC_HAS(ROW)
#undef ROW
};
struct Approximation {
  const char *name;
  Mlir functions[2];
};
static const Approximation approximations[] = {
#define ROW(name) {#name, {mlir_f32_16_##name, mlir_f32_8_##name}},
    MLIR_HAS(ROW)
#undef ROW
};

template <typename Row, size_t n> static const Row *find(const Row (&rows)[n], const char *name) {
  auto *row = std::find_if(rows, rows + n, [&](const Row &row) { return !std::strcmp(row.name, name); });
  return row == rows + n ? nullptr : row;
}

/// Least ns per element of 200 samples of 20 runs.
template <typename Run> static double nsPerElement(Run run) {
  double least = 1e9;
  for (int sample = 0; sample < 200; ++sample) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i)
      run();
    std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    least = std::min(least, spent.count() / (20.0 * batchLength));
  }
  return least;
}

static void printTime(double ns) { ns < 0 ? std::printf("%9s", "-") : std::printf("%9.3f", ns); }

/// Instructions of the loop of every function of an object.
static std::vector<quern::FunctionCounts> countsOf(const std::string &path, llvm::StringRef level) {
  const quern::Target &target = **quern::lookupTarget(level);
  auto object = llvm::cantFail(llvm::errorOrToExpected(llvm::MemoryBuffer::getFile(path)), path.c_str());
  return llvm::cantFail(quern::countLoops(object->getBuffer(), target, target.baseLevel()));
}
static void printCount(const std::vector<quern::FunctionCounts> &counts, const std::string &name) {
  for (const quern::FunctionCounts &function : counts)
    if (function.name == name)
      std::printf(" (%3u)", function.hot.instructions);
}

int main() {
  alignas(64) static float x[batchLength], y[batchLength], result[batchLength];
  const std::vector<quern::FunctionCounts> ours[] = {countsOf(OURS "/f32_16.o", "x86-64-v4"),
                                                     countsOf(OURS "/f32_8.o", "x86-64-v3")};
  const std::vector<quern::FunctionCounts> theirs[] = {countsOf(PEERS "/mlir_f32_16.o", "x86-64-v4"),
                                                       countsOf(PEERS "/mlir_f32_8.o", "x86-64-v3")};
  std::printf("ns per element%15s%15s%9s%15s%15s%9s%9s\n", "v4 ours", "mlir", "libmvec", "v3 ours", "mlir", "libmvec",
              "glibc");
  for (int function = 0; function < oracleCount; ++function) {
    const Oracle &oracle = oracles[function];
    // Sizes at which every function is at work; within (0, 1) for those of that domain, above 1 for acosh.
    llvm::StringRef name = oracle.name;
    bool unit = name == "acos" || name == "asin" || name == "atanh";
    bool positive = name.starts_with("log") || oracle.operands == 2;
    for (size_t i = 0; i < batchLength; ++i) {
      float value = (float(i * 1103515245u % 4096) / 4096 - 0.5f) * 16;
      x[i] = unit ? value / 8.01f : positive ? std::fabs(value) + 0.001f : value;
      if (name == "acosh")
        x[i] = 1 + std::fabs(value);
      if (oracle.negativeOnly)
        x[i] = -std::fabs(value);
      y[i] = value;
    }
    const Peer *peer = find(peers, oracle.name);
    const Approximation *approximation = find(approximations, oracle.name);
    std::printf("%-14s", oracle.name);
    for (int level = 0; level < 2; ++level) {
      if (!runsHere(variantsF32[level].needsAvx512)) {
        std::printf("%15s%15s%9s", "-", "-", "-");
        continue;
      }
      printTime(nsPerElement([&] { variantsF32[level].functions[function](x, y, result); }));
      printCount(ours[level], variantsF32[level].name + ("_" + std::string(oracle.name)));
      printTime(approximation ? nsPerElement([&] {
        approximation->functions[level](x, x, 0, batchLength, 1, result, result, 0, batchLength, 1);
      }) : -1);
      if (approximation)
        printCount(theirs[level], "mlir_" + (variantsF32[level].name + ("_" + std::string(oracle.name))));
      else
        std::printf("%6s", "");
      printTime(peer ? nsPerElement([&] { peer->mvec[level](x, result); }) : -1);
    }
    printTime(peer ? nsPerElement([&] { peer->scalar(x, result); }) : -1);
    std::printf("\n");
  }
}
