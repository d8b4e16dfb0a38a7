// Arrays in NumPy's file format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
#pragma once
#include "quern/runtime.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace quern {

/// A dense row-major array and its memory.
struct HostArray {
  quern_dtype dtype = 0;
  std::vector<int64_t> dims;
  std::vector<char> data;

  /// Borrows `data`.
  quern_tensor tensor();
};

/// Bytes of an array, or none when a dim is negative or the product overflows.
std::optional<uint64_t> arrayBytes(quern_dtype dtype, llvm::ArrayRef<int64_t> dims);

/// Versions 1 to 3 of the format, little-endian, row-major. Errors: File (cannot be read), Usage (not such an array).
llvm::Expected<HostArray> readNpy(llvm::StringRef path);

/// Writes version 1; bfloat16 as its bits (uint16), which NumPy can read. Error: File.
llvm::Error writeNpy(llvm::StringRef path, const quern_tensor &tensor);

} // namespace quern
