// Whole lines in order by merging: elements become signed keys of the same order, blocks of them are sorted in registers
// (SortNetwork), and lists are merged two by two, one block a step: the block that begins with the smaller key goes into
// the network together with what is left from those before, and the smaller half comes out. The work is the same for all
// data, and no branch depends on a key.
//
// Where places are wanted a key of 32 bits stands above its place in one of 64: equal elements keep their order, and the
// places come along. Wider keys are sorted twice so, by their lower half and then, in the order found, by the upper.
//
// A line is divided into chunks, which are tasks: in the first phase each is sorted by itself, as far as it fits a cache.
// In each other, lists twice as long are made of them; a task finds what of two lists ends up in its chunk by bisection
// (Odeh, Green, Mwassi, Shmueli and Birk 2012). Lines of one chunk have one phase, and a task has several if they are
// short.
#include "passes/loops/Emitters.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/Lines.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/SortNetwork.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Bytes of the keys of a chunk: they are in a cache of the second level twice.
constexpr int64_t kChunkBytes = 1 << 18;
/// What blocks of all levels are divisors of: how much memory a kernel needs does not depend on the level.
constexpr int64_t kPadding = 256;
constexpr int64_t kPlaceBits = 32;
/// The smaller networks are as much code together as the one for all lines.
constexpr int64_t kMostFewRegisters = 8;
constexpr int64_t kMostElements = int64_t(1) << 31;

/// How many of the lists of `unit`, 2 unit, 4 unit ... elements, below `limit`, are shorter than the line.
Dim levelsFrom(const Dim &extent, int64_t unit, int64_t limit) {
  Dim levels = 0;
  for (; unit < limit; unit *= 2)
    levels = levels + Dim::min(1, (extent - 1).floordiv(unit));
  return levels;
}

class Sort {
public:
  Sort(KernelFunction &kernel, TopKOp op);
  void emit();

private:
  /// Memory of each line: of the thread where lines have one chunk, else shared, as other tasks go on with it.
  struct Memory {
    Type element;
    Dim size;
    Value own, shared;
  };
  Memory reserve(Type element, const Dim &size);
  Value ofLine(const Memory &memory, Value line);

  // Keys, on registers of any number of lanes.
  Value constant(Type type, uint64_t bits);
  uint64_t most() const { return llvm::maskTrailingOnes<uint64_t>(key.getIntOrFloatBitWidth() - 1); }
  static Type withWidth(Type type, int64_t width);
  Value keyOf(Value value);
  Value valueOf(Value key);
  Value keyAndPlace(ElementEmitter &e, Value key, const AxisPoint &place, bool lowerHalf);
  Value placeIn(Value key);
  AxisPoint pointAt(ElementEmitter &e, Value place);

  // A chunk of a line.
  void emitChunk(Value phase, Value line, Index from);
  void load(Value round);
  void put(ElementEmitter &e, Value bits, const AxisPoint &place);
  void fill();
  void sortBlocks();
  void sortBlocks(int64_t registers);
  void mergeLists(Value level);
  void mergePart(Value first, Value width, Value in, Value out);
  void store();

  // Merging.
  struct Heads {
    Value a, b; // the next block of each list
  };
  /// How many blocks of the first list are among the first `count` of both.
  Value bisect(Value a, Value b, Value count, Value most, Value mostOfOther);
  /// The next block, and the heads behind it.
  Value take(Heads &heads, Value aEnd, Value bEnd);
  /// Fetches what is taken of the list from `at` on in two steps: the lists of long lines are in no near cache, and go on
  /// in turns that a processor does not foresee (float64, a million: 5.4 ns each instead of 6.5 on Zen 5).
  void fetchAhead(Value at);
  Value reversed(Value vector);

  Value read(Value i) { return b.create<memref::LoadOp>(keys, i); }
  Value loadKeys(Value i) { return kernel.loadVector(vector, keys, i); }
  Value isEqual(Value x, Value y) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, x, y); }
  Value choose(Value condition, Value yes, Value no) { return b.create<arith::SelectOp>(condition, yes, no); }

  KernelFunction &kernel;
  IndexBuilder b;
  TopKOp op;
  Type element;
  int64_t width, axis;
  SmallVector<Dim> dims;
  bool wantsValues, wantsIndices;
  int64_t rounds, chunk, sorted, block; // elements of a chunk, of what is sorted in registers, of what is merged in a step
  int64_t registers, blockRegisters;
  SmallVector<int64_t> fewRegisters; // of smaller networks, for lines that turn out to fit them
  Type key;
  VectorType vector;
  Dim extent, lines, half, levels, phasesPerRound, isLong; // isLong: 1 where lines have several chunks, else 0
  Memory keyMemory, placeMemory;
  // Of the chunk at hand:
  Value keys, places, from, to, end; // [from, to) with what fills the last block, which begins at `end`
  Value last, chosen;
  Point line;
};

