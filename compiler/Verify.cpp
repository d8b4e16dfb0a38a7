#include "compiler/Verify.h"
#include "compiler/PhaseText.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/onnx/OnnxOps.h"
#include "dialects/rt/Rt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "passes/graph/Passes.h"
#include "llvm/BinaryFormat/Magic.h"

using namespace mlir;

namespace quern {

static llvm::Error complain(llvm::StringRef what) {
  return makeError(ErrorKind::Internal, "{0}", what);
}

/// Fails on the first op that is `wrong`.
static llvm::Error refuse(Operation *root, llvm::StringRef why, llvm::function_ref<bool(Operation *)> wrong) {
  std::string found;
  root->walk([&](Operation *op) {
    if (!wrong(op))
      return WalkResult::advance();
    found = op->getName().getStringRef().str();
    return WalkResult::interrupt();
  });
  return found.empty() ? llvm::Error::success() : complain(found + " " + why.str());
}

static bool inDialect(Operation *op, llvm::StringRef name) {
  return op->getName().getDialectNamespace() == name;
}

/// Every text but the last has the model's interface: @main, whose arguments and results have names.
static llvm::Error verifyInterface(Compilation &c, llvm::StringRef nameAttr) {
  auto main = c.module->lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return complain("there is no function @main");
  if (!main.getBody().hasOneBlock())
    return complain("@main has more than one block");
  for (unsigned i = 0; i < main.getNumArguments(); ++i)
    if (!main.getArgAttrOfType<StringAttr>(i, nameAttr))
      return complain(llvm::formatv("argument {0} of @main has no {1}", i, nameAttr).str());
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (!main.getResultAttrOfType<StringAttr>(i, nameAttr))
      return complain(llvm::formatv("result {0} of @main has no {1}", i, nameAttr).str());
  return llvm::Error::success();
}

llvm::Error verifyImport(Compilation &c) {
  if (isProgram(*c.module))
    return verifyGraph(c);
  if (llvm::Error error = verifyInterface(c, onnx::kNameAttr))
    return error;
  return refuse(*c.module, "is no op of the file",
                [](Operation *op) { return inDialect(op, "graph") || inDialect(op, "text") || inDialect(op, "kernel"); });
}

/// A call binds the symbols to the extents of its arrays; it solves no equations.
static llvm::Error verifyInputs(func::FuncOp main) {
  for (BlockArgument argument : main.getArguments())
    for (const Dim &dim : isa<RankedTensorType>(argument.getType()) ? graph::dimsOf(argument) : SmallVector<Dim>()) {
      std::vector<std::string> symbols;
      dim.collectSymbols(symbols);
      if (!dim.isConstant() && (symbols.size() != 1 || symbols[0] != dim.str()))
        return complain(
            llvm::formatv("argument {0} of @main has the extent \"{1}\": those of inputs are numbers or symbols",
                          argument.getArgNumber(), dim.str())
                .str());
    }
  return llvm::Error::success();
}

llvm::Error verifyGraph(Compilation &c) {
  if (llvm::Error error = verifyInterface(c, "graph.name"))
    return error;
  if (llvm::Error error = verifyInputs(c.module->lookupSymbol<func::FuncOp>("main")))
    return error;
  return runPasses(c, [](PassManager &manager) { manager.addPass(graph::createVerifyGraphPass()); });
}

/// Ops of the host function that stay outside kernels.
static bool staysOutside(Operation *op) {
  return isa<graph::ConstantOp, graph::ReshapeOp, graph::ConcatOp, graph::ReadSymbolsOp, graph::GuardOp, graph::IfOp,
             graph::LoopOp, graph::YieldOp>(op);
}

llvm::Error verifyFuse(Compilation &c) {
  if (llvm::Error error = verifyInterface(c, "graph.name"))
    return error;
  return refuse(*c.module, "is in no kernel", [](Operation *op) {
    return (inDialect(op, "graph") || inDialect(op, "text")) && !op->getParentOfType<kernel::RegionOp>() && !staysOutside(op);
  });
}

llvm::Error verifySchedule(Compilation &c) {
  if (llvm::Error error = verifyFuse(c))
    return error;
  return refuse(*c.module, "has no schedule", [](Operation *op) {
    auto region = dyn_cast<kernel::RegionOp>(op);
    return region && !region.getSchedule();
  });
}

/// Each kernel has one module for each level of the target that has kernels of its own, and there are no others.
static llvm::Error verifyLevels(Compilation &c) {
  llvm::StringMap<llvm::StringRef> wanted;
  for (auto kernel : c.module->getOps<kernel::FuncOp>()) {
    if (!kernel.getTasks() || !kernel.getScratch())
      return complain(("kernel " + kernel.getSymName() + " does not say its tasks and scratch").str());
    if (kernel.getThreads() && !c.target->device)
      return complain(
          llvm::formatv("kernel {0} is for a device, which target {1} has not", kernel.getSymName(), c.target->name)
              .str());
    for (const Level *level : kernel.getThreads() ? c.target->device->code->kernelLevels() : c.target->kernelLevels())
      wanted[(kernel.getSymName() + "_" + level->suffix).str()] = level->name;
  }
  size_t found = 0;
  for (auto module : c.module->getOps<ModuleOp>()) {
    auto level = module->getAttrOfType<StringAttr>("quern.level");
    if (!level)
      continue;
    auto known = wanted.find(module.getSymName().value_or(""));
    if (known == wanted.end() || known->second != level.getValue())
      return complain(llvm::formatv("{0} is for level {1}, which target {2} has no such kernel of",
                                    quoted(module.getSymName().value_or("")), level.getValue(), c.target->name)
                          .str());
    ++found;
  }
  if (found != wanted.size())
    return complain(llvm::formatv("target {0} needs {1} kernels of all levels, but {2} are there", c.target->name,
                                  wanted.size(), found)
                        .str());
  return llvm::Error::success();
}

llvm::Error verifyLoops(Compilation &c) {
  if (llvm::Error error = verifyInterface(c, "graph.name"))
    return error;
  if (llvm::Error error = verifyLevels(c))
    return error;
  return refuse(*c.module, "is left after loops were made", [](Operation *op) {
    if (isa<kernel::RegionOp>(op))
      return true;
    // Vectors are rank 1: what has more would be unrolled into scalars.
    return llvm::any_of(op->getResultTypes(), [](Type type) {
      auto vector = dyn_cast<VectorType>(type);
      return vector && vector.getRank() > 1;
    });
  });
}

/// Slots, weights, inputs and kernels that the host function names are there.
static llvm::Error verifyPlaces(ModuleOp module, func::FuncOp host, size_t inputs, size_t outputs) {
  auto offsets = module->getAttrOfType<DenseI64ArrayAttr>("quern.weight_offsets");
  if (!offsets || !module->getAttrOfType<ArrayAttr>("quern.symbols") ||
      !module->getAttrOfType<IntegerAttr>("quern.weight_bytes"))
    return complain("the module lacks quern.symbols, quern.weight_offsets or quern.weight_bytes");
  size_t slots[] = {0, 0}; // of the processor, of the device
  host.walk([&](rt::ArenaOp arena) { slots[arena.getDevice()] = arena.getSlots().size(); });
  return refuse(host, "names something that is not there", [&](Operation *op) {
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case([&](rt::SlotOp slot) { return uint64_t(slot.getIndex()) >= slots[slot.getDevice()]; })
        .Case([&](rt::InputOp input) { return uint64_t(input.getIndex()) >= inputs; })
        .Case<rt::OutputOp, rt::DeliverOp>([&](auto output) { return uint64_t(output.getIndex()) >= outputs; })
        .Case([&](rt::ConstantOp weight) { return uint64_t(weight.getSegment()) >= uint64_t(offsets.size()); })
        .Case([&](rt::LaunchOp launch) { return !module.lookupSymbol<kernel::FuncOp>(launch.getCallee()); })
        .Default(false);
  });
}

llvm::Error verifyMemory(Compilation &c) {
  if (llvm::Error error = verifyLoops(c))
    return error;
  auto host = c.module->lookupSymbol<func::FuncOp>("host");
  if (!host || host.isExternal())
    return complain("there is no function @host");
  if (llvm::Error error = refuse(host, "has no place in memory", [&](Operation *op) {
        return op != host && !inDialect(op, "rt") && !isa<func::ReturnOp>(op);
      }))
    return error;
  auto main = c.module->lookupSymbol<func::FuncOp>("main");
  return verifyPlaces(*c.module, host, main.getNumArguments(), main.getNumResults());
}

llvm::Error verifyHost(Compilation &c) {
  if (llvm::Error error = verifyMemory(c))
    return error;
  auto host = c.module->lookupSymbol<ModuleOp>("host_main");
  if (!host)
    return complain("the native host function is missing");
  return refuse(host, "is not native", [&](Operation *op) { return op != host && !inDialect(op, "llvm"); });
}

llvm::Error verifyEmit(Compilation &c) {
  if (c.options.emit == EmitKind::Assembly)
    return c.assembly.empty() ? complain("there is no assembly") : llvm::Error::success();
  // One object for each nested module: the host function and every kernel of every level.
  size_t modules = llvm::range_size(c.module->getOps<ModuleOp>());
  if (c.objects.size() != modules)
    return complain(llvm::formatv("{0} modules have machine code, not {1}", c.objects.size(), modules).str());
  for (const EmittedObject &object : c.objects)
    if (object.object.empty())
      return complain("a kernel has no machine code");
  return llvm::Error::success();
}

llvm::Error verifyLink(Compilation &c) {
  if (c.options.emit == EmitKind::Assembly || c.options.emit == EmitKind::DeviceCode)
    return llvm::Error::success();
  static constexpr llvm::file_magic::Impl kinds[] = {llvm::file_magic::elf_shared_object,
                                                     llvm::file_magic::elf_relocatable, llvm::file_magic::archive};
  llvm::file_magic found;
  if (llvm::identify_magic(c.options.output, found))
    return complain(quoted(c.options.output) + " was not written");
  if (found != kinds[int(c.options.emit)])
    return complain(quoted(c.options.output) + " is no file of the kind that was asked for");
  return llvm::Error::success();
}

} // namespace quern
