// The rows that quern bench prints: times, and what kernels made of them.
#pragma once
#include "compiler/tools/quern/KernelFacts.h"
#include "compiler/tools/quern/Machine.h"
#include <memory>

namespace quern {

/// Quantiles of times in nanoseconds.
struct Times {
  std::vector<int64_t> samples;

  int64_t quantile(double share);
};

/// What was measured with one number of threads.
struct Measurement {
  int threads;
  Times runs;
  std::vector<Times> sites; ///< one for each site
  std::shared_ptr<const Machine> machine; ///< only with kernels
};

/// One line of the results, for whole runs or for a launch. Amounts are of one run; amounts and rates are
/// nothing where the manifest does not know them or the run itself finds the sizes. README.md defines the roof.
struct Row {
  bool isRun = false;
  std::shared_ptr<const Machine> machine; ///< only with kernels
  int threads;
  std::string name, nodes, kernel, algorithm, tile;
  double calls;                       ///< in one run
  size_t samples;
  double minimum, median, p99;        ///< microseconds of one call
  std::optional<double> share;        ///< of the launches' least times
  std::optional<double> flops, bytes;
  std::optional<double> flopRate, byteRate; ///< per second, at the least time
  std::optional<double> roof;         ///< what the machine would need at best, divided by the least time
  std::string bound;                  ///< what that is: "compute", or the store that the bytes come from
};

/// The run, then the launches, the longest first. With kernels the run's amounts and roof are the sums.
std::vector<Row> makeRows(const llvm::json::Object &manifest, const Level &level, const Symbols &symbols,
                          Measurement &measurement);

/// To standard output.
void printTable(llvm::ArrayRef<Row> rows);
void printCsv(llvm::ArrayRef<Row> rows);
void printJson(llvm::ArrayRef<Row> rows);

} // namespace quern
