// Phase 9: one file out of objects, weights and the runtime.
#pragma once
#include "codegen/Target.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>
#include <vector>

namespace quern {

/// The hidden symbol of the weights: segment 0 is at its address, each next one at the next multiple of 64 bytes.
inline constexpr llvm::StringLiteral kWeightsSymbol = "quern_weights";

/// Everything is borrowed until the call returns.
struct LinkRequest {
  const Target *target = nullptr;
  std::vector<llvm::StringRef> objects;      ///< kernels, host function, descriptor: bytes of ELF objects
  std::vector<llvm::ArrayRef<char>> weights; ///< segments of `quern_weights`, in order; may exceed 4 GB
  llvm::StringRef runtime;                   ///< bytes of the runtime's object for the target
  std::vector<std::string> exports;          ///< symbols that the artifact exports besides the runtime's "quern_*"
  std::string name;                          ///< the model's C identifier: static links tell models apart by it
  std::string soname;                        ///< "libresnet50.so"; empty: none
  std::string output;                        ///< path of the result
  /// Called with the first byte of each segment that is written, whose memory may go; may be empty. Archives don't.
  std::function<void(const char *)> written;
};

// Each of these writes beside `output` and renames: whatever was there stays intact until the new file is complete.
// Equal requests give equal bytes, in whatever folder. Links take turns. Errors: File (unwritable, full disk),
// Internal (an undefined symbol: a kernel that nobody emitted).

/// A hardened shared library that needs libc.so.6 alone.
llvm::Error linkSharedLibrary(const LinkRequest &request);

/// One relocatable object for static linking. Several models link together: what is not exported is local, and the
/// runtime's functions are weak, so that one copy of them serves all.
llvm::Error linkObject(const LinkRequest &request);

/// The same as an archive of two members, the code and the weights.
llvm::Error linkArchive(const LinkRequest &request);

} // namespace quern
