#include "passes/loops/MatrixBlocks.h"
#include "codegen/Schedules.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

MatrixBlocks::MatrixBlocks(KernelFunction &kernel, Type element, size_t parts)
    : kernel(kernel), builder(kernel.builder), element(element), parts(parts),
      lanes(kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth()), type(VectorType::get(lanes, element)) {
  TileDemand demand;
  demand.rows = kBlock;
  demand.vectors = 2;
  demand.farRows = true;
  TileChoice tile = chooseTile(kernel.level, demand);
  vectors = tile.vectors;
  unroll = tile.unroll;
  tileRows = int64_t(llvm::bit_floor(uint64_t(tile.rows))); // a block is whole tiles
  group = vectors * lanes;
}

Number MatrixBlocks::scratch(const Dim &elements) {
  Number memory;
  for (size_t i = 0; i < parts; ++i)
    memory.push_back(kernel.scratch(element, elements));
  return memory;
}

Panel MatrixBlocks::panel(const Dim &rows) {
  Dim padded = rows + kBlock;
  return {scratch(padded * std::max(kPanelColumns, group)), builder.mul(kernel.dim(padded), group)};
}

//===--- Memory -----------------------------------------------------------------------------===//

static Index placeOf(IndexBuilder &builder, const Matrix &matrix, Index row, Index column) {
  return builder.add(matrix.offset,
                     builder.add(builder.mul(row, matrix.rowStep), builder.mul(column, matrix.columnStep)));
}

Number MatrixBlocks::load(const Matrix &matrix, Index row, Index column, int64_t width, Value mask) {
  Value place = builder.value(placeOf(builder, matrix, row, column));
  Number number;
  for (Value memory : matrix.parts) {
    VectorType vector = width ? VectorType::get(width, element) : VectorType();
    if (!width)
      number.push_back(builder.create<memref::LoadOp>(memory, place));
    else if (!mask)
      number.push_back(builder.create<vector::LoadOp>(vector, memory, place));
    else
      number.push_back(builder.create<vector::MaskedLoadOp>(
          vector, memory, place, mask, builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(vector))));
  }
  return number;
}

void MatrixBlocks::store(const Number &number, const Matrix &matrix, Index row, Index column, Value mask) {
  Value place = builder.value(placeOf(builder, matrix, row, column));
  for (auto [value, memory] : llvm::zip_equal(number, matrix.parts)) {
    if (!isa<VectorType>(value.getType()))
      builder.create<memref::StoreOp>(value, memory, place);
    else if (!mask)
      builder.create<vector::StoreOp>(value, memory, place);
    else
      builder.create<vector::MaskedStoreOp>(memory, place, mask, value);
  }
}

static Matrix groupOf(IndexBuilder &builder, const Panel &panel, Index group, int64_t columns) {
  return {panel.parts, builder.mul(group, panel.groupStep), builder.index(columns), builder.index(1)};
}

Number MatrixBlocks::loadPanel(const Panel &panel, Index row, Index number, int64_t vector) {
  return load(groupOf(builder, panel, number, group), row, builder.index(vector * lanes), lanes);
}

void MatrixBlocks::storePanel(const Number &value, const Panel &panel, Index row, Index number, int64_t vector) {
  store(value, groupOf(builder, panel, number, group), row, builder.index(vector * lanes));
}

Value MatrixBlocks::columnMask(Index first, Index end) {
  if (group <= kBlock)
    return {};
  return builder.create<vector::CreateMaskOp>(type.clone(builder.builder.getI1Type()),
                                              builder.value(builder.sub(end, first)));
}

//===--- Numbers ----------------------------------------------------------------------------===//

Number MatrixBlocks::zero() {
  return Number(parts, builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(type)));
}

Number MatrixBlocks::spread(const Number &scalar) {
  Number number;
  for (Value part : scalar)
    number.push_back(builder.create<vector::BroadcastOp>(type, part));
  return number;
}

