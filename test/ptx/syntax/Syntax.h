// A parsed PTX module: names are resolved to registers and variables, opcodes and their modifiers are still text.
#pragma once
#include "test/ptx/syntax/Type.h"
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quern::ptx {

enum class Space : uint8_t { Generic, Param, Shared, Local, Global, Const };

/// Eight bytes of an initializer that hold the address of another variable.
struct Relocation {
  uint64_t offset; ///< in the variable that holds it
  std::string symbol;
  int64_t addend = 0;
};

struct Variable {
  std::string name;
  Space space = Space::Generic;
  Type type;
  unsigned align = 1;
  uint64_t bytes = 0;        ///< 0: extern shared memory, as long as the launch says
  uint64_t address = 0;      ///< of param and local variables in their frame, of global ones once the module is loaded
  std::vector<uint8_t> init; ///< empty, or at most `bytes`
  std::vector<Relocation> relocations;
  bool isExternal = false;
};

struct Operand {
  enum class Kind : uint8_t {
    Register,
    Special,   ///< `name`: %tid.x, ...
    Immediate, ///< `immediate`, written as `literal`
    Symbol,    ///< address of `variable` plus `offset`; without a variable, a label or function `name`
    Address,   ///< [base + offset]: elements[0] is a Register, Immediate or Symbol
    Vector,    ///< {a, b, ...}
    List,      ///< (a, b, ...)
    Pair,      ///< a|b
    Sink       ///< _
  };
  enum class Literal : uint8_t { Integer, Double, Single };

  Kind kind = Kind::Sink;
  Literal literal = Literal::Integer;
  bool isNegated = false; ///< !%p
  uint32_t reg = 0;       ///< index into Function::registers
  uint64_t immediate = 0;
  int64_t offset = 0;
  const Variable *variable = nullptr;
  std::string name;
  std::vector<Operand> elements;
};

struct Statement {
  std::string_view opcode; ///< "add.rn.f32"
  bool isGuarded = false;
  Operand guard;
  std::vector<Operand> operands;
  unsigned line = 0;
  unsigned scope = 0; ///< where its labels are looked up
};

struct Function {
  std::string name;
  bool isEntry = false, isDefined = false;
  std::vector<Variable *> results, params;
  uint64_t paramBytes = 0; ///< an entry's parameter block
  uint64_t frameBytes = 0; ///< local memory of a thread: .local and .param variables
  unsigned maxThreads = 0; ///< .maxntid or .reqntid; 0 when not given
  std::vector<Type> registers;
  std::vector<Statement> body;
  std::vector<int> scopeParents;                               ///< of each scope; -1 for the outermost
  std::map<std::pair<unsigned, std::string>, uint32_t> labels; ///< (scope, name) -> index of the next statement
  std::map<std::string, std::vector<std::string>> branchTargets;
};

struct Module {
  std::unique_ptr<std::string> text; ///< that the opcodes point into
  unsigned version = 0;              ///< 85 for 8.5
  std::string target;                ///< sm_80
  std::deque<Variable> variables;    ///< of all scopes and spaces; functions point to them
  std::deque<Function> functions;
};

/// Throws SyntaxError.
Module parseModule(std::string_view text);

} // namespace quern::ptx
