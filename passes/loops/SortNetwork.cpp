#include "passes/loops/SortNetwork.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern {

SortNetwork::SortNetwork(IndexBuilder builder, SmallVector<Value> registers)
    : registers(std::move(registers)), b(builder),
      lanes(cast<VectorType>(this->registers[0].getType()).getNumElements()), laneBits(llvm::Log2_32(lanes)),
      bits(llvm::to_vector(llvm::seq<int>(0, laneBits + llvm::Log2_32(count())))) {}

/// The number of the element at a place.
int SortNetwork::numberAt(ArrayRef<int> bits, int index, int lane, int mirrored) const {
  int place = lane | index << laneBits, number = 0;
  for (auto [position, bit] : llvm::enumerate(bits))
    number |= (place >> position & 1) << bit;
  return mirrored >= 0 && number >> mirrored & 1 ? number ^ ((1 << mirrored) - 1) : number;
}

void SortNetwork::rearrange(ArrayRef<int> next, int mirrored) {
  SmallVector<int> places(count() * lanes); // of each element, now
  for (int place = 0; place < count() * lanes; ++place)
    places[numberAt(bits, place / lanes, place % lanes, /*mirrored=*/-1)] = place;
  SmallVector<Value> moved;
  for (int index = 0; index < count(); ++index) {
    int first = places[numberAt(next, index, 0, mirrored)] / lanes, second = first;
    SmallVector<int64_t> from;
    for (int lane = 0; lane < lanes; ++lane) {
      int place = places[numberAt(next, index, lane, mirrored)];
      second = place / lanes == first ? second : place / lanes;
      from.push_back(place % lanes + (place / lanes == first ? 0 : lanes));
    }
    bool stays = llvm::equal(from, llvm::seq<int64_t>(0, lanes));
    moved.push_back(stays ? registers[first]
                          : b.create<vector::ShuffleOp>(registers[first], registers[second], from).getResult());
  }
  registers = std::move(moved);
  bits.assign(next.begin(), next.end());
}

void SortNetwork::bring(int bit, int mirrored) {
  SmallVector<int> next(bits);
  int position = llvm::find(next, bit) - next.begin();
  if (position < laneBits)
    std::swap(next[position], next[laneBits]);
  if (position < laneBits || mirrored >= 0)
    rearrange(next, mirrored);
}

void SortNetwork::restore(int mirrored) {
  for (bool isLast = false; !isLast;) {
    SmallVector<int> next(bits);
    auto inLane = [&](int bit) { return bit < laneBits; };
    auto lane = llvm::find_if_not(ArrayRef(next).take_front(laneBits), inLane);
    auto index = llvm::find_if(ArrayRef(next).drop_front(laneBits), inLane);
    if (index != next.end())
      std::swap(next[lane - next.begin()], next[index - next.begin()]);
    isLast = llvm::none_of(ArrayRef(next).drop_front(laneBits), inLane);
    if (isLast)
      llvm::sort(next);
    rearrange(next, isLast ? mirrored : -1);
  }
}

void SortNetwork::compare(Value &low, Value &high) {
  Value smaller = b.create<arith::MinSIOp>(low, high);
  high = b.create<arith::MaxSIOp>(low, high);
  low = smaller;
}

void SortNetwork::compare(int bit) {
  int apart = 1 << (llvm::find(bits, bit) - bits.begin() - laneBits);
  for (int index = 0; index < count(); ++index)
    if (!(index & apart))
      compare(registers[index], registers[index | apart]);
}

void SortNetwork::sortLanes() {
  for (int size = 1; size < count(); size *= 2)
    for (int apart = size; apart > 0; apart /= 2)
      for (int start = apart % size; start + apart < count(); start += 2 * apart)
        for (int i = start; i < std::min(start + apart, count() - apart); ++i)
          if (i / (2 * size) == (i + apart) / (2 * size))
            compare(registers[i], registers[i + apart]);
}

void SortNetwork::sort() {
  // Elements may be numbered as one likes before they are in order: those of a lane one after the other.
  int inRegisters = width() - laneBits;
  for (int position = 0; position < width(); ++position)
    bits[position] = position < laneBits ? position + inRegisters : position - laneBits;
  sortLanes();
  for (int top = inRegisters; top < width(); ++top)
    for (int bit = top; bit >= 0; --bit) {
      bring(bit, bit == top ? top : -1);
      compare(bit);
    }
  restore();
}

void SortNetwork::merge() {
  for (int bit = width() - 1; bit >= 0; --bit) {
    bring(bit);
    compare(bit);
  }
  restore(/*mirrored=*/width() - 1);
}

} // namespace quern
