#include "passes/loops/Lines.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

void forLines(KernelFunction &kernel, ArrayRef<Dim> dims, int64_t axis, const Dim &taken,
              function_ref<void(const Point &)> body) {
  ImplicitLocOpBuilder &b = kernel.builder;
  SmallVector<Dim> lines(dims);
  lines[axis] = 1;
  Dim count = product(lines), perTask = Dim::max(Dim(4096).floordiv(Dim::max(dims[axis], 1)), 1);
  kernel.forTasks(count.ceildiv(perTask), [&](Value task) {
    Value from = kernel.multiply(task, kernel.dim(perTask));
    Value to = b.create<arith::MinSIOp>(kernel.add(from, kernel.dim(perTask)), kernel.dim(count));
    Value tooMany = b.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, kernel.dim(taken), kernel.dim(dims[axis]));
    kernel.fail(tooMany, KernelError::Size);
    to = b.create<arith::SelectOp>(tooMany, from, to);
    kernel.forRange(from, to, kernel.index(1),
                    [&](Value linear) { body(firstOfLine(kernel, dims, axis, linear)); });
  });
}

Point firstOfLine(KernelFunction &kernel, ArrayRef<Dim> dims, int64_t axis, Value linear) {
  Point line(dims.size(), AxisPoint{kernel.index(0), 0, {}});
  for (int64_t i = dims.size(); i-- > 0;) {
    if (i == axis || dims[i].isEqualTo(1))
      continue;
    Value extent = kernel.dim(dims[i]);
    line[i].base = kernel.builder.create<arith::RemUIOp>(linear, extent);
    linear = kernel.builder.create<arith::DivUIOp>(linear, extent);
  }
  return line;
}

Point onLine(const Point &line, int64_t axis, const AxisPoint &place) {
  Point point = line;
  point[axis] = place;
  return point;
}

Point onLine(const Point &line, int64_t axis, Value i, int64_t lane) { return onLine(line, axis, {i, lane, {}}); }

void storeOrdered(ElementEmitter &emitter, TopKOp op, const Point &point, Value value, Value index) {
  KernelFunction &kernel = emitter.kernel;
  for (auto [result, yielded] : llvm::enumerate(kernel.yield().getValues()))
    emitter.store(yielded == op.getValues() ? value : index, kernel.resultBuffer(result), dimsOf(yielded), point);
}

} // namespace quern
