// bar, barrier, membar, fence.
#include "test/ptx/instructions/WarpLevel.h"

namespace quern::ptx {
namespace {

/// rows[1]: the barrier, rows[2]: threads (0: all), rows[3]: the predicate of a reduction. op.count: 0 sync, 1 arrive,
/// 2 reduction.
void barrier(Warp &warp, const Op &op, Mask mask) {
  if (!warp.gather(mask, warp.launched))
    return;
  unsigned first = __builtin_ctz(mask);
  uint32_t id = warp.row<uint32_t>(op.rows[1])[first], threads = warp.row<uint32_t>(op.rows[2])[first];
  if (id > 15)
    throw Fault{FaultKind::Instruction, "there is no barrier " + std::to_string(id)};
  if (threads % kLanes)
    throw Fault{FaultKind::Instruction, "a barrier of " + std::to_string(threads) + " threads is not of whole warps"};
  BarrierArrival arrival{id, threads, op.count == 1, op.count == 2 ? &op : nullptr, mask, 0};
  if (arrival.reduction)
    arrival.predicate = *warp.row<Mask>(op.rows[3]);
  warp.stopAtBarrier(arrival);
}

void warpBarrier(Warp &warp, const Op &op, Mask mask) {
  gatherMembers(warp, op.rows[0], mask);
}

} // namespace

void decodeBar(Instruction &in) {
  if (in.take("warp")) {
    if (!in.take("sync"))
      in.unsupported();
    return in.make(warpBarrier, {}, {kB32});
  }
  in.take("cta");
  int form = in.modifiers.takeOneOf({"sync", "arrive", "red"});
  in.take("aligned");
  if (form < 0)
    in.unsupported();
  in.op.count = form;
  bool isReduction = form == 2;
  if (isReduction) {
    int operation = in.modifiers.takeOneOf({"popc", "and", "or"});
    Type type = in.type();
    if (operation < 0 || type != (operation == 0 ? kU32 : kPred))
      in.unsupported();
    in.op.variant = operation;
    in.expectOperands(3, 4);
    in.op.rows[0] = in.result(in.operands[0], type);
    in.op.rows[3] = in.source(in.operands.back(), kPred);
  } else {
    in.expectOperands(form == 1 ? 2 : 1, 2);
  }
  bool hasCount = in.operands.size() == (isReduction ? 4u : 2u);
  in.op.rows[1] = in.source(in.operands[isReduction], kU32);
  in.op.rows[2] = hasCount ? in.source(in.operands[isReduction + 1], kU32) : in.constantRow(0, kU32);
  in.emit(barrier);
}

/// The interpreter's memory is sequentially consistent.
void decodeFence(Instruction &in) {
  in.modifiers.takeOneOf({"sc", "acq_rel", "acquire", "release"});
  in.modifiers.takeOneOf({"cta", "cluster", "gpu", "gl", "sys"});
  in.expectOperands(0);
}

} // namespace quern::ptx
