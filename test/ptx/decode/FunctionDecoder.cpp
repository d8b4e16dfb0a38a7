#include "test/ptx/decode/FunctionDecoder.h"
#include "test/ptx/machine/Addresses.h"
#include "test/ptx/machine/Warp.h"
#include <algorithm>

namespace quern::ptx {
namespace {

using DecodeFunction = void (*)(Instruction &);

const std::map<std::string_view, DecodeFunction> &decodeFunctions() {
  static const std::map<std::string_view, DecodeFunction> table = {
#define INSTRUCTION(name, decode) {name, decode},
#include "test/ptx/decode/Instructions.inc"
  };
  return table;
}

unsigned bytesPerLane(Type type) {
  return type == kPred ? 0 : type.bytes();
}

} // namespace

FunctionDecoder::FunctionDecoder(const Function &function, const SharedLayout &shared, FindCode callee, Code &code)
    : function(function), findCode(std::move(callee)), code(code), shared(shared) {
  code.name = function.name;
  code.isEntry = function.isEntry;
  code.paramBytes = function.paramBytes;
  code.frameBytes = function.frameBytes;
  code.maxThreads = function.maxThreads;
  for (Type type : function.registers)
    registerRows.push_back(allocateRow(bytesPerLane(type)));
}

uint32_t FunctionDecoder::allocateRow(unsigned bytes) {
  uint32_t row = code.registerBytes;
  code.registerBytes += std::max(64u, bytes * kLanes);
  return row;
}

uint32_t FunctionDecoder::constantRow(uint64_t value, unsigned bytes) {
  auto [entry, isNew] = constants.try_emplace({value, bytes});
  if (isNew) {
    entry->second = allocateRow(bytes);
    code.constants.push_back({entry->second, static_cast<uint8_t>(bytes), value});
  }
  return entry->second;
}

uint32_t FunctionDecoder::specialRow(Special special, uint64_t addend) {
  auto [entry, isNew] = specials.try_emplace({special, addend});
  if (isNew) {
    entry->second = allocateRow(special == Special::LocalAddress ? 8 : 4);
    code.specials.push_back({entry->second, special, addend});
  }
  return entry->second;
}

uint32_t FunctionDecoder::addressRow(const Variable &variable, int64_t offset, unsigned bytes, Space &space) {
  space = variable.space;
  uint64_t address = variable.address + offset;
  bool isOfEntry =
      function.isEntry && std::find(function.params.begin(), function.params.end(), &variable) != function.params.end();
  if (space == Space::Local || (space == Space::Param && !isOfEntry)) {
    space = Space::Local;
    return specialRow(Special::LocalAddress, address);
  }
  if (space == Space::Shared)
    address = offset + (variable.isExternal ? shared.bytes : shared.addresses.at(&variable));
  return constantRow(address, bytes);
}

uint32_t FunctionDecoder::labelTarget(const Instruction &instruction, const std::string &label) const {
  for (int scope = instruction.statement.scope; scope >= 0; scope = function.scopeParents[scope])
    if (auto found = function.labels.find({scope, label}); found != function.labels.end())
      return found->second;
  instruction.fail("no label '" + label + "'");
}

void FunctionDecoder::run() {
  for (const Statement &statement : function.body) {
    starts.push_back(code.ops.size());
    Instruction instruction(*this, statement);
    auto found = decodeFunctions().find(instruction.modifiers.name());
    if (found == decodeFunctions().end())
      throw SyntaxError(statement.line, "unknown instruction '" + std::string(statement.opcode) + "'");
    found->second(instruction);
    if (!instruction.modifiers.left().empty())
      instruction.fail("unknown modifier '." + std::string(instruction.modifiers.left().front()) + "'");
  }
  starts.push_back(code.ops.size());
  Op end;
  end.run = [](Warp &warp, const Op &, Mask mask) { warp.returnFrom(mask); };
  end.line = function.body.empty() ? 0 : function.body.back().line;
  code.ops.push_back(end);
  for (size_t branch : branches)
    code.ops[branch].immediate = starts[code.ops[branch].immediate];
  for (auto &table : code.branchTables)
    for (uint32_t &target : table)
      target = starts[target];
}

} // namespace quern::ptx
