// 32 lanes that run one function; the state that instructions work on.
//
// Lanes at one place of the code make a fragment. The fragment at the lowest place runs until it reaches the next one,
// which it joins, so lanes that part at a branch meet again where their paths do. An instruction that needs certain
// lanes (shfl.sync, bar.sync, ...) parks those that come early: see `gather`.
#pragma once
#include "test/ptx/machine/Code.h"
#include "test/ptx/machine/Fault.h"
#include "test/ptx/machine/Grid.h"
#include "test/ptx/machine/SharedMemory.h"
#include <memory>

namespace quern::ptx {

struct Fragment {
  uint32_t pc;
  Mask lanes;
  bool isParked = false;
};

/// A function that has been called and waits for another to return.
struct Activation {
  const Code *code;
  std::unique_ptr<uint8_t[]> ownRegisters; ///< of the waiting function, unless it is the entry
  uint8_t *registers;
  std::vector<Fragment> others;
  uint32_t pc;
  Mask active;
  uint64_t frame;
  uint32_t call; ///< index of the call it waits for
};

/// A copy that cp.async has asked for and no wait has made yet.
struct PendingCopy {
  unsigned lane;
  uint32_t group; ///< of the lane's
  uint64_t to;    ///< in shared memory
  unsigned bytes;
  uint8_t data[16];
};

/// What a warp that stands at a barrier asks for.
struct BarrierArrival {
  uint32_t id = 0, threads = 0; ///< threads: 0 for the whole block
  bool isArrive = false;        ///< does not wait
  const Op *reduction = nullptr;
  Mask lanes = 0, predicate = 0;
};

struct Block;

struct Warp {
  Warp(Block &block, unsigned index);

  enum class State : uint8_t { Running, AtBarrier, Finished };

  /// Back to the start of the kernel, for a new block.
  void start();
  /// Until it finishes or stands at a barrier. Throws Fault; `faultOp()` is where.
  void run();

  template <class T> T *row(uint32_t offset) const { return reinterpret_cast<T *>(registers + offset); }
  uint8_t *local(unsigned lane) const { return localMemory.get() + lane * localStride; }

  // For instructions that move lanes.
  void branch(Mask lanes, uint32_t target);
  void exit(Mask lanes);
  void returnFrom(Mask lanes);
  void call(Mask lanes, uint32_t site);
  /// True when all of `needed` that have not exited are here; adds those that were parked here to `lanes`. Otherwise
  /// parks `lanes`, and the instruction must do nothing: it runs again when the others come.
  bool gather(Mask &lanes, Mask needed);
  void stopAtBarrier(const BarrierArrival &arrival);

  const Op *faultOp() const { return currentOp; }
  const Code &faultCode() const { return *code; }

  Block &block;
  const unsigned index;
  Mask launched = 0; ///< lanes that have a thread
  Mask exited = 0;
  Mask carry = 0; ///< the flag of add.cc and its kin
  State state = State::Finished;
  BarrierArrival arrival;
  uint64_t executed = 0; ///< instructions times lanes
  std::vector<PendingCopy> pendingCopies;
  std::array<uint32_t, kLanes> copyGroups = {};

  const Code *code = nullptr;
  uint8_t *registers = nullptr;
  uint64_t frame = 0; ///< of the running function, in every lane's local memory
  uint32_t pc = 0;
  Mask active = 0; ///< the running fragment

private:
  void reschedule();
  void noteNextStop();
  void finishFragment();
  void popActivation();
  void fillRows(const Code &code, uint8_t *rows);
  void fillSpecials(const Code &code, uint8_t *rows);

  uint32_t nextStop = ~0u; ///< the lowest place of the other fragments that can run
  std::vector<Fragment> others;
  std::vector<Activation> stack;
  const Op *currentOp = nullptr;
  std::unique_ptr<uint8_t[]> entryRegisters, ownRegisters, localMemory;
  uint64_t localStride = 0;
  uint64_t spent = 0; ///< instructions times lanes of this block
};

} // namespace quern::ptx
