// bra, brx, call, ret, exit, trap, nanosleep.
#include "test/ptx/decode/FunctionDecoder.h"
#include "test/ptx/instructions/Handlers.h"

namespace quern::ptx {
namespace {

void branch(Warp &warp, const Op &op, Mask mask) {
  warp.branch(mask, static_cast<uint32_t>(op.immediate));
}

/// Lanes with the same index leave together.
void branchIndexed(Warp &warp, const Op &op, Mask mask) {
  const std::vector<uint32_t> &targets = warp.code->branchTables[op.immediate];
  const uint32_t *index = warp.row<uint32_t>(op.rows[0]);
  while (mask) {
    unsigned first = __builtin_ctz(mask);
    if (index[first] >= targets.size())
      throw Fault{FaultKind::Instruction,
                  "branch index " + std::to_string(index[first]) + " of " + std::to_string(targets.size()) + " targets",
                  static_cast<int>(first)};
    Mask together = 0;
    forEachLane(mask, [&](unsigned lane) { together |= Mask(index[lane] == index[first]) << lane; });
    mask &= ~together;
    warp.branch(together, targets[index[first]]);
  }
}

void call(Warp &warp, const Op &op, Mask mask) {
  warp.call(mask, static_cast<uint32_t>(op.immediate));
}
void ret(Warp &warp, const Op &, Mask mask) {
  warp.returnFrom(mask);
}
void exitThread(Warp &warp, const Op &, Mask mask) {
  warp.exit(mask);
}
void trap(Warp &, const Op &, Mask mask) {
  throw Fault{FaultKind::Trap, "trap", __builtin_ctz(mask)};
}

std::vector<CallSite::Copy> copies(Instruction &in, const std::vector<Operand> &arguments,
                                   const std::vector<Variable *> &params, bool isResult) {
  std::vector<CallSite::Copy> result;
  if (arguments.size() != params.size())
    in.fail(std::to_string(arguments.size()) + (isResult ? " results" : " arguments") + " for " +
            std::to_string(params.size()));
  for (size_t i = 0; i < params.size(); ++i) {
    const Variable *own = arguments[i].variable;
    if (!own || own->space != Space::Param || own->bytes != params[i]->bytes)
      in.fail("argument '" + arguments[i].name + "' is no .param variable of " + std::to_string(params[i]->bytes) +
              " bytes");
    if (isResult)
      result.push_back({params[i]->address, own->address, own->bytes});
    else
      result.push_back({own->address, params[i]->address, own->bytes});
  }
  return result;
}

} // namespace

void decodeBra(Instruction &in) {
  in.take("uni");
  in.expectOperands(1);
  in.op.immediate = in.function.labelTarget(in, in.operands[0].name);
  in.function.noteBranch();
  in.emit(branch);
}

void decodeBrx(Instruction &in) {
  in.take("uni");
  if (!in.take("idx"))
    in.unsupported();
  in.expectOperands(2);
  auto targets = in.function.function.branchTargets.find(in.operands[1].name);
  if (targets == in.function.function.branchTargets.end())
    in.fail("no .branchtargets '" + in.operands[1].name + "'");
  std::vector<uint32_t> table;
  for (const std::string &label : targets->second)
    table.push_back(in.function.labelTarget(in, label));
  in.op.rows[0] = in.source(in.operands[0], kU32);
  in.op.immediate = in.function.code.branchTables.size();
  in.function.code.branchTables.push_back(std::move(table));
  in.emit(branchIndexed);
}

/// call {(result),} function {, (arguments)}
void decodeCall(Instruction &in) {
  in.take("uni");
  static const std::vector<Operand> none;
  size_t at = 0;
  bool hasResults = !in.operands.empty() && in.operands[0].kind == Operand::Kind::List;
  const std::vector<Operand> &results = hasResults ? in.operands[at++].elements : none;
  if (at >= in.operands.size() || in.operands[at].kind != Operand::Kind::Symbol)
    in.fail("an indirect call is not supported");
  const std::string &name = in.operands[at++].name;
  const std::vector<Operand> &arguments = at < in.operands.size() ? in.operands[at++].elements : none;
  in.expectOperands(at);
  auto [code, callee] = in.function.findCode(name);
  if (!code)
    in.fail("function '" + name + "' is not defined");
  in.op.immediate = in.function.code.calls.size();
  in.function.code.calls.push_back(
      {code, copies(in, arguments, callee->params, false), copies(in, results, callee->results, true)});
  in.emit(call);
}

void decodeRet(Instruction &in) {
  in.take("uni");
  in.make(ret, {}, {});
}
void decodeExit(Instruction &in) {
  in.make(exitThread, {}, {});
}
void decodeTrap(Instruction &in) {
  in.make(trap, {}, {});
}
void decodeNanosleep(Instruction &in) {
  in.make([](Warp &, const Op &, Mask) {}, {}, {in.type()});
}

} // namespace quern::ptx
