// Slice with axes or steps that are data: the indices along each axis are computed at run time and gathered.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

namespace {
/// i64 scalars.
struct Positions {
  Value start, end, step;
};
} // namespace

/// Elements of `x` along an axis, as Python's x[start:end:step] has them.
static Value gatherRange(NodeLowering &node, Value x, int64_t axis, Positions range) {
  Type i64 = node.builder.getI64Type();
  auto number = [&](int64_t value) { return node.constantInt(value, i64); };
  Value extent = node.dimVector({graph::dimOf(x, axis)}, i64, /*rank0=*/true), zero = number(0);
  Value backwards = node.compare(CompareKind::lt, range.step, zero);
  Value last = node.sub(extent, node.cast(backwards, i64)), beforeFirst = node.neg(node.cast(backwards, i64));
  auto place = [&](Value position, Value low) {
    Value fromStart = node.select(node.compare(CompareKind::lt, position, zero), node.add(position, extent), position);
    return node.min(node.max(fromStart, low), last);
  };
  Value start = place(range.start, zero), end = place(range.end, beforeFirst);
  Value distance = node.select(backwards, node.sub(start, end), node.sub(end, start));
  // A longer stride than the axis takes one element like one that is as long; a step of 0 is an error of the division.
  Value longest = node.max(extent, number(1));
  Value step = node.min(node.max(range.step, node.neg(longest)), longest), stride = node.unary<graph::AbsOp>(step);
  Value count = node.max(node.div(node.add(distance, node.sub(stride, number(1))), stride), zero);
  SmallVector<Dim> read = node.readDims(count);
  if (read.empty())
    return x;
  return node.gather(x, node.add(node.mul(node.iota({read[0]}, 0, i64), step), start), axis);
}

Lowered onnx::sliceByData(NodeLowering &node, Value starts, Value ends, Value axes, Value steps) {
  Value x = node.operand(0);
  Type i64 = node.builder.getI64Type();
  int64_t rank = graph::rankOf(x);
  Dim count = graph::dimOf(starts, 0);
  if (!axes)
    axes = node.iota({count}, 0, i64);
  if (!steps)
    steps = node.splat(1, i64, {count});
  for (Value other : {ends, axes, steps}) {
    if (graph::rankOf(other) != 1)
      return node.error(ErrorKind::Model, "has starts of type {0} and one of ends, axes and steps of type {1}",
                        starts.getType(), other.getType());
    node.guard(graph::dimOf(other, 0), count, "starts, ends, axes and steps must be as many");
  }
  Value hits = axisHits(node, axes, rank),
        named = node.compare(CompareKind::ne, axisFlags(node, axes, rank), node.constantInt(0, i64));
  auto perAxis = [&](Value values, int64_t otherwise) {
    return node.select(named, spreadOverAxes(node, values, hits), node.constantInt(otherwise, i64));
  };
  Value allStarts = perAxis(starts, 0), allEnds = perAxis(ends, INT64_MAX), allSteps = perAxis(steps, 1);
  for (int64_t axis = 0; axis < rank; ++axis) {
    auto at = [&](Value values) { return node.reshape(node.sliceAxis(values, 0, axis, 1), {}); };
    x = gatherRange(node, x, axis, {at(allStarts), at(allEnds), at(allSteps)});
  }
  return one(x);
}
