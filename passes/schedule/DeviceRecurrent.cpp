#include "dialects/graph/Graph.h"
#include "passes/schedule/Choice.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

Choice chooseDeviceRecurrent(RnnOp rnn, const Device &device) {
  // Rows share the weights that a block reads; of more than these a thread would hold too many sums.
  constexpr int64_t kMostRows = 4;
  // Of half a block the weights are still read in whole sectors of 32 bytes.
  constexpr int64_t kUnits = 16, kFewUnits = 8;
  Dim batch = dimOf(rnn.getProjected(), 2);
  int64_t most = batch.constant().value_or(kMostRows);
  int64_t rows = std::clamp<int64_t>(llvm::PowerOf2Ceil(std::max<int64_t>(most, 1)), 1, kMostRows);
  SmallVector<Dim> weights = dimsOf(rnn.getRecurrence());
  int64_t blocks = *weights[0].constant() * *weights[1].constant() * llvm::divideCeil(batch.estimate(rows), rows);
  int64_t units = blocks < device.multiprocessors ? kFewUnits : kUnits;
  return {"recurrent_steps",
          {{"task_rows", rows}, {"task_units", units}},
          "a launch for each step: blocks share the units, the threads of a block the depth"};
}

} // namespace quern
