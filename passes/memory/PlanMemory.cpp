#include "dialects/graph/Work.h"
#include "dialects/kernel/Facts.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/rt/Rt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/memory/ConcatPlaces.h"
#include "passes/memory/Memory.h"
#include "passes/memory/Space.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/memory/Passes.h.inc"

namespace {

/// A tensor that needs memory of its own: from the op that makes it to its last reader, in the order of a walk.
struct Life {
  Value value; ///< null: what the tasks of `launch` share
  Operation *launch;
  unsigned begin, end;
  Dim bytes;
};

/// A place of the arena while lives are put into it.
struct Slot {
  SmallVector<Dim> sizes; ///< of its lives; none is another and a constant
  int64_t estimate = 0;   ///< of the largest
  unsigned freeFrom = 0;

  void add(const Dim &bytes, int64_t estimated) {
    estimate = std::max(estimate, estimated);
    for (Dim &size : sizes)
      if ((bytes - size).isConstant()) {
        size = Dim::max(size, bytes);
        return;
      }
    sizes.push_back(bytes);
  }

  /// The maximum as a tree: in a chain, the text of each step would hold all steps before it.
  Dim bytes() const { return maximum(sizes); }
  static Dim maximum(ArrayRef<Dim> sizes) {
    if (sizes.size() == 1)
      return sizes.front();
    size_t half = llvm::PowerOf2Ceil(sizes.size()) / 2;
    return Dim::max(maximum(sizes.take_front(half)), maximum(sizes.drop_front(half)));
  }
};

class Planner {
public:
  explicit Planner(func::FuncOp function)
      : function(function), module(function->getParentOfType<ModuleOp>()), builder(function.getContext()) {}

  LogicalResult run() {
    for (Value argument : function.getArguments())
      for (const Dim &dim : dimsOf(argument)) {
        std::vector<std::string> names;
        dim.collectSymbols(names);
        for (const std::string &name : names)
          if (early.insert(name).second)
            symbols.push_back(builder.getStringAttr(name));
      }
    module->setAttr("quern.symbols", builder.getArrayAttr(symbols));
    number(function.getBody().front());
    assignOutputs();
    places.emplace(function, [&](Value value, const Dim &offset) {
      return makesTensor(value.getDefiningOp()) && !isa<kernel::TransferOp>(value.getDefiningOp()) &&
             !outputOf.count(value) && isEarly(bytesOf(value)) &&
             (!isOnDevice(value) || offset.mod(kernel::kDeviceAlignment).isEqualTo(0));
    });
    assignSlots();

    auto host = OpBuilder(function).create<func::FuncOp>(function.getLoc(), "host",
                                                         FunctionType::get(builder.getContext(), {}, {}));
    builder.setInsertionPointToStart(host.addEntryBlock());
    builder.create<rt::ArenaOp>(function.getLoc(), dimsAttr(builder.getContext(), slots[0]));
    if (!slots[1].empty())
      builder.create<rt::ArenaOp>(function.getLoc(), dimsAttr(builder.getContext(), slots[1]), /*device=*/true);
    for (BlockArgument argument : function.getArguments())
      if (!hasDevice() || isReadByProcessor(argument))
        buffers[argument] = builder.create<rt::InputOp>(function.getLoc(), buffer(), argument.getArgNumber(),
                                                        bytesIfDevice(argument), /*place=*/Value());
    if (failed(lower(function.getBody().front())))
      return failure();
    builder.create<func::ReturnOp>(function.getLoc());
    module->setAttr("quern.weight_offsets", builder.getDenseI64ArrayAttr(offsets));
    module->setAttr("quern.weight_bytes", builder.getI64IntegerAttr(weightBytes));
    return success();
  }

private:
  Type buffer() { return rt::BufferType::get(builder.getContext()); }

  /// The ops whose results have memory of their own.
  static bool makesTensor(Operation *op) { return isa_and_nonnull<kernel::LaunchOp, ConcatOp, kernel::TransferOp>(op); }

  //===--- Lives ----------------------------------------------------------------------------===//

  unsigned number(Block &block) {
    for (Operation &op : block) {
      unsigned begin = clock++;
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          number(inner);
      unsigned end = op.getNumRegions() ? clock++ : begin;
      positions[&op] = {begin, end};
    }
    return clock;
  }

  /// The last position at which `value` or a view of it is read, seen from the block that makes it.
  unsigned lastUse(Value value) { return lastUse(value, value.getParentBlock()); }

