#include "passes/loops/KernelFunction.h"
#include "codegen/LowerToLLVM.h"
#include "dialects/kernel/Facts.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Index/IR/IndexOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;

namespace quern {

Type KernelFunction::storageType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), std::max(8u, integer.getWidth()));
  return element;
}

Type KernelFunction::registerType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

/// Positions of the fields of quern_launch, in words of 8 bytes.
enum LaunchField : int32_t { kBuffers = 0, kDims = 1, kFirstTask = 2, kLastTask = 3, kScratch = 4 };

KernelFunction::KernelFunction(ModuleOp module, kernel::FuncOp source, const Level &level, StringRef symbol,
                               const Device *device)
    : source(source), level(level), device(device), builder(source.getLoc(), module.getContext()) {
  builder.setInsertionPointToEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Type> arguments{pointer}, results{builder.getI32Type()};
  if (device) {
    arguments.assign(body().getNumArguments() + yield().getNumOperands() + 1, pointer);
    arguments.append({builder.getI64Type(), pointer});
    arguments.append(source.getDims(), builder.getI64Type());
    results.clear();
  }
  function = builder.create<func::FuncOp>(symbol, builder.getFunctionType(arguments, results));
  builder.setInsertionPointToStart(function.addEntryBlock());
  if (device)
    startOnDevice();
  else
    startOnProcessor();
  // Dims go right before a marker that stays at the end of the entry.
  entryEnd = builder.create<arith::ConstantIndexOp>(0);
}

void KernelFunction::startOnProcessor() {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  launch = function.getArgument(0);
  table = load(pointer, launch, kBuffers);
  dimsPointer = load(pointer, launch, kDims);
  scratchPointer = load(pointer, launch, kScratch);
  errorSlot = builder.create<memref::AllocaOp>(MemRefType::get({}, builder.getI32Type()));
  builder.create<memref::StoreOp>(builder.create<arith::ConstantIntOp>(0, 32), errorSlot, ValueRange());

  int32_t position = 0;
  for (BlockArgument argument : body().getArguments())
    buffers.push_back(memory(load(pointer, table, position++), graph::elementOf(argument)));
  for (Value result : yield().getValues())
    buffers.push_back(memory(load(pointer, table, position++), graph::elementOf(result)));
}

void KernelFunction::startOnDevice() {
  unsigned position = 0;
  // Inputs are not written and overlap no result: loads may go through the read-only cache.
  for (BlockArgument argument : body().getArguments()) {
    function.setArgAttr(position, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
    buffers.push_back(memory(function.getArgument(position++), graph::elementOf(argument)));
  }
  for (Value result : yield().getValues())
    buffers.push_back(memory(function.getArgument(position++), graph::elementOf(result)));
  Value scratch = function.getArgument(position++), scratchEach = function.getArgument(position++);
  errorSlot = function.getArgument(position++);
  for (unsigned argument = 0; argument + 1 < position; ++argument)
    if (isa<LLVM::LLVMPointerType>(function.getArgument(argument).getType()))
      function.setArgAttr(argument, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  Value block =
      builder.create<arith::IndexCastOp>(builder.getI64Type(), builder.create<gpu::BlockIdOp>(gpu::Dimension::x));
  Value distance = builder.create<arith::MulIOp>(block, scratchEach);
  scratchPointer =
      builder.create<LLVM::GEPOp>(scratch.getType(), builder.getI8Type(), scratch, ArrayRef<LLVM::GEPArg>{distance});
  for (; position < function.getNumArguments(); ++position)
    dimArguments.push_back(function.getArgument(position));
}

void KernelFunction::finish() {
  if (device) {
    builder.create<func::ReturnOp>();
    return;
  }
  Value code = builder.create<memref::LoadOp>(errorSlot, ValueRange());
  builder.create<func::ReturnOp>(code);
}

Value KernelFunction::load(Type type, Value base, int32_t position) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value address = builder.create<LLVM::GEPOp>(pointer, builder.getI64Type(), base, ArrayRef<LLVM::GEPArg>{position});
  return builder.create<LLVM::LoadOp>(type, address);
}

Value KernelFunction::memory(Value pointer, Type element) {
  auto type = MemRefType::get({ShapedType::kDynamic}, storageType(element));
  unsigned bits = indexBits(function->getParentOfType<ModuleOp>());
  Value zero = builder.create<arith::ConstantIntOp>(0, bits), one = builder.create<arith::ConstantIntOp>(1, bits);
  // The size is never read: all accesses are by index within what the emitters know to be there.
  Value fields[] = {pointer, pointer, zero, one, one};
  LowerToLLVMOptions options(builder.getContext());
  options.overrideIndexBitwidth(bits);
  LLVMTypeConverter converter(builder.getContext(), options);
  Value descriptor = MemRefDescriptor::pack(builder, builder.getLoc(), converter, type, fields);
  Value result = builder.create<UnrealizedConversionCastOp>(type, descriptor).getResult(0);
  pointers[result] = pointer;
  return result;
}

Value KernelFunction::address(Value buffer, Value offset) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value distance = builder.create<arith::IndexCastOp>(builder.getI64Type(), offset), base = pointers.at(buffer);
  return builder.create<LLVM::GEPOp>(base.getType(), element, base, ArrayRef<LLVM::GEPArg>{distance});
}

