#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// The place in a tensor of dims `to` of what is at `point` of dims `from`, for the same elements in the same order.
/// The one axis along the lanes is among leading or trailing axes that the dims share, or is the last but for axes of
/// extent 1, and then a vector stays within one row of the result.
Point reshapedPoint(KernelFunction &kernel, llvm::ArrayRef<Dim> from, llvm::ArrayRef<Dim> to, const Point &point);

} // namespace quern