Number MatrixBlocks::subtract(const Number &a, const Number &b) {
  Number number;
  for (auto [x, y] : llvm::zip_equal(a, b))
    number.push_back(builder.create<arith::SubFOp>(x, y));
  return number;
}

Number MatrixBlocks::multiply(const Number &a, const Number &b) {
  auto product = [&](Value x, Value y) -> Value { return builder.create<arith::MulFOp>(x, y); };
  if (parts == 1)
    return {product(a[0], b[0])};
  return {builder.create<arith::SubFOp>(product(a[0], b[0]), product(a[1], b[1])),
          builder.create<arith::AddFOp>(product(a[0], b[1]), product(a[1], b[0]))};
}

/// Complex numbers by Smith's method: scaled by the larger part of the divisor, so that its square cannot overflow.
Number MatrixBlocks::divide(const Number &a, const Number &b) {
  auto quotient = [&](Value x, Value y) -> Value { return builder.create<arith::DivFOp>(x, y); };
  if (parts == 1)
    return {quotient(a[0], b[0])};
  auto absolute = [&](Value x) -> Value { return builder.create<math::AbsFOp>(x); };
  Value wide = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OGE, absolute(b[0]), absolute(b[1]));
  auto choose = [&](Value x, Value y) -> Value { return builder.create<arith::SelectOp>(wide, x, y); };
  auto product = [&](Value x, Value y) -> Value { return builder.create<arith::MulFOp>(x, y); };
  Value large = choose(b[0], b[1]), small = choose(b[1], b[0]), ratio = quotient(small, large);
  Value scale = builder.create<arith::AddFOp>(large, product(small, ratio));
  Value first = choose(a[0], a[1]), second = choose(a[1], a[0]);
  Value re = quotient(builder.create<arith::AddFOp>(first, product(second, ratio)), scale);
  Value im = quotient(builder.create<arith::SubFOp>(second, product(first, ratio)), scale);
  return {re, choose(im, builder.create<arith::NegFOp>(im))};
}

Number MatrixBlocks::conjugate(const Number &a) {
  Number number = a;
  if (parts == 2)
    number[1] = builder.create<arith::NegFOp>(a[1]);
  return number;
}

Number MatrixBlocks::select(Value condition, const Number &a, const Number &b) {
  Number number;
  for (auto [x, y] : llvm::zip_equal(a, b))
    number.push_back(builder.create<arith::SelectOp>(condition, x, y));
  return number;
}

Value MatrixBlocks::size(const Number &a) {
  Value sum = builder.create<math::AbsFOp>(a[0]);
  if (parts == 2)
    sum = builder.create<arith::AddFOp>(sum, builder.create<math::AbsFOp>(a[1]));
  return sum;
}

//===--- Products ---------------------------------------------------------------------------===//

void MatrixBlocks::forGroups(Index columns, function_ref<void(Index)> body) {
  builder.loop(builder.index(0), builder.ceilDiv(columns, group), 1, body);
}

/// A tile of `tileRows` rows from `row` on less its products: `target` is row by row, vector by vector.
void MatrixBlocks::subtractTile(const Matrix &a, const Panel &panel, Index depth, Index row, Index number,
                                Number *target) {
  Index fromA = placeOf(builder, a, row, builder.index(0)), fromPanel = builder.mul(number, panel.groupStep);
  auto product = [&](size_t left, size_t right) {
    RegisterTile registers(builder, kernel.level, {tileRows, vectors, lanes, element},
                           {a.parts[left], a.rowStep, panel.parts[right], group, builder.index(0)});
    Accumulators sums = registers.zero();
    registers.accumulate(sums, {{depth, a.columnStep, builder.index(group), unroll}}, fromA, fromPanel);
    return sums;
  };
  for (size_t left = 0; left < parts; ++left)
    for (size_t right = 0; right < parts; ++right)
      for (auto [i, sum] : llvm::enumerate(product(left, right))) {
        Value &value = target[i][left ^ right];
        if (left && right) // i * i
          value = builder.create<arith::AddFOp>(value, sum);
        else
          value = builder.create<arith::SubFOp>(value, sum);
      }
}

