// The weights of a program, in a file of their own: large tensors do not go through text.
//
// Beside program.mlir lies program.safetensors, in the format of that name
// (https://huggingface.co/docs/safetensors/index#format): eight bytes with the length of a JSON header, the header,
// which gives each name the range of its bytes behind the header, then the bytes, little-endian and in row-major order.
// The dtypes and shapes of the header are not read: the program's text has them.
#pragma once
#include "compiler/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace quern {

/// The file with the weights of the program `input`: its name with another extension.
std::string weightsPath(llvm::StringRef input);

/// Gives every weight that the text names without its bytes those of the file. Nothing happens where there is no file,
/// or where the text holds all. The file is mapped and stays so as long as the module's context. With `consume` the
/// pages of a weight go when its bytes do, out of the file too: memory that the next weight takes. Errors: File, and
/// Model for a header that is none and for ranges outside the file.
llvm::Error bindWeights(mlir::ModuleOp module, llvm::StringRef input, bool consume);

} // namespace quern
