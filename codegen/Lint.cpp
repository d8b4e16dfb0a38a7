#include "codegen/Lint.h"
#include "codegen/Backend.h"
#include "compiler/Diagnostics.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstrAnalysis.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Object/SymbolSize.h"

using namespace llvm;

namespace quern {
namespace {

/// LLVM's disassembler for one level, with the tables that give an instruction its meaning.
class Disassembler {
public:
  Disassembler(const Target &target, const Level &level)
      : backend(backendOf(target)), found(TargetRegistry::lookupTarget(target.triple, lookupError)),
        registers(found->createMCRegInfo(target.triple)),
        assembly(found->createMCAsmInfo(*registers, target.triple, MCTargetOptions())),
        subtarget(found->createMCSubtargetInfo(target.triple, level.cpu, level.features)),
        instructions(found->createMCInstrInfo()), analysis(found->createMCInstrAnalysis(instructions.get())),
        context(Triple(target.triple), assembly.get(), registers.get(), subtarget.get()),
        decoder(found->createMCDisassembler(*subtarget, context)) {}

  struct Decoded {
    uint64_t address;
    MCInst instruction;
  };
  /// A backward branch: the addresses of the loop's first and last instruction.
  struct Loop {
    uint64_t first, last;
    bool contains(const Loop &other) const {
      return first <= other.first && other.last <= last && (first != other.first || last != other.last);
    }
  };

  FunctionCounts countFunction(ArrayRef<uint8_t> bytes);

private:
  void decode(ArrayRef<uint8_t> bytes);
  void count(const MCInst &instruction, LoopCounts &counts) const;
  bool isRegister(const MCOperand &operand, StringRef name) const {
    return operand.isReg() && operand.getReg() && registers->getName(operand.getReg()) == name;
  }
  bool accessesMemory(const MCInst &instruction) const {
    const MCInstrDesc &description = instructions->get(instruction.getOpcode());
    return description.mayLoad() || description.mayStore();
  }
  bool touchesStack(const MCInst &instruction) const;
  bool movesStackByRegister(const MCInst &instruction) const;
  bool usesFramePointer() const;

  const Backend &backend;
  std::string lookupError;
  const llvm::Target *found;
  std::unique_ptr<MCRegisterInfo> registers;
  std::unique_ptr<MCAsmInfo> assembly;
  std::unique_ptr<MCSubtargetInfo> subtarget;
  std::unique_ptr<MCInstrInfo> instructions;
  std::unique_ptr<MCInstrAnalysis> analysis;
  MCContext context;
  std::unique_ptr<MCDisassembler> decoder;

