// mov (also of vectors and clocks), cvta, isspacep.
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/machine/Addresses.h"
#include <chrono>

namespace quern::ptx {
namespace {

template <class T> T same(T a) {
  return a;
}

Handler moveHandler(Type type) {
  if (type == kPred)
    return lanes<same<bool>>;
  switch (type.bytes()) {
  case 2:
    return lanes<same<uint16_t>>;
  case 4:
    return lanes<same<uint32_t>>;
  case 8:
    return lanes<same<uint64_t>>;
  default:
    return nullptr;
  }
}

/// rows[0] = {rows[1], ..., rows[count]}, the first lowest.
template <class Word, class Part> void pack(Warp &warp, const Op &op, Mask mask) {
  forEachLane(mask, [&](unsigned lane) {
    Word word = 0;
    for (unsigned i = 0; i < op.count; ++i)
      word |= Word(warp.row<Part>(op.rows[1 + i])[lane]) << (i * sizeof(Part) * 8);
    warp.row<Word>(op.rows[0])[lane] = word;
  });
}

/// {rows[0], ..., rows[count - 1]} = rows[count].
template <class Word, class Part> void unpack(Warp &warp, const Op &op, Mask mask) {
  forEachLane(mask, [&](unsigned lane) {
    Word word = warp.row<Word>(op.rows[op.count])[lane];
    for (unsigned i = 0; i < op.count; ++i)
      warp.row<Part>(op.rows[i])[lane] = static_cast<Part>(word >> (i * sizeof(Part) * 8));
  });
}

void makeVector(Instruction &in, Type type, bool isPack) {
  const std::vector<Operand> &elements = in.operands[isPack].elements;
  size_t count = elements.size();
  if (type.bytes() > 8 || (count != 2 && count != 4) || type.bytes() < 2 * count)
    in.unsupported();
  Type part{Kind::Bits, static_cast<uint8_t>(type.bytes() * 8 / count)};
  in.op.count = count;
  in.op.rows[isPack ? 0 : count] = isPack ? in.result(in.operands[0], type) : in.source(in.operands[1], type);
  for (size_t i = 0; i < count; ++i)
    in.op.rows[i + isPack] = isPack ? in.source(elements[i], part) : in.result(elements[i], part);
  bool isWide = type.bytes() == 8;
  if (part.bits == 32)
    return in.emit(isPack ? pack<uint64_t, uint32_t> : unpack<uint64_t, uint32_t>);
  if (isWide)
    return in.emit(isPack ? pack<uint64_t, uint16_t> : unpack<uint64_t, uint16_t>);
  in.emit(isPack ? pack<uint32_t, uint16_t> : unpack<uint32_t, uint16_t>);
}

uint64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
template <class T, unsigned Shift> void readClock(Warp &warp, const Op &op, Mask mask) {
  T now = static_cast<T>(nanoseconds() >> Shift);
  writeLanes<T>(warp, op.rows[0], mask, [&](unsigned) { return now; });
}

/// The registers that change while a kernel runs; a clock here ticks once a nanosecond.
bool makeClock(Instruction &in, Type type) {
  static constexpr struct {
    std::string_view name;
    unsigned bytes;
    Handler handler;
  } kClocks[] = {{"%clock", 4, readClock<uint32_t, 0>},          {"%clock_hi", 4, readClock<uint32_t, 32>},
                 {"%clock64", 8, readClock<uint64_t, 0>},        {"%globaltimer", 8, readClock<uint64_t, 0>},
                 {"%globaltimer_lo", 4, readClock<uint32_t, 0>}, {"%globaltimer_hi", 4, readClock<uint32_t, 32>}};
  for (const auto &clock : kClocks)
    if (clock.name == in.operands[1].name) {
      if (clock.bytes != type.bytes())
        in.fail(std::string(clock.name) + " has " + std::to_string(clock.bytes * 8) + " bits");
      in.op.rows[0] = in.result(in.operands[0], type);
      in.emit(clock.handler);
      return true;
    }
  return false;
}

template <int Sign, uint64_t Window> uint64_t moveToWindow(uint64_t address) {
  return address + Sign * Window;
}

template <uint64_t Window> bool isInside(uint64_t address) {
  return isInWindow(address, Window);
}
bool isGlobalAddress(uint64_t address) {
  return address >= kParamWindow + kWindowBytes;
}

} // namespace

void decodeMov(Instruction &in) {
  Type type = in.type();
  in.expectOperands(2);
  if (in.operands[1].kind == Operand::Kind::Vector)
    return makeVector(in, type, true);
  if (in.operands[0].kind == Operand::Kind::Vector)
    return makeVector(in, type, false);
  if (in.operands[1].kind == Operand::Kind::Special && makeClock(in, type))
    return;
  in.make(moveHandler(type), {type}, {type});
}

/// cvta.shared.u64 d, a: to a generic address; cvta.to.shared.u64: back. Global and const addresses are generic ones.
void decodeCvta(Instruction &in) {
  bool isTo = in.take("to");
  Space space = in.space();
  Type type = in.type();
  if (type != kU64 || space == Space::Generic)
    in.unsupported();
  Handler handler = lanes<same<uint64_t>>;
  if (space == Space::Shared)
    handler = isTo ? lanes<moveToWindow<-1, kSharedWindow>> : lanes<moveToWindow<1, kSharedWindow>>;
  else if (space == Space::Local)
    handler = isTo ? lanes<moveToWindow<-1, kLocalWindow>> : lanes<moveToWindow<1, kLocalWindow>>;
  else if (space == Space::Param)
    handler = isTo ? lanes<moveToWindow<-1, kParamWindow>> : lanes<moveToWindow<1, kParamWindow>>;
  in.make(handler, {type}, {type});
}

void decodeIsspacep(Instruction &in) {
  Space space = in.space();
  Handler handler = space == Space::Shared   ? lanes<isInside<kSharedWindow>>
                    : space == Space::Local  ? lanes<isInside<kLocalWindow>>
                    : space == Space::Param  ? lanes<isInside<kParamWindow>>
                    : space == Space::Global ? lanes<isGlobalAddress>
                                             : nullptr;
  in.make(handler, {kPred}, {kU64});
}

} // namespace quern::ptx
