#include "dialects/kernel/PairReduction.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quern::graph;

namespace quern::kernel {
namespace {

/// Fewer rows or columns, or sums of fewer terms, than a tile is worth packing for.
constexpr int64_t kLeastExtent = 8;

bool isLarge(const Dim &extent) { return extent.constant().value_or(kLeastExtent) >= kLeastExtent; }

/// The kernel's arguments that elementwise ops make `value` of; false if another op or a value that is no argument, and
/// has more than one element, is among what it is made of.
bool collectArguments(Value value, llvm::SetVector<Value> &arguments) {
  Operation *op = value.getDefiningOp();
  if (!op) {
    arguments.insert(value);
    return true;
  }
  if (isa<ConstantOp>(op))
    return llvm::all_of(dimsOf(value), [](const Dim &dim) { return dim.isEqualTo(1); });
  return op->hasTrait<Elementwise>() &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return collectArguments(operand, arguments); });
}

/// All ops but the reduction and what it is made of are elementwise on its dims, and all results have those.
bool isRest(Block &body, ReduceOp reduce) {
  for (Operation &op : body.without_terminator()) {
    if (&op == reduce || isa<ConstantOp>(op) || dimsOf(op.getResult(0)) == dimsOf(reduce.getOperand()))
      continue;
    if (!op.hasTrait<Elementwise>())
      return false;
  }
  return llvm::all_of(body.getTerminator()->getOperands(),
                      [&](Value value) { return dimsOf(value) == dimsOf(reduce.getResult()); });
}

} // namespace

std::optional<PairReduction> findPairReduction(Block &body) {
  auto reductions = body.getOps<ReduceOp>();
  if (!llvm::hasSingleElement(reductions))
    return std::nullopt;
  PairReduction pairs{*reductions.begin(), 0, {}};
  Value operand = pairs.reduce.getOperand();
  SmallVector<Dim> dims = dimsOf(operand);
  int64_t rank = dims.size();
  bool overLast = pairs.reduce.getAxes() == ArrayRef<int64_t>{rank - 1};
  if (rank < 3 || !overLast || !(elementOf(operand).isF32() || elementOf(operand).isF64()) || !isRest(body, pairs.reduce))
    return std::nullopt;
  pairs.rowAxis = rank - 3;
  if (!llvm::all_of(ArrayRef(dims).take_back(3), isLarge))
    return std::nullopt;
  llvm::SetVector<Value> arguments;
  if (!collectArguments(operand, arguments))
    return std::nullopt;
  for (Value argument : arguments) {
    SmallVector<Dim> own(rank - rankOf(argument), Dim(1));
    own.append(dimsOf(argument));
    if (own[rank - 2].isEqualTo(1))
      continue;
    if (!own[rank - 3].isEqualTo(1))
      return std::nullopt; // each element is used once: there is nothing to keep
    if (!elementOf(argument).isIntOrFloat() || elementOf(argument).getIntOrFloatBitWidth() < 32)
      return std::nullopt;
    pairs.columnOperands.push_back(argument);
  }
  return pairs.columnOperands.empty() ? std::nullopt : std::optional(pairs);
}

} // namespace quern::kernel