  /// A view that a loop's body takes of a value from outside is read in every iteration.
  unsigned lastUse(Value value, Block *home) {
    unsigned last = value.getDefiningOp() ? positions[value.getDefiningOp()].second : 0;
    for (Operation *user : value.getUsers()) {
      if (isa<ReshapeOp>(user)) {
        last = std::max(last, lastUse(user->getResult(0), home));
        continue;
      }
      // What a branch yields lives on as the result of the op.
      if (isa<YieldOp>(user))
        last = std::max(last, clock);
      Operation *seen = home->findAncestorOpInBlock(*user);
      last = std::max(last, seen ? positions[seen].second : clock);
    }
    return last;
  }

  void assignOutputs() {
    auto results = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    for (auto [index, value] : llvm::enumerate(results.getOperands())) {
      Value root = rootOf(value);
      if (!makesTensor(root.getDefiningOp()) || root.getParentBlock() != &function.getBody().front())
        continue;
      if (!isOnDevice(root) && isWholeView(root, value))
        outputOf.try_emplace(root, index);
      if (isOnDevice(root) && bytesOf(root) == bytesOf(value) && llvm::all_of(dimsOf(value), [&](const Dim &dim) {
            return isEarly(dim);
          }))
        deviceOutputOf.try_emplace(root, index);
    }
  }

  //===--- The caller's tensors in models with a device -------------------------------------===//

  bool hasDevice() {
    return llvm::any_of(module.getOps<kernel::FuncOp>(),
                        [](kernel::FuncOp kernel) { return kernel.getThreads().has_value(); });
  }

  /// What an op must say of a caller's tensor that may be in the device's memory.
  StringAttr bytesIfDevice(Value value) {
    return hasDevice() ? builder.getStringAttr(bytesOf(value).str()) : StringAttr();
  }

