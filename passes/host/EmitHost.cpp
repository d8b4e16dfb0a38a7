#include "dialects/graph/Dim.h"
#include "dialects/rt/Rt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/host/Host.h"
#include "quern/runtime.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace quern {
#define GEN_PASS_DEF_EMITHOSTPASS
#include "passes/host/Passes.h.inc"

namespace {

using Symbols = llvm::StringMap<Value>;

SmallVector<Dim> parseAll(ArrayAttr exprs) {
  SmallVector<Dim> dims;
  for (Attribute attribute : exprs)
    dims.push_back(*Dim::parse(cast<StringAttr>(attribute).getValue()));
  return dims;
}

class HostEmitter {
public:
  HostEmitter(ModuleOp module, func::FuncOp source, StringRef symbol)
      : module(module), source(source), symbol(symbol), b(source.getLoc(), module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())), i64(b.getI64Type()), i32(b.getI32Type()) {}

  LogicalResult run() {
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    ModuleOp host = top.create<ModuleOp>(source.getLoc(), "host_main");
    b.setInsertionPointToEnd(host.getBody());
    auto global = b.create<LLVM::GlobalOp>(LLVM::LLVMArrayType::get(b.getI8Type(), 0), /*isConstant=*/true,
                                           LLVM::Linkage::External, "quern_weights", Attribute());
    global.setVisibility_(LLVM::Visibility::Hidden);
    function = b.create<LLVM::LLVMFuncOp>(symbol, LLVM::LLVMFunctionType::get(i32, {pointer}));
    Block *entry = function.addEntryBlock(b);
    exit = b.createBlock(&function.getBody(), {}, {i32}, {b.getLoc()});
    b.create<LLVM::ReturnOp>(exit->getArgument(0));
    b.setInsertionPointToStart(entry);
    frame = entry->getArgument(0);
    Value services = field(offsetof(quern_frame, services));
    arenaService = load(pointer, services, offsetof(quern_services, arena));
    outputService = load(pointer, services, offsetof(quern_services, output));
    launchService = load(pointer, services, offsetof(quern_services, launch));
    failService = load(pointer, services, offsetof(quern_services, fail));
    phasesService = load(pointer, services, offsetof(quern_services, launch_phases));
    inputs = field(offsetof(quern_frame, inputs));
    loadSymbols();
    reserveArrays();
    for (Operation &op : source.getBody().front())
      if (failed(emit(&op)))
        return failure();
    return success();
  }

private:
  //===--- Small pieces ---------------------------------------------------------------------===//

  Value constant(int64_t value) { return b.create<LLVM::ConstantOp>(i64, value); }
  Value narrow(int64_t value) { return b.create<LLVM::ConstantOp>(i32, value); }
  Value at(Value base, int64_t bytes) {
    return b.create<LLVM::GEPOp>(pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
  }
  Value offset(Value base, Value bytes) {
    return b.create<LLVM::GEPOp>(pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value load(Type type, Value base, int64_t bytes) { return b.create<LLVM::LoadOp>(type, at(base, bytes)); }
  Value field(int64_t bytes) { return load(pointer, frame, bytes); }
  void store(Value value, Value base, int64_t bytes) { b.create<LLVM::StoreOp>(value, at(base, bytes)); }

  /// Goes on in `target`, which takes no arguments, where `condition` holds.
  void branchIf(Value condition, Block *target) {
    Block *here = b.getInsertionBlock();
    Block *rest = b.createBlock(&function.getBody(), std::next(Region::iterator(here)));
    b.setInsertionPointToEnd(here);
    b.create<LLVM::CondBrOp>(condition, target, ValueRange(), rest, ValueRange());
    b.setInsertionPointToStart(rest);
  }

  /// Leaves with `status` where `condition` holds.
  void exitIf(Value condition, Value status) {
    Block *rest = b.createBlock(&function.getBody(), std::next(Region::iterator(b.getInsertionBlock())));
    b.setInsertionPointToEnd(rest->getPrevNode());
    b.create<LLVM::CondBrOp>(condition, exit, ValueRange(status), rest, ValueRange());
    b.setInsertionPointToStart(rest);
  }
  void exitIfNull(Value address, int32_t status) {
    Value null = b.create<LLVM::ZeroOp>(pointer);
    exitIf(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::eq, address, null), narrow(status));
  }

  void exitIfNonzero(Value status) {
    exitIf(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::ne, status, narrow(0)), status);
  }

  /// A function of the runtime's part for the device, which is linked into the artifact.
  Value callDevice(StringRef name, Type result, ArrayRef<Value> arguments) {
    SmallVector<Type> types = llvm::to_vector(llvm::map_range(arguments, [](Value v) { return v.getType(); }));
    auto type = LLVM::LLVMFunctionType::get(result, types);
    auto host = function->getParentOfType<ModuleOp>();
    if (!host.lookupSymbol(name)) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(function);
      b.create<LLVM::LLVMFuncOp>(name, type);
    }
    return b.create<LLVM::CallOp>(type, name, arguments).getResult();
  }

