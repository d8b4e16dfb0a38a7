// Whole lines in order: elements become unsigned keys of the same order, which are sorted by their digits of 8 bits
// from the lowest on (LSD radix sort). That is stable, so equal elements keep their places. A task owns whole lines.
#include "passes/loops/Emitters.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/Lines.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

constexpr int64_t kDigitBits = 8, kBuckets = 1 << kDigitBits;
/// Below, counting digits costs more than to put one element after the other in its place.
constexpr int64_t kFewElements = 64;

class Sort {
public:
  Sort(KernelFunction &kernel, TopKOp op)
      : kernel(kernel), b(kernel.builder), op(op), element(elementOf(op.getOperand())),
        width(element.getIntOrFloatBitWidth()), key(b.builder.getIntegerType(width)), i64(b.builder.getI64Type()),
        extent(dimOf(op.getOperand(), op.getAxis())) {
    bool wantsValues = llvm::is_contained(kernel.yield().getValues(), op.getValues());
    wantsIndices = llvm::is_contained(kernel.yield().getValues(), op.getIndices());
    keys = kernel.scratch(key, extent * 2);
    counts = kernel.scratch(i64, digits() * kBuckets);
    if (wantsIndices)
      places = kernel.scratch(i64, extent * 2);
    // A key knows neither the sign of a zero nor which NaN it was, where equal elements must keep their places.
    if (wantsIndices && wantsValues && isFloat())
      originals = kernel.scratch(element, extent);
  }