  /// Whether `value` or a view of it is read where it is, not only taken to the device.
  static bool isReadByProcessor(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) {
      if (isa<ReshapeOp>(user))
        return isReadByProcessor(user->getResult(0));
      return !isa<kernel::TransferOp>(user);
    });
  }

  /// Whether the place of `value` can be made where `root` is: its symbols are bound there, and its size is the root's
  /// without a guard that is checked only later.
  bool isWholeView(Value root, Value value) {
    std::vector<std::string> bound, used;
    for (const Dim &dim : dimsOf(root))
      dim.collectSymbols(bound);
    for (const Dim &dim : dimsOf(value))
      dim.collectSymbols(used);
    return bytesOf(root) == bytesOf(value) && llvm::all_of(used, [&](const std::string &name) {
             return early.contains(name) || llvm::is_contained(bound, name);
           });
  }

  bool isEarly(const Dim &dim) {
    std::vector<std::string> names;
    dim.collectSymbols(names);
    return llvm::all_of(names, [&](const std::string &name) { return early.contains(name); });
  }

  bool runsOnDevice(kernel::LaunchOp launch) { return calleeOf(launch).getThreads().has_value(); }
  kernel::FuncOp calleeOf(kernel::LaunchOp launch) { return module.lookupSymbol<kernel::FuncOp>(launch.getCallee()); }

  /// An expression over the kernel's parameters as one over the model's symbols.
  static Dim expression(kernel::LaunchOp launch, StringRef text) {
    SmallVector<Dim> values = dimsOf(launch.getDims());
    return Dim::parse(text)->substitute([&](StringRef name) -> std::optional<Dim> {
      size_t index = 0;
      if (!name.consume_front("d") || name.getAsInteger(10, index) || index >= values.size())
        return std::nullopt;
      return values[index];
    });
  }

  Dim sharedBytes(kernel::LaunchOp launch) {
    auto callee = calleeOf(launch);
    return callee && callee.getShared() ? expression(launch, *callee.getShared()) : Dim(0);
  }

  /// Of every value that has memory of its own; a concatenation lives from the first of its parts on.
  std::vector<Life> collectLives() {
    std::vector<Life> lives;
    llvm::DenseMap<Value, Life> wholes;
    for (auto &[value, place] : *places) {
      Life &whole = wholes.try_emplace(place.whole, lifeOf(place.whole)).first->second;
      Life part = lifeOf(value);
      whole.begin = std::min(whole.begin, part.begin);
      whole.end = std::max(whole.end, part.end);
    }
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!makesTensor(op))
        return;
      for (Value result : op->getResults())
        if (!outputOf.count(result) && isEarly(bytesOf(result)) && places->of(result).whole == result)
          lives.push_back(wholes.count(result) ? wholes.lookup(result) : lifeOf(result));
      auto launch = dyn_cast<kernel::LaunchOp>(op);
      if (Dim bytes = launch ? sharedBytes(launch) : Dim(0); isEarly(bytes) && !bytes.isEqualTo(0))
        lives.push_back({Value(), launch, positions[launch].first, positions[launch].second, bytes});
    });
    llvm::stable_sort(lives, [](const Life &a, const Life &b) { return a.begin < b.begin; });
    return lives;
  }

  Life lifeOf(Value value) {
    return {value, value.getDefiningOp(), positions[value.getDefiningOp()].first, lastUse(value), bytesOf(value)};
  }

  void assignSlots() {
    std::vector<Life> lives = collectLives();
    // Best fit in program order: of the free slots the one nearest in size, judged with every symbol at 64.
    constexpr int64_t hint = 64;
    SmallVector<Slot> slotsOf[2];
    for (Life &life : lives) {
      bool device = life.value ? isOnDevice(life.value) : runsOnDevice(cast<kernel::LaunchOp>(life.launch));
      SmallVector<Slot> &slots = slotsOf[device];
      int64_t size = life.bytes.estimate(hint), best = -1, waste = INT64_MAX;
      for (auto [index, slot] : llvm::enumerate(slots)) {
        int64_t distance = std::abs(slot.estimate - size);
        if (slot.freeFrom < life.begin && distance < waste) {
          best = index;
          waste = distance;
        }
      }
      if (best < 0) {
        best = slots.size();
        slots.emplace_back();
      }
      slots[best].add(life.bytes, size);
      slots[best].freeFrom = life.end;
      (life.value ? slotOf[life.value] : sharedSlotOf[life.launch]) = best;
    }
    for (bool device : {false, true})
      for (const Slot &slot : slotsOf[device])
        slots[device].push_back(slot.bytes());
  }

  //===--- Lowering -------------------------------------------------------------------------===//

  LogicalResult lower(Block &block) {
    for (Operation &op : block)
      if (failed(lower(&op)))
        return failure();
    return success();
  }

  LogicalResult lower(Operation *op) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](ConstantOp op) { return success(); }) // placed where it is used
        .Case([&](ReshapeOp op) {
          if (Value known = bufferOf(op.getOperand()))
            buffers[op.getResult()] = known;
          return success();
        })
        .Case([&](kernel::LaunchOp op) { return lowerLaunch(op); })
        .Case([&](ConcatOp op) { return lowerConcat(op), success(); })
        .Case([&](kernel::TransferOp op) { return lowerTransfer(op), success(); })
        .Case([&](ReadSymbolsOp op) {
          builder.create<rt::ReadSymbolsOp>(op.getLoc(), bufferOf(op.getValues()), elementOf(op.getValues()),
                                            op.getSymbols(), op.getMinimum(), op.getMaximumAttr());
          return success();
        })
        .Case([&](GuardOp op) {
          builder.create<rt::GuardOp>(op.getLoc(), op.getLhs(), op.getRhs(), op.getMessage());
          return success();
        })
        .Case([&](IfOp op) { return lowerIf(op); })
        .Case([&](LoopOp op) { return lowerLoop(op); })
        .Case([&](func::ReturnOp op) { return lowerReturn(op); })
        .Default([](Operation *op) { return op->emitError() << "has no place in the host function"; });
  }

  /// `device`: a weight is wanted in the device's memory. Everything else is where it is.
  Value bufferOf(Value value, bool device = false) {
    if (auto constant = value.getDefiningOp<ConstantOp>()) {
      auto [segment, isNew] = segments.try_emplace(constant.getValue(), segments.size());
      if (isNew) { // as the linker lays segments out: each at the next multiple of 64 bytes
        offsets.push_back(weightBytes);
        weightBytes += llvm::alignTo(uint64_t(*bytesOf(value).constant()), 64);
      }
      return builder.create<rt::ConstantOp>(constant.getLoc(), buffer(), constant.getValue(), segment->second, device);
    }
    if (Value known = buffers.lookup(value))
      return known;
    // A view whose root is a constant.
    Value root = rootOf(value);
    return root != value ? bufferOf(root, device) : Value();
  }

  LogicalResult lowerLaunch(kernel::LaunchOp launch) {
    Location loc = launch.getLoc();
    SmallVector<Value> operands;
    auto callee = calleeOf(launch);
    if (!callee || !callee.getTasks())
      return launch.emitError() << "needs a kernel whose loops are made";
    for (Value input : launch.getInputs())
      operands.push_back(bufferOf(input, callee.getThreads().has_value()));
    for (Value result : launch.getResults())
      operands.push_back(buffers[result] = makePlace(result));
    if (auto slot = sharedSlotOf.find(launch); slot != sharedSlotOf.end())
      operands.push_back(builder.create<rt::SlotOp>(loc, buffer(), slot->second, runsOnDevice(launch)));
    else if (callee.getShared())
      operands.push_back(
          builder.create<rt::AllocateOp>(loc, buffer(), sharedBytes(launch).str(), runsOnDevice(launch)));
    StringAttr phases =
        callee.getPhases() ? builder.getStringAttr(expression(launch, *callee.getPhases()).str()) : StringAttr();
    auto placed = builder.create<rt::LaunchOp>(loc, builder.getStringAttr(launch.getName()), launch.getCalleeAttr(),
                                               builder.getI64IntegerAttr(site++), operands, launch.getDims(),
                                               builder.getStringAttr(expression(launch, *callee.getTasks()).str()),
                                               builder.getStringAttr(expression(launch, *callee.getScratch()).str()),
                                               phases, launch.getNodesAttr(), callee.getThreadsAttr());
    kernel::passFacts(launch, placed);
    return success();
  }

  /// Memory for a value that is about to be made.
  Value makePlace(Value value) {
    Location loc = value.getLoc();
    ConcatPlaces::Place place = places->of(value);
    if (auto output = outputOf.find(value); output != outputOf.end())
      return makeOutput(loc, output->second, value);
    auto slot = slotOf.find(place.whole);
    if (slot == slotOf.end())
      return builder.create<rt::AllocateOp>(loc, buffer(), bytesOf(value).str(), isOnDevice(value));
    Value whole = builder.create<rt::SlotOp>(loc, buffer(), slot->second, isOnDevice(value));
    if (auto output = deviceOutputOf.find(place.whole); output != deviceOutputOf.end())
      whole = makeOutput(loc, output->second, place.whole, whole);
    return shifted(whole, place.offset);
  }

  Value shifted(Value place, const Dim &bytes) {
    return bytes == Dim(0) ? place
                           : builder.create<rt::OffsetOp>(place.getLoc(), buffer(), place, bytes.str()).getResult();
  }

  void lowerTransfer(kernel::TransferOp op) {
    bool toDevice = op.getToDevice();
    Value to = buffers[op.getResult()] = makePlace(op.getResult());
    if (auto argument = dyn_cast<BlockArgument>(op.getOperand());
        argument && argument.getOwner() == &function.getBody().front()) {
      buffers[op.getResult()] = builder.create<rt::InputOp>(op.getLoc(), buffer(), argument.getArgNumber(),
                                                            bytesIfDevice(argument), to);
      return;
    }
    Value from = bufferOf(op.getOperand());
    builder.create<rt::CopyOp>(op.getLoc(), from, to, bytesOf(op.getResult()).str(), /*from_device=*/!toDevice,
                               /*to_device=*/toDevice);
  }

  /// Copies the parts that are not in their place already.
  void lowerConcat(ConcatOp op) {
    bool device = isOnDevice(op.getResult());
    Value whole = buffers[op.getResult()] = makePlace(op.getResult());
    ConcatPlaces::Place own = places->of(op.getResult());
    Dim offset = 0;
    for (Value input : op.getInputs()) {
      ConcatPlaces::Place place = places->of(rootOf(input));
      if (place.whole != own.whole || place.offset != own.offset + offset)
        builder.create<rt::CopyOp>(op.getLoc(), bufferOf(input, device), shifted(whole, offset), bytesOf(input).str(),
                                   device, device);
      offset = offset + bytesOf(input);
    }
  }

  /// `value` has the elements of the output; with a `place` they are in the device's memory.
  Value makeOutput(Location loc, unsigned index, Value value, Value place = Value()) {
    return builder.create<rt::OutputOp>(loc, buffer(), index, dimsOfOutput(index), bytesIfDevice(value), place);
  }

  ArrayAttr dimsOfOutput(unsigned index) {
    auto results = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    return dimsAttr(builder.getContext(), dimsOf(results.getOperand(index)));
  }

  /// Results that no kernel wrote in place: inputs, weights, results of control flow, the same value twice.
  LogicalResult lowerReturn(func::ReturnOp op) {
    for (auto [index, value] : llvm::enumerate(op.getOperands())) {
      if (isOnDevice(value)) {
        builder.create<rt::DeliverOp>(op.getLoc(), bufferOf(value), index, dimsOfOutput(index), bytesOf(value).str());
        continue;
      }
      auto written = outputOf.find(rootOf(value));
      if (written != outputOf.end() && written->second == index)
        continue;
      Value from = bufferOf(value), to = makeOutput(op.getLoc(), index, value);
      builder.create<rt::CopyOp>(op.getLoc(), from, to, bytesOf(value).str());
    }
    return success();
  }

  LogicalResult lowerIf(IfOp op) {
    SmallVector<Type> types(op.getNumResults(), buffer());
    auto branch = builder.create<rt::IfOp>(op.getLoc(), types, bufferOf(op.getCondition()), op.getSymbols());
    for (auto [from, to] : {std::pair(&op.getThenRegion(), &branch.getThenRegion()),
                            std::pair(&op.getElseRegion(), &branch.getElseRegion())}) {
      OpBuilder::InsertionGuard guard(builder);
      builder.createBlock(to);
      Block &body = from->front();
      for (Operation &inner : body.without_terminator())
        if (failed(lower(&inner)))
          return failure();
      auto yield = cast<YieldOp>(body.getTerminator());
      SmallVector<Value> values;
      for (Value value : yield.getValues())
        values.push_back(bufferOf(value));
      builder.create<rt::YieldOp>(yield.getLoc(), values, symbolsOf(op, yield));
    }
    for (auto [result, place] : llvm::zip(op.getResults(), branch.getResults()))
      buffers[result] = place;
    return success();
  }

  /// What each symbol of the op is in a branch: the dim of the yielded type at the place where the result has it.
  ArrayAttr symbolsOf(IfOp op, YieldOp yield) {
    SmallVector<Dim> values;
    for (Attribute attribute : op.getSymbols()) {
      Dim symbol = Dim::symbol(cast<StringAttr>(attribute).getValue()), found = 0;
      for (auto [result, value] : llvm::zip(op.getResults(), yield.getValues())) {
        SmallVector<Dim> outer = dimsOf(result), inner = dimsOf(value);
        for (size_t axis = 0; axis < std::min(outer.size(), inner.size()); ++axis)
          if (outer[axis] == symbol)
            found = inner[axis];
      }
      values.push_back(found);
    }
    return dimsAttr(builder.getContext(), values);
  }

  //===--- Loops ----------------------------------------------------------------------------===//

  bool mentions(Value value, ArrayAttr names) {
    std::vector<std::string> used;
    bytesOf(value).collectSymbols(used);
    return llvm::any_of(
        names, [&](Attribute name) { return llvm::is_contained(used, cast<StringAttr>(name).getValue().str()); });
  }

  /// New memory with what `from` holds, the elements of `value`.
  Value copyOf(Location loc, Value from, Value value) {
    Value to = builder.create<rt::AllocateOp>(loc, buffer(), bytesOf(value).str());
    builder.create<rt::CopyOp>(loc, from, to, bytesOf(value).str());
    return to;
  }

  /// A carried value whose size stays has one place for all iterations, which each iteration writes at its end; one
  /// whose size changes gets new memory.
  LogicalResult lowerLoop(LoopOp op) {
    Location loc = op.getLoc();
    Block &body = op.getBody().front();
    auto yield = cast<YieldOp>(body.getTerminator());
    size_t carried = op.getInitial().size();
    SmallVector<Value> initial;
    for (Value value : op.getInitial())
      initial.push_back(copyOf(loc, bufferOf(value), value));
    SmallVector<Attribute> scanBytes;
    for (Value value : yield.getValues().drop_front(1 + carried))
      scanBytes.push_back(builder.getStringAttr(bytesOf(value).str()));
    auto [first, next] = loopSymbols(op, yield);
    SmallVector<Type> types(op.getNumResults(), buffer());
    auto loop = builder.create<rt::LoopOp>(loc, types, bufferOf(op.getTripCount()), bufferOf(op.getCondition()),
                                           initial, op.getSymbols(), first, builder.getArrayAttr(scanBytes));
    {
      OpBuilder::InsertionGuard guard(builder);
      Block *inner = builder.createBlock(&loop.getBody());
      for (BlockArgument argument : body.getArguments())
        buffers[argument] = inner->addArgument(buffer(), loc);
      for (Operation &nested : body.without_terminator())
        if (failed(lower(&nested)))
          return failure();
      // A carried value that is yielded at another position must be read before its place is written. So must what an
      // if gives: its branches may yield carried values.
      auto kept = [&](Value value) {
        Value root = rootOf(value);
        auto argument = dyn_cast<BlockArgument>(root);
        bool isCarried = argument && argument.getOwner() == &body && argument.getArgNumber() >= 2;
        return isCarried || root.getDefiningOp<IfOp>() ? copyOf(loc, bufferOf(value), value) : bufferOf(value);
      };
      SmallVector<Value> values{kept(yield.getValues()[0])}, nexts, scans;
      for (auto [index, value] : llvm::enumerate(yield.getValues().slice(1, carried))) {
        if (mentions(body.getArgument(2 + index), op.getSymbols()))
          nexts.push_back(copyOf(loc, bufferOf(value), value));
        else
          nexts.push_back(rootOf(value) == body.getArgument(2 + index) ? bufferOf(value) : kept(value));
      }
      for (Value value : yield.getValues().drop_front(1 + carried))
        scans.push_back(kept(value));
      for (size_t index = 0; index < carried; ++index) {
        Value place = buffers[body.getArgument(2 + index)];
        if (!mentions(body.getArgument(2 + index), op.getSymbols())) {
          if (nexts[index] != place)
            builder.create<rt::CopyOp>(loc, nexts[index], place, bytesOf(body.getArgument(2 + index)).str());
          nexts[index] = place;
        }
        values.push_back(nexts[index]);
      }
      values.append(scans);
      builder.create<rt::YieldOp>(yield.getLoc(), values, next);
    }
    for (auto [result, place] : llvm::zip(op.getResults(), loop.getResults()))
      buffers[result] = place;
    return success();
  }

  /// What each symbol of a loop is at the start, and what the end of an iteration makes it.
  std::pair<ArrayAttr, ArrayAttr> loopSymbols(LoopOp op, YieldOp yield) {
    size_t carried = op.getInitial().size();
    SmallVector<Dim> first, next;
    for (Attribute attribute : op.getSymbols()) {
      Dim symbol = Dim::symbol(cast<StringAttr>(attribute).getValue()), start = 0, after = symbol;
      for (auto [index, result] : llvm::enumerate(op.getResults()))
        for (auto [axis, dim] : llvm::enumerate(dimsOf(result))) {
          if (dim != symbol)
            continue;
          Value given = yield.getValues()[1 + index];
          if (index < carried) {
            start = dimOf(op.getInitial()[index], axis);
            after = dimOf(given, axis);
          } else {
            after = axis == 0 ? symbol + 1 : dimOf(given, axis - 1);
          }
        }
      first.push_back(start);
      next.push_back(after);
    }
    return {dimsAttr(builder.getContext(), first), dimsAttr(builder.getContext(), next)};
  }

  func::FuncOp function;
  ModuleOp module;
  OpBuilder builder;
  unsigned clock = 0;
  int64_t site = 0;
  llvm::DenseMap<Operation *, std::pair<unsigned, unsigned>> positions;
  llvm::StringSet<> early;
  std::optional<ConcatPlaces> places;
  SmallVector<Attribute> symbols;
  SmallVector<int64_t> offsets;
  int64_t weightBytes = 0;
  SmallVector<Dim> slots[2]; // of the processor's arena, of the device's
  llvm::DenseMap<Value, int64_t> slotOf;
  llvm::DenseMap<Operation *, int64_t> sharedSlotOf;
  llvm::DenseMap<Value, unsigned> outputOf;       // made by the processor
  llvm::DenseMap<Value, unsigned> deviceOutputOf; // made by the device, each with a slot for where the caller's is not
  llvm::DenseMap<Value, Value> buffers;
  llvm::DenseMap<Attribute, int64_t> segments;
};

struct PlanMemoryPass : impl::PlanMemoryPassBase<PlanMemoryPass> {
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || failed(Planner(function).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace quern