Sort::Sort(KernelFunction &kernel, TopKOp op)
    : kernel(kernel), b(kernel.builder), op(op), element(elementOf(op.getOperand())),
      width(element.getIntOrFloatBitWidth()), axis(op.getAxis()), dims(dimsOf(op.getOperand())) {
  wantsValues = llvm::is_contained(kernel.yield().getValues(), op.getValues());
  wantsIndices = llvm::is_contained(kernel.yield().getValues(), op.getIndices());
  rounds = wantsIndices ? llvm::divideCeil(width, kPlaceBits) : 1;
  int64_t keyBits = wantsIndices ? 64 : std::max<int64_t>(width, 32);
  key = b.builder.getIntegerType(keyBits);
  extent = Dim::max(dims[axis], 1);
  lines = 1;
  for (auto [i, dim] : llvm::enumerate(dims))
    lines = int64_t(i) == axis ? lines : lines * dim;

  int64_t lanes = kernel.level.vectorBytes * 8 / keyBits;
  vector = VectorType::get(lanes, key);
  chunk = kChunkBytes * 8 / keyBits;
  int64_t known = extent.constant().value_or(kMostElements);
  registers = std::clamp<int64_t>(llvm::PowerOf2Ceil(llvm::divideCeil(known, lanes)), 2, kernel.level.vectorRegisters / 2);
  // The next step waits for the larger half of one: in small blocks the processor would wait, too.
  blockRegisters = std::min<int64_t>(kernel.level.vectorRegisters / 4, registers);
  if (!extent.constant())
    for (int64_t few = 2; few < registers && few <= kMostFewRegisters; few *= 2)
      fewRegisters.push_back(few);
  sorted = registers * lanes;
  block = blockRegisters * lanes;

  phasesPerRound = levelsFrom(extent, chunk, kMostElements) + 1;
  isLong = Dim::min(1, phasesPerRound - 1);
  levels = levelsFrom(extent, sorted, chunk) + phasesPerRound - 1;
  half = extent.ceildiv(kPadding) * kPadding;
  // The first key behind the last list may be read.
  keyMemory = reserve(key, half * 2 + kPadding);
  if (rounds > 1)
    placeMemory = reserve(b.builder.getIntegerType(kPlaceBits), half);
}

Sort::Memory Sort::reserve(Type element, const Dim &size) {
  Memory memory{element, size, {}, {}};
  if (!isLong.isEqualTo(1))
    memory.own = kernel.scratch(element, size * (Dim(1) - isLong));
  if (!isLong.isEqualTo(0))
    memory.shared = kernel.shared(element, size * lines * isLong);
  return memory;
}

Value Sort::ofLine(const Memory &memory, Value line) {
  if (!memory.shared)
    return memory.own;
  Value offset = kernel.multiply(line, kernel.dim(memory.size));
  if (!memory.own)
    return kernel.memory(kernel.address(memory.shared, offset), memory.element);
  return kernel.memoryIf(b.lessThan(b.index(0), kernel.dim(isLong)), memory.shared, offset, memory.own);
}

void Sort::emit() {
  Dim perTask = Dim::max(Dim(4096).floordiv(extent), 1), chunks = extent.ceildiv(chunk);
  Dim tasks = Dim::max(lines.ceildiv(perTask) * chunks, 1);
  Dim phases = (phasesPerRound - 1) * rounds + isLong * (rounds - 1) + 1;
  kernel.forPhases(phases, tasks, [&](Value phase, Value task) {
    Index count = kernel.dim(chunks), many = kernel.dim(perTask);
    Index group = b.mul(b.div(task, count), many), number = b.rem(task, count);
    Value end = b.value(b.min(b.add(group, many), kernel.dim(lines)));
    kernel.forRange(b.value(group), end, kernel.index(1),
                    [&](Value line) { emitChunk(phase, line, b.mul(number, chunk)); });
  });
}

//===--- Keys -------------------------------------------------------------------------------===//

