// Files a model may read: its own, and external data beneath its folder.
#pragma once
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace quern {

// A regular file's bytes, mapped read-only until destruction. Another process that shortens the file meanwhile makes
// reads of the lost part fault, as with every mapping.
class MappedFile {
public:
  // Takes the descriptor. Errors: File, also for what is not a regular file.
  static llvm::Expected<std::shared_ptr<const MappedFile>> map(int descriptor);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  llvm::StringRef bytes() const { return {data, size}; }

private:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  const char *data;
  size_t size;
};

// The folder that external data must lie in.
//
// A location is opened component by component with O_NOFOLLOW, each in the folder before it: no "..", no absolute path,
// no symbolic link in any place, and what is checked (a regular file with one hard link) is the descriptor that is
// mapped.
class ModelFolder {
public:
  // "" is the folder of a model that came as bytes: it has no files.
  explicit ModelFolder(llvm::StringRef path) : path(path) {}

  // The file at a location, mapped once however often it is asked for.
  llvm::Expected<std::shared_ptr<const MappedFile>> map(llvm::StringRef location);

private:
  std::string path;
  llvm::StringMap<std::shared_ptr<const MappedFile>> files;
};

// Opens and maps a path that the user, not a model, named: symbolic links are fine.
llvm::Expected<std::shared_ptr<const MappedFile>> mapFile(llvm::StringRef path);

} // namespace quern
