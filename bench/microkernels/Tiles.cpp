// Every register tile of the schedules, with operands in L1, beside the machine's own peak of multiply-adds.
//
//   microkernels [--lint]
//
// One line per tile and level: rows x columns, GFLOP/s, the peak measured right before and after, the share. Fails if a
// tile's loop spills, calls or lacks multiply-adds, or stays below 90 % of the peak; --lint looks at the code alone, as
// is done of levels that do not run here.
#include "codegen/Host.h"
#include "codegen/LowerToLLVM.h"
#include "codegen/Schedules.h"
#include "mlir/Parser/Parser.h"
#include "passes/loops/KernelFunction.h"
#include "passes/loops/RegisterTile.h"
#include "test/passes/loops/LoadedKernel.h"

using namespace mlir;
using namespace quern;
using namespace quern::test;

namespace {

constexpr int64_t kDepth = 64, kPanel = 16;
constexpr double kLeastShare = 0.9;

class TileBench {
public:
  TileBench(const Target &target, const Level &level) : target(target), level(level), lanes(level.vectorBytes / 4) {
    loadCodegenDialects(context);
    context.loadDialect<graph::GraphDialect, kernel::KernelDialect>();
  }

  /// The product of a tile, once per task.
  LoadedKernel tile(const TileChoice &choice) {
    return make([&](KernelFunction &kernel, IndexBuilder builder) {
      RegisterTile tile(
          builder, {choice.rows, choice.vectors, lanes, kernel.builder.getF32Type()},
          {buffer(kernel, 0), builder.index(kDepth), buffer(kernel, 1), kPanel, builder.index(kDepth * kPanel)});
      Accumulators sums = tile.zero();
      tile.accumulate(sums, {{builder.index(kDepth), builder.index(1), builder.index(kPanel), choice.unroll}},
                      builder.index(0), builder.index(0));
      store(kernel, builder, sums);
    });
  }

  /// As many independent multiply-adds as hide their latency, without memory.
  LoadedKernel peak() {
    return make([&](KernelFunction &kernel, IndexBuilder builder) {
      auto type = VectorType::get(lanes, kernel.builder.getF32Type());
      Value factor = builder.create<vector::LoadOp>(type, buffer(kernel, 0), builder.value(0));
      Accumulators sums(kPeakSums, builder.create<arith::ConstantOp>(kernel.builder.getZeroAttr(type)));
      builder.carry(builder.index(0), builder.index(kDepth), 1, sums, [&](Index, SmallVectorImpl<Value> &carried) {
        for (Value &sum : carried)
          sum = builder.create<vector::FMAOp>(factor, factor, sum);
      });
      store(kernel, builder, sums);
    });
  }

  /// Flops of one task.
  double flops(int64_t accumulators) const { return 2.0 * accumulators * lanes * kDepth; }

  /// GFLOP/s, the best of some runs.
  static double rate(const LoadedKernel &kernel, double flops) {
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

  static constexpr int64_t kPeakSums = 12;

private:
  static Value buffer(KernelFunction &kernel, unsigned index) {
    return kernel.buffer(kernel.body().getArgument(index));
  }

  void store(KernelFunction &kernel, IndexBuilder builder, ArrayRef<Value> sums) {
    for (auto [i, sum] : llvm::enumerate(sums))
      builder.create<vector::StoreOp>(sum, kernel.resultBuffer(0), builder.value(i * lanes));
  }

  LoadedKernel make(llvm::function_ref<void(KernelFunction &, IndexBuilder)> body) {
    auto source = parseSourceString<ModuleOp>(R"(
      kernel.func @tile attributes {dims = 0 : i64, schedule = #kernel.schedule<"tile", {}, "bench">} {
      ^bb0(%a: tensor<16384xf32>, %b: tensor<16384xf32>, %c: tensor<16384xf32>):
        kernel.yield %c : tensor<16384xf32>
      })",
                                              &context);
    OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
    KernelFunction kernel(*module, *source->getOps<kernel::FuncOp>().begin(), level, "quern_kernel");
    kernel.forTasks(1, [&](Value) { body(kernel, kernel.builder); });
    kernel.finish();
    return loadKernel(*module, target, level);
  }

  MLIRContext context;
  const Target &target;
  const Level &level;
  int64_t lanes;
};

/// True if the tile is as it should be.
bool check(TileBench &bench, const Level &level, const TileChoice &choice, bool lintOnly) {
  LoadedKernel tile = bench.tile(choice);
  bool clean = tile.hot.fma == choice.rows * choice.vectors * choice.unroll && !tile.hot.stackLoads &&
               !tile.hot.stackStores && !tile.hot.calls && !tile.hot.scalarFma && !tile.dynamicStack;
  llvm::outs() << llvm::formatv("{0} {1,2} x {2,-3} {3,3} instructions {4,3} fma{5}", level.name, choice.rows,
                                choice.vectors * level.vectorBytes / 4, tile.hot.instructions, tile.hot.fma,
                                clean ? "" : "  BAD CODE");
  // Single rows do not reuse what they load: no multiply-adds to be limited by.
  bool fast = true;
  if (!lintOnly && runsOnThisMachine(level) && choice.rows * choice.vectors >= 8 && choice.rows > 2) {
    LoadedKernel peak = bench.peak();
    double before = bench.rate(peak, bench.flops(TileBench::kPeakSums));
    double rate = bench.rate(tile, bench.flops(choice.rows * choice.vectors));
    double most = std::max(before, bench.rate(peak, bench.flops(TileBench::kPeakSums)));
    fast = rate >= kLeastShare * most;
    llvm::outs() << llvm::formatv("  {0:f1} of {1:f1} GFLOP/s, {2:f0} %{3}", rate, most, 100 * rate / most,
                                  fast ? "" : "  SLOW");
  }
  llvm::outs() << "\n";
  return clean && fast;
}

} // namespace

int main(int argc, char **argv) {
  bool lintOnly = argc > 1 && StringRef(argv[1]) == "--lint", good = true;
  for (const Target *target : allTargets()) {
    // A target of one level has that of the target of all levels; one with a device has the same processor.
    if (target->levels.size() == 1 || target->device)
      continue;
    for (const Level *level : target->kernelLevels()) {
      TileBench bench(*target, *level);
      for (const TileChoice &choice : registerTiles(*level))
        good &= check(bench, *level, choice, lintOnly);
    }
  }
  return good ? 0 : 1;
}
