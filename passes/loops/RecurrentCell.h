// What one step of a recurrent layer makes of the sums of its gates, on registers: for whoever walks the steps.
#pragma once
#include "dialects/graph/Graph.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quern {

/// The extents of a layer that its operands share, and how many launches or passes a step takes.
struct RecurrentLayer {
  static constexpr int64_t kBlock = 16; ///< hidden units that lie together in the weights

  explicit RecurrentLayer(graph::RnnOp op);

  /// A GRU that resets before its product needs r * h of all units before it begins with the candidates.
  bool resetsFirst() { return op.getKind() == graph::RnnKind::gru && !op.getLinearBeforeReset(); }
  int64_t phasesPerStep() { return resetsFirst() ? 2 : 1; }
  /// Whether both directions have the same functions.
  bool sameActivations();

  graph::RnnOp op;
  mlir::Type element, wide; ///< of tensors; of sums and states
  Dim steps, batch;
  int64_t directions, hidden, gates, blocks, padded;
};

/// Cells of registers of `type`, a scalar or a vector of units of one row.
class RecurrentCell {
public:
  /// Where a cell's operands come from. `recurrent` is the state's part of a gate with its bias.
  struct Operands {
    llvm::function_ref<mlir::Value(int64_t gate)> recurrent, projected;
    llvm::function_ref<mlir::Value()> hidden, cell;
    llvm::function_ref<mlir::Value(int64_t index)> peephole;
  };
  struct State {
    mlir::Value hidden, cell; ///< no cell but of an LSTM
  };

  /// `second`: of the second direction.
  RecurrentCell(mlir::ImplicitLocOpBuilder &builder, graph::RnnOp op, mlir::Type type, bool second)
      : b(builder), op(op), type(type), firstActivation(second ? op.getActivations().size() / 2 : 0) {}

  /// The state after a step of a layer that does not reset first.
  State step(const Operands &operands);

  /// The parts of an LSTM's step, for loops of their own. Gates in the order i, o, f, c; peepholes i, o, f.
  mlir::Value inputGate(const Operands &operands);
  mlir::Value forgetGate(const Operands &operands, mlir::Value input);
  mlir::Value cellAfter(const Operands &operands, mlir::Value input, mlir::Value forget);
  mlir::Value lstmOutput(const Operands &operands, mlir::Value after);

  /// Of one that does: the gates of its first phase, and the state after the second.
  mlir::Value update(const Operands &operands);
  mlir::Value resetHidden(const Operands &operands);
  mlir::Value blend(const Operands &operands, mlir::Value update);

  mlir::Value number(double value);

private:
  mlir::Value withPeephole(const Operands &operands, int64_t index, mlir::Value sum, mlir::Value state);
  mlir::Value mix(const Operands &operands, mlir::Value update, mlir::Value candidate);
  mlir::Value gate(const Operands &operands, int64_t gate);
  mlir::Value activate(size_t index, mlir::Value x, bool clips = true);
  mlir::Value call(llvm::StringRef name, mlir::Value x);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);

  mlir::ImplicitLocOpBuilder &b;
  graph::RnnOp op;
  mlir::Type type;
  size_t firstActivation;
};

} // namespace quern
