// What the threads of a warp do together on NVIDIA's devices: products of small matrices, and copies that run beside
// the arithmetic. The one place among the emitters that names instructions.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quern {

/// A warp's product: 16 rows by 8 columns, over a depth of 32 bytes of each line of either side, summed in float32.
constexpr int64_t kMatrixRows = 16, kMatrixColumns = 8, kMatrixDepthBytes = 32;
constexpr int64_t kMatrixSums = 4; ///< of a thread
/// Rows of a matrix that is loaded from shared memory, and the bytes of one.
constexpr int64_t kLoadedRows = 8, kLoadedBytes = 16;

/// Multiplicands of four matrices of 8 rows of 16 bytes in shared memory: lane l gives the address of row l % 8 of
/// matrix l / 8, and gets the word of each matrix that a product wants of it. `transposed`: rows in memory are columns
/// of the matrices, of elements of 16 bits.
llvm::SmallVector<mlir::Value> loadMultiplicands(mlir::ImplicitLocOpBuilder &b, mlir::Value address,
                                                 mlir::Type multiplicand, bool transposed);

/// sums += lhs * rhs. A lane has 4 words of the left side, 2 of the right one, of multiplicands of this type, and 4
/// sums: of row lane / 4 and columns lane % 4 * 2 and the next, then of the row 8 below.
llvm::SmallVector<mlir::Value> multiplyMatrices(mlir::ImplicitLocOpBuilder &b, mlir::Type multiplicand,
                                                mlir::ArrayRef<mlir::Value> lhs, mlir::ArrayRef<mlir::Value> rhs,
                                                mlir::ArrayRef<mlir::Value> sums);

/// Two numbers of float32 as a word of multiplicands, each rounded to nearest, `low` at the lower address.
mlir::Value packMultiplicands(mlir::ImplicitLocOpBuilder &b, mlir::Type multiplicand, mlir::Value low,
                              mlir::Value high);

/// 2^x of float32, to 2 units in the last place; results that are not normal numbers are 0.
mlir::Value powerOfTwo(mlir::ImplicitLocOpBuilder &b, mlir::Value x);

/// Begins to copy 4, 8 or 16 bytes, both sides aligned, from the device's memory to shared memory. Where `inside` is there
/// and does not hold nothing is read, wherever `global` is, and shared memory gets zeros.
void beginCopy(mlir::ImplicitLocOpBuilder &b, mlir::Value shared, mlir::Value global, int64_t bytes,
               mlir::Value inside = {});
/// The copies that this thread began since the last call are a group, which may be empty.
void endCopies(mlir::ImplicitLocOpBuilder &b);
/// Waits for this thread's groups but for the last `pending`.
void awaitCopies(mlir::ImplicitLocOpBuilder &b, int64_t pending);

/// Waits for all threads of the warp, and sees what they wrote.
void synchronizeWarp(mlir::ImplicitLocOpBuilder &b);

} // namespace quern
