#include "passes/loops/IndexBuilder.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace quern {

std::optional<int64_t> constant(Index index) { return getConstantIntValue(index); }

Value IndexBuilder::value(Index index) {
  if (auto known = constant(index))
    return value(*known);
  return index.get<Value>();
}

Index IndexBuilder::add(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (x && y)
    return index(*x + *y);
  if (x == 0)
    return b;
  if (y == 0)
    return a;
  return create<arith::AddIOp>(value(a), value(b)).getResult();
}

Index IndexBuilder::sub(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (x && y)
    return index(*x - *y);
  if (y)
    return add(a, -*y);
  return create<arith::SubIOp>(value(a), value(b)).getResult();
}

Index IndexBuilder::mul(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (x && y)
    return index(*x * *y);
  if (x == 0 || y == 0)
    return index(0);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return create<arith::MulIOp>(value(a), value(b)).getResult();
}

Index IndexBuilder::div(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (y == 1 || x == 0)
    return a;
  if (x && y)
    return index(*x / *y);
  Value quotient = create<arith::DivUIOp>(value(a), value(b));
  return y ? quotient : opaque(quotient);
}

Index IndexBuilder::rem(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (y == 1)
    return index(0);
  if (x && y)
    return index(*x % *y);
  Value rest = create<arith::RemUIOp>(value(a), value(b));
  return y ? rest : opaque(rest);
}

Value IndexBuilder::opaque(Value value) {
  Type word = builder.getI64Type();
  Value number = create<arith::IndexCastOp>(word, value);
  auto copy =
      create<LLVM::InlineAsmOp>(word, number, /*asm_string=*/"", /*constraints=*/"=r,0", /*has_side_effects=*/false,
                                /*is_align_stack=*/false, LLVM::AsmDialectAttr(), ArrayAttr());
  return create<arith::IndexCastOp>(builder.getIndexType(), copy.getRes());
}

Index IndexBuilder::ceilDiv(Index a, Index b) {
  if (constant(b) == 1)
    return a;
  return div(sub(add(a, b), 1), b);
}

Index IndexBuilder::min(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (x && y)
    return index(std::min(*x, *y));
  return create<arith::MinSIOp>(value(a), value(b)).getResult();
}

Index IndexBuilder::max(Index a, Index b) {
  auto x = constant(a), y = constant(b);
  if (x && y)
    return index(std::max(*x, *y));
  return create<arith::MaxSIOp>(value(a), value(b)).getResult();
}

Value IndexBuilder::lessThan(Index a, Index b) {
  return create<arith::CmpIOp>(arith::CmpIPredicate::slt, value(a), value(b));
}

void IndexBuilder::loop(Index from, Index to, int64_t step, function_ref<void(Index)> body) {
  SmallVector<Value> none;
  carry(from, to, step, none, [&](Index i, SmallVectorImpl<Value> &) { body(i); });
}

void IndexBuilder::carry(Index from, Index to, int64_t step, SmallVectorImpl<Value> &carried,
                         function_ref<void(Index, SmallVectorImpl<Value> &)> body) {
  auto first = constant(from), end = constant(to);
  if (first && end && *first >= *end)
    return;
  if (first && end && *first + step >= *end)
    return body(from, carried);
  auto loop = create<scf::ForOp>(value(from), value(to), value(step), carried);
  {
    OpBuilder::InsertionGuard guard(builder);
    // scf.for makes its terminator by itself only where nothing is carried.
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> inside(loop.getRegionIterArgs());
    body(loop.getInductionVar(), inside);
    if (!carried.empty())
      create<scf::YieldOp>(inside);
  }
  carried.assign(loop.result_begin(), loop.result_end());
}

void IndexBuilder::select(Value number, ArrayRef<int64_t> cases, function_ref<void(int64_t)> body) {
  auto choice = create<scf::IndexSwitchOp>(TypeRange(), number, cases, cases.size());
  OpBuilder::InsertionGuard guard(builder);
  auto fill = [&](Region &region, function_ref<void()> make) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    make();
    create<scf::YieldOp>();
  };
  fill(choice.getDefaultRegion(), [] {});
  for (auto [value, region] : llvm::zip_equal(cases, choice.getCaseRegions()))
    fill(region, [&] { body(value); });
}

void IndexBuilder::branch(Value condition, function_ref<void()> then, std::optional<function_ref<void()>> otherwise) {
  auto branch = create<scf::IfOp>(condition, /*withElseRegion=*/otherwise.has_value());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  then();
  if (!otherwise)
    return;
  builder.setInsertionPointToStart(branch.elseBlock());
  (*otherwise)();
}

} // namespace quern
