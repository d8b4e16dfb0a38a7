// Weights of Winograd's algorithm: G g G^T of each filter and channel in f64, rounded once.
#include "dialects/graph/Evaluators.h"
#include "dialects/graph/Winograd.h"
#include "mlir/IR/Threading.h"
#include <cstring>

using namespace mlir;
using namespace quern;
using namespace quern::graph;

std::optional<ElementsAttr> graph::evaluateWinograd(const Evaluation &evaluation) {
  auto op = dyn_cast<WinogradWeightOp>(evaluation.op);
  if (!op || !llvm::is_contained(winogradTiles(), op.getTile()))
    return std::nullopt;
  constexpr int64_t kBlock = 16, kWindow = WinogradTransform::kWindow;
  WinogradTransform transform(op.getTile());
  const Matrix &weight = transform.weight;
  const ConstantTensor &operand = evaluation.operands[0];
  int64_t filters = operand.type.getDimSize(0), channels = operand.type.getDimSize(1), side = transform.inputs;
  ArrayRef<int64_t> shape = evaluation.type.getShape(); // [P, M/16, C, 16]
  int64_t plane = shape[1] * shape[2] * kBlock;
  unsigned bytes = evaluation.format.bytes;
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    std::memset(result, 0, evaluation.type.getNumElements() * bytes);
    parallelFor(op.getContext(), 0, filters, [&](size_t filter) {
      SmallVector<double> rows(side * kWindow);
      for (int64_t channel = 0; channel < channels; ++channel) {
        int64_t first = (int64_t(filter) * channels + channel) * kWindow * kWindow;
        for (int64_t i = 0; i < side; ++i)
          for (int64_t x = 0; x < kWindow; ++x) {
            double sum = 0;
            for (int64_t y = 0; y < kWindow; ++y)
              sum += weight.at(i, y) * operand.real(first + y * kWindow + x);
            rows[i * kWindow + x] = sum;
          }
        char *target =
            result + ((int64_t(filter) / kBlock * shape[2] + channel) * kBlock + int64_t(filter) % kBlock) * bytes;
        for (int64_t i = 0; i < side; ++i)
          for (int64_t j = 0; j < side; ++j) {
            double sum = 0;
            for (int64_t x = 0; x < kWindow; ++x)
              sum += rows[i * kWindow + x] * weight.at(j, x);
            evaluation.format.setReal(target + (i * side + j) * plane * bytes, sum);
          }
      }
    });
  });
}
