#include "test/ptx/machine/Warp.h"
#include "test/ptx/machine/Block.h"
#include <algorithm>
#include <cstring>

namespace quern::ptx {
namespace {

/// What called functions may use of every lane's local memory.
constexpr uint64_t kStackBytes = 64 << 10;

void fillRow(uint8_t *rows, const ConstantRow &constant) {
  uint8_t *row = rows + constant.row;
  if (constant.bytes == 0) {
    Mask bits = constant.value ? ~0u : 0;
    std::memcpy(row, &bits, sizeof bits);
    return;
  }
  for (unsigned lane = 0; lane < kLanes; ++lane)
    std::memcpy(row + lane * constant.bytes, &constant.value, constant.bytes);
}

uint8_t *allocateRows(std::unique_ptr<uint8_t[]> &owner, uint32_t bytes) {
  // Rows are read as whole vectors, hence aligned to 64.
  owner.reset(new uint8_t[bytes + 64]());
  return reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(owner.get()) + 63) & ~uintptr_t(63));
}

} // namespace

Warp::Warp(Block &block, unsigned index) : block(block), index(index) {
  const Code &entry = block.grid.code;
  registers = allocateRows(entryRegisters, entry.registerBytes);
  fillRows(entry, registers);
  localStride = entry.frameBytes + (entry.calls.empty() ? 0 : kStackBytes);
  localMemory.reset(new uint8_t[localStride * kLanes + 1]);
  uint64_t threads = block.grid.block.count() - index * kLanes;
  launched = threads >= kLanes ? ~0u : (1u << threads) - 1;
}

void Warp::fillRows(const Code &code, uint8_t *rows) {
  for (const ConstantRow &constant : code.constants)
    fillRow(rows, constant);
}

void Warp::fillSpecials(const Code &code, uint8_t *rows) {
  const Grid &grid = block.grid;
  const Warp &warp = *this;
  for (const SpecialRow &special : code.specials) {
    if (special.special == Special::LocalAddress) {
      fillRow(rows, {special.row, 8, frame + special.addend});
      continue;
    }
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      uint32_t linear = index * kLanes + lane, value = 0;
      Dim3 thread{linear % grid.block.x, linear / grid.block.x % grid.block.y, linear / grid.block.x / grid.block.y};
      switch (special.special) {
#define SPECIAL_REGISTER(id, name, expression)                                                                         \
  case Special::id:                                                                                                    \
    value = expression;                                                                                                \
    break;
#include "test/ptx/decode/SpecialRegisters.inc"
      case Special::LocalAddress:
        break;
      }
      std::memcpy(rows + special.row + lane * sizeof value, &value, sizeof value);
    }
  }
}

void Warp::start() {
  code = &block.grid.code;
  frame = 0;
  pc = 0;
  active = launched;
  exited = 0;
  others.clear();
  pendingCopies.clear();
  copyGroups = {};
  nextStop = ~0u;
  spent = 0;
  state = State::Running;
  fillSpecials(*code, registers);
}

void Warp::run() {
  uint64_t count = 0;
  const uint64_t left = block.grid.mostInstructions - spent;
  while (state == State::Running) {
    if (pc >= nextStop)
      reschedule();
    const Op &op = code->ops[pc];
    currentOp = &op;
    Mask lanes = active;
    if (op.isGuarded) {
      Mask guard = *row<Mask>(op.guard);
      lanes &= op.isGuardNegated ? ~guard : guard;
    }
    ++pc;
    if (lanes) {
      if ((count += laneCount(lanes)) > left)
        throw Fault{FaultKind::Endless, "the warp has run " + std::to_string(block.grid.mostInstructions) +
                                            " instructions times lanes and does not end"};
      op.run(*this, op, lanes);
    }
  }
  executed += count;
  spent += count;
}

void Warp::noteNextStop() {
  nextStop = ~0u;
  for (const Fragment &f : others)
    if (!f.isParked)
      nextStop = std::min(nextStop, f.pc);
}

/// The running fragment has reached or passed another: joins those at its place, or lets the lowest run.
void Warp::reschedule() {
  if (pc > nextStop) {
    auto lowest =
        std::find_if(others.begin(), others.end(), [&](const Fragment &f) { return !f.isParked && f.pc == nextStop; });
    std::swap(pc, lowest->pc);
    std::swap(active, lowest->lanes);
  }
  std::erase_if(others, [&](const Fragment &f) {
    if (f.isParked || f.pc != pc)
      return false;
    active |= f.lanes;
    return true;
  });
  noteNextStop();
}

