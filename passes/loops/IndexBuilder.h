// Index arithmetic that folds what is known at compile time, so that constants end as displacements of an address.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quern {

/// An index that is a constant or a Value.
using Index = mlir::OpFoldResult;

/// A view of a builder: several may share one, and its insertion point.
class IndexBuilder {
public:
  IndexBuilder(mlir::ImplicitLocOpBuilder &builder) : builder(builder) {}

  template <typename OpTy, typename... Args>
  OpTy create(Args &&...args) { return builder.create<OpTy>(std::forward<Args>(args)...); }

  Index index(int64_t value) { return builder.getIndexAttr(value); }
  mlir::Value value(Index index);
  mlir::Value value(int64_t constant) { return create<mlir::arith::ConstantIndexOp>(constant); }

  Index add(Index a, Index b);
  Index sub(Index a, Index b);
  Index mul(Index a, Index b);
  /// Quotients and remainders of numbers >= 0 by positive ones. LLVM would repeat a division by a run-time number in
  /// the innermost loops, as a part of the addresses there; its result is hidden from that.
  Index div(Index a, Index b);
  Index rem(Index a, Index b);
  Index ceilDiv(Index a, Index b);
  Index min(Index a, Index b);
  Index max(Index a, Index b);

  Index add(Index a, int64_t b) { return add(a, index(b)); }
  Index sub(Index a, int64_t b) { return sub(a, index(b)); }
  Index mul(Index a, int64_t b) { return mul(a, index(b)); }
  Index div(Index a, int64_t b) { return div(a, index(b)); }
  Index rem(Index a, int64_t b) { return rem(a, index(b)); }
  Index ceilDiv(Index a, int64_t b) { return ceilDiv(a, index(b)); }
  Index min(Index a, int64_t b) { return min(a, index(b)); }
  Index max(Index a, int64_t b) { return max(a, index(b)); }

  /// for (i = from; i < to; i += step). A loop of one known iteration is emitted without the loop, of none not at all.
  void loop(Index from, Index to, int64_t step, llvm::function_ref<void(Index)> body);
  /// The same, with values that go from iteration to iteration: the body replaces what is in its second argument.
  void carry(Index from, Index to, int64_t step, llvm::SmallVectorImpl<mlir::Value> &carried,
             llvm::function_ref<void(Index, llvm::SmallVectorImpl<mlir::Value> &)> body);
  /// if (condition) then() else otherwise().
  void branch(mlir::Value condition, llvm::function_ref<void()> then,
              std::optional<llvm::function_ref<void()>> otherwise = std::nullopt);
  /// Runs `body(n)` for the n of `cases` that `number` is; nothing for other numbers.
  void select(mlir::Value number, llvm::ArrayRef<int64_t> cases, llvm::function_ref<void(int64_t)> body);
  mlir::Value lessThan(Index a, Index b);
  /// `value`, of which LLVM does not know how it was computed.
  mlir::Value opaque(mlir::Value value);

  mlir::ImplicitLocOpBuilder &builder;
};

/// The number behind an Index, if it is known.
std::optional<int64_t> constant(Index index);

} // namespace quern
