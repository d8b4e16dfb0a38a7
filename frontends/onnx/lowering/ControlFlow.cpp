// If, Loop and Scan. A branch that is known at compile time is inlined; Scan is a loop over slices.
//
// The types of regions are found by lowering them. A dim of a result that is not the same expression on every way to
// it, or that speaks of symbols bound inside a region, is a new symbol of the op. Loops repeat this until the types of
// the carried values stay: each round makes at least one more dim a symbol, so there are at most as many rounds as
// dims.
#include "frontends/onnx/lowering/Families.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

//===--- Types at the border of a region ----------------------------------------------------===//

/// The symbols that ops inside a region bind; they mean nothing outside it.
static llvm::StringSet<> symbolsBoundIn(Region &region) {
  llvm::StringSet<> bound;
  auto addAll = [&](ArrayAttr symbols) {
    for (StringAttr symbol : symbols.getAsRange<StringAttr>())
      bound.insert(symbol.getValue());
  };
  region.walk([&](Operation *op) {
    if (auto list = op->getAttrOfType<ArrayAttr>("symbols"))
      addAll(list);
    if (auto one = op->getAttrOfType<StringAttr>("symbol"))
      bound.insert(one.getValue());
  });
  return bound;
}

static bool mentions(const Dim &dim, const llvm::StringSet<> &symbols) {
  std::vector<std::string> names;
  dim.collectSymbols(names);
  return llvm::any_of(names, [&](const std::string &name) { return symbols.contains(name); });
}

/// Both have to be tensors of one element type and rank: `what` is "branches" or "iterations".
static llvm::Error requireAlike(NodeLowering &node, size_t i, Type a, Type b, StringRef what) {
  auto left = dyn_cast<RankedTensorType>(a), right = dyn_cast<RankedTensorType>(b);
  if (!left || !right)
    return node.error(ErrorKind::Unsupported, "value {0} is {1}; only tensors can leave a region", i, left ? b : a);
  if (left.getElementType() != right.getElementType())
    return node.error(ErrorKind::Model, "the {0} give value {1} the types {2} and {3}; they must agree", what, i, left,
                      right);
  if (left.getRank() != right.getRank())
    return node.error(ErrorKind::Unsupported, "the {0} give value {1} the ranks {2} and {3}, expected one rank", what,
                      i, left.getRank(), right.getRank());
  return llvm::Error::success();
}

/// A scalar operand, which files also give as one element of rank 1.
static Value oneElement(NodeLowering &node, Value value) { return node.reshape(value, ArrayRef<Dim>()); }

static void yield(NodeLowering &node, Block *block, ValueRange values) {
  OpBuilder::atBlockEnd(block).create<graph::YieldOp>(node.builder.getLoc(), values);
}

//===--- If ---------------------------------------------------------------------------------===//

/// The type of a result: dims that both branches agree on and that have a meaning outside stay, others are new symbols.
static Type mergeTypes(NodeLowering &node, size_t i, Type a, Type b, const llvm::StringSet<> &inner,
                       SmallVectorImpl<StringRef> &symbols) {
  SmallVector<Dim> dims = dimsOf(a), others = dimsOf(b);
  for (size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] != others[axis] || mentions(dims[axis], inner)) {
      dims[axis] = node.freshSymbol(node.resultName(i));
      symbols.push_back(node.builder.getStringAttr(dims[axis].str()).getValue());
    }
  return tensorType(dims, cast<RankedTensorType>(a).getElementType());
}

