// Files that only this process sees: lld reads its inputs from them by path.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <utility>

namespace quern {

/// An open file without a name of its own, gone when closed. Its path works in this process alone.
class ScratchFile {
public:
  /// In memory, for what is small. Error: File, out of memory or descriptors.
  static llvm::Expected<ScratchFile> inMemory();
  /// On the disk that holds `output`, for what should not take memory: the kernel may write its pages back.
  /// Error: File, the folder of `output` cannot be written.
  static llvm::Expected<ScratchFile> beside(llvm::StringRef output);

  ScratchFile(ScratchFile &&other)
      : descriptor(std::exchange(other.descriptor, -1)), name(std::move(other.name)), shown(std::move(other.shown)),
        bytes(other.bytes) {}
  ~ScratchFile();

  const std::string &path() const { return name; }
  uint64_t size() const { return bytes; }
  /// Appends the pieces one after the other, straight from where they lie. Error: File (a full disk).
  llvm::Error append(llvm::ArrayRef<llvm::StringRef> pieces);

private:
  ScratchFile(int descriptor, std::string shown);

  int descriptor;
  std::string name, shown; ///< `shown` is what errors call it
  uint64_t bytes = 0;
};

} // namespace quern
