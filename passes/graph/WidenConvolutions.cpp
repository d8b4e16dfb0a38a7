#include "mlir/IR/Builders.h"
#include "passes/graph/Passes.h"

using namespace mlir;

namespace quern::graph {
#define GEN_PASS_DEF_WIDENCONVOLUTIONS
#include "passes/graph/Passes.h.inc"

namespace {

Value castTo(OpBuilder &builder, Value value, Type element) {
  return builder.create<CastOp>(value.getLoc(), tensorType(dimsOf(value), element), value);
}

template <typename ConvLike> void widen(ConvLike conv) {
  auto narrow = dyn_cast<FloatType>(elementOf(conv.getResult()));
  if (!narrow || narrow.getWidth() >= 32)
    return;
  OpBuilder builder(conv);
  Type wide = builder.getF32Type();
  Operation *wider = builder.clone(*conv);
  wider->setOperand(0, castTo(builder, conv.getInput(), wide));
  wider->setOperand(1, castTo(builder, conv.getWeight(), wide));
  wider->moveAfter(wider->getOperand(1).getDefiningOp());
  wider->getResult(0).setType(tensorType(dimsOf(conv.getResult()), wide));
  builder.setInsertionPointAfter(wider);
  conv.replaceAllUsesWith(castTo(builder, wider->getResult(0), narrow));
  conv.erase();
}

struct WidenConvolutions : impl::WidenConvolutionsBase<WidenConvolutions> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto conv = dyn_cast<ConvOp>(op))
        widen(conv);
      else if (auto conv = dyn_cast<ConvTransposeOp>(op))
        widen(conv);
    });
  }
};

} // namespace
} // namespace quern::graph
