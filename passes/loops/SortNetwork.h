// Comparisons that put the integers in some vector registers in order, of whole registers at a time.
#pragma once
#include "passes/loops/IndexBuilder.h"

namespace quern {

/// Elements of a line that is sorted, in the lanes of some registers. Both counts are powers of two, so the number of an
/// element is a word of bits, and each bit is one of the place: of the lane, or of the register. A comparison of two
/// elements whose numbers differ in one bit is of whole registers where that is a bit of the register. Else it is made
/// one first: it changes places with another in one shuffle of each register.
///
///   bits = {1, 2 | 0}: lane bits hold bits 1 and 2 of the number, the register bit holds bit 0
///     register 0: elements 0 2 4 6        a comparison of the registers is one of 0 and 1, 2 and 3, ...
///     register 1: elements 1 3 5 7
///
/// Two lists in order are merged as a bitonic sequence (Batcher 1968): the second stands there mirrored.
class SortNetwork {
public:
  /// The registers hold elements as memory does, one register after the other.
  SortNetwork(IndexBuilder builder, llvm::SmallVector<mlir::Value> registers);

  /// Puts all elements in order; there are two registers at least.
  void sort();
  /// Of the first half of the registers, in order, and of the second, in order but mirrored, makes the same again: the
  /// first half has what comes before the second. There are four registers at least.
  void merge();

  llvm::SmallVector<mlir::Value> registers;

private:
  /// Puts each element where `next` says, with the elements of the half in which `mirrored` is set from last to first
  /// as far as lower bits go; -1: none. An element comes from one of two registers, whichever lane it is for.
  void rearrange(llvm::ArrayRef<int> next, int mirrored = -1);
  /// Makes `bit` one of the register.
  void bring(int bit, int mirrored = -1);
  /// Makes all bits stand where memory has them.
  void restore(int mirrored = -1);
  /// The smaller of each two elements that differ in `bit` alone goes where that is 0.
  void compare(int bit);
  void compare(mlir::Value &low, mlir::Value &high);
  /// Sorts the elements of each lane (the odd-even merge sort of Batcher 1968).
  void sortLanes();

  int numberAt(llvm::ArrayRef<int> bits, int index, int lane, int mirrored) const;
  int count() const { return int(registers.size()); }
  int width() const { return int(bits.size()); }

  IndexBuilder b;
  int lanes, laneBits;
  llvm::SmallVector<int> bits; // of the number that the bits of the place hold: those of the lane, then of the register
};

} // namespace quern