Value KernelFunction::memoryIf(Value condition, Value buffer, Value offset, Value other) {
  Value address = this->address(buffer, offset);
  return memory(builder.create<arith::SelectOp>(condition, address, pointers.at(other)),
                cast<MemRefType>(buffer.getType()).getElementType());
}

static std::optional<int64_t> constantOf(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantIndexOp>())
    return constant.value();
  return std::nullopt;
}

/// A divisor of `index`, as far as its computation shows.
static int64_t divisorOf(Value index, int depth = 8) {
  constexpr int64_t kMost = 16;
  if (std::optional<int64_t> known = constantOf(index))
    return std::gcd(*known, kMost);
  Operation *op = index.getDefiningOp();
  if (depth == 0)
    return 1;
  auto of = [&](unsigned operand) { return divisorOf(op->getOperand(operand), depth - 1); };
  if (isa_and_nonnull<arith::MulIOp>(op))
    return std::gcd(of(0) * of(1), kMost);
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp, arith::RemUIOp, arith::MinSIOp>(op))
    return std::gcd(of(0), of(1));
  auto argument = dyn_cast<BlockArgument>(index);
  if (auto loop = argument ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp()) : scf::ForOp();
      loop && argument == loop.getInductionVar())
    return std::gcd(divisorOf(loop.getLowerBound(), depth - 1), divisorOf(loop.getStep(), depth - 1));
  return 1;
}

/// What an element of a device's buffer is known to be aligned to, in bytes.
static unsigned alignmentOf(Value buffer, Value index) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  int64_t bytes = divisorOf(index) * element.getIntOrFloatBitWidth() / 8;
  return std::min(bytes, kernel::kDeviceAlignment);
}

Value KernelFunction::loadVector(VectorType type, Value buffer, Value index) {
  if (!device)
    return builder.create<vector::LoadOp>(type, buffer, index);
  return builder.create<LLVM::LoadOp>(type, address(buffer, index), alignmentOf(buffer, index));
}

void KernelFunction::storeVector(Value value, Value buffer, Value index) {
  if (!device) {
    builder.create<vector::StoreOp>(value, buffer, index);
    return;
  }
  builder.create<LLVM::StoreOp>(value, address(buffer, index), alignmentOf(buffer, index));
}

//===--- Dims -------------------------------------------------------------------------------===//

Value KernelFunction::index(int64_t value) { return builder.create<arith::ConstantIndexOp>(value); }

Value KernelFunction::multiply(Value a, Value b) {
  std::optional<int64_t> left = constantOf(a), right = constantOf(b);
  if (left && right)
    return index(*left * *right);
  if (left == 0 || right == 1)
    return a;
  if (right == 0 || left == 1)
    return b;
  return builder.create<arith::MulIOp>(a, b);
}

Value KernelFunction::add(Value a, Value b) {
  std::optional<int64_t> left = constantOf(a), right = constantOf(b);
  if (left && right)
    return index(*left + *right);
  if (left == 0)
    return b;
  if (right == 0)
    return a;
  return builder.create<arith::AddIOp>(a, b);
}

Value KernelFunction::dim(const Dim &dim) {
  if (std::optional<int64_t> value = dim.constant())
    return index(*value);
  Value &known = dimValues[dim.str()];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(entryEnd);
    Value value = emit(dim);
    dimValues[dim.str()] = value;
    return value;
  }
  return known;
}

