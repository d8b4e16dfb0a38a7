// A result that appears whole or not at all.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace quern {

/// A temporary beside the wanted path, which takes the path's place when it is complete and is removed otherwise. It
/// lies in a folder of its own, so that what a crashed writer leaves goes with it.
class OutputFile {
public:
  /// Error: File, the folder is missing or not writable, or the path is something other than a regular file.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);

  OutputFile(OutputFile &&other) = default;
  ~OutputFile();

  /// Write here; the file does not exist yet.
  std::string temporaryPath() const;
  /// Writes the pieces one after the other, straight from where they lie, with the permissions of new files, or to be
  /// run. `written` may be empty, see below. Error: File (a full disk).
  llvm::Error write(llvm::ArrayRef<llvm::StringRef> pieces, bool executable = false,
                    const std::function<void(const char *)> &written = {});
  /// Fails when the disk has no room for `bytes`: whoever writes through a mapping would be killed. Error: File.
  llvm::Error checkRoom(uint64_t bytes) const;
  /// Syncs the temporary to disk and renames it. Error: File.
  llvm::Error commit();

private:
  OutputFile(std::string path, std::string folder) : path(std::move(path)), folder(std::move(folder)) {}

  std::string path, folder; ///< `folder` is empty after a move
};

/// Appends the pieces to an open file, which errors call `shown`. `written`, where there is one, is called with the first
/// byte of each piece that is written. Error: File (a full disk).
llvm::Error writePieces(int descriptor, llvm::ArrayRef<llvm::StringRef> pieces, llvm::StringRef shown,
                        const std::function<void(const char *)> &written = {});

/// Writes `text` to `path` that way. Error: File.
llvm::Error writeOutput(llvm::StringRef path, llvm::StringRef text);

} // namespace quern
