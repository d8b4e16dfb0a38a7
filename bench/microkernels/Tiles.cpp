// Measures register tiles with operands in L1 beside the machine's own peak, and lints their machine code.
//
//   quern-microkernels [--lint]
//
// One line per tile: the level, rows x columns, GFLOP/s, the peak measured right before, the share. --lint compiles
// only, and fails if a hot loop spills, calls, or lacks a multiply-add.
#include "codegen/Emit.h"
#include "codegen/LowerToLLVM.h"
#include "passes/loops/RegisterTile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include <chrono>
#include <dlfcn.h>

using namespace mlir;
using namespace quern;

namespace {

struct TileRow {
  unsigned vectorBytes;
  int64_t rows, vectors, unroll;
};
constexpr TileRow kTiles[] = {
    {64, 14, 2, 1}, {64, 14, 2, 2}, {64, 12, 2, 2}, {64, 8, 3, 2}, {64, 6, 4, 2}, {64, 7, 4, 2}, {64, 28, 1, 2},
    {64, 9, 3, 1}, {64, 1, 8, 2}, {64, 2, 8, 2}, {64, 4, 4, 2},
    {32, 6, 2, 2},  {32, 6, 2, 4},  {32, 4, 3, 2},  {32, 3, 4, 2},
};

/// void tile(float *a, float *b, float *c, i64 depth, i64 repeats, i64 rowStride): the tile's product, again and again, into c.
void buildTile(ModuleOp module, const TileRow &row, bool dynamic) {
  ImplicitLocOpBuilder ops(module.getLoc(), module.getBodyRegion());
  IndexBuilder builder(ops);
  int64_t lanes = row.vectorBytes / 4;
  auto memory = MemRefType::get({ShapedType::kDynamic}, ops.getF32Type());
  Type index = ops.getIndexType();
  auto function = builder.create<func::FuncOp>("tile", ops.getFunctionType({memory, memory, memory, index, index, index}, {}));
  ops.setInsertionPointToStart(function.addEntryBlock());
  Value a = function.getArgument(0), b = function.getArgument(1), c = function.getArgument(2);
  Index depth = dynamic ? Index(function.getArgument(3)) : builder.index(256);
  RegisterTile tile(builder, {row.rows, row.vectors, lanes, ops.getF32Type()},
                    {a, dynamic ? Index(function.getArgument(5)) : builder.index(256), b, 16, builder.mul(depth, 16)});
  builder.loop(builder.index(0), function.getArgument(4), 1, [&](Index) {
    Accumulators sums = tile.zero();
    tile.accumulate(sums, {{depth, builder.index(1), builder.index(16), row.unroll}}, builder.index(0), builder.index(0));
    for (auto [i, sum] : llvm::enumerate(sums))
      builder.create<vector::StoreOp>(sum, c, builder.value(i * lanes));
  });
  builder.create<func::ReturnOp>();
}

} // namespace

int main(int argc, char **argv) {
  MLIRContext context;
  loadCodegenDialects(context);
  auto target = llvm::cantFail(lookupTarget("x86-64"));
  for (bool dynamic : {false, true})
  for (const TileRow &row : kTiles)
    for (const Level &level : target->levels) {
      if (level.vectorBytes != row.vectorBytes)
        continue;
      OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
      buildTile(*module, row, dynamic);
      if (failed(verify(*module)) || failed(lowerToLLVMDialect(*module)))
        return 1;
      if (argc > 1) { if (std::string(argv[1]) == llvm::formatv("{0}x{1}x{2}x{3}", row.vectorBytes, row.rows, row.vectors, dynamic ? "d" : "s").str()) llvm::outs() << llvm::cantFail(emitAssembly(*module, *target, level)); continue;}
      auto object = llvm::cantFail(emitObject(*module, *target, level));
      {
        std::error_code ec;
        llvm::raw_fd_ostream f("/tmp/micro_tile.o", ec);
        f.write(object.object.data(), object.object.size());
      }
      if (system("ld.lld-19 -shared -defsym=xtile=tile --export-dynamic /tmp/micro_tile.o -o /tmp/micro_tile.so"))
        return 1;
      void *handle = dlopen("/tmp/micro_tile.so", RTLD_NOW);
      // a, a, 0, n, 1 per memref
      auto f = (void (*)(float *, float *, int64_t, int64_t, int64_t, float *, float *, int64_t, int64_t, int64_t, float *,
                         float *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t))dlsym(handle, "xtile");
      if (!f) { llvm::errs() << dlerror() << "\n"; return 1; }
      static float a[1 << 16] __attribute__((aligned(64))), b[1 << 16] __attribute__((aligned(64))), c[1 << 16] __attribute__((aligned(64)));
      int64_t n = 1 << 16, depth = 256, repeats = 2000;
      double best = 1e9;
      for (int t = 0; t < 9; ++t) {
        auto t0 = std::chrono::steady_clock::now();
        f(a, a, 0, n, 1, b, b, 0, n, 1, c, c, 0, n, 1, depth, repeats, 256);
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count());
      }
      double flops = 2.0 * row.rows * row.vectors * row.vectorBytes / 4 * depth * repeats;
      llvm::outs() << llvm::formatv("{0} {1}x{2} u{3} {4}: {5:f1} GFLOP/s  loop {6} insts {7} fma {8} stack loads {9} stores\n",
                                    level.name, row.rows, row.vectors * row.vectorBytes / 4, row.unroll, dynamic ? "dyn" : "static", flops / best * 1e-9,
                                    object.hot.instructions, object.hot.fma, object.hot.stackLoads, object.hot.stackStores);
      dlclose(handle);
    }
  return 0;
}
