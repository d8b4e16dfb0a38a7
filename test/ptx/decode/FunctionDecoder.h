// A parsed function to Code.
#pragma once
#include "test/ptx/decode/Instruction.h"
#include "test/ptx/syntax/Lexer.h"
#include <functional>
#include <map>

namespace quern::ptx {

/// Where a kernel's shared variables lie. Each kernel has a layout of its own, so the functions it calls are decoded
/// for it.
struct SharedLayout {
  std::map<const Variable *, uint64_t> addresses;
  uint64_t bytes = 0; ///< static; dynamic memory starts here, at a multiple of 16
};

class FunctionDecoder {
public:
  /// `callee` gives the code of a function by name, and what it was made of; null if there is none.
  using FindCode = std::function<std::pair<const Code *, const Function *>(const std::string &)>;

  FunctionDecoder(const Function &function, const SharedLayout &shared, FindCode callee, Code &code);
  /// Throws SyntaxError.
  void run();

  uint32_t registerRow(uint32_t reg) const { return registerRows[reg]; }
  uint32_t allocateRow(unsigned bytesPerLane);
  uint32_t constantRow(uint64_t value, unsigned bytes);
  uint32_t specialRow(Special special, uint64_t addend = 0);
  /// The row of a variable's address in its own space; in `space`, the space an access of it must name.
  uint32_t addressRow(const Variable &variable, int64_t offset, unsigned bytes, Space &space);
  /// The statement that a label of this scope stands before; an error when there is none.
  uint32_t labelTarget(const Instruction &instruction, const std::string &label) const;
  /// The op that comes next is a branch: its immediate is a statement, and becomes the place of its first op.
  void noteBranch() { branches.push_back(code.ops.size()); }
  void append(const Op &op) { code.ops.push_back(op); }

  const Function &function;
  const FindCode findCode;
  Code &code;

private:
  const SharedLayout &shared;
  std::vector<uint32_t> registerRows, starts; ///< starts: the first op of each statement
  std::vector<size_t> branches;
  std::map<std::pair<uint64_t, unsigned>, uint32_t> constants;
  std::map<std::pair<Special, uint64_t>, uint32_t> specials;
};

} // namespace quern::ptx