Value Sort::constant(Type type, uint64_t bits) {
  Type element = getElementTypeOrSelf(type);
  Attribute number = b.builder.getIntegerAttr(element, APInt(element.getIntOrFloatBitWidth(), bits));
  if (auto vector = dyn_cast<VectorType>(type))
    number = SplatElementsAttr::get(vector, number);
  return b.create<arith::ConstantOp>(type, cast<TypedAttr>(number));
}

Type Sort::withWidth(Type type, int64_t width) {
  Type integer = IntegerType::get(type.getContext(), width);
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(integer);
  return integer;
}

/// A negative float has all bits but that of the sign turned around; a NaN is above all. Of a float's magnitude or of its
/// key, this makes the other.
static Value turned(IndexBuilder b, Value bits, Value allButSign, Value signBits) {
  Value isNegative = b.create<arith::ShRSIOp>(bits, signBits);
  return b.create<arith::XOrIOp>(bits, b.create<arith::AndIOp>(isNegative, allButSign));
}

Value Sort::keyOf(Value value) {
  Value bits = value;
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  Type type = withWidth(value.getType(), width), wide = withWidth(value.getType(), std::max<int64_t>(width, 32));
  if (isa<FloatType>(element)) {
    Value zero = b.create<arith::ConstantOp>(b.builder.getZeroAttr(value.getType()));
    Value isZero = b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, value, zero);
    Value real = wantsIndices ? choose(isZero, zero, value) : value; // zeros are equal
    Value most = constant(type, llvm::maskTrailingOnes<uint64_t>(width - 1));
    bits = turned(b, b.create<arith::BitcastOp>(type, real), most, constant(type, width - 1));
    bits = choose(b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value), most, bits);
  }
  if (type != wide && isUnsigned)
    bits = b.create<arith::ExtUIOp>(wide, bits);
  else if (type != wide)
    bits = b.create<arith::ExtSIOp>(wide, bits);
  else if (isUnsigned)
    bits = b.create<arith::XOrIOp>(bits, constant(wide, uint64_t(1) << (width - 1)));
  return op.getLargest() ? b.create<arith::XOrIOp>(bits, constant(wide, ~uint64_t(0))) : bits;
}

Value Sort::valueOf(Value bits) {
  Type wide = bits.getType(), type = withWidth(wide, width);
  if (op.getLargest())
    bits = b.create<arith::XOrIOp>(bits, constant(wide, ~uint64_t(0)));
  if (type != wide)
    bits = b.create<arith::TruncIOp>(type, bits);
  else if (element.isUnsignedInteger())
    bits = b.create<arith::XOrIOp>(bits, constant(wide, uint64_t(1) << (width - 1)));
  if (!isa<FloatType>(element))
    return bits;
  Value most = constant(type, llvm::maskTrailingOnes<uint64_t>(width - 1));
  bits = turned(b, bits, most, constant(type, width - 1));
  auto vector = dyn_cast<VectorType>(wide);
  return b.create<arith::BitcastOp>(vector ? Type(vector.clone(element)) : element, bits);
}

Value Sort::keyAndPlace(ElementEmitter &e, Value bits, const AxisPoint &place, bool lowerHalf) {
  if (!wantsIndices)
    return bits;
  Type type = withWidth(bits.getType(), 64);
  if (bits.getType() != type)
    bits = b.create<arith::ExtSIOp>(type, bits);
  if (rounds == 1 || lowerHalf)
    bits = b.create<arith::ShLIOp>(bits, constant(type, kPlaceBits));
  if (lowerHalf) // which has no sign
    bits = b.create<arith::XOrIOp>(bits, constant(type, uint64_t(1) << 63));
  else if (rounds > 1)
    bits = b.create<arith::AndIOp>(bits, constant(type, ~llvm::maskTrailingOnes<uint64_t>(kPlaceBits)));
  return b.create<arith::OrIOp>(bits, b.create<arith::IndexCastOp>(type, e.indexOf(place)));
}

Value Sort::placeIn(Value bits) {
  return b.create<arith::AndIOp>(bits, constant(bits.getType(), llvm::maskTrailingOnes<uint64_t>(kPlaceBits)));
}

AxisPoint Sort::pointAt(ElementEmitter &e, Value place) {
  Value index = b.create<arith::IndexCastOp>(e.valueType(b.builder.getIndexType()), place);
  return e.lanes == 1 ? AxisPoint{index, 0, {}} : AxisPoint{kernel.index(0), 0, index};
}

//===--- Chunks -----------------------------------------------------------------------------===//

