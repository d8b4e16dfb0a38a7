// ld, st, prefetch.
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/machine/Addresses.h"
#include "test/ptx/machine/Block.h"
#include <cstring>

namespace quern::ptx {
namespace {

/// Elements of type Memory to registers of type Register: rows[0..count) = [rows[count]].
template <class Memory, class Register> void load(Warp &warp, const Op &op, Mask mask) {
  Pointers pointers;
  resolve(warp, op, op.count, mask, sizeof(Memory) * op.count, Access::Read, pointers);
  for (unsigned i = 0; i < op.count; ++i) {
    Register *result = warp.row<Register>(op.rows[i]);
    forEachLane(mask, [&](unsigned lane) {
      Memory value;
      std::memcpy(&value, pointers.of[lane] + i * sizeof(Memory), sizeof value);
      result[lane] = static_cast<Register>(value);
    });
  }
}

/// Two lanes that write the same byte of shared memory must write the same value: what lies there is the last lane's.
template <class Memory, class Register>
void checkStored(Warp &warp, const Op &op, Mask mask, const Pointers &pointers) {
  SharedMemory &shared = warp.block.shared;
  auto isShared = [&](const uint8_t *at) { return at >= shared.data() && at < shared.data() + shared.size(); };
  for (unsigned i = 0; i < op.count; ++i)
    forEachLane(mask, [&](unsigned lane) {
      Memory value = static_cast<Memory>(warp.row<Register>(op.rows[i])[lane]);
      if (isShared(pointers.of[lane]) && std::memcmp(&value, pointers.of[lane] + i * sizeof(Memory), sizeof value))
        throw Fault{FaultKind::Race, "race: another lane of the warp writes other values to the same shared memory",
                    static_cast<int>(lane)};
    });
}

/// [rows[count]] = rows[0..count).
template <class Memory, class Register> void store(Warp &warp, const Op &op, Mask mask) {
  Pointers pointers;
  resolve(warp, op, op.count, mask, sizeof(Memory) * op.count, Access::Write, pointers);
  for (unsigned i = 0; i < op.count; ++i) {
    const Register *source = warp.row<Register>(op.rows[i]);
    forEachLane(mask, [&](unsigned lane) {
      Memory value = static_cast<Memory>(source[lane]);
      std::memcpy(pointers.of[lane] + i * sizeof(Memory), &value, sizeof value);
    });
  }
  if (op.space == Space::Shared || op.space == Space::Generic)
    checkStored<Memory, Register>(warp, op, mask, pointers);
}

template <class Memory> Handler accessHandler(bool isLoad, unsigned registerBytes) {
  // Extends by the sign when Memory is signed.
  auto pick = [&]<class Register>(Register) -> Handler {
    if constexpr (sizeof(Register) >= sizeof(Memory))
      return isLoad ? load<Memory, Register> : store<Memory, Register>;
    else
      return nullptr;
  };
  switch (registerBytes) {
  case 1:
    return pick(uint8_t());
  case 2:
    return pick(uint16_t());
  case 4:
    return pick(uint32_t());
  default:
    return pick(uint64_t());
  }
}

Handler accessHandler(Type type, bool isLoad, unsigned registerBytes) {
  switch (type.bytes()) {
  case 1:
    return type.isSigned() ? accessHandler<int8_t>(isLoad, registerBytes)
                           : accessHandler<uint8_t>(isLoad, registerBytes);
  case 2:
    return type.isSigned() ? accessHandler<int16_t>(isLoad, registerBytes)
                           : accessHandler<uint16_t>(isLoad, registerBytes);
  case 4:
    return type.isSigned() ? accessHandler<int32_t>(isLoad, registerBytes)
                           : accessHandler<uint32_t>(isLoad, registerBytes);
  case 8:
    return accessHandler<uint64_t>(isLoad, registerBytes);
  default:
    return nullptr;
  }
}

/// Orders, scopes and caches make no difference to a machine that runs one instruction after the other.
void takeMemoryHints(Instruction &in) {
  in.modifiers.takeOneOf({"weak", "relaxed", "acquire", "release", "volatile", "mmio"});
  in.modifiers.takeOneOf({"cta", "cluster", "gpu", "sys"});
  in.modifiers.takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  in.take("nc");
  in.modifiers.takeOneOf(
      {"L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate"});
  in.modifiers.takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
}

void makeAccess(Instruction &in, bool isLoad) {
  takeMemoryHints(in);
  bool hasPolicy = in.take("L2::cache_hint");
  Space space = in.space();
  unsigned count = std::max(1u, in.modifiers.takeNumber('v'));
  Type type = in.type();
  in.expectOperands(hasPolicy ? 3 : 2);
  const Operand &value = in.operands[isLoad ? 0 : 1], &address = in.operands[isLoad ? 1 : 0];
  bool isVector = value.kind == Operand::Kind::Vector;
  if (isVector ? value.elements.size() != count : count != 1)
    in.fail("the vector has not " + std::to_string(count) + " elements");
  const Operand *first = isVector ? value.elements.data() : &value;
  // Registers may be wider than the element; all of a vector are of one width.
  unsigned bits = type.bytes() * 8;
  for (unsigned i = 0; i < count; ++i)
    bits = std::max(bits, in.registerBits(first[i]));
  Type registerType{type.kind, static_cast<uint8_t>(bits)};
  if (bits == type.bytes() * 8u)
    registerType = type;
  else if (!type.isInteger())
    in.fail("a float's register must be as wide as the float");
  for (unsigned i = 0; i < count; ++i)
    in.op.rows[i] = isLoad ? in.result(first[i], registerType) : in.source(first[i], registerType);
  in.op.count = count;
  in.address(address, count, space);
  if (!isLoad && (in.op.space == Space::Const || in.op.space == Space::Param))
    in.fail("stores to what can not be written");
  in.emit(accessHandler(type, isLoad, bits / 8));
}

} // namespace

void decodeLd(Instruction &in) {
  makeAccess(in, true);
}
void decodeSt(Instruction &in) {
  makeAccess(in, false);
}

/// Nothing is fetched, but the address is decoded.
void decodePrefetch(Instruction &in) {
  in.modifiers.takeOneOf({"L1", "L2", "L2::evict_last", "L2::evict_normal"});
  Space space = in.space();
  in.expectOperands(1);
  in.address(in.operands[0], 0, space);
}

} // namespace quern::ptx
