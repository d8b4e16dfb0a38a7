#include "frontends/onnx/lowering/Window.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

/// Larger strides, dilations, kernels or pads have no use, and sums of products of smaller ones fit 64 bits.
static constexpr int64_t kLargest = int64_t(1) << 30;

SmallVector<int64_t> Window::pads() const {
  SmallVector<int64_t> all(low);
  all.append(high);
  return all;
}

bool onnx::padsToSame(NodeLowering &node) { return node.text("auto_pad", "NOTSET").starts_with("SAME_"); }

static llvm::Expected<SmallVector<int64_t>> readList(NodeLowering &node, StringRef name, size_t length,
                                                     int64_t fallback, int64_t smallest) {
  SmallVector<int64_t> values = node.integers(name).value_or(SmallVector<int64_t>(length, fallback));
  if (values.size() != length)
    return node.error(ErrorKind::Model, "{0} has {1} entries, expected {2} for the operand's spatial axes", name,
                      values.size(), length);
  for (int64_t value : values)
    if (value < smallest || value > kLargest)
      return node.error(ErrorKind::Model, "{0} has the entry {1}, expected {2} or more", name, value, smallest);
  return values;
}

llvm::Expected<Window> onnx::readWindowAttributes(NodeLowering &node, ArrayRef<int64_t> kernel) {
  size_t rank = kernel.size();
  StringRef autoPad = node.text("auto_pad", "NOTSET");
  if (!llvm::is_contained({"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", ""}, autoPad))
    return node.error(ErrorKind::Model, "auto_pad is {0}, expected NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                      quoted(autoPad));
  for (int64_t extent : kernel)
    if (extent < 1 || extent > kLargest)
      return node.error(ErrorKind::Model, "kernel_shape has the entry {0}, expected 1 or more", extent);

  auto strides = readList(node, "strides", rank, 1, 1);
  if (!strides)
    return strides.takeError();
  auto dilations = readList(node, "dilations", rank, 1, 1);
  if (!dilations)
    return dilations.takeError();
  SmallVector<int64_t> pads(2 * rank, 0);
  if (autoPad == "NOTSET" || autoPad.empty()) {
    auto read = readList(node, "pads", 2 * rank, 0, -kLargest);
    if (!read)
      return read.takeError();
    pads = *read;
  }
  Window window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides = *strides;
  window.dilations = *dilations;
  window.low.assign(pads.begin(), pads.begin() + rank);
  window.high.assign(pads.begin() + rank, pads.end());
  return window;
}

/// Pads so that an extent becomes ceil(extent / stride). The amount ceil(in/s)*s - s + span - in is a constant for
/// static extents, for stride 1 and for extents that are multiples of the stride; else it depends on the run.
static void padToSame(Window &window, ArrayRef<Dim> extents, bool upper) {
  size_t rank = window.rank();
  SmallVector<Dim> padded;
  bool dynamic = false;
  for (size_t i = 0; i < rank; ++i) {
    Dim covered = extents[i].ceildiv(window.strides[i]) * window.strides[i] - window.strides[i] + window.span(i);
    if (std::optional<int64_t> total = (covered - extents[i]).constant())
      covered = extents[i] + std::max<int64_t>(*total, 0);
    else if (window.span(i) < window.strides[i])
      covered = Dim::max(extents[i], covered);
    padded.push_back(covered);
    dynamic |= !(covered - extents[i]).isConstant();
  }
  for (size_t i = 0; i < rank; ++i) {
    Dim total = padded[i] - extents[i];
    Dim low = upper ? total.floordiv(2) : total.ceildiv(2);
    if (dynamic) {
      window.dynamicLow.push_back(low);
    } else {
      window.low[i] = *low.constant();
      window.high[i] = *total.constant() - window.low[i];
    }
  }
  if (dynamic)
    window.padded = padded;
}

llvm::Expected<Window> onnx::readWindow(NodeLowering &node, ArrayRef<int64_t> kernel) {
  llvm::Expected<Window> window = readWindowAttributes(node, kernel);
  if (window && padsToSame(node))
    padToSame(*window, ArrayRef(dimsOf(node.operand(0))).drop_front(2), node.text("auto_pad", "") == "SAME_UPPER");
  return window;
}

Value onnx::padDynamically(NodeLowering &node, Value operand, const Window &window, Value fill) {
  if (window.padded.empty())
    return operand;
  SmallVector<Dim> dims = dimsOf(operand), low(2, 0), high(2, 0);
  for (size_t i = 0; i < window.rank(); ++i) {
    low.push_back(window.dynamicLow[i]);
    high.push_back(window.padded[i] - dims[2 + i] - window.dynamicLow[i]);
  }
  return node.pad(operand, low, high, fill);
}
