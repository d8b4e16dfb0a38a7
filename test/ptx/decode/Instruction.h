// What the decoder of one instruction sees: its modifiers and operands, and the op it makes of them.
//
// A family of instructions is a function `void decodeX(Instruction &)` with a line in Instructions.inc. It takes the
// modifiers it knows, chooses a handler, and names the types of its operands:
//
//   void decodeAdd(Instruction &in) {
//     Type type = in.type();
//     in.make(integerHandler<Add>(type), {type}, {type, type});
//   }
//
// Modifiers that nobody took are an error that names them, and so is every other mistake: see `fail`.
#pragma once
#include "test/ptx/decode/Modifiers.h"
#include "test/ptx/machine/Code.h"

namespace quern::ptx {

class FunctionDecoder;

class Instruction {
public:
  Instruction(FunctionDecoder &function, const Statement &statement);

  Modifiers modifiers;
  Op op;
  const std::vector<Operand> &operands;

  bool take(std::string_view modifier) { return modifiers.take(modifier); }
  /// The next type modifier; an error when there is none.
  Type type();
  /// The state space modifier: .global, .shared{::cta}, .local, .param, .const; generic when there is none.
  Space space();
  [[noreturn]] void fail(const std::string &reason) const;
  /// "add.u8 is not supported"
  [[noreturn]] void unsupported() const;
  void expectOperands(size_t least, size_t most);
  void expectOperands(size_t count) { expectOperands(count, count); }

  /// The row of a register that takes a result. `_` is a row that nobody reads.
  uint32_t result(const Operand &operand, Type type);
  /// The row of a value. Registers must be as wide as the type.
  uint32_t source(const Operand &operand, Type type);
  /// A row of the value !p.
  uint32_t negatedPredicate(const Operand &operand);
  /// The row of an operand whose register may be wider than the type: ld, st and cvt allow it. Emits the op that
  /// narrows it.
  uint32_t narrowedSource(const Operand &operand, Type type);
  /// As `result`, for a register that may be wider than the type: call `widenResult` once the op is emitted.
  uint32_t narrowResult(const Operand &operand, Type type);
  void widenResult(const Operand &operand, Type type, uint32_t row);
  /// Sets the op's address: its row at rows[index], its offset, and the width.
  void address(const Operand &operand, unsigned index, Space space);
  /// A row of 64-bit addresses, offset included, for an instruction with two of them. Emits the addition.
  uint32_t addressRow(const Operand &operand, Space space);
  /// An integer that must be known when decoding.
  uint64_t constant(const Operand &operand) const;
  /// The width in bits of a register or of a special register; 0 for others.
  unsigned registerBits(const Operand &operand) const;
  uint32_t scratch(Type type);
  uint32_t constantRow(uint64_t value, Type type);

  /// Emits the op with this handler; operands are results, then sources, of the given types.
  void make(Handler handler, std::initializer_list<Type> results, std::initializer_list<Type> sources);
  /// Emits the op as it is.
  void emit(Handler handler);
  /// Emits an op of rows only, under the same guard.
  void emitRows(Handler handler, std::initializer_list<uint32_t> rows);

  FunctionDecoder &function;
  const Statement &statement;
};

#define INSTRUCTION(name, decode) void decode(Instruction &);
#include "test/ptx/decode/Instructions.inc"

} // namespace quern::ptx
