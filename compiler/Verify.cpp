#include "compiler/Verify.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/rt/Rt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace quern {

/// Fails on the first op that `wrong` does not accept.
static llvm::Error refuse(Operation *root, llvm::StringRef why, llvm::function_ref<bool(Operation *)> wrong) {
  std::string found;
  root->walk([&](Operation *op) {
    if (!wrong(op))
      return WalkResult::advance();
    found = op->getName().getStringRef().str();
    return WalkResult::interrupt();
  });
  if (found.empty())
    return llvm::Error::success();
  return makeError(ErrorKind::Internal, "{0} {1}", found, why);
}

static bool inDialect(Operation *op, llvm::StringRef name) { return op->getName().getDialectNamespace() == name; }

llvm::Error verifyImport(Compilation &c) {
  return refuse(*c.module, "is no op of the file", [](Operation *op) { return inDialect(op, "graph") || inDialect(op, "kernel"); });
}

llvm::Error verifyGraph(Compilation &c) {
  if (llvm::Error error = refuse(*c.module, "was not lowered", [](Operation *op) { return inDialect(op, "onnx"); }))
    return error;
  return refuse(*c.module, "has a result without known rank", [](Operation *op) {
    return llvm::any_of(op->getResultTypes(), [](Type type) { return isa<UnrankedTensorType>(type); });
  });
}

/// Ops of the host function that stay outside kernels.
static bool staysOutside(Operation *op) {
  return isa<graph::ConstantOp, graph::ReshapeOp, graph::ReadSymbolsOp, graph::GuardOp, graph::IfOp, graph::LoopOp, graph::YieldOp>(op);
}

llvm::Error verifyFuse(Compilation &c) {
  return refuse(*c.module, "is in no kernel", [](Operation *op) {
    return inDialect(op, "graph") && !op->getParentOfType<kernel::RegionOp>() && !staysOutside(op);
  });
}

llvm::Error verifySchedule(Compilation &c) {
  return refuse(*c.module, "has no schedule", [](Operation *op) {
    auto region = dyn_cast<kernel::RegionOp>(op);
    return region && !region.getSchedule();
  });
}

llvm::Error verifyLoops(Compilation &c) {
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

static bool inHost(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  return function && function.getName() == "host";
}

llvm::Error verifyMemory(Compilation &c) {
  return refuse(*c.module, "has no place in memory", [](Operation *op) { return inHost(op) && !inDialect(op, "rt") && !isa<func::ReturnOp>(op); });
}

llvm::Error verifyHost(Compilation &c) {
  auto host = c.module->lookupSymbol<ModuleOp>("host_main");
  if (!host)
    return makeError(ErrorKind::Internal, "the host function is missing");
  return refuse(host, "is not native", [&](Operation *op) { return op != host && !inDialect(op, "llvm"); });
}

llvm::Error verifyEmit(Compilation &c) {
  for (const EmittedObject &object : c.objects)
    if (object.object.empty())
      return makeError(ErrorKind::Internal, "a kernel has no code");
  return llvm::Error::success();
}

llvm::Error verifyLink(Compilation &) { return llvm::Error::success(); }

} // namespace quern
