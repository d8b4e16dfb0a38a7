// A model as the artifact's tables describe it (see quern/runtime.h): plain data from the compiler's phases to the
// descriptor, the manifest and the C header.
#pragma once
#include "codegen/Target.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quern {

/// A dtype that a C program can pass.
struct Dtype {
  int32_t number;            ///< quern_dtype
  llvm::StringLiteral name;  ///< as NumPy spells it
  llvm::StringLiteral cType; ///< of an element, or of one of a complex number's two parts
  uint64_t bytes;            ///< of an element
};

/// Null for unknown numbers.
const Dtype *lookupDtype(int32_t number);

struct ValueInfo {
  std::string name;
  int32_t dtype = 0;         ///< quern_dtype: numbers as in ONNX TensorProto.DataType
  std::vector<int64_t> dims; ///< quern_value_info's coding: >= 0 static, -1 - s symbol s, QUERN_COMPUTED_DIM

  /// Of a static value with a Dtype; the largest number if that overflows.
  uint64_t bytes() const;
};

struct Site {
  std::string name;
  std::string nodes; ///< the model's own nodes computed here, separated by ", "
  uint32_t kernel = 0;
};

struct LevelKernels {
  const Level *level = nullptr;
  std::vector<std::string> kernels; ///< symbols of its kernels, one for each kernel number
};

/// A kernel's code for a device.
struct DeviceKernel {
  std::string symbol;   ///< empty: the processor runs this kernel
  llvm::StringRef code; ///< borrowed
  llvm::StringRef binary; ///< machine code beside it, borrowed; empty: none
  uint32_t threads = 0; ///< of a block
};

/// What the model runs on a device.
struct DeviceProgram {
  std::string architecture;          ///< "sm_80"
  std::vector<DeviceKernel> kernels; ///< one for each kernel number
  uint64_t weightBytes = 0;
  uint64_t arenaBytes = 0; ///< of a run; 0: it depends on the shapes
};

struct ModelDescription {
  std::string name; ///< any text; cIdentifier() makes the C name of it
  std::vector<ValueInfo> inputs, outputs;
  std::vector<std::string> symbols; ///< names of the symbolic dims
  std::vector<Site> sites;
  std::vector<LevelKernels> levels; ///< best first
  std::optional<DeviceProgram> device;
  std::string hostSymbol = "quern_host_main"; ///< hidden: int32_t quern_host_main(quern_frame *)
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string manifest; ///< JSON text, see Manifest.h

  /// Every dim of every input and output is static and has a C type: the plain function exists.
  bool isStatic() const;
};

/// A C and C++ identifier for `name`: other characters become '_'; keywords, the C library's functions, the runtime's
/// own names, a leading digit and a leading '_' are avoided by a prefix "model_".
std::string cIdentifier(llvm::StringRef name);

/// cIdentifier() of each name, made distinct by "_2", "_3", ... in order.
std::vector<std::string> cIdentifiers(llvm::ArrayRef<std::string> names);

} // namespace quern
