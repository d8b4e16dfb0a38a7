#include "test/passes/loops/TileKernels.h"
#include "codegen/LowerToLLVM.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/loops/KernelFunction.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace quern::test {

static constexpr int64_t kPanel = 16;

TileKernels::TileKernels(const Level &level, int64_t steps) : level(level), steps(steps), lanes(level.vectorBytes / 4) {
  loadCodegenDialects(context);
  context.loadDialect<graph::GraphDialect, kernel::KernelDialect>();
}

static Value buffer(KernelFunction &kernel, unsigned index) {
  return kernel.buffer(kernel.body().getArgument(index));
}

static void store(KernelFunction &kernel, IndexBuilder builder, int64_t lanes, ArrayRef<Value> sums) {
  for (auto [i, sum] : llvm::enumerate(sums))
    builder.create<vector::StoreOp>(sum, kernel.resultBuffer(0), builder.value(i * lanes));
}

OwningOpRef<ModuleOp> TileKernels::tile(const TileChoice &choice, const DotForm *dot, StringRef symbol) {
  bool isFloat = !dot || dot->a == DotElement::BF16;
  int64_t depth = dot ? dot->depth : 1, panel = dot ? choice.vectors * lanes : kPanel;
  // Rows of f32 lie where a matrix has them; those of narrow elements are packed.
  int64_t rowStride = dot ? depth : steps, stepA = dot ? choice.rows * depth : 1;
  return make(
      !dot      ? "f32"
      : isFloat ? "bf16"
                : "i8",
      isFloat ? "f32" : "i32", symbol, [&](KernelFunction &kernel, IndexBuilder builder) {
        Type element = isFloat ? Type(kernel.builder.getF32Type()) : kernel.builder.getI32Type();
        RegisterTile tile(
            builder, kernel.level, {choice.rows, choice.vectors, lanes, element, /*chains=*/1, dot},
            {buffer(kernel, 0), builder.index(rowStride), buffer(kernel, 1), panel, builder.index(steps * kPanel)});
        Accumulators sums = tile.zero();
        tile.accumulate(sums,
                        {{builder.index(steps), builder.index(stepA), builder.index(panel * depth), choice.unroll}},
                        builder.index(0), builder.index(0));
        store(kernel, builder, lanes, sums);
      });
}

OwningOpRef<ModuleOp> TileKernels::peak() {
  return make("f32", "f32", "quern_kernel", [&](KernelFunction &kernel, IndexBuilder builder) {
    auto type = VectorType::get(lanes, kernel.builder.getF32Type());
    Value factor = builder.create<vector::LoadOp>(type, buffer(kernel, 0), builder.value(0));
    Accumulators sums(kPeakSums, builder.create<arith::ConstantOp>(kernel.builder.getZeroAttr(type)));
    builder.carry(builder.index(0), builder.index(steps), 1, sums, [&](Index, SmallVectorImpl<Value> &carried) {
      for (Value &sum : carried)
        sum = builder.create<vector::FMAOp>(factor, factor, sum);
    });
    store(kernel, builder, lanes, sums);
  });
}

OwningOpRef<ModuleOp> TileKernels::make(StringRef elements, StringRef sums, StringRef symbol,
                                        llvm::function_ref<void(KernelFunction &, IndexBuilder)> body) {
  auto source = parseSourceString<ModuleOp>(llvm::formatv(R"(
      kernel.func @tile attributes {{dims = 0 : i64, schedule = #kernel.schedule<"tile", {{}, "test">} {{
      ^bb0(%a: tensor<16384x{0}>, %b: tensor<16384x{0}>, %c: tensor<16384x{1}>):
        kernel.yield %c : tensor<16384x{1}>
      })",
                                                          elements, sums)
                                                .str(),
                                            &context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  KernelFunction kernel(*module, *source->getOps<kernel::FuncOp>().begin(), level, symbol);
  kernel.forTasks(1, [&](Value) { body(kernel, kernel.builder); });
  kernel.finish();
  return module;
}

} // namespace quern::test
