// Concatenations without copies: where the parts lie one after another in memory, whoever makes a part writes it into
// the whole.
#pragma once
#include "dialects/graph/Graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace quern {

/// The value whose memory `value` shares: reshapes are other views of the same elements.
mlir::Value rootOf(mlir::Value value);

/// Places for the concatenations that stand in the host function itself. Of several that hold the same values, the last
/// is looked at first: those before it that are a stretch of it (each layer of a dense block has all layers before it)
/// are views of it.
class ConcatPlaces {
public:
  /// `isMovable` says of the result of an op whether it may be put elsewhere than it would be: that many bytes from the
  /// beginning of memory of a buffer.
  using IsMovable = llvm::function_ref<bool(mlir::Value, const Dim &offset)>;
  ConcatPlaces(mlir::func::FuncOp function, IsMovable isMovable);

  /// Bytes from the beginning of `whole`, a concatenation with memory of its own.
  struct Place {
    mlir::Value whole;
    Dim offset = 0;
  };
  /// A value that is in no concatenation is its own whole.
  Place of(mlir::Value value) const;

  auto begin() const { return places.begin(); }
  auto end() const { return places.end(); }

private:
  void place(graph::ConcatOp concat, IsMovable isMovable);
  bool isView(graph::ConcatOp concat) const;

  llvm::MapVector<mlir::Value, Place> places;
};

} // namespace quern
