#pragma once
#include "codegen/Target.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace quern {

/// Codes that a kernel returns; the runtime turns them into texts (QUERN_KERNEL_... of quern/runtime.h).
enum class KernelError : int32_t { Index = 1, Division = 2, Size = 3 };

/// The function of one kernel for one level, under construction:
///
///   func.func @NAME(%launch: !llvm.ptr) -> i32
///
/// takes a quern_launch, runs tasks [first_task, last_task) and returns 0 or a KernelError. Every buffer is a 1-D
/// memref over bare memory (i1 is stored as i8, unsigned integers as signless ones), so an address is one index that
/// the emitters compute themselves. Dims that the kernel learns at run time are loaded once, at the entry.
class KernelFunction {
public:
  /// Starts @`symbol` in `module` for the graph ops in `source`. The builder stands inside the function.
  KernelFunction(mlir::ModuleOp module, kernel::FuncOp source, const Level &level, llvm::StringRef symbol);
  /// Returns the error slot and ends the function.
  void finish();

  mlir::Block &body() { return source.getBody().front(); }
  /// The first op of this kind in the body; null if there is none.
  template <typename OpTy> OpTy find() {
    auto ops = body().getOps<OpTy>();
    return ops.empty() ? OpTy() : *ops.begin();
  }
  kernel::YieldOp yield() { return llvm::cast<kernel::YieldOp>(body().getTerminator()); }

  /// The memory of a block argument of the body, or of yielded result `index`.
  mlir::Value buffer(mlir::BlockArgument argument) { return buffers[argument.getArgNumber()]; }
  mlir::Value resultBuffer(unsigned index) { return buffers[body().getNumArguments() + index]; }

  /// The value of a dim as `index`, computed at the entry of the function so that it is available everywhere.
  mlir::Value dim(const Dim &dim);
  mlir::Value index(int64_t value);
  /// a*b, a+b with constants folded away.
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return b ? add(a, index(b)) : a; }

  /// Row-major strides of a tensor with these dims: strides[i] = product of the dims after i.
  llvm::SmallVector<mlir::Value> strides(llvm::ArrayRef<Dim> dims);

  /// Runs `body(task)` for this launch's tasks, and says how many tasks there are in all.
  void forTasks(const Dim &tasks, llvm::function_ref<void(mlir::Value task)> body);
  /// Runs `body(phase, task)` for `tasks` tasks in each of `phases` phases; a phase begins when all tasks of the one
  /// before have ended. Odd phases run their tasks in the opposite order: what was read last is in the cache still.
  void forPhases(const Dim &phases, const Dim &tasks,
                 llvm::function_ref<void(mlir::Value phase, mlir::Value task)> body);
  /// scf.for without carried values.
  void forRange(mlir::Value from, mlir::Value to, mlir::Value step, llvm::function_ref<void(mlir::Value)> body);

  /// `elements` more elements of this thread's scratch memory, 64-byte aligned, as a 1-D memref.
  mlir::Value scratch(mlir::Type element, const Dim &elements);

  /// `elements` more elements of memory that all tasks of a launch share, 64-byte aligned, as a 1-D memref.
  mlir::Value shared(mlir::Type element, const Dim &elements);

  /// The memory of `buffer` from element `offset` on where `condition` holds, else that of `other`: for reads whose
  /// place decides whether they are of the buffer at all.
  mlir::Value memoryIf(mlir::Value condition, mlir::Value buffer, mlir::Value offset, mlir::Value other);

  /// Records a data error where the i1 (or vector of i1: any lane) holds; the kernel goes on and must stay in bounds.
  void fail(mlir::Value condition, KernelError error);

  /// Records that an op has no rule here; the emitter goes on with any value and the kernel is refused in the end.
  mlir::Value refuse(mlir::Operation *op, mlir::Type type);
  /// The op without a rule; null if there was none.
  mlir::Operation *refused = nullptr;

  /// How an element is kept in memory, and in registers.
  static mlir::Type storageType(mlir::Type element);
  static mlir::Type registerType(mlir::Type element);

  kernel::FuncOp source;
  const Level &level;
  mlir::ImplicitLocOpBuilder builder;
  /// Expressions over the kernel's parameters; set by forTasks, forPhases, scratch and shared.
  Dim tasks = 1, phases = 1, scratchBytes = 0, sharedBytes = 0;

private:
  mlir::Value load(mlir::Type type, mlir::Value base, int32_t position);
  mlir::Value memory(mlir::Value pointer, mlir::Type element);
  /// The next `elements` elements of the memory at `base`, of which `used` bytes are taken.
  mlir::Value reserve(mlir::Value base, Dim &used, mlir::Type element, const Dim &elements);
  mlir::Value launchField(int32_t position);
  mlir::Value emit(const Dim &dim);

  mlir::func::FuncOp function;
  mlir::Value launch, table, dimsPointer, scratchPointer, sharedPointer, errorSlot;
  mlir::Operation *entryEnd = nullptr; // dims are computed before this op
  llvm::SmallVector<mlir::Value> buffers;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers; // of memrefs
  llvm::StringMap<mlir::Value> dimValues;
};

} // namespace quern
