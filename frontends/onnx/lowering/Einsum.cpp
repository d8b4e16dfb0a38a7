// Einsum as transposes, products and sums.
//
// Operands are combined from left to right. Labels that only one of the two has and nobody needs later are summed
// first; labels in both that nobody needs later are contracted by a matmul of [batch..., rows, shared] and [batch...,
// shared, columns]; the others are batch axes.
#include "frontends/onnx/lowering/Families.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

namespace {
/// A tensor whose axes have labels. The axes of an ellipsis are labelled '0', '1', ... from the last one.
struct Term {
  std::string labels;
  Value value;
};
} // namespace

static bool has(llvm::StringRef labels, char label) { return labels.contains(label); }

//===--- The equation -----------------------------------------------------------------------===//

/// The labels of one side's term; `ellipsis` is the number of axes that "..." stands for.
static llvm::Expected<std::string> expand(NodeLowering &node, llvm::StringRef term, int64_t ellipsis) {
  std::string labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (llvm::isAlpha(term[i])) {
      labels += term[i];
    } else if (term.substr(i).starts_with("...")) {
      for (int64_t axis = ellipsis - 1; axis >= 0; --axis)
        labels += char('0' + axis);
      i += 2;
    } else {
      return node.error(ErrorKind::Model, "equation has {0} in it; a term is letters and one '...'",
                        quoted(term.substr(i, 1)));
    }
  }
  return labels;
}

static llvm::Expected<std::vector<Term>> parseInputs(NodeLowering &node, llvm::StringRef left) {
  SmallVector<llvm::StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.numOperands())
    return node.error(ErrorKind::Model, "equation has {0} terms for {1} inputs", parts.size(), node.numOperands());
  std::vector<Term> terms;
  for (auto [part, operand] : llvm::zip(parts, node.allOperands())) {
    int64_t letters = llvm::count_if(part, llvm::isAlpha), rank = graph::rankOf(operand);
    bool open = part.contains("...");
    if (open ? letters > rank || rank - letters > 9 : letters != rank)
      return node.error(ErrorKind::Model, "term {0} does not fit an input of {1} axes", quoted(part), rank);
    llvm::Expected<std::string> labels = expand(node, part, rank - letters);
    if (!labels)
      return labels.takeError();
    terms.push_back({*labels, operand});
  }
  return terms;
}

/// Without "->" the output has the ellipsis and then the labels that occur once, in alphabetic order.
static std::string implicitOutput(ArrayRef<Term> terms) {
  std::map<char, int> count;
  for (const Term &term : terms)
    for (char label : term.labels)
      ++count[label];
  std::string output;
  for (char axis = '9'; axis >= '0'; --axis)
    if (count.count(axis))
      output += axis;
  for (auto [label, times] : count)
    if (llvm::isAlpha(label) && times == 1)
      output += label;
  return output;
}

//===--- Terms ------------------------------------------------------------------------------===//

/// A label twice in a term is a diagonal: all else is masked out and summed away.
static Term diagonal(NodeLowering &node, Term term) {
  Type i64 = node.builder.getI64Type();
  for (size_t axis = 0; axis < term.labels.size(); ++axis)
    for (size_t other = axis + 1; other < term.labels.size();) {
      if (term.labels[axis] != term.labels[other]) {
        ++other;
        continue;
      }
      SmallVector<Dim> dims = graph::dimsOf(term.value), first(dims.size(), 1), second(dims.size(), 1);
      node.guard(dims[axis], dims[other], "axes of one label differ");
      first[axis] = dims[axis];
      second[other] = dims[other];
      Value mask = node.compare(graph::CompareKind::eq, node.iota(first, axis, i64), node.iota(second, other, i64));
      Value masked = node.select(mask, term.value, node.constantInt(0, term.value.getType()));
      term.value = node.reduce(masked, {int64_t(other)}, graph::ReduceKind::sum, /*keep=*/false);
      term.labels.erase(other, 1);
    }
  return term;
}

/// Sums the labels that are not in `wanted`.
static Term sumAway(NodeLowering &node, Term term, llvm::StringRef wanted) {
  SmallVector<int64_t> axes;
  std::string kept;
  for (auto [axis, label] : llvm::enumerate(term.labels)) {
    if (has(wanted, label))
      kept += label;
    else
      axes.push_back(axis);
  }
  return {kept, node.reduce(term.value, axes, graph::ReduceKind::sum, /*keep=*/false)};
}