  // The function at hand.
  std::vector<Decoded> code;
  std::vector<Loop> loops;
  bool framePointer = false;
};

void Disassembler::decode(ArrayRef<uint8_t> bytes) {
  code.clear();
  loops.clear();
  uint64_t size = 0;
  for (uint64_t at = 0; at < bytes.size(); at += std::max<uint64_t>(size, 1)) {
    MCInst instruction;
    if (decoder->getInstruction(instruction, size, bytes.slice(at), at, nulls()) != MCDisassembler::Success)
      continue;
    uint64_t destination;
    if (analysis->isBranch(instruction) && analysis->evaluateBranch(instruction, at, size, destination) &&
        destination <= at)
      loops.push_back({destination, at});
    code.push_back({at, instruction});
  }
}

bool Disassembler::usesFramePointer() const {
  // The stack pointer, moved or not, goes into it; else the register is a general one.
  return any_of(code, [&](const Decoded &decoded) {
    const MCInst &instruction = decoded.instruction;
    return instruction.getNumOperands() >= 2 && isRegister(instruction.getOperand(0), backend.framePointer) &&
           isRegister(instruction.getOperand(1), backend.stackPointer) && !accessesMemory(instruction);
  });
}

bool Disassembler::touchesStack(const MCInst &instruction) const {
  return any_of(instruction, [&](const MCOperand &operand) {
    return isRegister(operand, backend.stackPointer) || (framePointer && isRegister(operand, backend.framePointer));
  });
}

/// Such as `sub rsp, rax`. Copies from the frame pointer, fixed amounts, alignment and registers that are pushed or
/// popped do not count.
bool Disassembler::movesStackByRegister(const MCInst &instruction) const {
  const MCInstrDesc &description = instructions->get(instruction.getOpcode());
  if (description.getNumDefs() == 0 || !isRegister(instruction.getOperand(0), backend.stackPointer) ||
      accessesMemory(instruction))
    return false;
  return any_of(drop_begin(instruction), [&](const MCOperand &operand) {
    return operand.isReg() && operand.getReg() && !isRegister(operand, backend.stackPointer) &&
           !isRegister(operand, backend.framePointer);
  });
}

void Disassembler::count(const MCInst &instruction, LoopCounts &counts) const {
  const MCInstrDesc &description = instructions->get(instruction.getOpcode());
  MultiplyAdd multiplyAdd = backend.classify(instructions->getName(instruction.getOpcode()));
  bool stack = touchesStack(instruction);
  ++counts.instructions;
  counts.vector += any_of(instruction, [&](const MCOperand &operand) {
    StringRef name = operand.isReg() ? registers->getName(operand.getReg()) : "";
    return any_of(backend.vectorRegisters, [&](StringRef prefix) { return name.starts_with(prefix); });
  });
  counts.fma += multiplyAdd == MultiplyAdd::Vector;
  counts.scalarFma += multiplyAdd == MultiplyAdd::Scalar;
  counts.stackLoads += stack && description.mayLoad();
  counts.stackStores += stack && description.mayStore();
  counts.calls += description.isCall();
}

FunctionCounts Disassembler::countFunction(ArrayRef<uint8_t> bytes) {
  decode(bytes);
  framePointer = usesFramePointer();
  FunctionCounts result;
  for (const Loop &loop : loops) {
    if (any_of(loops, [&](const Loop &other) { return loop.contains(other); }))
      continue;
    LoopCounts counts;
    for (const Decoded &decoded : code)
      if (decoded.address >= loop.first && decoded.address <= loop.last)
        count(decoded.instruction, counts);
    if (hotter(counts, result.hot))
      result.hot = counts;
  }
  result.dynamicStack = any_of(code, [&](const Decoded &decoded) { return movesStackByRegister(decoded.instruction); });
  return result;
}

} // namespace

bool hotter(const LoopCounts &a, const LoopCounts &b) {
  return std::tuple(a.fma, a.vector, a.instructions) > std::tuple(b.fma, b.vector, b.instructions);
}

Expected<std::vector<FunctionCounts>> countLoops(StringRef object, const Target &target, const Level &level) {
  auto wrong = [](Error error) {
    return makeError(ErrorKind::Internal, "the lint cannot read an object: {0}", toString(std::move(error)));
  };
  auto file = object::ObjectFile::createObjectFile(MemoryBufferRef(object, "object"));
  if (!file)
    return wrong(file.takeError());
  std::vector<std::pair<object::SymbolRef, uint64_t>> symbols = object::computeSymbolSizes(**file);
  Disassembler disassembler(target, level);
  std::vector<FunctionCounts> result;
  for (auto &[symbol, size] : symbols) {
    Expected<object::SymbolRef::Type> type = symbol.getType();
    if (!type)
      return wrong(type.takeError());
    if (*type != object::SymbolRef::ST_Function || size == 0)
      continue;
    Expected<object::section_iterator> section = symbol.getSection();
    Expected<uint64_t> address = symbol.getAddress();
    Expected<StringRef> name = symbol.getName();
    if (!section || !address || !name)
      return wrong(joinErrors(joinErrors(section.takeError(), address.takeError()), name.takeError()));
    Expected<StringRef> contents = (*section)->getContents();
    if (!contents)
      return wrong(contents.takeError());
    uint64_t offset = *address - (*section)->getAddress();
    FunctionCounts counts = disassembler.countFunction(arrayRefFromStringRef(contents->substr(offset, size)));
    counts.name = name->str();
    result.push_back(std::move(counts));
  }
  return result;
}

json::Object toJson(const LoopCounts &counts) {
  return json::Object{{"instructions", counts.instructions},
                      {"vector", counts.vector},
                      {"fma", counts.fma},
                      {"scalarFma", counts.scalarFma},
                      {"stackLoads", counts.stackLoads},
                      {"stackStores", counts.stackStores},
                      {"calls", counts.calls}};
}

} // namespace quern
