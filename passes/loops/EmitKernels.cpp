#include "codegen/LowerToLLVM.h"
#include "dialects/graph/ElementTypes.h"
#include "dialects/kernel/Facts.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/text/Text.h"
#include "passes/loops/EmitText.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Loops.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace quern {
#define GEN_PASS_DEF_EMITKERNELSPASS
#include "passes/loops/Passes.h.inc"

KernelEmitter emitterNamed(StringRef algorithm) {
  return llvm::StringSwitch<KernelEmitter>(algorithm)
#define QUERN_EMITTER(algorithm, function) .Case(algorithm, function)
#include "passes/loops/Emitters.inc"
      .Default(nullptr);
}

KernelEmitter deviceEmitterNamed(StringRef algorithm) {
  return llvm::StringSwitch<KernelEmitter>(algorithm)
#define QUERN_EMITTER(algorithm, function) .Case(algorithm, function)
#include "passes/loops/device/Emitters.inc"
      .Default(nullptr);
}

namespace {

struct EmitKernelsPass : impl::EmitKernelsPassBase<EmitKernelsPass> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<const Target *> found = lookupTarget(target);
    if (!found) {
      getOperation().emitError(llvm::toString(found.takeError()));
      return signalPassFailure();
    }
    SmallVector<kernel::FuncOp> functions(getOperation().getOps<kernel::FuncOp>());
    const Device *device = (*found)->device;
    for (kernel::FuncOp function : functions) {
      bool onDevice = deviceEmitterNamed(function.getSchedule().getAlgorithm());
      if (onDevice && !device) {
        function.emitError() << nodesOf(function) << ": " << function.getSchedule().getAlgorithm().getValue()
                             << " needs a device, which target " << target << " has not";
        return signalPassFailure();
      }
      for (const Level *level : onDevice ? device->code->kernelLevels() : (*found)->kernelLevels())
        if (failed(emit(function, *level, onDevice ? device : nullptr)))
          return signalPassFailure();
    }
  }

  /// The model's nodes that a kernel computes, for messages.
  std::string nodesOf(kernel::FuncOp source) {
    std::string nodes;
    getOperation().walk([&](kernel::LaunchOp launch) {
      if (launch.getCallee() == source.getSymName() && nodes.empty())
        nodes = ("node " + launch.getNodes()).str();
    });
    return nodes;
  }

  /// The type of a value in the kernel that memory cannot hold; null if there is none.
  static Type unstorable(kernel::FuncOp source) {
    Type found;
    auto look = [&](TypeRange types) {
      for (Type type : types)
        if (auto tensor = dyn_cast<RankedTensorType>(type);
            tensor && !found && !graph::isStorable(tensor.getElementType()))
          found = tensor.getElementType();
    };
    look(source.getBody().getArgumentTypes());
    source.getBody().walk([&](Operation *op) { look(op->getResultTypes()); });
    return found;
  }

  /// Whether all elements of a kernel can be numbered in 32 bits, with a product's tails and partial sums: a device
  /// multiplies and divides these several times as fast as 64. Indices that are data may be anything. Kernels without a
  /// contraction have vectors of indices, which are of 64 bits.
  static bool hasSmallExtents(kernel::FuncOp source) {
    constexpr int64_t kMostElements = 1 << 25;
    if (source.getSchedule().getAlgorithm() == "threads")
      return false;
    auto isSmall = [](Value value) {
      auto tensor = dyn_cast<RankedTensorType>(value.getType());
      return tensor && !tensor.getElementType().isInteger(64) &&
             product(graph::dimsOf(value)).constant().value_or(kMostElements + 1) <= kMostElements;
    };
    if (!llvm::all_of(source.getBody().getArguments(), isSmall))
      return false;
    WalkResult result = source.getBody().walk([&](Operation *op) {
      return llvm::all_of(op->getResults(), isSmall) ? WalkResult::advance() : WalkResult::interrupt();
    });
    return !result.wasInterrupted();
  }

  static std::string nameOf(kernel::FuncOp source, const Level &level) {
    return (source.getSymName() + "_" + level.suffix).str();
  }

  /// The module of a kernel for a level, and of its function, which has the same name.
  ModuleOp makeModule(kernel::FuncOp source, const Level &level, const Device *device = nullptr) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto module = builder.create<ModuleOp>(source.getLoc(), nameOf(source, level));
    module->setAttr("quern.level", builder.getStringAttr(level.name));
    if (device && hasSmallExtents(source))
      module->setAttr(kIndexBitsAttr, builder.getI64IntegerAttr(32));
    return module;
  }

  LogicalResult emit(kernel::FuncOp source, const Level &level, const Device *device) {
    if (source.getSchedule().getAlgorithm() == text::kLinkedAlgorithm)
      return emitText(makeModule(source, level), source, nameOf(source, level));
    if (Type element = unstorable(source))
      return source.emitError() << nodesOf(source) << ": there is no kernel for elements of type "
                                << graph::typeText(element);
    StringRef algorithm = source.getSchedule().getAlgorithm();
    KernelEmitter emitter = device ? deviceEmitterNamed(algorithm) : emitterNamed(algorithm);
    if (!emitter)
      return source.emitError() << nodesOf(source) << ": there is no kernel for "
                                << source.getSchedule().getAlgorithm().getValue();
    KernelFunction kernel(makeModule(source, level, device), source, level, nameOf(source, level), device);
    if (failed(emitter(kernel)))
      return failure();
    if (kernel.refused)
      return source.emitError() << nodesOf(source) << ": there is no kernel for "
                                << kernel.refused->getName().stripDialect();
    kernel.finish();
    // The host function launches the same tasks whatever the level.
    std::string tasks = kernel.tasks.str(), scratch = kernel.scratchBytes.str();
    if (source.getTasks() && *source.getTasks() != tasks)
      return source.emitError() << "level " << level.name << " has " << tasks << " tasks and another level has "
                                << *source.getTasks();
    source.setTasks(tasks);
    if (device) {
      source.setThreads(kernel.threads);
      if (kernel.tileSize())
        source->setDiscardableAttr(kernel::kBlockMemoryAttr, kernel.builder.getI64IntegerAttr(kernel.tileSize()));
    }
    if (!kernel.phases.isEqualTo(1))
      source.setPhases(kernel.phases.str());
    if (!kernel.sharedBytes.isEqualTo(0))
      source.setShared(kernel.sharedBytes.str());
    Dim most =
        source.getScratch() ? Dim::max(*Dim::parse(*source.getScratch()), kernel.scratchBytes) : kernel.scratchBytes;
    source.setScratch(most.str());
    return success();
  }
};

} // namespace
} // namespace quern
