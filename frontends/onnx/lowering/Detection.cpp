// NonMaxSuppression: in the order of their scores, boxes stay that overlap none that stays.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

namespace {
/// Corners and areas of boxes.
struct Boxes {
  Value top, left, bottom, right, area;

  template <typename F> Boxes map(F f) const { return {f(top), f(left), f(bottom), f(right), f(area)}; }
};
} // namespace

/// boxes [B, N, 4]: two opposite corners, or a center with width and height.
static Boxes corners(NodeLowering &node, Value boxes) {
  auto column = [&](int64_t i) { return node.squeeze(node.sliceAxis(boxes, 2, i, 1), {2}); };
  Value a = column(0), b = column(1), c = column(2), d = column(3);
  Boxes made;
  if (node.integer("center_point_box", 0)) {
    Value halfWidth = node.div(c, 2.0), halfHeight = node.div(d, 2.0);
    made = {node.sub(b, halfHeight), node.sub(a, halfWidth), node.add(b, halfHeight), node.add(a, halfWidth), Value()};
  } else {
    made = {node.min(a, c), node.min(b, d), node.max(a, c), node.max(b, d), Value()};
  }
  made.area = node.mul(node.sub(made.bottom, made.top), node.sub(made.right, made.left));
  return made;
}

/// Whether two boxes share more than `threshold` of their union; boxes without area share nothing.
static Value overlap(NodeLowering &node, const Boxes &a, const Boxes &b, Value threshold) {
  Value height = node.max(node.sub(node.min(a.bottom, b.bottom), node.max(a.top, b.top)), 0.0);
  Value width = node.max(node.sub(node.min(a.right, b.right), node.max(a.left, b.left)), 0.0);
  Value shared = node.mul(height, width), zero = node.constant(0.0, shared.getType());
  Value all = node.sub(node.add(a.area, b.area), shared);
  Value some = node.binary<graph::AndOp>(node.compare(CompareKind::gt, a.area, zero),
                                         node.compare(CompareKind::gt, b.area, zero));
  return node.binary<graph::AndOp>(some, node.compare(CompareKind::gt, node.div(shared, all), threshold));
}

/// [B, C, N] i1 for boxes in falling order of their scores.
static Lowered keepApart(NodeLowering &node, const Boxes &boxes, Value eligible, Value threshold) {
  Type i64 = node.builder.getI64Type();
  SmallVector<Dim> dims = graph::dimsOf(eligible);
  Value none = node.splat(0, node.builder.getI1Type(), dims);
  return repeat(node, dims[2], {none}, [&](Block *, Value i, ArrayRef<Value> carried) -> Lowered {
    auto now = [&](Value x) { return node.unsqueeze(node.gather(x, i, 2), {2}); };
    Value hits = node.binary<graph::AndOp>(carried[0], overlap(node, boxes, boxes.map(now), threshold));
    Value suppressed = node.reduce(hits, {2}, graph::ReduceKind::max);
    Value stays = node.binary<graph::AndOp>(now(eligible), node.unary<graph::NotOp>(suppressed));
    Value here = node.compare(CompareKind::eq, node.iota({1, 1, dims[2]}, 2, i64), i);
    return one(node.binary<graph::OrOp>(carried[0], node.binary<graph::AndOp>(here, stays)));
  });
}

/// selected_indices [count, 3]: batch, class, box.
Lowered onnx::lowerNonMaxSuppression(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 5))
    return error;
  Value boxes = node.operand(0), scores = node.operand(1);
  Type i64 = node.builder.getI64Type(), element = graph::elementOf(scores);
  SmallVector<Dim> dims = graph::dimsOf(scores);
  if (graph::rankOf(boxes) != 3 || dims.size() != 3 || element != graph::elementOf(boxes) || !isa<FloatType>(element))
    return node.error(ErrorKind::Model, "takes boxes [B, N, 4] and scores [B, C, N], got {0} and {1}", boxes.getType(),
                      scores.getType());
  node.guard(graph::dimOf(boxes, 0), dims[0], "boxes and scores must have one batch");
  node.guard(graph::dimOf(boxes, 1), dims[2], "there must be a score for each box");
  node.guard(graph::dimOf(boxes, 2), 4, "boxes must have four coordinates");
  auto given = [&](size_t input, double otherwise) {
    return node.has(input) ? node.cast(scalar(node, node.operand(input)), element) : node.constant(otherwise, element);
  };
  Value most = node.has(2) ? node.cast(scalar(node, node.operand(2)), i64) : node.constantInt(0, i64);

  auto sorted = node.builder.create<graph::TopKOp>(node.type(dims, element), node.type(dims, i64), scores, 2,
                                                   /*largest=*/true, /*sorted=*/true);
  Value order = sorted.getIndices(), values = sorted.getValues();
  Boxes inOrder = corners(node, boxes).map([&](Value x) -> Value {
    Value each = node.broadcast(node.unsqueeze(x, {1}), dims);
    return node.createAs<graph::GatherElementsOp>(node.type(dims, element), each, order, 2);
  });
  Value eligible = node.compare(CompareKind::gt, values, given(4, -std::numeric_limits<double>::infinity()));
  if (!node.has(4))
    eligible = node.splat(1, node.builder.getI1Type(), dims);
  Lowered kept = keepApart(node, inOrder, eligible, given(3, 0.0));
  if (!kept)
    return kept;
  Value flags = node.cast(kept->front(), i64);
  Value rank = node.createAs<graph::CumulativeOp>(flags.getType(), flags, 2, graph::ReduceKind::sum,
                                                  /*exclusive=*/false, /*reverse=*/false);
  Value selected = node.binary<graph::AndOp>(kept->front(), node.compare(CompareKind::le, rank, most));
  Value places = node.transpose(nonZero(node, selected), {1, 0}); // [count, 3]: batch, class, rank
  Dim count = graph::dimOf(places, 0);
  Value box = node.createAs<graph::GatherNdOp>(node.type({count}, i64), order, places, 0);
  return one(node.concat({node.sliceAxis(places, 1, 0, 2), node.unsqueeze(box, {1})}, 1));
}
