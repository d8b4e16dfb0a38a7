// What the Fourier transforms accept and make.
#include "dialects/graph/Fourier.h"
#include "dialects/graph/Graph.h"
#include <numbers>

using namespace mlir;
using namespace quern;
using namespace quern::graph;

int64_t graph::largestFactor(int64_t number) {
  int64_t largest = 1;
  for (int64_t factor = 2; factor * factor <= number; ++factor)
    for (; number % factor == 0; number /= factor)
      largest = factor;
  return std::max(largest, number);
}

std::complex<double> graph::fourierRoot(int64_t exponent, int64_t n) {
  // The angle within an eighth of the circle, in 1/8n: small angles have exact sines.
  exponent %= n;
  int64_t eighths = exponent * 8, octant = eighths / n, within = eighths % n;
  if (octant % 2)
    within = n - within;
  long double angle = std::numbers::pi_v<long double> * within / (4 * (long double)n);
  double cosine = double(std::cos(angle)), sine = double(std::sin(angle));
  if (octant == 1 || octant == 2 || octant == 5 || octant == 6)
    std::swap(cosine, sine);
  bool left = octant >= 2 && octant < 6, below = octant >= 4;
  return {left ? -cosine : cosine, below ? sine : -sine};
}

static bool isReal(Type type) { return type.isF32() || type.isF64(); }

/// Pairs of f32 or f64 along the last axis, of known extent.
static bool holdsComplex(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() >= 2 && isReal(type.getElementType()) && dimsOf(type).back().isEqualTo(2);
}

LogicalResult FourierOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  Value x = adaptor.getOperand();
  if (!holdsComplex(x))
    return emitOptionalError(loc, "takes pairs of f32 or f64 along the last axis, not ", x.getType());
  SmallVector<Dim> dims = dimsOf(x);
  int64_t rank = dims.size(), axis = adaptor.getAxis();
  if (axis < 0 || axis >= rank - 1)
    return emitOptionalError(loc, "axis ", axis, " is not one of ", rank - 1, " axes of complex numbers");
  if (dims[axis].constant().value_or(0) < 1)
    return emitOptionalError(loc, "transforms an axis of static extent, not one of ", dims[axis].str());
  if (adaptor.getTurned() && (axis != rank - 3 || !dims[axis + 1].isConstant() || adaptor.getTransposed()))
    return emitOptionalError(loc, "turned stands for rows of [..., rows, columns, 2], with static extents");
  if (adaptor.getTransposed() && (axis != rank - 2 || rank < 3))
    return emitOptionalError(loc, "transposed stands for columns of [..., rows, columns, 2]");
  if (adaptor.getTransposed())
    std::swap(dims[rank - 3], dims[rank - 2]);
  types.push_back(tensorType(dims, elementOf(x)));
  return success();
}

/// `real` is [..., n] and `pairs` [..., bins, 2], for one of `bins`.
static LogicalResult checkReal(Operation *op, Value real, Value pairs, bool packed, bool allBins) {
  if (!holdsComplex(pairs))
    return op->emitOpError() << "has pairs of f32 or f64 along the last axis, not " << pairs.getType();
  SmallVector<Dim> given = dimsOf(real), bins = dimsOf(pairs);
  bins.pop_back();
  if (packed) // the real numbers are pairs of neighbours
    given.pop_back();
  std::optional<int64_t> n = given.empty() ? std::nullopt : given.back().constant(), made = bins.back().constant();
  if (elementOf(real) != elementOf(pairs) || given.size() != bins.size() || !n || *n < 1 || !made ||
      ArrayRef(given).drop_back() != ArrayRef(bins).drop_back())
    return op->emitOpError() << "has real numbers of static extent along the last axis and as many complex ones, not "
                             << real.getType() << " and " << pairs.getType();
  int64_t extent = *n * (packed ? 2 : 1);
  if (*made != extent / 2 + 1 && !(allBins && *made == extent))
    return op->emitOpError() << "of " << extent << " real numbers has " << extent / 2 + 1 << " bins, not " << *made;
  return success();
}

LogicalResult FourierFromRealOp::verify() {
  return checkReal(*this, getOperand(), getResult(), getPacked(), /*allBins=*/true);
}
LogicalResult FourierToRealOp::verify() {
  return checkReal(*this, getResult(), getOperand(), getPacked(), /*allBins=*/false);
}
