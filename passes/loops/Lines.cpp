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
    kernel.forRange(from, to, kernel.index(1), [&](Value linear) {
      Point line(dims.size(), AxisPoint{kernel.index(0), 0, {}});
      for (size_t i = dims.size(); i-- > 0;) {
        if (lines[i].isEqualTo(1))
          continue;
        Value extent = kernel.dim(lines[i]);
        line[i].base = b.create<arith::RemUIOp>(linear, extent);
        linear = b.create<arith::DivUIOp>(linear, extent);
      }
      body(line);
    });
  });
}

Point onLine(const Point &line, int64_t axis, Value i, int64_t lane) {
  Point point = line;
  point[axis] = {i, lane, {}};
  return point;
}

void storeOrdered(KernelFunction &kernel, TopKOp op, const Point &line, Value i, Value value, Value index) {
  ElementEmitter e(kernel, 1);
  Point point = onLine(line, op.getAxis(), i);
  for (auto [result, yielded] : llvm::enumerate(kernel.yield().getValues()))
    e.store(yielded == op.getValues() ? value : index, kernel.resultBuffer(result), dimsOf(yielded), point);
}

} // namespace quern