void Sort::emitChunk(Value phase, Value number, Index first) {
  line = firstOfLine(kernel, dims, axis, number);
  keys = ofLine(keyMemory, number);
  places = rounds > 1 ? ofLine(placeMemory, number) : Value();
  from = b.value(first);
  to = b.value(b.min(b.add(first, chunk), kernel.dim(extent.ceildiv(sorted) * sorted)));
  for (int64_t few : llvm::reverse(fewRegisters)) {
    Value size = kernel.index(few * vector.getNumElements());
    to = choose(b.lessThan(size, kernel.dim(extent)), to, size);
  }
  end = b.value(b.min(to, kernel.dim(dims[axis])));
  // An odd number of levels leaves the keys in the other half.
  chosen = kernel.multiply(b.value(b.rem(kernel.dim(levels), 2)), kernel.dim(half));

  Index each = kernel.dim(phasesPerRound), step = b.rem(phase, each), round = b.div(phase, each);
  Value isFirst = isEqual(b.value(step), kernel.index(0));
  Dim together = Dim(1) + (Dim(1) - isLong) * (rounds - 1); // rounds of a phase
  b.loop(round, b.add(round, kernel.dim(together)), 1, [&](Index round) {
    b.branch(isFirst, [&] {
      load(b.value(round));
      sortBlocks();
    });
    Dim within = levelsFrom(extent, sorted, chunk);
    Value level = choose(isFirst, kernel.index(0), b.value(b.add(step, llvm::Log2_64(chunk / sorted) - 1)));
    Value count = choose(isFirst, kernel.dim(within), kernel.index(1));
    if (!levels.isEqualTo(0))
      kernel.forRange(level, b.value(b.add(level, count)), kernel.index(1), [&](Value level) { mergeLists(level); });
    Value isLast = b.create<arith::AndIOp>(isEqual(b.value(b.add(step, 1)), b.value(each)),
                                           isEqual(b.value(round), kernel.index(rounds - 1)));
    b.branch(isLast, [&] { store(); });
  });
}

void Sort::load(Value round) {
  ElementEmitter scalar(kernel, 1);
  auto first = [&] {
    forVectors(scalar, from, end, [&](ElementEmitter &e, const AxisPoint &place) {
      Value key = keyOf(e.at(op.getOperand(), onLine(line, axis, place)));
      put(e, keyAndPlace(e, key, place, /*lowerHalf=*/rounds > 1), place);
    });
  };
  auto second = [&] {
    forVectors(scalar, from, end, [&](ElementEmitter &e, const AxisPoint &place) {
      AxisPoint before{kernel.add(place.base, chosen), place.lane, {}};
      Value origin = placeIn(e.load(keys, this->key, half * 2, Point{before}));
      Type narrow = withWidth(origin.getType(), kPlaceBits);
      e.store(b.create<arith::TruncIOp>(narrow, origin), places, half, Point{place});
      Value key = keyOf(e.at(op.getOperand(), onLine(line, axis, pointAt(e, origin))));
      put(e, keyAndPlace(e, key, place, /*lowerHalf=*/false), place);
    });
  };
  if (rounds == 1)
    first();
  else
    b.branch(isEqual(round, kernel.index(0)), first, second);
  fill();
}

void Sort::put(ElementEmitter &e, Value bits, const AxisPoint &place) {
  if (!e.mask)
    return e.store(bits, keys, half, Point{place});
  // All lanes, as a processor waits for a masked store before it loads a vector from there.
  kernel.storeVector(choose(e.mask, bits, constant(bits.getType(), most())), keys, place.base);
}

/// What fills the last block stays behind all elements.
void Sort::fill() {
  int64_t lanes = vectorLanes(kernel.level);
  Value whole = b.value(b.add(from, b.mul(b.ceilDiv(b.sub(end, from), lanes), lanes)));
  if (!kernel.level.masks)
    kernel.forRange(end, whole, kernel.index(1),
                    [&](Value i) { b.create<memref::StoreOp>(constant(key, most()), keys, i); });
  Value vector = constant(VectorType::get(lanes, key), most());
  kernel.forRange(whole, to, kernel.index(lanes), [&](Value i) { kernel.storeVector(vector, keys, i); });
}

