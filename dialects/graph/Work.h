// How much an op computes and touches, as expressions over the symbols: what explanations and rooflines are made of.
//
// Operations are those of the definition, on the model's own extents, whatever the kernel does: channels that fill up a
// block do not count in a contraction, a multiply-add counts as two, exp as one. Moving data counts as none.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern::graph {

/// Operations of one execution of `op`:
///
///   matmul          2 N M K                       conv            2 N M O C/group K, taps on padding too
///   conv_transpose  2 N C D M/group K             attention       2 P (D + Dv) + 5 P, P pairs of query and key
///   rnn             2 T B H G H + gates           softmax         5 for each element: max, -, exp, +, /
///   layer_norm      5 for each element, 3 for RMS  pool            one for each place of a window
///   resize          2 for each place read         reduce, arg_reduce, cumulative, top_k   one for each element read
///   fourier         5 n log2 n for n complex numbers, half of that for real ones
///   lu              2/3 n^3                       cholesky        1/3 n^3
///   triangular_solve  n^2 for each column         scatter         one for each update that is combined with what is there
///   elementwise     one for each element written  casts, constants and whatever only moves data   0
///
/// Nothing for an op that has no line in the table.
std::optional<Dim> operationsOf(mlir::Operation *op);

/// Of these, the multiply-adds that no algorithm by the definition can do without: the products of contractions, taps
/// on padding left out. They are what peak rates are rates of; additions and comparisons may run beside them.
Dim multiplyAddsOf(mlir::Operation *op);

/// Elements of the operand that the op reads: each once, but for what picks some, which may read one more often.
Dim elementsRead(mlir::OpOperand &operand);

/// Bytes of a tensor in memory; i1 takes a byte.
Dim bytesOf(mlir::Value value);
Dim bytesOfElement(mlir::Value value);

} // namespace quern::graph