/// The term with its axes in this order; labels that it lacks become axes of extent 1.
static Value arranged(NodeLowering &node, const Term &term, llvm::StringRef order) {
  SmallVector<int64_t> permutation, missing;
  for (auto [axis, label] : llvm::enumerate(order)) {
    size_t from = term.labels.find(label);
    if (from == std::string::npos)
      missing.push_back(axis);
    else
      permutation.push_back(from);
  }
  return node.unsqueeze(node.transpose(term.value, permutation), missing);
}

static Dim extentOf(const Term &term, char label) { return graph::dimOf(term.value, term.labels.find(label)); }

/// The axes of `labels` seen as one.
static Dim extentOf(const Term &term, llvm::StringRef labels) {
  Dim result = 1;
  for (char label : labels)
    result = result * extentOf(term, label);
  return result;
}

static Term combine(NodeLowering &node, Term a, Term b, llvm::StringRef wanted) {
  a = sumAway(node, a, wanted.str() + b.labels);
  b = sumAway(node, b, wanted.str() + a.labels);
  std::string batch, rows, shared, columns;
  for (char label : a.labels)
    (!has(b.labels, label) ? rows : has(wanted, label) ? batch : shared) += label;
  for (char label : b.labels)
    if (!has(a.labels, label))
      columns += label;
  std::string all = batch + rows + columns;
  if (shared.empty())
    return {all, node.mul(arranged(node, a, all), arranged(node, b, all))};

  SmallVector<Dim> left, right, result;
  for (char label : batch) {
    left.push_back(extentOf(a, label));
    right.push_back(extentOf(b, label));
    result.push_back(left.back().isEqualTo(1) ? right.back() : left.back());
  }
  for (char label : shared)
    node.guard(extentOf(a, label), extentOf(b, label), "axes of one label differ");
  left.append({extentOf(a, rows), extentOf(a, shared)});
  // The right side as it lies, where that is [columns, shared].
  bool transposed = b.labels == batch + columns + shared && !columns.empty();
  std::string order = transposed ? b.labels : batch + shared + columns;
  if (transposed)
    right.append({extentOf(b, columns), extentOf(b, shared)});
  else
    right.append({extentOf(b, shared), extentOf(b, columns)});
  Value x = node.reshape(arranged(node, a, batch + rows + shared), left),
        y = node.reshape(arranged(node, b, order), right);
  for (char label : rows)
    result.push_back(extentOf(a, label));
  for (char label : columns)
    result.push_back(extentOf(b, label));
  return {all, node.reshape(node.matmul(x, y, transposed), result)};
}

Lowered onnx::lowerEinsum(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(std::max<size_t>(1, node.numOperands())))
    return error;
  std::string equation = node.text("equation", "").str();
  llvm::erase(equation, ' ');
  auto [left, right] = llvm::StringRef(equation).split("->");
  llvm::Expected<std::vector<Term>> terms = parseInputs(node, left);
  if (!terms)
    return terms.takeError();
  int64_t ellipsis = 0;
  for (const Term &term : *terms)
    ellipsis = std::max<int64_t>(ellipsis, llvm::count_if(term.labels, llvm::isDigit));
  llvm::Expected<std::string> output = implicitOutput(*terms);
  if (llvm::StringRef(equation).contains("->"))
    output = expand(node, right, ellipsis);
  if (!output)
    return output.takeError();
  for (char label : *output)
    if (llvm::count(*output, label) > 1 ||
        llvm::none_of(*terms, [&](const Term &term) { return has(term.labels, label); }))
      return node.error(ErrorKind::Model, "label {0} of the output must be in an input, and once",
                        quoted(llvm::StringRef(&label, 1)));

  Term result = diagonal(node, terms->front());
  for (size_t i = 1; i < terms->size(); ++i) {
    std::string wanted = *output;
    for (size_t later = i + 1; later < terms->size(); ++later)
      wanted += (*terms)[later].labels;
    result = combine(node, result, diagonal(node, (*terms)[i]), wanted);
  }
  return one(arranged(node, sumAway(node, result, *output), *output));
}
