// Unique: rows are sorted, and those that differ from the one before them stay.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

namespace {
/// The unique rows [U, width], and i64 vectors: where each first stands, how often, and where each row went.
struct UniqueRows {
  Value rows, first, counts, inverse;
};
} // namespace

/// The order of a vector, smallest first; of equal elements the earlier one.
static Value orderOf(NodeLowering &node, Value keys) {
  SmallVector<Dim> dims = graph::dimsOf(keys);
  auto sorted = node.builder.create<graph::TopKOp>(keys.getType(), node.type(dims, node.builder.getI64Type()), keys, 0,
                                                   /*largest=*/false,
                                                   /*sorted=*/true);
  return sorted.getIndices();
}

/// The lexicographic order of rows [N, width]: by the last column first, as each later sort keeps the order of equals.
static llvm::Expected<Value> orderOfRows(NodeLowering &node, Value rows) {
  Type i64 = node.builder.getI64Type();
  SmallVector<Dim> dims = graph::dimsOf(rows);
  Value last = node.dimVector({dims[1] - 1}, i64, /*rank0=*/true);
  Lowered made =
      repeat(node, dims[1], {node.iota({dims[0]}, 0, i64)}, [&](Block *, Value i, ArrayRef<Value> order) -> Lowered {
        Value column = node.gather(rows, node.sub(last, i), 1);
        return one(node.gather(order[0], orderOf(node, node.gather(column, order[0], 0)), 0));
      });
  if (!made)
    return made.takeError();
  return made->front();
}

/// `values` at `places` of a vector of `length`; those of one place are added.
static Value scattered(NodeLowering &node, const Dim &length, Value places, Value values) {
  Value zeros = node.splat(0, node.builder.getI64Type(), {length});
  return node.createAs<graph::ScatterElementsOp>(zeros.getType(), zeros, places, values, 0, graph::ScatterKind::add);
}

static llvm::Expected<UniqueRows> uniqueRows(NodeLowering &node, Value rows) {
  Type i64 = node.builder.getI64Type();
  llvm::Expected<Value> order = orderOfRows(node, rows);
  if (!order)
    return order.takeError();
  Dim count = graph::dimOf(rows, 0);
  Value sorted = node.gather(rows, *order, 0), index = node.iota({count}, 0, i64), zero = node.constantInt(0, i64),
        step = node.constantInt(1, i64);
  Value before = node.gather(sorted, node.max(node.sub(index, step), zero), 0);
  Value differs =
      node.reduce(node.compare(CompareKind::ne, sorted, before), {1}, graph::ReduceKind::max, /*keep=*/false);
  Value starts = node.binary<graph::OrOp>(differs, node.compare(CompareKind::eq, index, zero));
  Value flags = node.cast(starts, i64);
  Value groups = node.createAs<graph::CumulativeOp>(flags.getType(), flags, 0, graph::ReduceKind::sum,
                                                    /*exclusive=*/false, /*reverse=*/false);
  Value places = node.squeeze(nonZero(node, starts), {0});
  Dim found = graph::dimOf(places, 0);
  Value group = node.sub(groups, step), counts = scattered(node, found, group, node.splat(1, i64, {count}));
  return UniqueRows{node.gather(sorted, places, 0), node.gather(*order, places, 0), counts,
                    scattered(node, count, *order, group)};
}

/// The same in the order in which the rows first stand.
static UniqueRows inOrderOfPlaces(NodeLowering &node, const UniqueRows &unique) {
  Value order = orderOf(node, unique.first);
  Dim found = graph::dimOf(order, 0);
  Value went = scattered(node, found, order, node.iota({found}, 0, node.builder.getI64Type()));
  auto moved = [&](Value value) { return node.gather(value, order, 0); };
  return {moved(unique.rows), moved(unique.first), moved(unique.counts), node.gather(went, unique.inverse, 0)};
}

Lowered onnx::lowerUnique(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Value x = node.operand(0);
  SmallVector<Dim> dims = graph::dimsOf(x);
  bool flat = !node.hasAttr("axis");
  llvm::Expected<int64_t> axis = flat ? llvm::Expected<int64_t>(0) : node.axis(node.integer("axis", 0), dims.size());
  if (!axis)
    return axis.takeError();
  SmallVector<int64_t> toFront = {*axis}, back;
  for (int64_t i = 0; i < int64_t(dims.size()); ++i)
    if (i != *axis)
      toFront.push_back(i);
  back.resize(dims.size());
  for (auto [to, from] : llvm::enumerate(toFront))
    back[from] = to;
  Dim total = product(dims), count = flat ? total : dims[*axis];
  SmallVector<Dim> rest;
  for (int64_t i : ArrayRef(toFront).drop_front())
    rest.push_back(dims[i]);
  Value rows = flat ? node.reshape(x, {total, 1}) : node.reshape(node.transpose(x, toFront), {count, product(rest)});
  if (node.failed())
    return one(x);
  llvm::Expected<UniqueRows> unique = uniqueRows(node, rows);
  if (!unique)
    return unique.takeError();
  if (!node.integer("sorted", 1))
    *unique = inOrderOfPlaces(node, *unique);

  rest.insert(rest.begin(), graph::dimOf(unique->rows, 0));
  Value y = flat ? node.squeeze(unique->rows, {1}) : node.transpose(node.reshape(unique->rows, rest), back);
  SmallVector<Value> results = {y, unique->first, unique->inverse, unique->counts};
  results.resize(node.numResults());
  return results;
}
