#include "test/ptx/decode/Instruction.h"
#include "test/ptx/decode/FunctionDecoder.h"
#include "test/ptx/machine/Lanes.h"
#include <bit>

namespace quern::ptx {
namespace {

constexpr std::pair<std::string_view, Special> kSpecials[] = {
#define SPECIAL_REGISTER(id, name, value) {name, Special::id},
#include "test/ptx/decode/SpecialRegisters.inc"
};

unsigned widthOf(Type type) {
  return type == kPred ? 1 : type.bytes() * 8;
}

/// The bits of a literal as a value of `type`.
uint64_t literalBits(const Instruction &in, const Operand &operand, Type type) {
  bool isFloat = type.kind == Kind::Float && !type.packed && type.bits >= 32;
  if (operand.literal == Operand::Literal::Integer) {
    if (isFloat)
      in.fail("an integer stands for a value of type f" + std::to_string(type.bits));
    return operand.immediate;
  }
  double value = operand.literal == Operand::Literal::Single
                     ? std::bit_cast<float>(static_cast<uint32_t>(operand.immediate))
                     : std::bit_cast<double>(operand.immediate);
  // mov.b32 %r, 0f3F800000 is a move of bits.
  if (type.kind == Kind::Bits || type == kF64)
    return operand.literal == Operand::Literal::Single && type != kF64 ? operand.immediate
                                                                       : std::bit_cast<uint64_t>(value);
  if (type != kF32)
    in.fail("a float stands for a value of another type");
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

template <class To, class From> void copyRow(Warp &warp, const Op &op, Mask mask) {
  const From *from = warp.row<From>(op.rows[1]);
  writeLanes<To>(warp, op.rows[0], mask, [&](unsigned lane) { return static_cast<To>(from[lane]); });
}

/// From a row of `from`-bit elements to one of `to`-bit elements: truncates, or extends by the sign if `isSigned`.
Handler copyHandler(unsigned to, unsigned from, bool isSigned) {
  auto pick = [&]<class To>(To) -> Handler {
    switch (from) {
    case 8:
      return isSigned ? copyRow<To, int8_t> : copyRow<To, uint8_t>;
    case 16:
      return isSigned ? copyRow<To, int16_t> : copyRow<To, uint16_t>;
    case 32:
      return isSigned ? copyRow<To, int32_t> : copyRow<To, uint32_t>;
    default:
      return isSigned ? copyRow<To, int64_t> : copyRow<To, uint64_t>;
    }
  };
  switch (to) {
  case 8:
    return pick(uint8_t());
  case 16:
    return pick(uint16_t());
  case 32:
    return pick(uint32_t());
  default:
    return pick(uint64_t());
  }
}

} // namespace

Instruction::Instruction(FunctionDecoder &function, const Statement &statement)
    : modifiers(statement.opcode), operands(statement.operands), function(function), statement(statement) {
  op.line = statement.line;
  if (statement.isGuarded) {
    op.isGuarded = true;
    op.isGuardNegated = statement.guard.isNegated;
    op.guard = function.registerRow(statement.guard.reg);
  }
}

void Instruction::fail(const std::string &reason) const {
  throw SyntaxError(statement.line, std::string(statement.opcode) + ": " + reason);
}

void Instruction::unsupported() const {
  throw SyntaxError(statement.line, "'" + std::string(statement.opcode) + "' is not supported");
}

void Instruction::expectOperands(size_t least, size_t most) {
  if (operands.size() < least || operands.size() > most)
    fail("has " + std::to_string(operands.size()) + " operands, needs " + std::to_string(least) +
         (most > least ? " to " + std::to_string(most) : ""));
}

Type Instruction::type() {
  std::optional<Type> type = modifiers.takeType();
  if (!type)
    fail("has no type");
  return *type;
}

Space Instruction::space() {
  if (modifiers.take("param::entry") || modifiers.take("param::func"))
    return Space::Param;
  switch (modifiers.takeOneOf({"param", "shared", "shared::cta", "local", "global", "const"})) {
  case 0:
    return Space::Param;
  case 1:
  case 2:
    return Space::Shared;
  case 3:
    return Space::Local;
  case 4:
    return Space::Global;
  case 5:
    return Space::Const;
  default:
    return Space::Generic;
  }
}

unsigned Instruction::registerBits(const Operand &operand) const {
  if (operand.kind == Operand::Kind::Register)
    return widthOf(function.function.registers[operand.reg]);
  return operand.kind == Operand::Kind::Special ? 32 : 0;
}

uint32_t Instruction::scratch(Type type) {
  return function.allocateRow(type == kPred ? 0 : type.bytes());
}

uint32_t Instruction::constantRow(uint64_t value, Type type) {
  if (type == kPred)
    return function.constantRow(value != 0, 0);
  if (type.bytes() < 8)
    value &= (uint64_t(1) << type.bytes() * 8) - 1;
  return function.constantRow(value, type.bytes());
}

uint32_t Instruction::result(const Operand &operand, Type type) {
  if (operand.kind == Operand::Kind::Sink)
    return scratch(type);
  if (operand.kind != Operand::Kind::Register)
    fail("'" + operand.name + "' can not take a result");
  if (registerBits(operand) != widthOf(type))
    fail("register " + operand.name + " has " + std::to_string(registerBits(operand)) + " bits, the result " +
         std::to_string(widthOf(type)));
  return function.registerRow(operand.reg);
}

uint32_t Instruction::source(const Operand &operand, Type type) {
  switch (operand.kind) {
  case Operand::Kind::Register:
    if (registerBits(operand) != widthOf(type))
      fail("register " + operand.name + " has " + std::to_string(registerBits(operand)) + " bits, the operand " +
           std::to_string(widthOf(type)));
    return operand.isNegated ? negatedPredicate(operand) : function.registerRow(operand.reg);
  case Operand::Kind::Special:
    if (operand.name == "WARP_SZ")
      return constantRow(kLanes, type);
    for (const auto &[name, special] : kSpecials)
      if (name == operand.name) {
        if (widthOf(type) != 32)
          fail(operand.name + " has 32 bits, the operand " + std::to_string(widthOf(type)));
        return function.specialRow(special);
      }
    fail("unknown register '" + operand.name + "'");
  case Operand::Kind::Immediate:
    return constantRow(literalBits(*this, operand, type), type);
  case Operand::Kind::Symbol: {
    if (operand.name == "WARP_SZ")
      return constantRow(kLanes, type);
    if (!operand.variable)
      fail("unknown name '" + operand.name + "'");
    Space space;
    uint32_t row = function.addressRow(*operand.variable, operand.offset, type.bytes(), space);
    if (type.bytes() < (space == Space::Shared ? 4 : 8))
      fail("the address of '" + operand.name + "' needs 64 bits");
    return row;
  }
  default:
    fail("an operand is no value");
  }
}

uint32_t Instruction::negatedPredicate(const Operand &operand) {
  uint32_t row = scratch(kPred), positive = function.registerRow(operand.reg);
  if (registerBits(operand) != 1)
    fail("only a predicate can be negated with '!'");
  emitRows([](Warp &warp, const Op &op, Mask) { *warp.row<Mask>(op.rows[0]) = ~*warp.row<Mask>(op.rows[1]); },
           {row, positive});
  return row;
}

uint32_t Instruction::narrowedSource(const Operand &operand, Type type) {
  unsigned from = registerBits(operand), to = widthOf(type);
  if (operand.kind != Operand::Kind::Register || from <= to || to == 1)
    return source(operand, type);
  uint32_t row = scratch(type);
  emitRows(copyHandler(to, from, false), {row, function.registerRow(operand.reg)});
  return row;
}

uint32_t Instruction::narrowResult(const Operand &operand, Type type) {
  if (operand.kind == Operand::Kind::Register && registerBits(operand) > widthOf(type) && type != kPred)
    return scratch(type);
  return result(operand, type);
}

void Instruction::widenResult(const Operand &operand, Type type, uint32_t row) {
  unsigned to = registerBits(operand), from = widthOf(type);
  if (operand.kind == Operand::Kind::Register && to > from && type != kPred)
    emitRows(copyHandler(to, from, type.isSigned()), {function.registerRow(operand.reg), row});
}

void Instruction::address(const Operand &operand, unsigned index, Space space) {
  if (operand.kind != Operand::Kind::Address)
    fail("expected an address in brackets");
  const Operand &base = operand.elements[0];
  op.immediate = operand.offset;
  op.space = space;
  if (base.kind == Operand::Kind::Symbol && base.variable) {
    Space own;
    op.rows[index] = function.addressRow(*base.variable, 0, 8, own);
    bool agrees = space == own || (space == Space::Param && own == Space::Local) || space == Space::Generic ||
                  (space == Space::Global && own == Space::Const) || (space == Space::Const && own == Space::Global);
    if (!agrees)
      fail("'" + base.name + "' lies in another state space");
    op.space = own;
    return;
  }
  if (base.kind == Operand::Kind::Immediate) {
    op.rows[index] = constantRow(base.immediate, kB64);
    return;
  }
  unsigned bits = registerBits(base);
  if (base.kind != Operand::Kind::Register || (bits != 32 && bits != 64))
    fail("an address must be a variable, a number or a register of 32 or 64 bits");
  op.isNarrowAddress = bits == 32;
  op.rows[index] = function.registerRow(base.reg);
}

uint32_t Instruction::addressRow(const Operand &operand, Space space) {
  Op saved = op;
  address(operand, 1, space);
  op.rows[0] = scratch(kU64);
  op.run = [](Warp &warp, const Op &op, Mask mask) {
    writeLanes<uint64_t>(warp, op.rows[0], mask, [&](unsigned lane) -> uint64_t {
      if (op.isNarrowAddress)
        return static_cast<uint32_t>(warp.row<uint32_t>(op.rows[1])[lane] + op.immediate);
      return warp.row<uint64_t>(op.rows[1])[lane] + op.immediate;
    });
  };
  function.append(op);
  std::swap(op, saved);
  return saved.rows[0];
}

uint64_t Instruction::constant(const Operand &operand) const {
  if (operand.kind != Operand::Kind::Immediate || operand.literal != Operand::Literal::Integer)
    fail("expected an integer constant");
  return operand.immediate;
}

void Instruction::make(Handler handler, std::initializer_list<Type> results, std::initializer_list<Type> sources) {
  if (!handler)
    unsupported();
  expectOperands(results.size() + sources.size());
  unsigned row = 0;
  for (Type type : results) {
    op.rows[row] = result(operands[row], type);
    ++row;
  }
  for (Type type : sources) {
    op.rows[row] = source(operands[row], type);
    ++row;
  }
  emit(handler);
}

void Instruction::emit(Handler handler) {
  if (!handler)
    unsupported();
  op.run = handler;
  function.append(op);
}

void Instruction::emitRows(Handler handler, std::initializer_list<uint32_t> rows) {
  Op copy = op;
  copy.rows = {};
  std::copy(rows.begin(), rows.end(), copy.rows.begin());
  copy.run = handler;
  function.append(copy);
}

} // namespace quern::ptx