  //===--- Symbols and dims -----------------------------------------------------------------===//

  void loadSymbols() {
    Value table = field(offsetof(quern_frame, symbols));
    auto names = module->getAttrOfType<ArrayAttr>("quern.symbols");
    for (auto [index, name] : llvm::enumerate(names ? names.getValue() : ArrayRef<Attribute>()))
      symbols[cast<StringAttr>(name).getValue()] = load(i64, table, index * 8);
  }

  Value value(const Dim &dim) {
    if (std::optional<int64_t> known = dim.constant())
      return constant(*known);
    Value &cached = symbols[dim.str()];
    if (cached)
      return cached;
    Value sum;
    for (auto &[atoms, coefficient] : dim.getTerms()) {
      Value term = atoms.empty() || coefficient != 1 ? constant(coefficient) : Value();
      for (const std::string &text : atoms) {
        Value factor = atomValue(text);
        term = term ? checked<LLVM::SMulWithOverflowOp>(term, factor) : factor;
      }
      sum = sum ? checked<LLVM::SAddWithOverflowOp>(sum, term) : term;
    }
    return symbols[dim.str()] = sum;
  }

  /// Sizes that are products of others may not fit 64 bits even where every input does: the call is refused.
  template <typename OpTy> Value checked(Value x, Value y) {
    Type type = LLVM::LLVMStructType::getLiteral(b.getContext(), {i64, b.getI1Type()});
    Value both = b.create<OpTy>(type, x, y), result = b.create<LLVM::ExtractValueOp>(both, 0);
    branchIf(b.create<LLVM::ExtractValueOp>(both, 1), tooLargeBlock());
    return result;
  }

  /// Where the host function goes when a size does not fit; one for all of them.
  Block *tooLargeBlock() {
    if (tooLarge)
      return tooLarge;
    OpBuilder::InsertionGuard guard(b);
    tooLarge = b.createBlock(&function.getBody(), function.getBody().end());
    Value zero = constant(0);
    Value status = call(failService, i32,
                        {frame, narrow(QUERN_DATA_ERROR),
                         text("the sizes of the inputs make one that does not fit 64 bits"), zero, zero, zero});
    b.create<LLVM::BrOp>(ValueRange(status), exit);
    return tooLarge;
  }