void Warp::branch(Mask lanes, uint32_t target) {
  if (lanes == active) {
    pc = target;
    return;
  }
  active &= ~lanes;
  others.push_back({target, lanes});
  nextStop = std::min(nextStop, target);
}

/// The running fragment has no lanes left: takes up another one.
void Warp::finishFragment() {
  noteNextStop();
  if (nextStop != ~0u) {
    auto next =
        std::find_if(others.begin(), others.end(), [&](const Fragment &f) { return !f.isParked && f.pc == nextStop; });
    pc = next->pc;
    active = next->lanes;
    others.erase(next);
    noteNextStop();
    return;
  }
  if (!others.empty()) {
    // All that are left wait for lanes that will not come.
    const Fragment &parked = others.front();
    currentOp = &code->ops[parked.pc];
    throw Fault{FaultKind::Barrier, "divergent: waits for lanes of its warp that have exited or are elsewhere",
                __builtin_ctz(parked.lanes)};
  }
  if (stack.empty())
    state = State::Finished;
  else
    popActivation();
}

void Warp::exit(Mask lanes) {
  exited |= lanes;
  active &= ~lanes;
  // Those that wait for the lanes look again whether they still must.
  for (Fragment &f : others)
    f.isParked = false;
  if (!active)
    finishFragment();
  else
    noteNextStop();
}

void Warp::returnFrom(Mask lanes) {
  if (stack.empty())
    return exit(lanes);
  active &= ~lanes;
  if (!active)
    finishFragment();
}

void Warp::call(Mask lanes, uint32_t site) {
  const CallSite &call = code->calls[site];
  uint64_t calleeFrame = (frame + code->frameBytes + 15) / 16 * 16;
  if (calleeFrame + call.callee->frameBytes > localStride)
    throw Fault{FaultKind::IllegalAddress, "the call of " + call.callee->name + " overflows the stack"};
  for (unsigned lane = 0; lane < kLanes; ++lane)
    for (const CallSite::Copy &copy : call.arguments)
      if (lanes >> lane & 1)
        std::memcpy(local(lane) + calleeFrame + copy.to, local(lane) + frame + copy.from, copy.bytes);
  stack.push_back({code, std::move(ownRegisters), registers, std::move(others), pc, active, frame, site});
  others.clear();
  nextStop = ~0u;
  code = call.callee;
  frame = calleeFrame;
  registers = allocateRows(ownRegisters, code->registerBytes);
  fillRows(*code, registers);
  fillSpecials(*code, registers);
  pc = 0;
  active = lanes;
}

void Warp::popActivation() {
  Activation caller = std::move(stack.back());
  stack.pop_back();
  const CallSite &call = caller.code->calls[caller.call];
  for (unsigned lane = 0; lane < kLanes; ++lane)
    for (const CallSite::Copy &copy : call.results)
      if (caller.active & ~exited & 1u << lane)
        std::memcpy(local(lane) + caller.frame + copy.to, local(lane) + frame + copy.from, copy.bytes);
  code = caller.code;
  frame = caller.frame;
  registers = caller.registers;
  ownRegisters = std::move(caller.ownRegisters);
  pc = caller.pc;
  active = caller.active & ~exited;
  others = std::move(caller.others);
  // Lanes may have exited meanwhile that the parked ones wait for: they look again.
  for (Fragment &f : others)
    f.isParked = false;
  noteNextStop();
  if (!active)
    finishFragment();
}

bool Warp::gather(Mask &lanes, Mask needed) {
  needed &= ~exited;
  uint32_t here = pc - 1;
  std::erase_if(others, [&](const Fragment &f) {
    if (!f.isParked || f.pc != here)
      return false;
    lanes |= f.lanes;
    active |= f.lanes;
    return true;
  });
  if ((needed & ~lanes) == 0)
    return true;
  others.push_back({here, lanes, true});
  active &= ~lanes;
  if (!active)
    finishFragment();
  return false;
}

void Warp::stopAtBarrier(const BarrierArrival &request) {
  arrival = request;
  state = State::AtBarrier;
}

} // namespace quern::ptx