Lowered onnx::choose(NodeLowering &node, Value condition, llvm::function_ref<Lowered(Block *)> thenBody,
                     llvm::function_ref<Lowered(Block *)> elseBody) {
  // An op that does not have its results yet holds the two bodies.
  auto holder = node.builder.create<IfOp>(TypeRange(), oneElement(node, condition), node.builder.getStrArrayAttr({}));
  SmallVector<Value> values[2];
  for (bool isThen : {true, false}) {
    Block &block = (isThen ? holder.getThenRegion() : holder.getElseRegion()).emplaceBlock();
    OpBuilder::InsertionGuard restore(node.builder);
    node.builder.setInsertionPointToEnd(&block);
    Lowered made = (isThen ? thenBody : elseBody)(&block);
    if (!made)
      return made.takeError();
    yield(node, &block, *made);
    values[!isThen] = std::move(*made);
  }
  llvm::StringSet<> inner = symbolsBoundIn(holder.getThenRegion());
  for (auto &entry : symbolsBoundIn(holder.getElseRegion()))
    inner.insert(entry.getKey());

  SmallVector<Type> types;
  SmallVector<StringRef> symbols;
  for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(values[0], values[1]))) {
    Type a = std::get<0>(pair).getType(), b = std::get<1>(pair).getType();
    if (llvm::Error error = requireAlike(node, i, a, b, "branches"))
      return error;
    types.push_back(mergeTypes(node, i, a, b, inner, symbols));
  }
  auto op = node.builder.create<IfOp>(types, holder.getCondition(), node.builder.getStrArrayAttr(symbols));
  op.getThenRegion().takeBody(holder.getThenRegion());
  op.getElseRegion().takeBody(holder.getElseRegion());
  holder.erase();
  return SmallVector<Value>(op.getResults());
}

/// "Where that extent is 1, squeeze it": what exporters write for a squeeze of an axis they do not know.
static bool isConditionalSqueeze(Region &thenBranch, Region &elseBranch) {
  auto yielded = [](Region &branch) {
    Operation *end = branch.front().getTerminator();
    return end->getNumOperands() == 1 ? end->getOperand(0) : Value();
  };
  Value squeezed = yielded(thenBranch), same = yielded(elseBranch);
  auto squeeze = squeezed ? squeezed.getDefiningOp<NodeOp>() : nullptr;
  if (auto identity = same ? same.getDefiningOp<NodeOp>() : nullptr; identity && identity.getOpType() == "Identity")
    same = identity.getInputs()[0];
  bool hasAxes =
      squeeze && squeeze.getOpType() == "Squeeze" && (squeeze.getInputs().size() == 2 || squeeze.getNodeAttr("axes"));
  return hasAxes && squeeze.getInputs()[0] == same;
}

Lowered onnx::lowerIf(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Region *thenBranch = node.region("then_branch"), *elseBranch = node.region("else_branch");
  if (!thenBranch || !elseBranch)
    return node.error(ErrorKind::Model, "needs the graphs then_branch and else_branch");
  if (auto known = node.knownInts(0); known && known->size() == 1)
    return node.lowerRegion(known->front() ? *thenBranch : *elseBranch, {}, node.builder.getInsertionBlock());

  // Values have one rank, so the extent is taken to be 1; the squeeze guards that.
  if (isConditionalSqueeze(*thenBranch, *elseBranch))
    return node.lowerRegion(*thenBranch, {}, node.builder.getInsertionBlock());

  auto wanted = [&](Region &branch) {
    return [&node, &branch](Block *block) -> Lowered {
      Lowered values = node.lowerRegion(branch, {}, block);
      if (!values)
        return values;
      if (values->size() != node.numResults())
        return node.error(ErrorKind::Model, "a branch gives {0} values, expected {1}", values->size(),
                          node.numResults());
      SmallVector<Value> kept;
      for (size_t i = 0; i < values->size(); ++i)
        if (node.wantsResult(i))
          kept.push_back((*values)[i]);
      return kept;
    };
  };
  auto thenBody = wanted(*thenBranch), elseBody = wanted(*elseBranch);
  Lowered chosen = choose(node, node.operand(0), thenBody, elseBody);
  if (!chosen)
    return chosen;
  SmallVector<Value> results(node.numResults());
  for (size_t i = 0, next = 0; i < results.size(); ++i)
    if (node.wantsResult(i))
      results[i] = (*chosen)[next++];
  return results;
}

//===--- Loop -------------------------------------------------------------------------------===//

namespace {
/// A loop before its body is lowered. `makeBody` lowers the body at the end of a block whose arguments are the
/// iteration, the condition and the carried values, and returns the next condition, the next carried values and the
/// scan values.
struct LoopPlan {
  Value tripCount, condition;
  std::optional<Dim> trips; // where known, as far as the condition stays true
  SmallVector<Value> initial;
  llvm::function_ref<Lowered(Block *)> makeBody;
};

/// A lowered body in the region of an op that does not have its results yet.
struct LoopRound {
  LoopOp holder;
  SmallVector<Value> yielded;
};
} // namespace

