#include "codegen/common/VectorMath.h"
#include "codegen/common/VectorMathFamilies.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace quern {

namespace {
struct Row {
  llvm::StringLiteral name;
  unsigned arity;
  Float (*unary)(Float);
  Float (*binary)(Float, Float);
};
constexpr Row row(llvm::StringLiteral name, Float (*emitter)(Float)) { return {name, 1, emitter, nullptr}; }
constexpr Row row(llvm::StringLiteral name, Float (*emitter)(Float, Float)) { return {name, 2, nullptr, emitter}; }

constexpr Row rows[] = {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) row(spelling, emitter),
#include "codegen/common/VectorMath.inc"
};
} // namespace

std::optional<MathFunction> mathFunctionNamed(llvm::StringRef name) {
  for (const auto &[index, row] : llvm::enumerate(rows))
    if (row.name == name)
      return MathFunction(index);
  return std::nullopt;
}

llvm::StringRef mathFunctionName(MathFunction function) { return rows[unsigned(function)].name; }

unsigned mathFunctionArity(MathFunction function) { return rows[unsigned(function)].arity; }

Value emitMath(OpBuilder &builder, Location loc, MathFunction function, ValueRange operands) {
  const Row &row = rows[unsigned(function)];
  assert(operands.size() == row.arity && "a math function takes as many operands as its arity");
  Type type = operands.front().getType();
  if (getElementTypeOrSelf(type).getIntOrFloatBitWidth() < 32) { // the expansions know the bits of f32 and f64
    auto shaped = dyn_cast<ShapedType>(type);
    Type wide = shaped ? Type(shaped.clone(builder.getF32Type())) : builder.getF32Type();
    SmallVector<Value> widened;
    for (Value operand : operands)
      widened.push_back(builder.create<arith::ExtFOp>(loc, wide, operand));
    return builder.create<arith::TruncFOp>(loc, type, emitMath(builder, loc, function, widened));
  }
  Lanes lanes(builder, loc, operands.front().getType());
  Float x{&lanes, operands.front()};
  return (row.unary ? row.unary(x) : row.binary(x, {&lanes, operands.back()})).value;
}

} // namespace quern
