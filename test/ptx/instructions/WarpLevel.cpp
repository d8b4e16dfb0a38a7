// shfl, vote, match, redux, activemask, elect.
#include "test/ptx/instructions/WarpLevel.h"

namespace quern::ptx {

bool gatherMembers(Warp &warp, uint32_t maskRow, Mask &mask) {
  const Mask *members = warp.row<Mask>(maskRow);
  Mask needed = members[__builtin_ctz(mask)];
  if (!warp.gather(mask, needed))
    return false;
  forEachLane(mask, [&](unsigned lane) {
    if (members[lane] != needed || !(needed >> lane & 1))
      throw Fault{FaultKind::Instruction,
                  "the lanes disagree on the membermask " + hex(needed) + ", or one is not in it",
                  static_cast<int>(lane)};
  });
  return true;
}

namespace {

enum class Shuffle : uint8_t { Up, Down, Bfly, Idx };

/// The lane that `lane` reads, and whether it is within the segment.
template <Shuffle S> std::pair<unsigned, bool> sourceLane(unsigned lane, uint32_t b, uint32_t c) {
  int by = b & 31;
  unsigned clamp = c & 31, segment = c >> 8 & 31;
  int last = static_cast<int>((lane & segment) | (clamp & ~segment)), first = lane & segment, own = lane, source = own;
  bool isInside = false;
  switch (S) {
  case Shuffle::Up:
    source = own - by;
    isInside = source >= last;
    break;
  case Shuffle::Down:
    source = own + by;
    isInside = source <= last;
    break;
  case Shuffle::Bfly:
    source = own ^ by;
    isInside = source <= last;
    break;
  case Shuffle::Idx:
    source = first | (by & ~static_cast<int>(segment));
    isInside = source <= last;
    break;
  }
  return {isInside ? source : own, isInside};
}

/// rows: d, p, a, b, c, membermask.
template <Shuffle S> void shuffle(Warp &warp, const Op &op, Mask mask) {
  if (!gatherMembers(warp, op.rows[5], mask))
    return;
  std::array<uint32_t, kLanes> values;
  std::copy_n(warp.row<uint32_t>(op.rows[2]), kLanes, values.begin());
  const uint32_t *b = warp.row<uint32_t>(op.rows[3]), *c = warp.row<uint32_t>(op.rows[4]);
  std::array<uint32_t, kLanes> results;
  Mask inside = 0;
  forEachLane(mask, [&](unsigned lane) {
    auto [source, isInside] = sourceLane<S>(lane, b[lane], c[lane]);
    if (!(mask >> source & 1))
      throw Fault{FaultKind::Instruction, "reads lane " + std::to_string(source) + ", which does not take part",
                  static_cast<int>(lane)};
    results[lane] = values[source];
    inside |= Mask(isInside) << lane;
  });
  writeLanes<uint32_t>(warp, op.rows[0], mask, [&](unsigned lane) { return results[lane]; });
  writePredicate(warp, op.rows[1], mask, [&](unsigned lane) { return inside >> lane & 1; });
}

enum class Vote : uint8_t { All, Any, Uni, Ballot };

/// rows: d, a, membermask.
template <Vote V> void vote(Warp &warp, const Op &op, Mask mask) {
  if (!gatherMembers(warp, op.rows[2], mask))
    return;
  Mask ballot = *warp.row<Mask>(op.rows[1]) & mask;
  if constexpr (V == Vote::Ballot)
    return writeLanes<Mask>(warp, op.rows[0], mask, [&](unsigned) { return ballot; });
  bool value = V == Vote::All ? ballot == mask : V == Vote::Any ? ballot != 0 : ballot == mask || ballot == 0;
  writePredicate(warp, op.rows[0], mask, [&](unsigned) { return value; });
}

/// rows: d, p, a, membermask. `IsAll`: the mask of all lanes if their values agree, else 0.
template <class T, bool IsAll> void match(Warp &warp, const Op &op, Mask mask) {
  if (!gatherMembers(warp, op.rows[3], mask))
    return;
  const T *values = warp.row<T>(op.rows[2]);
  std::array<Mask, kLanes> equal = {};
  Mask same = 0;
  forEachLane(mask, [&](unsigned lane) {
    forEachLane(mask, [&](unsigned other) { equal[lane] |= Mask(values[other] == values[lane]) << other; });
    same |= Mask(equal[lane] == mask) << lane;
    if (IsAll && equal[lane] != mask)
      equal[lane] = 0;
  });
  writeLanes<Mask>(warp, op.rows[0], mask, [&](unsigned lane) { return equal[lane]; });
  writePredicate(warp, op.rows[1], mask, [&](unsigned lane) { return same >> lane & 1; });
}

template <class T> T reduce(int operation, T a, T b) {
  switch (operation) {
  case 0:
    return a + b;
  case 1:
    return std::min(a, b);
  case 2:
    return std::max(a, b);
  case 3:
    return a & b;
  case 4:
    return a | b;
  default:
    return a ^ b;
  }
}

/// rows: d, a, membermask.
template <class T> void redux(Warp &warp, const Op &op, Mask mask) {
  if (!gatherMembers(warp, op.rows[2], mask))
    return;
  const T *values = warp.row<T>(op.rows[1]);
  unsigned first = __builtin_ctz(mask);
  T result = values[first];
  forEachLane(mask & (mask - 1), [&](unsigned lane) { result = reduce<T>(op.variant, result, values[lane]); });
  writeLanes<T>(warp, op.rows[0], mask, [&](unsigned) { return result; });
}

void elect(Warp &warp, const Op &op, Mask mask) {
  if (!gatherMembers(warp, op.rows[2], mask))
    return;
  uint32_t leader = __builtin_ctz(mask);
  writeLanes<uint32_t>(warp, op.rows[0], mask, [&](unsigned) { return leader; });
  writePredicate(warp, op.rows[1], mask, [&](unsigned lane) { return lane == leader; });
}

void activemask(Warp &warp, const Op &op, Mask mask) {
  writeLanes<Mask>(warp, op.rows[0], mask, [&](unsigned) { return mask; });
}

/// d or d|p to rows[0] and rows[1].
void makePair(Instruction &in, const Operand &operand, Type type) {
  bool isPair = operand.kind == Operand::Kind::Pair;
  in.op.rows[0] = in.result(isPair ? operand.elements[0] : operand, type);
  in.op.rows[1] = isPair ? in.result(operand.elements[1], kPred) : in.scratch(kPred);
}

void requireSync(Instruction &in) {
  if (!in.take("sync"))
    in.fail("is supported with .sync only");
}

} // namespace

void decodeShfl(Instruction &in) {
  static constexpr Handler handlers[] = {shuffle<Shuffle::Up>, shuffle<Shuffle::Down>, shuffle<Shuffle::Bfly>,
                                         shuffle<Shuffle::Idx>};
  requireSync(in);
  int mode = in.modifiers.takeOneOf({"up", "down", "bfly", "idx"});
  if (mode < 0)
    in.fail("has no mode");
  if (in.type() != kB32)
    in.unsupported();
  in.expectOperands(5);
  makePair(in, in.operands[0], kB32);
  for (unsigned i = 1; i < 5; ++i)
    in.op.rows[1 + i] = in.source(in.operands[i], kB32);
  in.emit(handlers[mode]);
}

void decodeVote(Instruction &in) {
  static constexpr Handler handlers[] = {vote<Vote::All>, vote<Vote::Any>, vote<Vote::Uni>, vote<Vote::Ballot>};
  requireSync(in);
  int mode = in.modifiers.takeOneOf({"all", "any", "uni", "ballot"});
  if (mode < 0)
    in.fail("has no mode");
  in.make(handlers[mode], {in.type()}, {kPred, kB32});
}

void decodeMatch(Instruction &in) {
  requireSync(in);
  int mode = in.modifiers.takeOneOf({"any", "all"});
  Type type = in.type();
  if (mode < 0 || (type != kB32 && type != kB64))
    in.unsupported();
  in.expectOperands(3);
  makePair(in, in.operands[0], kB32);
  in.op.rows[2] = in.source(in.operands[1], type);
  in.op.rows[3] = in.source(in.operands[2], kB32);
  bool isWide = type == kB64;
  in.emit(mode == 1 ? isWide ? match<uint64_t, true> : match<uint32_t, true>
          : isWide ? match<uint64_t, false>
                    : match<uint32_t, false>);
}

void decodeRedux(Instruction &in) {
  requireSync(in);
  int operation = in.modifiers.takeOneOf({"add", "min", "max", "and", "or", "xor"});
  Type type = in.type();
  if (operation < 0 || !type.isInteger() || type.bits != 32)
    in.unsupported();
  in.op.variant = operation;
  in.make(type.isSigned() ? redux<int32_t> : redux<uint32_t>, {type}, {type, kB32});
}

void decodeElect(Instruction &in) {
  requireSync(in);
  in.expectOperands(2);
  makePair(in, in.operands[0], kB32);
  in.op.rows[2] = in.source(in.operands[1], kB32);
  in.emit(elect);
}

void decodeActivemask(Instruction &in) {
  in.make(activemask, {in.type()}, {});
}

} // namespace quern::ptx
