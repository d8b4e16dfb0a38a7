// From a compiled module to what the artifact says about itself.
#pragma once
#include "compiler/Compile.h"
#include <deque>

namespace quern {

/// Writes what the artifact will say of the model's file into the module, for every later phase: quern.model, the name
/// that the file gives, and quern.sha256, of its bytes. Error: File.
llvm::Error recordOrigin(Compilation &compilation);

/// The tables of the descriptor: inputs, outputs, symbols, launches, kernels per level, metadata.
ModelDescription describeModel(Compilation &compilation);

/// The manifest: the description, and per kernel its algorithm, tasks, reason and what the lint counted.
llvm::json::Object describeManifest(Compilation &compilation, const ModelDescription &description);

/// The bytes of each weight, in the order of segments. Splats are written out into `copies`.
std::vector<llvm::ArrayRef<char>> weightSegments(mlir::ModuleOp module, std::deque<std::vector<char>> &copies);

/// What is to be called with the first byte of each of these segments when nothing reads it any more: the memory of the
/// module's weights goes with the last segment that lies there.
std::function<void(const char *)> weightRelease(mlir::ModuleOp module, llvm::ArrayRef<llvm::ArrayRef<char>> segments);

/// The weights of two models in one file: those of the first, then what the second has beside them.
struct SharedWeights {
  std::vector<llvm::ArrayRef<char>> segments;
  std::vector<int64_t> offsets; ///< of each segment of the second
};
SharedWeights shareWeights(llvm::ArrayRef<llvm::ArrayRef<char>> first, llvm::ArrayRef<llvm::ArrayRef<char>> second);

/// Gives inputs the shapes that the caller asks for. Error: Usage, an unknown input or a dim that disagrees.
llvm::Error fixShapes(mlir::ModuleOp onnxModule, llvm::ArrayRef<FixedShape> shapes);

} // namespace quern
