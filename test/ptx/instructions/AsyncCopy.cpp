// cp.async: the source is read when the copy is asked for, the destination written at the wait that covers it, so that
// a missing or too weak wait shows as old data.
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/machine/Addresses.h"
#include "test/ptx/machine/Block.h"
#include <cstring>

namespace quern::ptx {
namespace {

/// [rows[0]] = op.bytes bytes: the first rows[2] from [rows[1]], none where predicate rows[3] is true, then zeros.
void start(Warp &warp, const Op &op, Mask mask) {
  const uint64_t *to = warp.row<uint64_t>(op.rows[0]), *from = warp.row<uint64_t>(op.rows[1]);
  const uint32_t *sizes = warp.row<uint32_t>(op.rows[2]);
  Mask ignored = *warp.row<Mask>(op.rows[3]);
  forEachLane(mask, [&](unsigned lane) {
    uint32_t bytes = ignored >> lane & 1 ? 0 : sizes[lane];
    if (bytes > op.bytes)
      throw Fault{FaultKind::Instruction,
                  "the source of " + std::to_string(bytes) + " bytes is larger than the copy of " +
                      std::to_string(op.bytes),
                  static_cast<int>(lane)};
    PendingCopy copy{lane, warp.copyGroups[lane], static_cast<uint32_t>(to[lane]), op.bytes, {}};
    // The destination is touched from now on: no other warp may use it in this epoch.
    resolveShared(warp, copy.to, copy.bytes, Access::Write, lane);
    if (bytes)
      std::memcpy(copy.data, resolveGlobal(warp, from[lane], bytes, op.bytes, lane), bytes);
    warp.pendingCopies.push_back(copy);
  });
}

void commit(Warp &warp, const Op &, Mask mask) {
  forEachLane(mask, [&](unsigned lane) { ++warp.copyGroups[lane]; });
}

/// Makes the copies of all but the last op.immediate groups of every lane; with op.variant, those of no group yet too.
void wait(Warp &warp, const Op &op, Mask mask) {
  std::erase_if(warp.pendingCopies, [&](const PendingCopy &copy) {
    bool isDue = mask >> copy.lane & 1 && (op.variant || copy.group + op.immediate < warp.copyGroups[copy.lane]);
    if (isDue)
      std::memcpy(resolveShared(warp, copy.to, copy.bytes, Access::Write, copy.lane), copy.data, copy.bytes);
    return isDue;
  });
}

} // namespace

/// cp.async.{ca,cg}.shared.global [to], [from], size{, source size or predicate that ignores the source};
/// .commit_group; .wait_group n; .wait_all
void decodeCp(Instruction &in) {
  if (!in.take("async"))
    in.unsupported();
  if (in.take("commit_group"))
    return in.expectOperands(0), in.emit(commit);
  if (in.take("wait_group")) {
    in.expectOperands(1);
    in.op.immediate = in.constant(in.operands[0]);
    return in.emit(wait);
  }
  if (in.take("wait_all")) {
    in.expectOperands(0);
    in.op.variant = 1;
    return in.emit(wait);
  }
  int cache = in.modifiers.takeOneOf({"ca", "cg"});
  bool isShared = in.modifiers.takeOneOf({"shared", "shared::cta"}) >= 0, isGlobal = in.take("global");
  in.modifiers.takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
  bool hasPolicy = in.take("L2::cache_hint");
  if (cache < 0 || !isShared || !isGlobal)
    in.unsupported();
  in.expectOperands(3 + hasPolicy, 4 + hasPolicy);
  uint64_t bytes = in.constant(in.operands[2]);
  if (cache == 1 ? bytes != 16 : bytes != 4 && bytes != 8 && bytes != 16)
    in.fail("can not copy " + std::to_string(bytes) + " bytes");
  in.op.bytes = bytes;
  uint32_t size = in.constantRow(bytes, kU32), ignored = in.constantRow(0, kPred);
  if (in.operands.size() == 4u + hasPolicy) {
    if (in.registerBits(in.operands[3]) == 1)
      ignored = in.source(in.operands[3], kPred);
    else
      size = in.source(in.operands[3], kU32);
  }
  in.op.rows = {in.addressRow(in.operands[0], Space::Shared), in.addressRow(in.operands[1], Space::Global), size,
                ignored};
  in.emit(start);
}

} // namespace quern::ptx
