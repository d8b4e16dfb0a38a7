// The evaluators behind evaluateConstant, one per family of ops.
#pragma once
#include "dialects/graph/ConstantTensor.h"
#include "dialects/graph/Graph.h"

namespace quern::graph {

/// An op whose operands are all constants.
struct Evaluation {
  mlir::Operation *op;
  llvm::ArrayRef<ConstantTensor> operands;
  mlir::RankedTensorType type; // of the result
  ElementFormat format;
};

/// Nothing: not an op of this family, or not with these operands.
using Evaluator = std::optional<mlir::ElementsAttr> (*)(const Evaluation &);
std::optional<mlir::ElementsAttr> evaluateElementwise(const Evaluation &);
std::optional<mlir::ElementsAttr> evaluateMovement(const Evaluation &);
std::optional<mlir::ElementsAttr> evaluateReduction(const Evaluation &);
std::optional<mlir::ElementsAttr> evaluateFourier(const Evaluation &);
std::optional<mlir::ElementsAttr> evaluateWinograd(const Evaluation &);

/// Element distances of a row-major tensor.
llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);
/// The same for an operand seen with the result's extents: 0 along axes that it stretches or lacks.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> operand, llvm::ArrayRef<int64_t> result);

/// Calls visit(i, positions) for every element i of a row-major box, in parallel where there are many. positions[k] is
/// the sum of index * stride over the axes for strides[k].
void forEachElement(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> shape,
                    llvm::ArrayRef<llvm::SmallVector<int64_t>> strides,
                    llvm::function_ref<void(int64_t, llvm::ArrayRef<int64_t>)> visit);

} // namespace quern::graph