static llvm::Expected<LoopRound> lowerRound(NodeLowering &node, const LoopPlan &plan, ArrayRef<Type> carried) {
  LoopRound round;
  round.holder = node.builder.create<LoopOp>(TypeRange(), plan.tripCount, plan.condition, plan.initial,
                                             node.builder.getStrArrayAttr({}));
  Block &block = round.holder.getBody().emplaceBlock();
  block.addArgument(RankedTensorType::get({}, node.builder.getI64Type()), node.builder.getLoc());
  block.addArgument(RankedTensorType::get({}, node.builder.getI1Type()), node.builder.getLoc());
  for (Type type : carried)
    block.addArgument(type, node.builder.getLoc());
  Lowered yielded = plan.makeBody(&block);
  if (!yielded)
    return yielded.takeError();
  if (yielded->size() < 1 + carried.size())
    return node.error(ErrorKind::Model, "the body gives {0} values, expected {1} or more", yielded->size(),
                      1 + carried.size());
  round.yielded = std::move(*yielded);
  return round;
}

/// Makes each dim of a carried value that an iteration changes a symbol. True if there was one.
static llvm::Expected<bool> widen(NodeLowering &node, LoopRound &round, SmallVectorImpl<Type> &carried,
                                  SmallVectorImpl<std::string> &symbols) {
  llvm::StringSet<> inner = symbolsBoundIn(round.holder.getBody());
  bool changed = false;
  for (size_t i = 0; i < carried.size(); ++i) {
    Type next = round.yielded[1 + i].getType();
    if (llvm::Error error = requireAlike(node, i, carried[i], next, "iterations"))
      return error;
    SmallVector<Dim> dims = dimsOf(carried[i]), after = dimsOf(next);
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if ((dims[axis] == after[axis] && !mentions(after[axis], inner)) || llvm::is_contained(symbols, dims[axis].str()))
        continue;
      dims[axis] = node.freshSymbol(node.resultName(i));
      symbols.push_back(dims[axis].str());
      changed = true;
    }
    carried[i] = tensorType(dims, cast<RankedTensorType>(carried[i]).getElementType());
  }
  return changed;
}

/// The condition never ends the loop: it is true at the start, and the body gives true or what it got.
static bool staysTrue(NodeLowering &node, const LoopPlan &plan, LoopRound &round) {
  auto isTrue = [&](Value value) {
    auto known = node.knownInts(value);
    return known && known->size() == 1 && known->front() != 0;
  };
  return isTrue(plan.condition) &&
         (round.yielded[0] == round.holder.getBody().getArgument(1) || isTrue(round.yielded[0]));
}

/// The types of the stacked scan values. Their dims must not change between iterations; those that could are symbols.
static llvm::Expected<SmallVector<Type>> scanTypes(NodeLowering &node, const LoopPlan &plan, LoopRound &round,
                                                   SmallVectorImpl<std::string> &symbols) {
  llvm::StringSet<> inner = symbolsBoundIn(round.holder.getBody());
  for (const std::string &symbol : symbols)
    inner.insert(symbol);
  std::optional<Dim> count = staysTrue(node, plan, round) ? plan.trips : std::nullopt;
  SmallVector<Type> types;
  for (size_t i = 1 + plan.initial.size(); i < round.yielded.size(); ++i) {
    Type type = round.yielded[i].getType();
    if (llvm::Error error = requireAlike(node, i - 1, type, type, "iterations"))
      return error;
    auto fresh = [&] {
      Dim dim = node.freshSymbol(node.resultName(i - 1));
      symbols.push_back(dim.str());
      return dim;
    };
    if (!count)
      count = fresh();
    SmallVector<Dim> dims = {*count};
    for (const Dim &dim : dimsOf(type))
      dims.push_back(mentions(dim, inner) ? fresh() : dim);
    types.push_back(tensorType(dims, cast<RankedTensorType>(type).getElementType()));
  }
  return types;
}

