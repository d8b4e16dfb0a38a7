#include "test/ptx/PtxModule.h"
#include "test/ptx/decode/FunctionDecoder.h"
#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

namespace quern::ptx {
namespace {

constexpr uint64_t kSharedAlign = 16, kMostThreads = 1024;

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Decodes a kernel and the functions it calls, which share its layout of shared memory.
class KernelDecoder {
public:
  KernelDecoder(const Module &module, std::deque<Code> &codes) : module(module), codes(codes) {}

  Kernel run(const Function &entry) {
    collect(entry);
    layout.bytes = roundUp(layout.bytes, kSharedAlign);
    const Code *code = codeOf(entry);
    bool atomics = false;
    for (auto &[name, decoded] : decodedFunctions)
      atomics |= decoded->hasGlobalAtomics;
    decodedFunctions.at(entry.name)->hasGlobalAtomics = atomics;
    Kernel kernel{
        code, {}, entry.paramBytes, static_cast<uint32_t>(layout.bytes), static_cast<uint32_t>(entry.frameBytes)};
    for (const Variable *param : entry.params)
      kernel.params.push_back({param->address, param->bytes});
    return kernel;
  }

private:
  const Function *find(const std::string &name) const {
    for (const Function &f : module.functions)
      if (f.name == name && f.isDefined)
        return &f;
    return nullptr;
  }

  /// Gives the shared variables that a function and those it calls name their addresses.
  void collect(const Function &function) {
    if (!collected.insert(function.name).second)
      return;
    for (const Statement &statement : function.body)
      for (const Operand &operand : statement.operands)
        collect(operand, statement.opcode.substr(0, 4) == "call");
  }

  void collect(const Operand &operand, bool isCall) {
    for (const Operand &element : operand.elements)
      collect(element, isCall);
    if (operand.kind != Operand::Kind::Symbol)
      return;
    const Variable *variable = operand.variable;
    if (variable && variable->space == Space::Shared && !variable->isExternal &&
        layout.addresses.try_emplace(variable, roundUp(layout.bytes, variable->align)).second)
      layout.bytes = layout.addresses[variable] + variable->bytes;
    if (const Function *callee = isCall && !variable ? find(operand.name) : nullptr)
      collect(*callee);
  }

  const Code *codeOf(const Function &function) {
    auto [entry, isNew] = decodedFunctions.try_emplace(function.name);
    if (isNew) {
      Code &code = codes.emplace_back();
      entry->second = &code;
      FunctionDecoder(
          function, layout,
          [this](const std::string &name) -> std::pair<const Code *, const Function *> {
            const Function *callee = find(name);
            return {callee ? codeOf(*callee) : nullptr, callee};
          },
          code)
          .run();
    }
    return decodedFunctions.at(function.name);
  }

  const Module &module;
  std::deque<Code> &codes;
  SharedLayout layout;
  std::set<std::string> collected;
  std::map<std::string, Code *> decodedFunctions;
};

std::string text(Dim3 d) {
  return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
}

} // namespace

PtxModule::PtxModule(std::string_view source, DeviceMemory &memory) : memory(memory), module(parseModule(source)) {
  allocateGlobals();
  fillGlobals();
  for (const Function &f : module.functions)
    if (f.isEntry && f.isDefined)
      kernels[f.name] = KernelDecoder(module, codes).run(f);
}

PtxModule::~PtxModule() {
  for (const Variable &variable : module.variables)
    if (variable.space == Space::Global || variable.space == Space::Const)
      memory.release(variable.address);
}

void PtxModule::allocateGlobals() {
  for (Variable &variable : module.variables) {
    if (variable.space != Space::Global && variable.space != Space::Const)
      continue;
    if (variable.isExternal)
      throw SyntaxError(0, "variable '" + variable.name + "' is of another module");
    variable.address = memory.allocate(std::max<uint64_t>(variable.bytes, 1));
    if (!variable.address)
      throw SyntaxError(0, "no memory for variable '" + variable.name + "'");
    // Without an initializer it is zero.
    std::memset(memory.host(variable.address), 0, variable.bytes);
  }
}

void PtxModule::fillGlobals() {
  for (const Variable &variable : module.variables) {
    if (variable.space != Space::Global && variable.space != Space::Const)
      continue;
    std::copy(variable.init.begin(), variable.init.end(), memory.host(variable.address));
    for (const Relocation &relocation : variable.relocations) {
      const Variable *target = global(relocation.symbol);
      if (!target)
        throw SyntaxError(0, "the initializer of '" + variable.name + "' names '" + relocation.symbol +
                                 "', which is no variable");
      uint64_t address = target->address + relocation.addend;
      std::memcpy(memory.host(variable.address) + relocation.offset, &address, sizeof address);
    }
  }
}

const Kernel *PtxModule::kernel(const std::string &name) const {
  auto found = kernels.find(name);
  return found == kernels.end() ? nullptr : &found->second;
}

const Variable *PtxModule::global(const std::string &name) const {
  for (const Variable &variable : module.variables)
    if (variable.name == name && (variable.space == Space::Global || variable.space == Space::Const))
      return &variable;
  return nullptr;
}

uint64_t PtxModule::launch(const std::string &name, Dim3 grid, Dim3 block, uint32_t dynamicSharedBytes,
                           std::span<const uint8_t> params) const {
  const Kernel *k = kernel(name);
  if (!k)
    throw std::invalid_argument("no kernel '" + name + "'");
  uint64_t most = k->code->maxThreads ? k->code->maxThreads : kMostThreads;
  if (!grid.count() || !block.count() || block.count() > std::min(most, kMostThreads))
    throw std::invalid_argument("kernel " + name + " can not run as grid " + text(grid) + " of blocks " + text(block) +
                                ": at most " + std::to_string(most) + " threads a block");
  if (params.size() != k->paramBytes)
    throw std::invalid_argument("kernel " + name + " has " + std::to_string(k->paramBytes) +
                                " bytes of parameters, not " + std::to_string(params.size()));
  return runGrid({*k->code, grid, block, dynamicSharedBytes, k->sharedBytes + dynamicSharedBytes, params, memory,
                  mostInstructions});
}

} // namespace quern::ptx
