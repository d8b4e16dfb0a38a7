// The elements of an ONNX tensor, checked against its type and dimensions.
#pragma once
#include "frontends/onnx/ElementType.h"
#include "frontends/onnx/Reader.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <string>
#include <vector>

namespace quern {

struct TensorData {
  const ElementType *type = nullptr;
  llvm::SmallVector<int64_t> dims; // each >= 0, their product (0 aside) in int64
  int64_t elementCount = 0;
  // In raw_data's form: little-endian, row-major, elements narrower than a byte packed from the low bits on; a bool is
  // 0 or 1. Exactly as many bytes as type and dims ask for; no alignment is promised. Empty for strings.
  llvm::StringRef bytes;
  std::vector<std::string> strings;
  // Keeps `bytes`: the field moved out of the message, a mapped file, or a converted copy.
  std::shared_ptr<const void> owner;
};

// Takes the elements out of the message (which keeps its name and type), from its raw data, its typed fields or its
// external file. Only narrow types in typed fields are copied. Errors do not name the tensor.
llvm::Expected<TensorData> takeTensorData(proto::TensorProto &tensor, ModelFolder &folder);

// The same with zeros filled in. Errors: Unsupported for a result over 1 GiB or elements narrower than a byte.
llvm::Expected<TensorData> takeSparseTensorData(proto::SparseTensorProto &tensor, ModelFolder &folder);

// "2x3x4", "scalar" for no dims.
std::string shapeText(llvm::ArrayRef<int64_t> dims);

} // namespace quern
