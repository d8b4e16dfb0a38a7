// Every register tile of the schedules, with operands in L1, beside the machine's own peak of multiply-adds.
//
//   microkernels [--lint]
//
// One line per tile and level: rows x columns, GFLOP/s, the peak measured right before and after, the share. Fails if a
// tile's loop spills, calls, lacks multiply-adds or has more instructions than loads and its own few, or stays below 90 %
// of the peak; --lint looks at the code alone, as is done of levels that do not run here.
#include "codegen/Host.h"
#include "test/passes/loops/LoadedKernel.h"
#include "test/passes/loops/TileKernels.h"

using namespace quern;
using namespace quern::test;

namespace {

constexpr int64_t kSteps = 64;
constexpr double kLeastShare = 0.9;

/// GFLOP/s, the best of some runs.
double rate(const LoadedKernel &kernel, double flops) {
  alignas(64) static float memory[4][1 << 14];
  const void *buffers[] = {memory[0], memory[1], memory[2], memory[3]};
  int64_t tasks = 4e7 / flops;
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    quern_launch launch{buffers, nullptr, 0, tasks, nullptr};
    double start = processorTime();
    kernel.run(&launch);
    best = std::max(best, flops * tasks / (processorTime() - start));
  }
  return best;
}

/// Whether the loop of a tile has `loads` loads for each step, and nothing else but multiply-adds and its own few.
bool isClean(const LoadedKernel &tile, const TileChoice &choice, int64_t loads) {
  constexpr int64_t kOwn = 6; // two addresses, a counter, a comparison, a branch, and one to spare
  return tile.hot.fma == choice.rows * choice.vectors * choice.unroll &&
         tile.hot.instructions <= tile.hot.fma + loads * choice.unroll + kOwn && !tile.hot.stackLoads &&
         !tile.hot.stackStores && !tile.hot.calls && !tile.hot.scalarFma && !tile.dynamicStack;
}

void print(const Level &level, llvm::StringRef name, const TileChoice &choice, const LoadedKernel &tile, bool clean) {
  llvm::outs() << llvm::formatv("{0} {1,-6} {2,2} x {3,-3} {4,3} instructions {5,3} fma{6}", level.name, name,
                                choice.rows, choice.vectors * level.vectorBytes / 4, tile.hot.instructions, tile.hot.fma,
                                clean ? "" : "  BAD CODE");
}

/// True if the tile is as it should be.
bool check(const Target &target, const Level &level, const TileChoice &choice, bool lintOnly) {
  TileKernels kernels(level, kSteps);
  LoadedKernel tile = loadKernel(*kernels.tile(choice), target, level);
  bool clean = isClean(tile, choice, 2 * choice.rows + choice.vectors);
  print(level, "f32", choice, tile, clean);
  // Single rows do not reuse what they load: no multiply-adds to be limited by.
  bool fast = true;
  if (!lintOnly && runsOnThisMachine(level) && choice.rows * choice.vectors >= 8 && choice.rows > 2) {
    LoadedKernel peak = loadKernel(*kernels.peak(), target, level);
    double before = rate(peak, kernels.flops(TileKernels::kPeakSums));
    double own = rate(tile, kernels.flops(choice.rows * choice.vectors));
    double most = std::max(before, rate(peak, kernels.flops(TileKernels::kPeakSums)));
    fast = own >= kLeastShare * most;
    llvm::outs() << llvm::formatv("  {0:f1} of {1:f1} GFLOP/s, {2:f0} %{3}", own, most, 100 * own / most,
                                  fast ? "" : "  SLOW");
  }
  llvm::outs() << "\n";
  return clean && fast;
}

/// The same of a dot product, whose operands are loaded in whole vectors: its code alone.
bool checkDot(const Target &target, const Level &level, const DotForm &form) {
  LoadedKernel tile = loadKernel(*TileKernels(level, kSteps).tile(form.tile, &form), target, level);
  int64_t bytes = form.depth * (form.a == DotElement::BF16 ? 2 : 1), columns = form.tile.vectors * level.vectorBytes / 4;
  bool clean = isClean(tile, form.tile, (form.tile.rows + columns) * bytes / level.vectorBytes);
  print(level, form.name, form.tile, tile, clean);
  llvm::outs() << "\n";
  return clean;
}

} // namespace

int main(int argc, char **argv) {
  bool lintOnly = argc > 1 && llvm::StringRef(argv[1]) == "--lint", good = true;
  for (const Target *target : allTargets()) {
    // A target of one level has that of the target of all levels; one with a device has the same processor.
    if (target->levels.size() == 1 || target->device)
      continue;
    for (const Level *level : target->kernelLevels())
      for (const TileChoice &choice : registerTiles(*level))
        good &= check(*target, *level, choice, lintOnly);
    for (const DotForm *form : dotForms(target->levels.front()))
      good &= checkDot(*target, *llvm::find_if(target->levels, [&](const Level &level) { return level.name == form->level; }),
                       *form);
  }
  return good ? 0 : 1;
}