void MatrixBlocks::subtractProduct(const Matrix &target, Index column, Index endColumn, const Matrix &a,
                                   const Panel &panel, Index depth, Index first, Index end) {
  builder.loop(first, end, tileRows, [&](Index row) {
    forGroups(builder.sub(endColumn, column), [&](Index number) {
      SmallVector<Number> values;
      SmallVector<Value> masks;
      auto columnOf = [&](int64_t vector) {
        return builder.add(builder.add(column, builder.mul(number, group)), vector * lanes);
      };
      for (int64_t j = 0; j < vectors; ++j)
        masks.push_back(columnMask(columnOf(j), endColumn));
      for (int64_t i = 0; i < tileRows; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          values.push_back(load(target, builder.add(row, i), columnOf(j), lanes, masks[j]));
      subtractTile(a, panel, depth, row, number, values.data());
      for (int64_t i = 0; i < tileRows; ++i)
        for (int64_t j = 0; j < vectors; ++j)
          store(values[i * vectors + j], target, builder.add(row, i), columnOf(j), masks[j]);
    });
  });
}

//===--- Substitution -----------------------------------------------------------------------===//

Index MatrixBlocks::blockStart(Index number, Index count) {
  Index missing = builder.sub(builder.mul(blockCount(count), kBlock), count);
  return builder.max(builder.sub(builder.mul(number, kBlock), missing), 0);
}

void MatrixBlocks::substitute(const Matrix &a, const Panel &panel, Index columns, Index count, bool unit) {
  builder.loop(builder.index(0), blockCount(count), 1, [&](Index block) {
    Index first = blockStart(block, count), end = blockStart(builder.add(block, 1), count);
    // Before the first block, which may be short, there is nothing to subtract.
    Index tiles = builder.mul(builder.min(first, 1), builder.sub(end, first));
    builder.loop(first, builder.add(first, tiles), tileRows, [&](Index row) {
      forGroups(columns, [&](Index number) {
        SmallVector<Number> values;
        for (int64_t i = 0; i < tileRows; ++i)
          for (int64_t j = 0; j < vectors; ++j)
            values.push_back(loadPanel(panel, builder.add(row, i), number, j));
        subtractTile(a, panel, first, row, number, values.data());
        for (int64_t i = 0; i < tileRows; ++i)
          for (int64_t j = 0; j < vectors; ++j)
            storePanel(values[i * vectors + j], panel, builder.add(row, i), number, j);
      });
    });
    substituteBlock(a, panel, columns, first, end, unit);
  });
}

/// Row by row inside a block, from which all products with the rows before it are subtracted.
void MatrixBlocks::substituteBlock(const Matrix &a, const Panel &panel, Index columns, Index first, Index end,
                                   bool unit) {
  forGroups(columns, [&](Index number) {
    builder.loop(first, end, 1, [&](Index row) {
      SmallVector<Value> values;
      for (int64_t j = 0; j < vectors; ++j)
        values.append(loadPanel(panel, row, number, j));
      builder.carry(first, row, 1, values, [&](Index k, SmallVectorImpl<Value> &rest) {
        Number factor = spread(load(a, row, k));
        for (int64_t j = 0; j < vectors; ++j) {
          Number value(ArrayRef(rest).slice(j * parts, parts));
          value = subtract(value, multiply(factor, loadPanel(panel, k, number, j)));
          llvm::copy(value, rest.begin() + j * parts);
        }
      });
      Number divisor = unit ? Number() : spread(load(a, row, row));
      for (int64_t j = 0; j < vectors; ++j) {
        Number value(ArrayRef(values).slice(j * parts, parts));
        storePanel(unit ? value : divide(value, divisor), panel, row, number, j);
      }
    });
  });
}

} // namespace quern
