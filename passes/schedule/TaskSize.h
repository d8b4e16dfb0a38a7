// How much of a kernel one task computes. The numbers depend on shapes alone, so that results do not depend on the
// machine's threads, and are the same for all levels, which share one host function.
//
// A task should take at least some 30 microseconds, so that handing it out costs nothing; there should be a few dozen
// of them, so that threads end together; and what it reads again and again should stay in an L2 cache.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern {

struct GemmTask {
  int64_t rows, columns;
};
GemmTask gemmTask(graph::MatmulOp matmul);

/// `rows` counts rows of the output image, or pixels where the window is 1x1 and reads every pixel; `blocks` are of 16
/// output channels.
struct ConvTask {
  int64_t rows, blocks;
};
ConvTask convTask(graph::ConvOp conv);

/// Hidden units of a recurrent layer that a task computes in each step; all of them where a step is too short to be
/// shared.
int64_t recurrentTaskUnits(graph::RnnOp rnn);

/// Rows that a task sends through all trees: whole blocks of TreeTables::kRows; of walks the most of a block, which a thread
/// that has fewer tasks leaves unfilled.
int64_t treeTaskRows(graph::PackedTreesOp trees);

/// Rows that a task takes of a kernel that has one in each lane.
int64_t rowLanesTaskRows(mlir::Block &body);

/// Of a convolution by Winograd's algorithm: tiles of the image (of all images), and blocks of 16 output channels.
struct WinogradTask {
  int64_t tiles, blocks;
};
WinogradTask winogradTask(graph::ConvOp conv);

} // namespace quern
