// The passes of a Fourier transform over lines that stay in the nearest caches.
#pragma once
#include "passes/loops/FourierPlan.h"
#include "passes/loops/IndexBuilder.h"
#include "dialects/graph/Fourier.h"
#include "passes/loops/KernelFunction.h"

namespace quern {

/// A register of real parts and one of imaginary ones.
struct ComplexVector {
  mlir::Value real, imaginary;
  ComplexVector swapped() const { return {imaginary, real}; }
};

/// The transform exp(-2 pi i j k / n) of lines of a static extent, as passes of Stockham's method between two scratch
/// memories. In between, real and imaginary parts are apart.
///
/// By rows: one line, whose elements lie along the vectors. By columns: a vector has an element of as many lines as it
/// has lanes. The first pass takes its elements from `load`, the last one gives them to `store`. The inverse transform
/// is this one with real and imaginary parts exchanged, before and after.
class FourierTransform {
public:
  FourierTransform(KernelFunction &kernel, mlir::Type element, int64_t extent, bool columns);

  /// Elements [at, at + lanes) of the line; by columns element `at` of all lines.
  using Load = llvm::function_ref<ComplexVector(Index at, int64_t lanes)>;
  using Store = llvm::function_ref<void(Index at, ComplexVector value)>;
  void emit(Load load, Store store);

  /// Scratch for a whole line, or one of each lane: `front` may be read by `load`, `back` written by `store`.
  struct Planes {
    mlir::Value real, imaginary;
  };
  const Planes &front() const { return planes[1]; }
  const Planes &back() const { return planes[(passes.size() + 1) % 2]; }
  ComplexVector load(const Planes &planes, Index at, int64_t lanes);
  void store(ComplexVector value, const Planes &planes, Index at);

  const int64_t extent;
  const int64_t lanes; ///< of a vector

private:
  void emitPass(const FourierPass &pass, int64_t roots, Load load, Store store);
  void emitFirst(const FourierPass &pass, int64_t roots, Load load);
  /// Elements that lie in `values` one after another, `stride` apart in memory, go to places one after another.
  void storeTogether(llvm::ArrayRef<mlir::Value> values, mlir::Value plane, Index at);
  void addRoots(const FourierPass &pass);

  IndexBuilder b;
  mlir::Type element;
  bool columns;
  llvm::SmallVector<FourierPass> passes;
  llvm::SmallVector<double> roots; // of all passes
  llvm::SmallVector<int64_t> firstRoots;
  mlir::Value rootTable;
  Planes planes[2];
};

/// A table of numbers beside the kernel's code, as a 1-D memref.
mlir::Value constantTable(KernelFunction &kernel, mlir::Type element, llvm::ArrayRef<double> numbers);

/// x * y, and arithmetic with one number for all lanes.
ComplexVector multiply(IndexBuilder b, ComplexVector x, ComplexVector y);
ComplexVector scale(IndexBuilder b, ComplexVector x, double factor);
mlir::Value splat(IndexBuilder b, mlir::Type vector, double number);

/// Even and odd lanes of two vectors that lie beside each other, and the other way round.
ComplexVector deinterleave(IndexBuilder b, mlir::Value first, mlir::Value second);
std::pair<mlir::Value, mlir::Value> interleave(IndexBuilder b, mlir::Value even, mlir::Value odd);

} // namespace quern