void Sort::sortBlocks() {
  Value size = b.value(b.sub(to, from));
  std::function<void(ArrayRef<int64_t>)> choice = [&](ArrayRef<int64_t> few) {
    if (few.empty())
      return sortBlocks(registers);
    b.branch(
        isEqual(size, kernel.index(few[0] * vector.getNumElements())), [&] { sortBlocks(few[0]); },
        [&] { choice(few.drop_front()); });
  };
  choice(fewRegisters);
}

void Sort::sortBlocks(int64_t registers) {
  kernel.forRange(from, to, kernel.index(registers * vector.getNumElements()), [&](Value at) {
    SmallVector<Value> vectors;
    for (int64_t i = 0; i < registers; ++i)
      vectors.push_back(loadKeys(kernel.add(at, i * vector.getNumElements())));
    SortNetwork network(b, std::move(vectors));
    network.sort();
    for (auto [i, vector] : llvm::enumerate(network.registers))
      kernel.storeVector(vector, keys, kernel.add(at, i * this->vector.getNumElements()));
  });
}

void Sort::store() {
  ElementEmitter scalar(kernel, 1);
  forVectors(scalar, from, end, [&](ElementEmitter &e, const AxisPoint &place) {
    AxisPoint at{kernel.add(place.base, chosen), place.lane, {}};
    // All lanes, as in put.
    Value key = ElementEmitter(kernel, e.lanes).load(keys, this->key, half * 2, Point{at}), index, value;
    if (!wantsIndices) {
      value = valueOf(key);
    } else {
      index = placeIn(key);
      if (rounds > 1) {
        Value origin = e.load(places, placeMemory.element, half, Point{pointAt(e, index)});
        index = b.create<arith::ExtUIOp>(e.valueType(this->key), origin);
      }
      // A key knows neither the sign of a zero nor which NaN it was.
      value = wantsValues ? e.at(op.getOperand(), onLine(line, axis, pointAt(e, index))) : Value();
    }
    storeOrdered(e, op, onLine(line, axis, place), value, index);
  });
}

//===--- Merging ----------------------------------------------------------------------------===//

/// Lists of (sorted << level) elements become ones twice as long, in the other half of the memory.
void Sort::mergeLists(Value level) {
  Value width = b.create<arith::ShLIOp>(kernel.index(sorted / block), level);
  Value in = kernel.multiply(b.value(b.rem(level, 2)), kernel.dim(half));
  Value out = b.value(b.sub(kernel.dim(half), in));
  kernel.forRange(b.value(b.div(from, block)), b.value(b.div(to, block)), kernel.multiply(width, kernel.index(2)),
                  [&](Value first) { mergePart(first, width, in, out); });
}

/// Of the merger of two lists of `width` blocks, what is in the chunk from block `first` of the line on. The last lists of
/// a line may be shorter, or missing.
void Sort::mergePart(Value first, Value width, Value in, Value out) {
  Value zero = kernel.index(0);
  Value begin = b.create<arith::AndIOp>(first, b.value(b.sub(b.index(0), kernel.multiply(width, kernel.index(2)))));
  Value present = b.value(b.sub(kernel.dim(extent.ceildiv(sorted) * (sorted / block)), begin));
  Value aCount = b.value(b.min(width, present)), bCount = b.value(b.min(width, b.sub(present, aCount)));
  Value count = kernel.add(aCount, bCount);
  Value firstOut = b.value(b.sub(first, begin));
  Value lastOut = b.value(b.min(b.sub(b.div(to, block), begin), count));
  Value a = b.value(b.add(in, b.mul(begin, block))), aEnd = b.value(b.add(a, b.mul(aCount, block)));
  Value bEnd = b.value(b.add(aEnd, b.mul(bCount, block)));
  Value target = b.value(b.add(out, b.mul(begin, block)));

  // What is left of all blocks before is left of the last of each list: these two go first, for nothing.
  Value aBefore = bisect(a, aEnd, firstOut, aCount, bCount);
  Index aSkipped = b.max(b.sub(aBefore, 1), zero), bSkipped = b.max(b.sub(b.sub(firstOut, aBefore), 1), zero);
  Heads heads{b.value(b.add(a, b.mul(aSkipped, block))), b.value(b.add(aEnd, b.mul(bSkipped, block)))};
  Value at = take(heads, aEnd, bEnd);
  SmallVector<Value> carried{heads.a, heads.b};
  for (int64_t i = blockRegisters; i-- > 0;)
    carried.push_back(reversed(loadKeys(kernel.add(at, i * vector.getNumElements()))));

  auto storeBlock = [&](ArrayRef<Value> vectors, Index number) {
    Value at = b.value(b.add(target, b.mul(number, block)));
    for (auto [i, vector] : llvm::enumerate(vectors))
      kernel.storeVector(vector, keys, kernel.add(at, i * this->vector.getNumElements()));
  };
  Index start = b.add(b.add(aSkipped, bSkipped), 1), stop = b.min(b.add(lastOut, 1), count);
  b.carry(start, stop, 1, carried, [&](Index step, SmallVectorImpl<Value> &carried) {
    Heads heads{carried[0], carried[1]};
    Value at = take(heads, aEnd, bEnd);
    fetchAhead(at);
    SmallVector<Value> vectors;
    for (int64_t i = 0; i < blockRegisters; ++i)
      vectors.push_back(loadKeys(kernel.add(at, i * vector.getNumElements())));
    vectors.append(carried.begin() + 2, carried.end());
    SortNetwork network(b, std::move(vectors));
    network.merge();
    storeBlock(ArrayRef(network.registers).take_front(blockRegisters), b.max(b.sub(step, 1), firstOut));
    carried.assign({heads.a, heads.b});
    llvm::append_range(carried, ArrayRef(network.registers).drop_front(blockRegisters));
  });
  b.branch(isEqual(lastOut, count), [&] {
    SmallVector<Value> rest;
    for (Value vector : llvm::reverse(ArrayRef(carried).drop_front(2)))
      rest.push_back(reversed(vector));
    storeBlock(rest, b.sub(count, 1));
  });
}

