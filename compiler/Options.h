#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quern {

/// What the link makes.
enum class EmitKind {
  SharedLibrary,
  Object,
  Archive,
  Assembly,  ///< text of all machine code
  DeviceCode ///< a folder with a file for each kernel of the device
};

/// Which algorithms may stand for the ones that the model's operators describe.
enum class Precision {
  Default, ///< those whose errors are of the size of float32's own: Winograd's convolution
  Strict,  ///< none: every sum adds the products that the operator says
  Tf32     ///< the default's; a device's matrix units multiply float32, rounded to 11 bits
};

/// A shape that the caller fixes: every dim of an input.
struct FixedShape {
  std::string input;
  std::vector<int64_t> dims; ///< -1 leaves a dim as it is
};

/// Everything that decides what a compilation makes. One struct for the command line, Python and tests.
struct CompileOptions {
  std::string target = "x86-64";
  EmitKind emit = EmitKind::SharedLibrary;
  std::string output;             ///< path of the artifact
  std::string header;             ///< path of the C header; empty: none
  std::string name;               ///< the model's name; empty: from the file's name
  std::vector<FixedShape> shapes;
  Precision precision = Precision::Default;
  std::optional<std::string> cubin; ///< makes machine code of a device's kernels with this ptxas; empty: that of the PATH
  bool optimize = true;           ///< false: -O0, no fusion, no blocked layouts, no packed weights; the same phases
  bool consumeWeights = false;    ///< the file of weights beside a program is read once: what was read of it may go
  std::string startAt, stopAfter; ///< names of phases; empty: all
  /// Called when a phase begins (index, name), for progress; may be empty.
  std::function<void(unsigned, llvm::StringRef)> progress;
};

} // namespace quern