Value KernelFunction::emit(const Dim &dim) {
  Value sum;
  for (auto &[atoms, coefficient] : dim.getTerms()) {
    Value term;
    for (const std::string &text : atoms) {
      Dim::Atom atom = Dim::atomOf(text);
      Value factor;
      if (atom.function.empty()) {
        Value &known = dimValues[atom.name];
        if (!known) {
          int32_t position = 0;
          [[maybe_unused]] bool failed = StringRef(atom.name).drop_front().getAsInteger(10, position);
          Value loaded = device ? dimArguments[position] : load(builder.getI64Type(), dimsPointer, position);
          dimValues[atom.name] = builder.create<arith::IndexCastOp>(builder.getIndexType(), loaded);
        }
        factor = dimValues[atom.name];
      } else {
        Value a = emit(atom.operands[0]), b = emit(atom.operands[1]);
        if (atom.function == "floordiv")
          factor = builder.create<index::FloorDivSOp>(a, b);
        else if (atom.function == "ceildiv")
          factor = builder.create<index::CeilDivSOp>(a, b);
        else if (atom.function == "mod")
          factor = builder.create<arith::SubIOp>(
              a, builder.create<arith::MulIOp>(builder.create<index::FloorDivSOp>(a, b), b));
        else if (atom.function == "min")
          factor = builder.create<arith::MinSIOp>(a, b);
        else
          factor = builder.create<arith::MaxSIOp>(a, b);
      }
      term = term ? builder.create<arith::MulIOp>(term, factor).getResult() : factor;
    }
    if (!term)
      term = index(coefficient);
    else if (coefficient != 1)
      term = builder.create<arith::MulIOp>(term, index(coefficient));
    sum = sum ? builder.create<arith::AddIOp>(sum, term).getResult() : term;
  }
  return sum ? sum : index(0);
}

SmallVector<Value> KernelFunction::strides(ArrayRef<Dim> dims) {
  SmallVector<Value> result(dims.size());
  Dim stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    result[i] = dim(stride);
    stride = stride * dims[i];
  }
  return result;
}

//===--- Loops, scratch, errors -------------------------------------------------------------===//

Value KernelFunction::launchField(int32_t position) {
  return builder.create<arith::IndexCastOp>(builder.getIndexType(), load(builder.getI64Type(), launch, position));
}

void KernelFunction::forTasks(const Dim &count, function_ref<void(Value)> body) {
  tasks = count;
  if (!device)
    return forRange(launchField(kFirstTask), launchField(kLastTask), index(1), body);
  // A grid may have fewer blocks than there are tasks.
  Value first = builder.create<gpu::BlockIdOp>(gpu::Dimension::x),
        blocks = builder.create<gpu::GridDimOp>(gpu::Dimension::x);
  forRange(first, dim(count), blocks, body);
}

void KernelFunction::forTaskRange(const Dim &count, function_ref<void(Value, Value)> body) {
  assert(!device && "threads of a device have a task each");
  tasks = count;
  body(launchField(kFirstTask), launchField(kLastTask));
}

Value KernelFunction::thread() {
  return builder.create<gpu::ThreadIdOp>(gpu::Dimension::x);
}

void KernelFunction::forThreads(Value from, Value to, function_ref<void(Value)> body) {
  forRange(add(from, thread()), to, index(threads), body);
}

void KernelFunction::barrier() {
  builder.create<gpu::BarrierOp>();
}

Value KernelFunction::sharedTile(Type element, int64_t elements) {
  Type storage = storageType(element), pointer = LLVM::LLVMPointerType::get(builder.getContext());
  std::string name = (function.getSymName() + "_tile" + llvm::Twine(tileBytes)).str();
  LLVM::GlobalOp global;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(function);
    global = builder.create<LLVM::GlobalOp>(LLVM::LLVMArrayType::get(storage, elements), /*isConstant=*/false,
                                            LLVM::Linkage::Internal, name, Attribute(), /*alignment=*/16,
                                            device->sharedSpace);
  }
  tileBytes += llvm::alignTo(elements * storage.getIntOrFloatBitWidth() / 8, 16);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(entryEnd);
  return builder.create<LLVM::AddrSpaceCastOp>(pointer, builder.create<LLVM::AddressOfOp>(global));
}

