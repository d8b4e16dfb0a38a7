#include "test/ptx/machine/Block.h"

namespace quern::ptx {

Block::Block(const Grid &grid) : grid(grid), recentAllocations(grid.code.ops.size() + 1) {
  uint64_t threads = grid.block.count();
  for (unsigned w = 0; w * kLanes < threads; ++w)
    warps.push_back(std::make_unique<Warp>(*this, w));
}

uint64_t Block::executed() const {
  uint64_t sum = 0;
  for (const auto &warp : warps)
    sum += warp->executed;
  return sum;
}

void Block::run(Dim3 blockIndex) {
  index = blockIndex;
  shared.reset(grid.sharedBytes);
  barriers = {};
  for (const auto &warp : warps)
    warp->start();
  runWarps();
}

/// Each warp runs until it finishes or stands at a barrier; the last to arrive sets the others free.
void Block::runWarps() {
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto &warp : warps)
      try {
        while (warp->state == Warp::State::Running) {
          moved = true;
          warp->run();
          if (warp->state == Warp::State::AtBarrier)
            arrive(*warp);
        }
      } catch (const Fault &fault) {
        raise(*warp, fault);
      }
  }
  reportDeadlock();
}

void Block::arrive(Warp &warp) {
  const BarrierArrival &arrival = warp.arrival;
  Barrier &barrier = barriers[arrival.id];
  uint32_t expected = arrival.threads ? arrival.threads : grid.block.count();
  if (barrier.threads && barrier.expected != expected)
    throw Fault{FaultKind::Barrier, "barrier " + std::to_string(arrival.id) + " is for " + std::to_string(expected) +
                                        " threads here, for " + std::to_string(barrier.expected) + " elsewhere"};
  barrier.expected = expected;
  // A count speaks of whole warps, also where the last is not full.
  barrier.threads += arrival.threads ? kLanes : laneCount(arrival.lanes);
  barrier.warps |= 1u << warp.index;
  barrier.predicates += laneCount(arrival.predicate & arrival.lanes);
  barrier.lanes += laneCount(arrival.lanes);
  if (arrival.isArrive)
    warp.state = Warp::State::Running;
  if (barrier.threads > expected)
    throw Fault{FaultKind::Barrier,
                "more threads than " + std::to_string(expected) + " arrive at barrier " + std::to_string(arrival.id)};
  if (barrier.threads == expected)
    complete(arrival.id);
}

void Block::complete(unsigned id) {
  Barrier barrier = barriers[id];
  barriers[id] = {};
  bool isWhole = true;
  for (const auto &warp : warps) {
    bool takesPart = barrier.warps >> warp->index & 1;
    isWhole &= takesPart;
    if (!takesPart || warp->state != Warp::State::AtBarrier || warp->arrival.id != id)
      continue;
    if (warp->arrival.reduction)
      writeReduction(*warp, barrier);
    warp->state = Warp::State::Running;
  }
  if (isWhole)
    shared.nextEpoch();
  else
    shared.orderWarps(barrier.warps);
}

void Block::writeReduction(Warp &warp, const Barrier &barrier) {
  const Op &op = *warp.arrival.reduction;
  enum { Popc, And, Or };
  Mask lanes = warp.arrival.lanes;
  if (op.variant == Popc) {
    for (unsigned lane = 0; lane < kLanes; ++lane)
      if (lanes >> lane & 1)
        warp.row<uint32_t>(op.rows[0])[lane] = barrier.predicates;
    return;
  }
  bool value = op.variant == And ? barrier.predicates == barrier.lanes : barrier.predicates > 0;
  Mask &row = *warp.row<Mask>(op.rows[0]);
  row = value ? row | lanes : row & ~lanes;
}

/// Nothing can run: either all is done, or a barrier waits for threads that will never come.
void Block::reportDeadlock() {
  const Warp *waiting = nullptr;
  unsigned exited = 0, elsewhere = 0;
  for (const auto &warp : warps) {
    exited += laneCount(warp->exited);
    if (warp->state == Warp::State::Finished)
      continue;
    if (!waiting)
      waiting = warp.get();
    else
      elsewhere += warp->arrival.id != waiting->arrival.id;
  }
  if (!waiting)
    return;
  const Barrier &barrier = barriers[waiting->arrival.id];
  raise(*waiting, {FaultKind::Barrier, "divergent barrier " + std::to_string(waiting->arrival.id) + ": " +
                                           std::to_string(barrier.threads) + " of " + std::to_string(barrier.expected) +
                                           " threads arrive, " + std::to_string(exited) + " have exited, " +
                                           std::to_string(elsewhere) + " warps are at other barriers"});
}

void Block::raise(const Warp &warp, const Fault &fault) const {
  int lane = fault.lane >= 0 ? fault.lane : warp.active ? __builtin_ctz(warp.active) : 0;
  uint32_t linear = warp.index * kLanes + lane;
  auto triple = [](uint32_t x, uint32_t y, uint32_t z) {
    return "(" + std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z) + ")";
  };
  std::string where = grid.code.name;
  if (&warp.faultCode() != &grid.code)
    where += ", function " + warp.faultCode().name;
  throw KernelError(fault.kind, "kernel " + where + ", line " + std::to_string(warp.faultOp()->line) + ", block " +
                                    triple(index.x, index.y, index.z) + ", thread " +
                                    triple(linear % grid.block.x, linear / grid.block.x % grid.block.y,
                                           linear / grid.block.x / grid.block.y) +
                                    ": " + fault.what);
}

} // namespace quern::ptx
