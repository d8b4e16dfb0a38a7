#include "dialects/graph/Graph.h"
#include "passes/fusion/Fusion.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "passes/fusion/Passes.h.inc"

namespace {

constexpr int64_t kPanel = 16;

void pack(MatmulOp matmul) {
  Value rhs = matmul.getRhs();
  SmallVector<Dim> dims = dimsOf(rhs);
  bool batched = llvm::any_of(ArrayRef(dims).drop_back(2), [](const Dim &dim) { return !dim.isEqualTo(1); });
  if (matmul.getColumns() || !rhs.getDefiningOp<ConstantOp>() || batched)
    return;
  OpBuilder builder(matmul);
  Location loc = matmul.getLoc();
  if (dims.size() > 2) {
    if (rankOf(matmul.getLhs()) < int64_t(dims.size()))
      return; // the product has the rank of the weight
    rhs = builder.create<ReshapeOp>(loc, tensorType(ArrayRef(dims).take_back(2), elementOf(rhs)), rhs);
  }
  bool transposed = matmul.getTransposeRhs();
  int64_t columns = *dims[dims.size() - (transposed ? 2 : 1)].constant();
  Value panels = builder.create<BlockOp>(loc, rhs, transposed ? 0 : 1, kPanel);
  if (!transposed)
    panels = builder.create<TransposeOp>(loc, panels, ArrayRef<int64_t>{1, 0, 2});
  Value packed = builder.create<MatmulOp>(loc, matmul.getLhs(), panels, UnitAttr(), builder.getI64IntegerAttr(columns));
  matmul.replaceAllUsesWith(packed);
  matmul.erase();
}

struct PackWeightsPass : impl::PackWeightsPassBase<PackWeightsPass> {
  void runOnOperation() override { getOperation().walk([](MatmulOp matmul) { pack(matmul); }); }
};

} // namespace
} // namespace quern