  void emitLine(const Point &line) {
    Value n = kernel.dim(extent);
    kernel.forRange(kernel.index(0), n, kernel.index(1), [&](Value i) { load(line, i); });
    Value few = b.lessThan(n, b.index(kFewElements)), none = kernel.index(0);
    insert(b.create<arith::SelectOp>(few, n, none));
    Value many = b.create<arith::SelectOp>(few, none, n);
    count(many);
    Value rounds = b.create<arith::SelectOp>(few, none, kernel.index(digits()));
    SmallVector<Value> from{none};
    b.carry(b.index(0), rounds, 1, from,
            [&](Index digit, SmallVectorImpl<Value> &from) { from[0] = distribute(b.value(digit), from[0], n); });
    kernel.forRange(none, n, kernel.index(1), [&](Value i) { store(line, i, kernel.add(from[0], i)); });
  }

private:
  int64_t digits() const { return width / kDigitBits; }
  bool isFloat() const { return isa<FloatType>(element); }
  Value constant(uint64_t bits) {
    return b.create<arith::ConstantOp>(b.builder.getIntegerAttr(key, APInt(width, bits)));
  }
  Value allOnes() { return constant(llvm::maskTrailingOnes<uint64_t>(width)); }
  Value signBit() { return constant(uint64_t(1) << (width - 1)); }
  Value isSet(Value bits) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, bits, constant(0)); }
  Value read(Value memory, Value i) { return b.create<memref::LoadOp>(memory, i); }
  void write(Value value, Value memory, Value i) { b.create<memref::StoreOp>(value, memory, i); }

  /// Negative floats have their bits turned around, the others stand above them; a NaN is above all.
  Value keyOf(Value value) {
    Value bits = value;
    if (isFloat()) {
      Value real = value;
      if (wantsIndices) { // zeros are equal
        Value zero = b.create<arith::ConstantOp>(b.builder.getFloatAttr(element, 0));
        Value isZero = b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, real, zero);
        real = b.create<arith::SelectOp>(isZero, zero, real);
      }
      bits = b.create<arith::BitcastOp>(key, real);
      Value mask = b.create<arith::SelectOp>(isSet(bits), allOnes(), signBit());
      bits = b.create<arith::XOrIOp>(bits, mask);
      Value isNan = b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value);
      bits = b.create<arith::SelectOp>(isNan, allOnes(), bits);
    } else if (!element.isUnsignedInteger()) {
      bits = b.create<arith::XOrIOp>(bits, signBit());
    }
    return op.getLargest() ? b.create<arith::XOrIOp>(bits, allOnes()) : bits;
  }
  Value valueOf(Value bits) {
    if (op.getLargest())
      bits = b.create<arith::XOrIOp>(bits, allOnes());
    if (!isFloat())
      return element.isUnsignedInteger() ? bits : b.create<arith::XOrIOp>(bits, signBit());
    Value mask = b.create<arith::SelectOp>(isSet(bits), signBit(), allOnes());
    return b.create<arith::BitcastOp>(element, b.create<arith::XOrIOp>(bits, mask));
  }

  void load(const Point &line, Value i) {
    ElementEmitter e(kernel, 1);
    Value value = e.at(op.getOperand(), onLine(line, op.getAxis(), i));
    write(keyOf(value), keys, i);
    if (wantsIndices)
      write(b.create<arith::IndexCastOp>(i64, i), places, i);
    if (originals)
      e.store(value, originals, extent, Point{{i, 0, {}}});
  }
  void store(const Point &line, Value i, Value at) {
    Value index = wantsIndices ? read(places, at) : Value(), value;
    if (originals) {
      Value place = b.create<arith::IndexCastOp>(b.builder.getIndexType(), index);
      value = ElementEmitter(kernel, 1).load(originals, element, extent, Point{{place, 0, {}}});
    } else {
      value = valueOf(read(keys, at));
    }
    storeOrdered(kernel, op, line, i, value, index);
  }

  /// Puts each of the first `count` elements behind those before it that are not larger.
  void insert(Value count) {
    kernel.forRange(kernel.index(1), count, kernel.index(1), [&](Value i) {
      Value moved = read(keys, i), place = wantsIndices ? read(places, i) : Value();
      Type index = b.builder.getIndexType();
      auto loop = b.create<scf::WhileOp>(TypeRange{index}, ValueRange{i});
      Location loc = b.builder.getLoc();
      OpBuilder::InsertionGuard guard(b.builder);
      Value at = b.builder.createBlock(&loop.getBefore(), {}, {index}, {loc})->getArgument(0);
      Value before = b.value(b.max(b.sub(at, 1), 0));
      Value isLarger = b.create<arith::CmpIOp>(arith::CmpIPredicate::ugt, read(keys, before), moved);
      Value goesOn = b.create<arith::AndIOp>(b.lessThan(b.index(0), at), isLarger);
      b.create<scf::ConditionOp>(goesOn, ValueRange{at});
      at = b.builder.createBlock(&loop.getAfter(), {}, {index}, {loc})->getArgument(0);
      before = kernel.add(at, -1);
      write(read(keys, before), keys, at);
      if (wantsIndices)
        write(read(places, before), places, at);
      b.create<scf::YieldOp>(ValueRange{before});
      b.builder.setInsertionPointAfter(loop);
      write(moved, keys, loop.getResult(0));
      if (wantsIndices)
        write(place, places, loop.getResult(0));
    });
  }

  /// The bucket of a digit that begins at bit `shift`.
  Value bucketOf(Value bits, Value shift) {
    Value digit = b.create<arith::AndIOp>(b.create<arith::ShRUIOp>(bits, shift), constant(kBuckets - 1));
    return b.create<arith::IndexCastUIOp>(b.builder.getIndexType(), digit);
  }
  /// counts[digit, bucket] of the first `many` elements.
  void count(Value many) {
    auto none = VectorType::get(8, i64);
    Value zeros = b.create<arith::ConstantOp>(b.builder.getZeroAttr(none));
    Value end =
        b.create<arith::SelectOp>(b.lessThan(b.index(0), many), kernel.index(digits() * kBuckets), kernel.index(0));
    kernel.forRange(kernel.index(0), end, kernel.index(8), [&](Value i) { kernel.storeVector(zeros, counts, i); });
    Value one = b.create<arith::ConstantOp>(b.builder.getI64IntegerAttr(1));
    kernel.forRange(kernel.index(0), many, kernel.index(1), [&](Value i) {
      Value bits = read(keys, i);
      for (int64_t digit = 0; digit < digits(); ++digit) {
        Value at = kernel.add(bucketOf(bits, constant(digit * kDigitBits)), digit * kBuckets);
        write(b.create<arith::AddIOp>(read(counts, at), one), counts, at);
      }
    });
  }

  /// Moves the elements from one half of the memory to the other in the order of a digit, and gives where they are
  /// then. Where all have the same digit they stay.
  Value distribute(Value digit, Value from, Value n) {
    Value base = kernel.multiply(digit, kernel.index(kBuckets));
    Value shift = b.create<arith::IndexCastOp>(key, kernel.multiply(digit, kernel.index(kDigitBits)));
    Value first = read(counts, b.value(b.add(base, bucketOf(read(keys, from), shift))));
    Value stays = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, first, b.create<arith::IndexCastOp>(i64, n));
    Value none = kernel.index(0), to = b.value(b.sub(n, from));
    Value buckets = b.create<arith::SelectOp>(stays, none, kernel.index(kBuckets));
    SmallVector<Value> sum{b.create<arith::ConstantOp>(b.builder.getI64IntegerAttr(0))};
    b.carry(b.index(0), buckets, 1, sum, [&](Index bucket, SmallVectorImpl<Value> &sum) {
      Value at = b.value(b.add(base, bucket)), count = read(counts, at);
      write(sum[0], counts, at);
      sum[0] = b.create<arith::AddIOp>(sum[0], count);
    });
    Value moved = b.create<arith::SelectOp>(stays, none, n);
    Value one = b.create<arith::ConstantOp>(b.builder.getI64IntegerAttr(1));
    kernel.forRange(none, moved, kernel.index(1), [&](Value i) {
      Value source = b.value(b.add(from, i)), bits = read(keys, source);
      Value slot = b.value(b.add(base, bucketOf(bits, shift))), place = read(counts, slot);
      write(b.create<arith::AddIOp>(place, one), counts, slot);
      Value target =
          b.value(b.add(to, Index(b.create<arith::IndexCastOp>(b.builder.getIndexType(), place).getResult())));
      write(bits, keys, target);
      if (wantsIndices)
        write(read(places, source), places, target);
    });
    return b.create<arith::SelectOp>(stays, from, to);
  }

  KernelFunction &kernel;
  IndexBuilder b;
  TopKOp op;
  Type element;
  int64_t width;
  IntegerType key;
  Type i64;
  Dim extent;
  bool wantsIndices;
  Value keys, places, counts, originals; // scratch; keys and places have two halves
};

} // namespace

LogicalResult emitSort(KernelFunction &kernel) {
  auto op = kernel.find<TopKOp>();
  if (!op)
    return kernel.source.emitError() << "has no top_k";
  Sort sort(kernel, op);
  forLines(kernel, dimsOf(op.getOperand()), op.getAxis(), dimOf(op.getValues(), op.getAxis()),
           [&](const Point &line) { sort.emitLine(line); });
  return success();
}

} // namespace quern
