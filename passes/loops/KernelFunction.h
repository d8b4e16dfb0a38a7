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
/// takes a quern_launch, runs tasks [first_task, last_task) and returns 0 or a KernelError. With a device it is
///
///   func.func @NAME(%buffer0: !llvm.ptr, ..., %shared: !llvm.ptr, %scratch: !llvm.ptr, %scratchBytes: i64,
///   %error: !llvm.ptr, %dim0: i64, ..., %phase: i64)
///
/// which a grid of blocks of `threads` threads runs: a task is a block's, and the threads of a block share it. Each dim
/// and address is a parameter of its own, as the code generator knows such pointers to be of global memory; a
/// KernelError is written to `error`. Kernels without shared memory or phases lack these parameters; a phase is a
/// launch of its own. Every buffer is a 1-D memref over bare memory (i1 is stored as i8, unsigned
/// integers as signless ones), so an address is one index that the emitters compute themselves. Dims that the kernel
/// learns at run time are loaded once, at the entry.
class KernelFunction {
public:
  /// Starts @`symbol` in `module` for the graph ops in `source`. The builder stands inside the function.
  KernelFunction(mlir::ModuleOp module, kernel::FuncOp source, const Level &level, llvm::StringRef symbol,
                 const Device *device = nullptr);
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
  /// Runs `body(first, last)` once, on this launch's tasks [first, last), which one thread has side by side. Not on devices.
  void forTaskRange(const Dim &tasks, llvm::function_ref<void(mlir::Value first, mlir::Value last)> body);
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

  /// A pointer to element `offset` of `buffer`.
  mlir::Value address(mlir::Value buffer, mlir::Value offset);

  /// The memory of `buffer` from element `offset` on where `condition` holds, else that of `other`: for reads whose
  /// place decides whether they are of the buffer at all.
  mlir::Value memoryIf(mlir::Value condition, mlir::Value buffer, mlir::Value offset, mlir::Value other);

  /// A vector of `buffer` from element `index` on. On a device an access is as wide as the index, by the way in which it
  /// is computed, is known to be aligned; buffers begin at multiples of 16 bytes.
  mlir::Value loadVector(mlir::VectorType type, mlir::Value buffer, mlir::Value index);
  void storeVector(mlir::Value value, mlir::Value buffer, mlir::Value index);

  /// On a device: the number of this thread in its block, and a loop whose iterations the threads of a block share.
  mlir::Value thread();
  void forThreads(mlir::Value from, mlir::Value to, llvm::function_ref<void(mlir::Value)> body);
  /// On a device: waits for all threads of the block, and sees what they wrote. No thread may be elsewhere for good.
  void barrier();
  /// On a device: `elements` elements that the threads of a block share, 16-byte aligned: a pointer to them. There must
  /// be room.
  mlir::Value sharedTile(mlir::Type element, int64_t elements);
  /// Bytes of sharedTile so far.
  int64_t tileSize() const { return tileBytes; }
  /// Whether a device's block has room for so many bytes more.
  bool fitsShared(int64_t bytes) const { return tileBytes + bytes <= int64_t(device->sharedBytes); }
  /// `pointer` as a 1-D memref of elements.
  mlir::Value memory(mlir::Value pointer, mlir::Type element);

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
  const Device *device;  ///< null: the kernel runs on the processor
  int64_t threads = 256; ///< of a block on the device; set before what depends on it is emitted
  /// On a device: the threads of a block share the elements of a row; else each thread walks its own rows alone.
  bool isTeam = false;
  int64_t neighbours = 1; ///< of these elements a thread takes so many at a time, one after another in memory
  mlir::ImplicitLocOpBuilder builder;
  /// Expressions over the kernel's parameters; set by forTasks, forPhases, scratch and shared.
  Dim tasks = 1, phases = 1, scratchBytes = 0, sharedBytes = 0;

private:
  mlir::Value load(mlir::Type type, mlir::Value base, int32_t position);
  void startOnProcessor();
  void startOnDevice();
  /// The next `elements` elements of the memory at `base`, of which `used` bytes are taken.
  mlir::Value reserve(mlir::Value base, Dim &used, mlir::Type element, const Dim &elements);
  mlir::Value launchField(int32_t position);
  mlir::Value addArgument(unsigned position, mlir::Type type);
  mlir::Value emit(const Dim &dim);

  mlir::func::FuncOp function;
  mlir::Value launch, table, dimsPointer, scratchPointer, sharedPointer, errorSlot;
  int64_t tileBytes = 0;                       // of the block's shared memory
  llvm::SmallVector<mlir::Value> dimArguments; // on a device
  mlir::Operation *entryEnd = nullptr; // dims are computed before this op
  llvm::SmallVector<mlir::Value> buffers;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers; // of memrefs
  llvm::StringMap<mlir::Value> dimValues;
};

} // namespace quern
