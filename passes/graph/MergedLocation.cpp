#include "passes/graph/MergedLocation.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace quern::graph {
namespace {

/// Ops that lead from a value to the op where the search begins.
class Ways {
public:
  explicit Ways(Value first) : first(first) {}

  /// What one op takes the place of is no longer than `depth`.
  bool lead(Operation *op, int depth) {
    if (!op || op->getBlock() != first.getParentBlock() || depth == 0)
      return false;
    auto [known, isNew] = leads.try_emplace(op, false);
    if (!isNew)
      return known->second;
    bool any = false;
    for (Value operand : op->getOperands())
      any |= operand == first || lead(operand.getDefiningOp(), depth - 1);
    if (any)
      locations.push_back(op->getLoc());
    return leads[op] = any;
  }

  SmallVector<Location> locations; ///< producers before users

private:
  Value first;
  llvm::SmallDenseMap<Operation *, bool> leads;
};

} // namespace

Location mergedLocation(Value first, Operation *last) {
  constexpr int depth = 16;
  Ways ways(first);
  return ways.lead(last, depth) ? FusedLoc::get(last->getContext(), ways.locations) : last->getLoc();
}

} // namespace quern::graph