/// Results: the final carried values, then the stacked scan values.
static Lowered buildLoop(NodeLowering &node, const LoopPlan &plan) {
  SmallVector<Type> carried(ValueRange(plan.initial).getTypes());
  SmallVector<std::string> symbols;
  SmallVector<LoopOp> discarded; // kept until the end, so that no block takes the place of one that had guards
  LoopRound round;
  for (bool changed = true; changed;) {
    auto next = lowerRound(node, plan, carried);
    if (!next)
      return next.takeError();
    round = std::move(*next);
    auto widened = widen(node, round, carried, symbols);
    if (!widened)
      return widened.takeError();
    changed = *widened;
    if (changed)
      discarded.push_back(round.holder);
  }
  auto scans = scanTypes(node, plan, round, symbols);
  if (!scans)
    return scans.takeError();

  Block &block = round.holder.getBody().front();
  yield(node, &block, round.yielded);
  SmallVector<Type> types(carried);
  types.append(*scans);
  SmallVector<StringRef> names(symbols.begin(), symbols.end());
  auto op = node.builder.create<LoopOp>(types, plan.tripCount, plan.condition, plan.initial,
                                        node.builder.getStrArrayAttr(names));
  op.getBody().takeBody(round.holder.getBody());
  round.holder.erase();
  for (LoopOp old : discarded)
    node.discard(old);
  return SmallVector<Value>(op.getResults());
}

Lowered onnx::lowerLoop(NodeLowering &node) {
  Region *body = node.region("body");
  if (!body || body->getNumArguments() < 2)
    return node.error(ErrorKind::Model, "needs a graph body with the inputs iteration and condition");
  LoopPlan plan;
  // A negative count in the file is no iteration; "no limit" is the count left out.
  plan.tripCount =
      node.has(0) ? node.max(oneElement(node, node.operand(0)), 0.0) : node.constantInt(-1, node.builder.getI64Type());
  plan.condition = node.has(1) ? oneElement(node, node.operand(1)) : node.constantInt(1, node.builder.getI1Type());
  if (auto count = knownIntegers(plan.tripCount); count && node.has(0))
    plan.trips = count->front();
  for (size_t i = 2; i < node.numOperands(); ++i)
    plan.initial.push_back(node.operand(i));
  if (body->getNumArguments() != 2 + plan.initial.size() || llvm::is_contained(plan.initial, Value()))
    return node.error(ErrorKind::Model, "the body has {0} inputs and the node {1}; they must be as many",
                      body->getNumArguments(), 2 + plan.initial.size());

  auto makeBody = [&](Block *block) {
    return node.lowerRegion(*body, SmallVector<Value>(block->getArguments()), block);
  };
  plan.makeBody = makeBody;
  return buildLoop(node, plan);
}

Lowered onnx::repeat(NodeLowering &node, const Dim &trips, ArrayRef<Value> initial,
                     llvm::function_ref<Lowered(Block *, Value, ArrayRef<Value>)> body) {
  auto makeBody = [&](Block *block) -> Lowered {
    OpBuilder::InsertionGuard restore(node.builder);
    node.builder.setInsertionPointToEnd(block);
    SmallVector<Value> carried(block->getArguments().drop_front(2));
    Lowered values = body(block, block->getArgument(0), carried);
    if (values) {
      node.builder.setInsertionPointToEnd(block);
      values->insert(values->begin(), node.constantInt(1, node.builder.getI1Type()));
    }
    return values;
  };
  LoopPlan plan;
  plan.tripCount = node.dimVector({trips}, node.builder.getI64Type(), /*rank0=*/true);
  plan.condition = node.constantInt(1, node.builder.getI1Type());
  plan.trips = trips;
  plan.initial.assign(initial.begin(), initial.end());
  plan.makeBody = makeBody;
  return buildLoop(node, plan);
}

//===--- Scan -------------------------------------------------------------------------------===//

namespace {
struct ScanPlan {
  SmallVector<Value> states, inputs;
  SmallVector<int64_t> inputAxes, inputDirections, outputAxes, outputDirections;
  Dim length;
};
} // namespace

static SmallVector<int64_t> listOf(NodeLowering &node, StringRef name, size_t size) {
  SmallVector<int64_t> values = node.integers(name).value_or(SmallVector<int64_t>());
  values.resize(size, 0);
  return values;
}

