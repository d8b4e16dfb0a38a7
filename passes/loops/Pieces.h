// The results of a kernel without an anchor, cut into parts that one loop nest computes.
#pragma once
#include "passes/loops/Domain.h"

namespace quern {

/// A part of the results that one loop nest computes: values of the same dims, each stored into its result at an
/// offset along an axis (a piece of a concatenation).
struct Piece {
  struct Store {
    mlir::Value value;
    unsigned result;
    int64_t axis = -1;
    Dim offset = 0;
  };
  llvm::SmallVector<Store> stores;
  Domain domain;
  Dim inner, chunk, rows, tasks; // a task is `chunk` elements of the last group, or `rows` of the outer index
  bool chunked;
  bool interleaved = false; // the stores are the elements of the result's last axis, in order
  int64_t together = 1;     // elements of a short last axis, which the domain leaves out: each point is all of them
  int64_t lanes = 1; // on a device: neighbours that a thread takes
  bool scalar; // one element at a time: the lanes are used inside, along a reduced axis
};

/// The pieces of a kernel's results; how they are divided into tasks is left to the caller.
std::vector<Piece> cutIntoPieces(KernelFunction &kernel);

/// Runs `body(piece, task)` for the tasks of all pieces, which are numbered on from piece to piece.
void forPieces(KernelFunction &kernel, llvm::MutableArrayRef<Piece> pieces,
               llvm::function_ref<void(Piece &, mlir::Value)> body);

/// Computes and stores the elements of a piece at `point`.
void storePiece(ElementEmitter &emitter, Piece &piece, const Point &point);

} // namespace quern
