// A result that appears whole or not at all.
#pragma once
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace quern {

/// A temporary beside the wanted path, which takes the path's place when it is complete and is removed otherwise.
class OutputFile {
public:
  /// Error: File, the folder is missing or not writable, or the path is something other than a regular file.
  static llvm::Expected<OutputFile> create(llvm::StringRef path);

  OutputFile(OutputFile &&other) = default;
  ~OutputFile();

  /// Write here (overwrite or replace the file).
  const std::string &temporaryPath() const { return temporary; }
  /// Syncs the temporary to disk and renames it. Error: File.
  llvm::Error commit();

private:
  OutputFile(std::string path, std::string temporary) : path(std::move(path)), temporary(std::move(temporary)) {}

  std::string path, temporary; ///< `temporary` is empty after commit
};

/// Writes `text` to `path` that way. Error: File.
llvm::Error writeOutput(llvm::StringRef path, llvm::StringRef text);

} // namespace quern