void KernelFunction::forPhases(const Dim &count, const Dim &width, function_ref<void(Value, Value)> body) {
  phases = count;
  tasks = width;
  if (device && count.isEqualTo(1)) // a launch like any other
    return forTasks(width, [&](Value task) { body(index(0), task); });
  if (device) {
    Value argument = addArgument(function.getNumArguments(), builder.getI64Type());
    Value phase = builder.create<arith::IndexCastOp>(builder.getIndexType(), argument);
    return forTasks(width, [&](Value task) { body(phase, task); });
  }
  Value first = launchField(kFirstTask), end = launchField(kLastTask), each = dim(width);
  Value from = builder.create<arith::DivUIOp>(first, each), to = builder.create<index::CeilDivUOp>(end, each);
  forRange(from, to, index(1), [&](Value phase) {
    Value start = multiply(phase, each), zero = index(0);
    Value lower = builder.create<arith::MaxSIOp>(builder.create<arith::SubIOp>(first, start), zero);
    Value upper = builder.create<arith::MinSIOp>(builder.create<arith::SubIOp>(end, start), each);
    Value last = builder.create<arith::SubIOp>(upper, index(1));
    Value isOdd =
        builder.create<arith::CmpIOp>(arith::CmpIPredicate::ne, builder.create<arith::RemUIOp>(phase, index(2)), zero);
    forRange(lower, upper, index(1), [&](Value task) {
      Value opposite = builder.create<arith::SubIOp>(add(lower, last), task);
      body(phase, builder.create<arith::SelectOp>(isOdd, opposite, task));
    });
  });
}

void KernelFunction::forRange(Value from, Value to, Value step, function_ref<void(Value)> body) {
  auto loop = builder.create<scf::ForOp>(from, to, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Value KernelFunction::addArgument(unsigned position, Type type) {
  function.insertArgument(position, type, /*argAttrs=*/{}, builder.getLoc());
  return function.getArgument(position);
}

Value KernelFunction::reserve(Value base, Dim &used, Type element, const Dim &elements) {
  Type storage = storageType(element);
  int64_t bytes = (storage.getIntOrFloatBitWidth() + 7) / 8;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(entryEnd);
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value distance = builder.create<arith::IndexCastOp>(builder.getI64Type(), dim(used));
  Value address = builder.create<LLVM::GEPOp>(pointer, builder.getI8Type(), base, ArrayRef<LLVM::GEPArg>{distance});
  used = used + (elements * bytes).ceildiv(64) * 64;
  return memory(address, element);
}

Value KernelFunction::scratch(Type element, const Dim &elements) {
  if (device && elements.constant()) {
    int64_t count = *elements.constant();
    // One element at a known address would be loaded ahead of the loop that writes it: harmless, but a read of shared
    // memory that nobody has written.
    if (count > 1 && fitsShared(count * storageType(element).getIntOrFloatBitWidth() / 8))
      return memory(sharedTile(element, count), element);
  }
  return reserve(scratchPointer, scratchBytes, element, elements);
}

Value KernelFunction::shared(Type element, const Dim &elements) {
  if (!sharedPointer && device) {
    sharedPointer = addArgument(buffers.size(), LLVM::LLVMPointerType::get(builder.getContext()));
    function.setArgAttr(buffers.size(), LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  } else if (!sharedPointer) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(entryEnd);
    sharedPointer = load(LLVM::LLVMPointerType::get(builder.getContext()), table, buffers.size());
  }
  return reserve(sharedPointer, sharedBytes, element, elements);
}

Value KernelFunction::refuse(Operation *op, Type type) {
  refused = refused ? refused : op;
  return builder.create<arith::ConstantOp>(builder.getZeroAttr(type));
}

void KernelFunction::fail(Value condition, KernelError error) {
  if (auto vector = dyn_cast<VectorType>(condition.getType()))
    condition = builder.create<vector::ReductionOp>(vector::CombiningKind::OR, condition);
  builder.create<scf::IfOp>(condition, [&](OpBuilder &inner, Location loc) {
    Value code = inner.create<arith::ConstantIntOp>(loc, int32_t(error), 32);
    if (device) // any of the errors of a launch will do
      inner.create<LLVM::StoreOp>(loc, code, errorSlot);
    else
      inner.create<memref::StoreOp>(loc, code, errorSlot, ValueRange());
    inner.create<scf::YieldOp>(loc);
  });
}

} // namespace quern
