#include "passes/loops/ProductShape.h"

using namespace mlir;

namespace quern {

ProductShape::ProductShape(graph::MatmulOp matmul)
    : result(graph::dimsOf(matmul.getResult())), accumulator(accumulatorType(graph::elementOf(matmul.getResult()))) {
  SmallVector<Dim> rhs = graph::dimsOf(matmul.getRhs());
  batched = !matmul.getColumns() && // packed weights have one axis more
            llvm::any_of(ArrayRef(rhs).drop_back(2), [](const Dim &dim) { return dim != Dim(1); });
  ArrayRef<Dim> outer = ArrayRef(result).drop_back();
  rows = batched ? outer.back() : product(outer);
  if (batched)
    batches = product(outer.drop_back());
  columns = result.back();
  depth = graph::dimsOf(matmul.getLhs()).back();
}

ArrayRef<Dim> ProductShape::leadingDims(ArrayRef<Dim> dims) const {
  return batched ? ArrayRef(result).drop_back(2) : dims.drop_back();
}

Point ProductShape::rowPoint(KernelFunction &kernel, ArrayRef<Dim> dims, Point leading, Value row) const {
  if (batched) {
    leading.erase(leading.begin(), leading.begin() + (result.size() - dims.size()));
    for (size_t axis = 0; axis + 2 < dims.size(); ++axis)
      if (dims[axis] == Dim(1))
        leading[axis] = {kernel.index(0), 0, {}};
    leading.push_back({row, 0, {}});
  }
  leading.push_back({kernel.index(0), 0, {}});
  return leading;
}

Type accumulatorType(Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (isa<FloatType>(element))
    return width < 32 ? Float32Type::get(element.getContext()) : element;
  return IntegerType::get(element.getContext(), std::max(width, 32u));
}

} // namespace quern
