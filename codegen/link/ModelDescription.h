// A model as the artifact's tables describe it (see quern/runtime.h): plain data from the compiler's phases to the
// descriptor, the manifest and the C header.
#pragma once
#include "codegen/Target.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quern {

struct ValueInfo {
  std::string name;
  int32_t dtype = 0;         ///< quern_dtype: numbers as in ONNX TensorProto.DataType
  std::vector<int64_t> dims; ///< quern_value_info's coding: >= 0 static, -1 - s symbol s, QUERN_COMPUTED_DIM
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

struct ModelDescription {
  std::string name; ///< any text; cIdentifier() makes the C name of it
  std::vector<ValueInfo> inputs, outputs;
  std::vector<std::string> symbols; ///< names of the symbolic dims
  std::vector<Site> sites;
  std::vector<LevelKernels> levels; ///< best first
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string manifest; ///< JSON text, see Manifest.h

  /// Every dim of every input and output is static and has a C type: the plain function exists.
  bool isStatic() const;
};

/// A C and C++ identifier for `name`: other characters become '_'; keywords, the C library's functions, the runtime's
/// own names and a leading digit are avoided by a prefix "model_".
std::string cIdentifier(llvm::StringRef name);

/// cIdentifier() of each name, made distinct by "_2", "_3", ... in order.
std::vector<std::string> cIdentifiers(llvm::ArrayRef<std::string> names);

} // namespace quern
