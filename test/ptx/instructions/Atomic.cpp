// atom and red. Lanes update one after the other, from the lowest; a kernel with atomics on global memory runs its
// blocks in order.
#include "test/ptx/decode/FunctionDecoder.h"
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/instructions/SmallFloat.h"
#include "test/ptx/machine/Addresses.h"
#include <cstring>

namespace quern::ptx {
namespace {

enum class Update : uint8_t { Add, Min, Max, And, Or, Xor, Exch, Inc, Dec, Cas };

template <Update U, class T> T updated(T old, T b, T c) {
  if constexpr (U == Update::Add)
    return static_cast<T>(old + b);
  if constexpr (U == Update::Min)
    return std::min(old, b);
  if constexpr (U == Update::Max)
    return std::max(old, b);
  if constexpr (U == Update::Exch)
    return b;
  if constexpr (U == Update::Cas)
    return old == b ? c : old;
  if constexpr (std::is_integral_v<T>) {
    if constexpr (U == Update::And)
      return old & b;
    if constexpr (U == Update::Or)
      return old | b;
    if constexpr (U == Update::Xor)
      return old ^ b;
    if constexpr (U == Update::Inc)
      return old >= b ? 0 : old + 1;
    if constexpr (U == Update::Dec)
      return old == 0 || old > b ? b : old - 1;
  }
  return old;
}

/// rows[0] = old value at [rows[1]]; operands at rows[2], rows[3].
template <Update U, class T> void run(Warp &warp, const Op &op, Mask mask) {
  Pointers pointers;
  resolve(warp, op, 1, mask, sizeof(T), Access::Atomic, pointers);
  const T *b = warp.row<T>(op.rows[2]), *c = warp.row<T>(op.rows[3]);
  T *result = warp.row<T>(op.rows[0]);
  forEachLane(mask, [&](unsigned lane) {
    T old;
    std::memcpy(&old, pointers.of[lane], sizeof old);
    T now = updated<U>(old, b[lane], c[lane]);
    std::memcpy(pointers.of[lane], &now, sizeof now);
    result[lane] = old;
  });
}

/// Adds the 16-bit floats of a word.
template <class Format, class Word> void addHalves(Warp &warp, const Op &op, Mask mask) {
  Pointers pointers;
  resolve(warp, op, 1, mask, sizeof(Word), Access::Atomic, pointers);
  const Word *b = warp.row<Word>(op.rows[2]);
  Word *result = warp.row<Word>(op.rows[0]);
  forEachLane(mask, [&](unsigned lane) {
    Word old, now = 0, by = b[lane];
    std::memcpy(&old, pointers.of[lane], sizeof old);
    for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16) {
      double sum = addToOdd(float(Format{static_cast<uint16_t>(old >> shift)}),
                            float(Format{static_cast<uint16_t>(by >> shift)}));
      now |= static_cast<Word>(Word(Format::from(sum).bits) << shift);
    }
    std::memcpy(pointers.of[lane], &now, sizeof now);
    result[lane] = old;
  });
}

template <class T> Handler arithmeticHandler(Update update) {
  switch (update) {
  case Update::Add:
    return run<Update::Add, T>;
  case Update::Min:
    return run<Update::Min, T>;
  case Update::Max:
    return run<Update::Max, T>;
  case Update::Inc:
    return std::is_same_v<T, uint32_t> ? run<Update::Inc, T> : nullptr;
  case Update::Dec:
    return std::is_same_v<T, uint32_t> ? run<Update::Dec, T> : nullptr;
  default:
    return nullptr;
  }
}

template <class T> Handler bitHandler(Update update) {
  switch (update) {
  case Update::And:
    return run<Update::And, T>;
  case Update::Or:
    return run<Update::Or, T>;
  case Update::Xor:
    return run<Update::Xor, T>;
  case Update::Exch:
    return run<Update::Exch, T>;
  case Update::Cas:
    return run<Update::Cas, T>;
  default:
    return nullptr;
  }
}

Handler handlerOf(Update update, Type type) {
  if (type.kind == Kind::Bits)
    return type.bits == 16   ? update == Update::Cas ? run<Update::Cas, uint16_t> : nullptr
           : type.bits == 32 ? bitHandler<uint32_t>(update)
           : type.bits == 64 ? bitHandler<uint64_t>(update)
                             : nullptr;
  if (type == kU32 || type == kS32)
    return type == kU32 ? arithmeticHandler<uint32_t>(update) : arithmeticHandler<int32_t>(update);
  if (type == kU64 || type == kS64)
    return type == kU64 ? arithmeticHandler<uint64_t>(update) : arithmeticHandler<int64_t>(update);
  if (update != Update::Add)
    return nullptr;
  if (type == kF32 || type == kF64)
    return type == kF32 ? run<Update::Add, float> : run<Update::Add, double>;
  if (type.kind == Kind::Float)
    return type.packed ? addHalves<Half, uint32_t> : addHalves<Half, uint16_t>;
  return type.packed ? addHalves<BFloat16, uint32_t> : addHalves<BFloat16, uint16_t>;
}

void makeAtomic(Instruction &in, bool hasResult) {
  int found = in.modifiers.takeOneOf({"add", "min", "max", "and", "or", "xor", "exch", "inc", "dec", "cas"});
  if (found < 0)
    in.fail("has no operation");
  Update update = static_cast<Update>(found);
  in.modifiers.takeOneOf({"relaxed", "acquire", "release", "acq_rel"});
  in.modifiers.takeOneOf({"cta", "cluster", "gpu", "sys"});
  in.take("noftz"); // f16 and bf16 keep subnormals here anyway
  Space space = in.space();
  Type type = in.type();
  bool isCas = update == Update::Cas;
  in.expectOperands(hasResult + 2 + isCas);
  const Operand *operand = in.operands.data();
  in.op.rows[0] = hasResult ? in.result(*operand++, type) : in.scratch(type);
  in.address(*operand++, 1, space);
  in.op.rows[2] = in.source(*operand++, type);
  if (isCas)
    in.op.rows[3] = in.source(*operand, type);
  if (in.op.space != Space::Shared)
    in.function.code.hasGlobalAtomics = true;
  in.emit(handlerOf(update, type));
}

} // namespace

void decodeAtom(Instruction &in) {
  makeAtomic(in, true);
}
void decodeRed(Instruction &in) {
  makeAtomic(in, false);
}

} // namespace quern::ptx
