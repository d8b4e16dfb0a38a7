// Axes that are data. A value's rank is known, so flags say for each axis whether it is named, and extents are computed
// from them at run time and read as symbols. Only what must run along an axis is chosen by a branch.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;
using graph::ReduceKind;

std::optional<int64_t> onnx::dataAxes(NodeLowering &node, size_t input) {
  Value axes = node.operand(input);
  if (!axes || graph::rankOf(axes) != 1 || !isa<IntegerType>(graph::elementOf(axes)) || node.knownInts(input))
    return std::nullopt;
  return graph::dimOf(axes, 0).constant();
}

Value onnx::axisHits(NodeLowering &node, Value axes, int64_t rank) {
  Type i64 = node.builder.getI64Type();
  // The gather turns negative axes around and refuses those outside the rank.
  Value named = node.gather(node.integerVector(llvm::to_vector(llvm::seq<int64_t>(rank))), axes, 0);
  return node.cast(node.compare(CompareKind::eq, node.unsqueeze(named, {1}), node.iota({1, rank}, 1, i64)), i64);
}

Value onnx::spreadOverAxes(NodeLowering &node, Value values, Value hits) {
  Value wide = node.unsqueeze(node.cast(values, node.builder.getI64Type()), {1});
  return node.reduce(node.mul(wide, hits), {0}, ReduceKind::sum, /*keep=*/false);
}

Value onnx::axisFlags(NodeLowering &node, Value axes, int64_t rank) {
  Value count = node.reduce(axisHits(node, axes, rank), {0}, ReduceKind::sum, /*keep=*/false);
  return node.min(count, node.constantInt(1, node.builder.getI64Type()));
}

/// The extents of `x` as i64s.
static Value extentsOf(NodeLowering &node, Value x) { return node.dimVector(graph::dimsOf(x)); }

/// For each axis of `flags`, how many axes before it are not flagged.
static Value keptBefore(NodeLowering &node, Value kept) {
  int64_t rank = *graph::dimOf(kept, 0).constant();
  Type i64 = node.builder.getI64Type();
  Value earlier = node.compare(CompareKind::lt, node.iota({1, rank}, 1, i64), node.iota({rank, 1}, 0, i64));
  Value counted = node.mul(node.cast(earlier, i64), node.unsqueeze(kept, {0}));
  return node.reduce(counted, {1}, ReduceKind::sum, /*keep=*/false);
}

/// Reads extents and gives `x` these.
static Value reshapeTo(NodeLowering &node, Value x, Value extents) { return node.reshape(x, node.readDims(extents)); }

Value onnx::squeezeFlagged(NodeLowering &node, Value x, Value flags, int64_t count) {
  int64_t rank = graph::rankOf(x), left = rank - count;
  if (left < 0) {
    node.fail(node.error(ErrorKind::Model, "removes {0} axes of a tensor of {1}", count, rank));
    return x;
  }
  if (left == 0)
    return node.reshape(x, {});
  Type i64 = node.builder.getI64Type();
  Value kept = node.sub(node.constantInt(1, i64), flags);
  // Extent j of the result is that of the axis before which j axes are kept; the guard of the reshape finds extents
  // other than 1 among those left out.
  Value lands =
      node.compare(CompareKind::eq, node.unsqueeze(keptBefore(node, kept), {0}), node.iota({left, 1}, 0, i64));
  Value extents = node.unsqueeze(node.mul(kept, extentsOf(node, x)), {0});
  return reshapeTo(node, x,
                   node.reduce(node.mul(node.cast(lands, i64), extents), {1}, ReduceKind::sum, /*keep=*/false));
}

Value onnx::unsqueezeFlagged(NodeLowering &node, Value x, Value flags) {
  Type i64 = node.builder.getI64Type();
  if (graph::rankOf(x) == 0)
    return node.reshape(x, SmallVector<Dim>(*graph::dimOf(flags, 0).constant(), 1));
  Value kept = node.sub(node.constantInt(1, i64), flags);
  Value source = node.min(keptBefore(node, kept), node.constantInt(graph::rankOf(x) - 1, i64));
  Value extents = node.gather(extentsOf(node, x), source, 0);
  Value isNew = node.compare(CompareKind::ne, flags, node.constantInt(0, i64));
  return reshapeTo(node, x, node.select(isNew, node.constantInt(1, i64), extents));
}

llvm::Expected<Value> onnx::reduceFlagged(NodeLowering &node, Value x, Value flags,
                                          llvm::function_ref<Value(Value, int64_t)> reduce) {
  for (int64_t axis = 0, rank = graph::rankOf(x); axis < rank; ++axis) {
    Value flag = node.cast(node.reshape(node.sliceAxis(flags, 0, axis, 1), {}), node.builder.getI1Type());
    auto reduced = [&](Block *) -> Lowered { return one(reduce(x, axis)); };
    auto same = [&](Block *) -> Lowered { return one(x); };
    Lowered chosen = choose(node, flag, reduced, same);
    if (!chosen)
      return chosen.takeError();
    x = chosen->front();
  }
  return x;
}