Value Sort::take(Heads &heads, Value aEnd, Value bEnd) {
  Value isSmaller = b.create<arith::CmpIOp>(arith::CmpIPredicate::sle, read(heads.a), read(heads.b));
  isSmaller = b.create<arith::OrIOp>(isSmaller, isEqual(heads.b, bEnd));
  isSmaller = b.create<arith::AndIOp>(isSmaller, b.lessThan(heads.a, aEnd));
  Value at = choose(isSmaller, heads.a, heads.b);
  Value aNext = choose(isSmaller, kernel.add(heads.a, block), heads.a);
  heads.b = choose(isSmaller, heads.b, kernel.add(heads.b, block));
  heads.a = aNext;
  return at;
}

void Sort::fetchAhead(Value at) {
  constexpr unsigned kLineBits = 512, kFirstCache = 3;
  for (int64_t i = 0; i < block; i += kLineBits / key.getIntOrFloatBitWidth())
    b.create<memref::PrefetchOp>(keys, kernel.add(at, block * 2 + i), /*isWrite=*/false, kFirstCache, /*isDataCache=*/true);
}

Value Sort::bisect(Value a, Value other, Value count, Value most, Value mostOfOther) {
  Type index = b.builder.getIndexType();
  Value low = b.value(b.max(b.sub(count, mostOfOther), 0)), high = b.value(b.min(count, most));
  auto loop = b.create<scf::WhileOp>(TypeRange{index, index}, ValueRange{low, high});
  Location loc = b.builder.getLoc();
  OpBuilder::InsertionGuard guard(b.builder);
  Block *before = b.builder.createBlock(&loop.getBefore(), {}, {index, index}, {loc, loc});
  b.create<scf::ConditionOp>(b.lessThan(before->getArgument(0), before->getArgument(1)), before->getArguments());
  Block *after = b.builder.createBlock(&loop.getAfter(), {}, {index, index}, {loc, loc});
  low = after->getArgument(0), high = after->getArgument(1);
  Index middle = b.div(b.add(low, high), 2), opposite = b.sub(b.sub(count, 1), middle);
  Value isBefore = b.create<arith::CmpIOp>(arith::CmpIPredicate::sle, read(b.value(b.add(a, b.mul(middle, block)))),
                                           read(b.value(b.add(other, b.mul(opposite, block)))));
  low = choose(isBefore, b.value(b.add(middle, 1)), low);
  high = choose(isBefore, high, b.value(middle));
  b.create<scf::YieldOp>(ValueRange{low, high});
  return loop.getResult(0);
}

Value Sort::reversed(Value vector) {
  int64_t lanes = this->vector.getNumElements();
  return b.create<vector::ShuffleOp>(vector, vector, llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, lanes))));
}

} // namespace

LogicalResult emitSort(KernelFunction &kernel) {
  auto op = kernel.find<TopKOp>();
  if (!op)
    return kernel.source.emitError() << "has no top_k";
  Sort(kernel, op).emit();
  return success();
}

} // namespace quern