static llvm::Expected<ScanPlan> readScan(NodeLowering &node, Region &body) {
  ScanPlan plan;
  bool batched = node.version() < 9; // version 8 has sequence_lens first and a batch axis everywhere
  SmallVector<Value> operands(node.allOperands().drop_front(batched ? 1 : 0));
  int64_t scans = node.integer("num_scan_inputs", 0);
  if (scans < 1 || scans > int64_t(operands.size()) || body.getNumArguments() != operands.size())
    return node.error(ErrorKind::Model, "num_scan_inputs is {0} for {1} inputs and a body of {2}", scans,
                      operands.size(), body.getNumArguments());
  size_t stateCount = operands.size() - scans, outputs = body.front().getTerminator()->getNumOperands();
  if (outputs < stateCount || outputs != node.numResults())
    return node.error(ErrorKind::Model, "the body gives {0} values for {1} states and {2} results", outputs, stateCount,
                      node.numResults());
  plan.inputAxes = listOf(node, "scan_input_axes", scans);
  plan.inputDirections = listOf(node, batched ? "directions" : "scan_input_directions", scans);
  plan.outputAxes = listOf(node, "scan_output_axes", outputs - stateCount);
  plan.outputDirections = listOf(node, "scan_output_directions", outputs - stateCount);
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (batched && (rankOf(operand) < 1 || !dimOf(operand, 0).isEqualTo(1) || node.has(0)))
      return node.error(ErrorKind::Unsupported,
                        "Scan of opset 8 with sequence_lens or a batch other than 1; convert the model "
                        "to opset 9");
    Value value = batched ? node.squeeze(operand, {0}) : operand;
    (i < stateCount ? plan.states : plan.inputs).push_back(value);
  }
  for (int64_t i = 0; i < scans; ++i) {
    auto axis = node.axis(plan.inputAxes[i], rankOf(plan.inputs[i]), "scan_input_axes");
    if (!axis)
      return axis.takeError();
    plan.inputAxes[i] = *axis;
    Dim length = dimOf(plan.inputs[i], *axis);
    plan.length = i == 0 ? length : node.guard(plan.length, length, "the scanned axes of two inputs");
  }
  return plan;
}

/// Stacked along axis 0 in the order of iterations -> along `axis`, backwards where `reversed`.
static llvm::Expected<Value> arrangeScan(NodeLowering &node, Value stacked, int64_t axis, bool reversed) {
  int64_t rank = rankOf(stacked);
  auto target = node.axis(axis, rank, "scan_output_axes");
  if (!target)
    return target.takeError();
  SmallVector<Dim> dims = dimsOf(stacked), starts(rank, 0);
  SmallVector<int64_t> steps(rank, 1), permutation;
  if (reversed) {
    starts[0] = Dim::max(dims[0] - 1, 0);
    steps[0] = -1;
    stacked = node.createAs<SliceOp>(stacked.getType(), stacked, dimsAttr(node.builder.getContext(), starts), steps);
  }
  for (int64_t i = 1; i < rank; ++i)
    permutation.push_back(i);
  permutation.insert(permutation.begin() + *target, 0);
  return node.transpose(stacked, permutation);
}

Lowered onnx::lowerScan(NodeLowering &node) {
  Region *body = node.region("body");
  if (!body)
    return node.error(ErrorKind::Model, "needs a graph body");
  llvm::Expected<ScanPlan> scan = readScan(node, *body);
  if (!scan)
    return scan.takeError();
  Type i64 = node.builder.getI64Type();

  Lowered results =
      repeat(node, scan->length, scan->states, [&](Block *block, Value iteration, ArrayRef<Value> states) {
        SmallVector<Value> arguments(states);
        for (size_t i = 0; i < scan->inputs.size(); ++i) {
          Value index = iteration;
          if (scan->inputDirections[i])
            index = node.sub(node.dimVector({scan->length - 1}, i64, /*rank0=*/true), index);
          arguments.push_back(node.gather(scan->inputs[i], index, scan->inputAxes[i]));
        }
        return node.lowerRegion(*body, arguments, block);
      });
  if (!results)
    return results;
  for (size_t i = scan->states.size(); i < results->size(); ++i) {
    size_t output = i - scan->states.size();
    auto arranged = arrangeScan(node, (*results)[i], scan->outputAxes[output], scan->outputDirections[output] != 0);
    if (!arranged)
      return arranged.takeError();
    (*results)[i] = *arranged;
  }
  if (node.version() < 9)
    for (Value &result : *results)
      result = node.unsqueeze(result, {0});
  return results;
}