  Value atomValue(StringRef text) {
    Dim::Atom atom = Dim::atomOf(text);
    if (atom.function.empty()) {
      Value known = symbols.lookup(atom.name);
      if (!known) {
        source.emitError() << "symbol \"" << atom.name << "\" is used before it is bound";
        broken = true;
        return constant(0);
      }
      return known;
    }
    Value x = value(atom.operands[0]), y = value(atom.operands[1]);
    if (atom.function == "min" || atom.function == "max") {
      auto predicate = atom.function == "min" ? LLVM::ICmpPredicate::slt : LLVM::ICmpPredicate::sgt;
      return b.create<LLVM::SelectOp>(b.create<LLVM::ICmpOp>(predicate, x, y), x, y);
    }
    // Rounds toward minus infinity; a divisor of 0, which only an empty tensor can bring, counts as 1.
    Value zero = constant(0), one = constant(1);
    y = b.create<LLVM::SelectOp>(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::eq, y, zero), one, y);
    Value quotient = b.create<LLVM::SDivOp>(x, y), remainder = b.create<LLVM::SRemOp>(x, y);
    Value inexact = b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::ne, remainder, zero);
    Value signs = b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::slt, b.create<LLVM::XOrOp>(x, y), zero);
    Value down = b.create<LLVM::SubOp>(quotient, one);
    return b.create<LLVM::SelectOp>(b.create<LLVM::AndOp>(inexact, signs), down, quotient);
  }

  //===--- Arrays for calls -----------------------------------------------------------------===//

  /// One array of addresses and one of dims serve all calls: they are read before the call returns.
  void reserveArrays() {
    int64_t buffers = 1, dims = QUERN_MAX_RANK; // a launch's phase stands behind its dims
    source.walk([&](rt::LaunchOp launch) {
      buffers = std::max<int64_t>(buffers, launch.getBuffers().size());
      dims = std::max<int64_t>(dims, launch.getDims().size() + 1);
    });
    bufferArray = b.create<LLVM::AllocaOp>(pointer, pointer, constant(buffers));
    dimArray = b.create<LLVM::AllocaOp>(pointer, i64, constant(dims));
  }

  void fillDims(ArrayRef<Dim> dims) {
    for (auto [index, dim] : llvm::enumerate(dims))
      store(value(dim), dimArray, index * 8);
  }

  Value call(Value service, Type result, ArrayRef<Value> arguments) {
    SmallVector<Type> types = llvm::to_vector(llvm::map_range(arguments, [](Value v) { return v.getType(); }));
    SmallVector<Value> operands{service};
    operands.append(arguments.begin(), arguments.end());
    return b.create<LLVM::CallOp>(LLVM::LLVMFunctionType::get(result, types), operands).getResult();
  }

  //===--- Ops ------------------------------------------------------------------------------===//

  LogicalResult emit(Operation *op) {
    b.setLoc(op->getLoc());
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(op)
            .Case([&](rt::ArenaOp op) { return emitArena(op), success(); })
            .Case(
                [&](rt::SlotOp op) { return places[op.getBuffer()] = slots[op.getDevice()][op.getIndex()], success(); })
            .Case([&](rt::OffsetOp op) {
              return places[op.getBuffer()] = offset(places[op.getBase()], value(*Dim::parse(op.getBytes()))),
                     success();
            })
            .Case([&](rt::InputOp op) { return emitInput(op), success(); })
            .Case([&](rt::ConstantOp op) { return emitConstant(op), success(); })
            .Case([&](rt::OutputOp op) { return emitOutput(op), success(); })
            .Case([&](rt::DeliverOp op) { return emitDeliver(op), success(); })
            .Case([&](rt::AllocateOp op) { return emitAllocate(op), success(); })
            .Case([&](rt::LaunchOp op) { return emitLaunch(op), success(); })
            .Case([&](rt::CopyOp op) {
              emitCopy(op);
              return success();
            })
            .Case([&](rt::ReadSymbolsOp op) { return emitRead(op), success(); })
            .Case([&](rt::GuardOp op) { return emitGuard(op), success(); })
            .Case([&](rt::IfOp op) { return emitIf(op); })
            .Case([&](rt::LoopOp op) { return emitLoop(op); })
            .Case([&](func::ReturnOp) {
              b.create<LLVM::BrOp>(ValueRange(narrow(QUERN_OK)), exit);
              return success();
            })
            .Default([](Operation *op) { return op->emitError() << "has no meaning in the host function"; });
    return failure(failed(result) || broken);
  }

  static constexpr int64_t kAlign = 64;

  /// Each slot begins where the one before ends: of hundreds of slots each sum is made of the sum before, not anew.
  void emitArena(rt::ArenaOp op) {
    Dim fixed = 0; // of the slots before the first whose size is not a number
    Value sum;
    SmallVector<Value> offsets;
    for (const Dim &bytes : parseAll(op.getSlots())) {
      offsets.push_back(sum ? sum : value(fixed));
      Dim aligned = bytes.ceildiv(kAlign) * kAlign;
      if (!sum && aligned.isConstant())
        fixed = fixed + aligned;
      else
        sum = checked<LLVM::SAddWithOverflowOp>(offsets.back(), value(aligned));
    }
    if (offsets.empty())
      return;
    Value base = takeMemory(sum ? sum : value(fixed), op.getDevice());
    for (Value bytes : offsets)
      slots[op.getDevice()].push_back(offset(base, bytes));
  }

  /// Memory of this run, the processor's or the device's.
  Value takeMemory(Value bytes, bool device) {
    Value base = device ? callDevice("quern_device_arena", pointer, {frame, bytes})
                        : call(arenaService, pointer, {frame, bytes});
    exitIfNull(base, QUERN_OUT_OF_MEMORY);
    return base;
  }

  void emitCopy(rt::CopyOp op) {
    Value to = places[op.getTo()], from = places[op.getFrom()], bytes = value(*Dim::parse(op.getBytes()));
    if (!op.getFromDevice() && !op.getToDevice()) {
      b.create<LLVM::MemcpyOp>(to, from, bytes, /*isVolatile=*/false);
      return;
    }
    int32_t direction = !op.getFromDevice() ? QUERN_TO_DEVICE
                        : op.getToDevice()  ? QUERN_WITHIN_DEVICE
                                            : QUERN_FROM_DEVICE;
    exitIfNonzero(callDevice("quern_device_copy", i32, {frame, to, from, bytes, narrow(direction)}));
  }

  void emitAllocate(rt::AllocateOp op) {
    places[op.getBuffer()] = takeMemory(value(*Dim::parse(op.getBytes())), op.getDevice());
  }

  void emitConstant(rt::ConstantOp op) {
    Value base = op.getDevice() ? callDevice("quern_device_weights", pointer, {frame})
                                : b.create<LLVM::AddressOfOp>(pointer, "quern_weights").getResult();
    auto offsets = module->getAttrOfType<DenseI64ArrayAttr>("quern.weight_offsets");
    places[op.getBuffer()] =
        b.create<LLVM::GEPOp>(pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{constant(offsets[op.getSegment()])});
  }

  void emitOutput(rt::OutputOp op) {
    SmallVector<Dim> dims = parseAll(op.getDims());
    fillDims(dims);
    SmallVector<Value> arguments{frame, narrow(op.getIndex()), narrow(dims.size()), dimArray};
    if (op.getPlace())
      arguments.push_back(places[op.getPlace()]);
    if (op.getBytes())
      arguments.push_back(value(*Dim::parse(*op.getBytes())));
    StringRef service = op.getPlace() ? "quern_device_output" : "quern_device_stage";
    Value data = op.getBytes() ? callDevice(service, pointer, arguments) : call(outputService, pointer, arguments);
    exitIfNull(data, QUERN_INVALID_ARGUMENT);
    places[op.getBuffer()] = data;
  }

  void emitDeliver(rt::DeliverOp op) {
    SmallVector<Dim> dims = parseAll(op.getDims());
    fillDims(dims);
    exitIfNonzero(callDevice("quern_device_deliver", i32,
                             {frame, narrow(op.getIndex()), narrow(dims.size()), dimArray, places[op.getFrom()],
                              value(*Dim::parse(op.getBytes()))}));
  }

  void emitInput(rt::InputOp op) {
    if (!op.getBytes()) {
      places[op.getBuffer()] =
          load(pointer, inputs, op.getIndex() * sizeof(quern_tensor) + offsetof(quern_tensor, data));
      return;
    }
    Value bytes = value(*Dim::parse(*op.getBytes())), index = narrow(op.getIndex());
    Value place = op.getPlace()
                      ? callDevice("quern_device_input", pointer, {frame, index, places[op.getPlace()], bytes})
                      : callDevice("quern_device_fetch", pointer, {frame, index, bytes});
    exitIfNull(place, QUERN_OUT_OF_MEMORY);
    places[op.getBuffer()] = place;
  }

  void emitLaunch(rt::LaunchOp op) {
    for (auto [index, buffer] : llvm::enumerate(op.getBuffers()))
      store(places[buffer], bufferArray, index * 8);
    fillDims(parseAll(op.getDims()));
    Value tasks = value(*Dim::parse(op.getTasks())), scratch = value(*Dim::parse(op.getScratch()));
    if (op.getThreads())
      return emitDeviceLaunch(op, tasks, scratch);
    SmallVector<Value> arguments{frame, narrow(op.getSite()), bufferArray, dimArray, tasks, scratch};
    if (op.getPhases())
      arguments.push_back(value(*Dim::parse(*op.getPhases())));
    exitIfNonzero(call(op.getPhases() ? phasesService : launchService, i32, arguments));
  }

  /// On the device each phase is a launch, which has its number as the last of its dims.
  void emitDeviceLaunch(rt::LaunchOp op, Value tasks, Value scratch) {
    int64_t dims = op.getDims().size();
    auto launch = [&](int64_t dims) {
      exitIfNonzero(callDevice("quern_device_launch", i32,
                               {frame, narrow(op.getSite()), bufferArray, constant(op.getBuffers().size()), dimArray,
                                constant(dims), tasks, scratch}));
    };
    if (!op.getPhases())
      return launch(dims);
    Value phases = value(*Dim::parse(*op.getPhases()));
    Block *here = b.getInsertionBlock();
    Block *header = b.createBlock(&function.getBody(), std::next(Region::iterator(here)), {i64}, {b.getLoc()});
    Block *body = b.createBlock(&function.getBody(), std::next(Region::iterator(header)));
    Block *done = b.createBlock(&function.getBody(), std::next(Region::iterator(body)));
    b.setInsertionPointToEnd(here);
    b.create<LLVM::BrOp>(ValueRange(constant(0)), header);
    b.setInsertionPointToStart(header);
    Value phase = header->getArgument(0);
    Value isThere = b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::slt, phase, phases);
    b.create<LLVM::CondBrOp>(isThere, body, ValueRange(), done, ValueRange());
    b.setInsertionPointToStart(body);
    store(phase, dimArray, dims * 8);
    launch(dims + 1);
    b.create<LLVM::BrOp>(ValueRange(b.create<LLVM::AddOp>(phase, constant(1))), header);
    b.setInsertionPointToStart(done);
  }

  /// A text of the artifact; the address is taken where it is used.
  LLVM::GlobalOp textGlobal(StringRef content) {
    std::string name = "text" + std::to_string(texts++);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(function);
    std::string bytes = content.str() + '\0';
    auto global = b.create<LLVM::GlobalOp>(LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size()), /*isConstant=*/true,
                                           LLVM::Linkage::Internal, name, b.getStringAttr(bytes));
    return global;
  }
  Value text(StringRef content) { return b.create<LLVM::AddressOfOp>(textGlobal(content)); }

  void failIf(Value condition, StringRef format, Value x, Value y) {
    // The call stands in a block of its own, off the straight way.
    Block *here = b.getInsertionBlock();
    Block *off = b.createBlock(&function.getBody(), function.getBody().end());
    Value status = call(failService, i32, {frame, narrow(QUERN_DATA_ERROR), text(format), x, y, constant(0)});
    b.create<LLVM::BrOp>(ValueRange(status), exit);
    b.setInsertionPointToEnd(here);
    branchIf(condition, off);
  }

  void emitRead(rt::ReadSymbolsOp op) {
    Type element = op.getElement();
    unsigned width = std::max(8u, element.getIntOrFloatBitWidth());
    for (auto [index, attribute] : llvm::enumerate(op.getSymbols())) {
      Value loaded = load(b.getIntegerType(width), places[op.getValues()], index * width / 8);
      if (width < 64)
        loaded = element.isUnsignedInteger() || element.isInteger(1) ? b.create<LLVM::ZExtOp>(i64, loaded).getResult()
                                                                     : b.create<LLVM::SExtOp>(i64, loaded).getResult();
      StringRef name = cast<StringAttr>(attribute).getValue();
      Value least = constant(op.getMinimum());
      failIf(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::slt, loaded, least),
             "a size or position is %lld, but must be at least %lld", loaded, least);
      // A size beyond this cannot be allocated, and products of sizes stay inside 64 bits.
      Value most = op.getMaximum() ? value(*Dim::parse(*op.getMaximum())) : constant(int64_t(1) << 40);
      failIf(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::sgt, loaded, most),
             "a size or position is %lld, but must be at most %lld", loaded, most);
      symbols[name] = loaded;
    }
  }

  void emitGuard(rt::GuardOp op) {
    Value x = value(*Dim::parse(op.getLhs())), y = value(*Dim::parse(op.getRhs()));
    failIf(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::ne, x, y), (op.getMessage() + ": %lld and %lld").str(), x, y);
  }

  LogicalResult emitIf(rt::IfOp op) {
    Value flag = load(b.getI8Type(), places[op.getCondition()], 0);
    Value condition =
        b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::ne, flag, b.create<LLVM::ConstantOp>(b.getI8Type(), 0));
    Block *here = b.getInsertionBlock();
    // The join takes the addresses of the results, then the symbols' values.
    SmallVector<Type> types(op.getNumResults(), pointer);
    types.append(op.getSymbols().size(), i64);
    SmallVector<Location> locs(types.size(), op.getLoc());
    Block *join = b.createBlock(&function.getBody(), std::next(Region::iterator(here)), types, locs);
    SmallVector<Block *, 2> branches;
    for (Region *region : {&op.getThenRegion(), &op.getElseRegion()}) {
      branches.push_back(b.createBlock(&function.getBody(), Region::iterator(join)));
      Symbols before = symbols;
      for (Operation &inner : region->front().without_terminator())
        if (failed(emit(&inner)))
          return failure();
      auto yield = cast<rt::YieldOp>(region->front().getTerminator());
      SmallVector<Value> values;
      for (Value place : yield.getBuffers())
        values.push_back(places[place]);
      for (const Dim &dim : parseAll(yield.getSymbols()))
        values.push_back(value(dim));
      b.create<LLVM::BrOp>(values, join);
      symbols = std::move(before);
    }
    b.setInsertionPointToEnd(here);
    b.create<LLVM::CondBrOp>(condition, branches[0], ValueRange(), branches[1], ValueRange());
    b.setInsertionPointToStart(join);
    for (auto [index, result] : llvm::enumerate(op.getResults()))
      places[result] = join->getArgument(index);
    for (auto [index, attribute] : llvm::enumerate(op.getSymbols()))
      symbols[cast<StringAttr>(attribute).getValue()] = join->getArgument(op.getNumResults() + index);
    return success();
  }

  //===--- Loops ----------------------------------------------------------------------------===//

  /// Memory of the function itself, also where the op stands in a loop.
  Value stackSlot(Type type) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&function.getBody().front());
    return b.create<LLVM::AllocaOp>(pointer, type, constant(1));
  }

  /// What is appended to one scan output: address, bytes used, bytes there.
  struct Appended {
    Value data, used, room;
  };

  /// Appends `bytes` bytes, into memory of twice the size where there is no room.
  Appended append(Appended to, Value from, Value bytes, Value iteration) {
    failIf(b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::ne, to.used, b.create<LLVM::MulOp>(iteration, bytes)),
           "iterations of a loop give values of different sizes: %lld bytes so far, and now %lld more", to.used, bytes);
    Value needed = b.create<LLVM::AddOp>(to.used, bytes);
    Value full = b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::sgt, needed, to.room);
    Block *here = b.getInsertionBlock();
    Block *grow = b.createBlock(&function.getBody(), std::next(Region::iterator(here)));
    Block *rest =
        b.createBlock(&function.getBody(), std::next(Region::iterator(grow)), {pointer, i64}, {b.getLoc(), b.getLoc()});
    b.setInsertionPointToEnd(here);
    b.create<LLVM::CondBrOp>(full, grow, ValueRange(), rest, ValueRange{to.data, to.room});
    b.setInsertionPointToStart(grow);
    Value room = b.create<LLVM::AddOp>(b.create<LLVM::MulOp>(needed, constant(2)), constant(kAlign));
    Value data = call(arenaService, pointer, {frame, room});
    exitIfNull(data, QUERN_OUT_OF_MEMORY);
    b.create<LLVM::MemcpyOp>(data, to.data, to.used, /*isVolatile=*/false);
    b.create<LLVM::BrOp>(ValueRange{data, room}, rest);
    b.setInsertionPointToStart(rest);
    b.create<LLVM::MemcpyOp>(offset(rest->getArgument(0), to.used), from, bytes, /*isVolatile=*/false);
    return {rest->getArgument(0), needed, rest->getArgument(1)};
  }

  /// The header's arguments: iteration, condition, addresses of carried values, three of each scan output, symbols.
  LogicalResult emitLoop(rt::LoopOp op) {
    size_t carried = op.getInitial().size(), scans = op.getScanBytes().size(), names = op.getSymbols().size();
    Value trips = load(i64, places[op.getTripCount()], 0), iterationSlot = stackSlot(i64),
          conditionSlot = stackSlot(b.getI8Type());
    SmallVector<Value> start{constant(0), load(b.getI8Type(), places[op.getCondition()], 0)};
    for (Value value : op.getInitial())
      start.push_back(places[value]);
    for (size_t i = 0; i < scans; ++i)
      start.append({iterationSlot, constant(0), constant(0)}); // some address: nothing is there yet
    for (const Dim &dim : parseAll(op.getInitialSymbols()))
      start.push_back(value(dim));
    SmallVector<Type> types = llvm::to_vector(llvm::map_range(start, [](Value v) { return v.getType(); }));
    Block *here = b.getInsertionBlock();
    Block *header = b.createBlock(&function.getBody(), std::next(Region::iterator(here)), types,
                                  SmallVector<Location>(types.size(), op.getLoc()));
    Block *round = b.createBlock(&function.getBody(), std::next(Region::iterator(header)));
    Block *done = b.createBlock(&function.getBody(), std::next(Region::iterator(round)));
    b.setInsertionPointToEnd(here);
    b.create<LLVM::BrOp>(start, header);

    b.setInsertionPointToStart(header);
    Value iteration = header->getArgument(0), flag = header->getArgument(1);
    Value unlimited = b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::slt, trips, constant(0));
    Value within = b.create<LLVM::OrOp>(unlimited, b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::slt, iteration, trips));
    Value holds = b.create<LLVM::ICmpOp>(LLVM::ICmpPredicate::ne, flag, b.create<LLVM::ConstantOp>(b.getI8Type(), 0));
    b.create<LLVM::CondBrOp>(b.create<LLVM::AndOp>(within, holds), round, ValueRange(), done, ValueRange());

    Symbols before = symbols;
    auto bindSymbols = [&] {
      for (auto [index, attribute] : llvm::enumerate(op.getSymbols()))
        symbols[cast<StringAttr>(attribute).getValue()] =
            header->getArgument(header->getNumArguments() - names + index);
    };
    b.setInsertionPointToStart(round);
    bindSymbols();
    Block &body = op.getBody().front();
    store(iteration, iterationSlot, 0);
    store(flag, conditionSlot, 0);
    places[body.getArgument(0)] = iterationSlot;
    places[body.getArgument(1)] = conditionSlot;
    for (size_t i = 0; i < carried; ++i)
      places[body.getArgument(2 + i)] = header->getArgument(2 + i);
    for (Operation &inner : body.without_terminator())
      if (failed(emit(&inner)))
        return failure();
    auto yield = cast<rt::YieldOp>(body.getTerminator());
    SmallVector<Value> next{b.create<LLVM::AddOp>(iteration, constant(1)),
                            load(b.getI8Type(), places[yield.getBuffers()[0]], 0)};
    for (Value place : yield.getBuffers().slice(1, carried))
      next.push_back(places[place]);
    for (auto [index, bytes] : llvm::enumerate(parseAll(op.getScanBytes()))) {
      unsigned at = 2 + carried + 3 * index;
      Appended to{header->getArgument(at), header->getArgument(at + 1), header->getArgument(at + 2)};
      to = append(to, places[yield.getBuffers()[1 + carried + index]], value(bytes), iteration);
      next.append({to.data, to.used, to.room});
    }
    for (const Dim &dim : parseAll(yield.getSymbols()))
      next.push_back(value(dim));
    b.create<LLVM::BrOp>(next, header);

    symbols = std::move(before);
    b.setInsertionPointToStart(done);
    bindSymbols();
    for (size_t i = 0; i < op.getNumResults(); ++i)
      places[op.getResult(i)] = header->getArgument(i < carried ? 2 + i : 2 + carried + 3 * (i - carried));
    return success();
  }

  ModuleOp module;
  func::FuncOp source;
  StringRef symbol;
  ImplicitLocOpBuilder b;
  Type pointer, i64, i32;
  LLVM::LLVMFuncOp function;
  Block *exit = nullptr, *tooLarge = nullptr;
  Value frame, inputs, arenaService, outputService, launchService, failService, phasesService, bufferArray, dimArray;
  Symbols symbols; // values of symbols, and of expressions over them
  SmallVector<Value> slots[2]; // of the processor's arena, of the device's
  llvm::DenseMap<Value, Value> places;
  unsigned texts = 0;
  bool broken = false;
};

struct EmitHostPass : impl::EmitHostPassBase<EmitHostPass> {
  using EmitHostPassBase::EmitHostPassBase;

  void runOnOperation() override {
    auto source = getOperation().lookupSymbol<func::FuncOp>("host");
    if (!source || failed(HostEmitter(getOperation(), source, symbol).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern
