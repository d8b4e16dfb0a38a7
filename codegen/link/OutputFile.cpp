#include "codegen/link/OutputFile.h"
#include "compiler/Diagnostics.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;

namespace quern {

static Error cannotWrite(StringRef path, const std::string &reason) {
  return makeError(ErrorKind::File, "cannot write {0}: {1}", quoted(path), reason);
}

Expected<OutputFile> OutputFile::create(StringRef path) {
  sys::fs::file_status status;
  // A rename would replace a device or a pipe by a file.
  if (!sys::fs::status(path, status) && sys::fs::exists(status) && !sys::fs::is_regular_file(status))
    return cannotWrite(path, "it exists and is not a regular file");
  SmallString<128> prefix(sys::path::parent_path(path)), folder;
  if (std::error_code code = sys::fs::make_absolute(prefix))
    return cannotWrite(path, code.message());
  sys::path::append(prefix, ".quern");
  if (std::error_code code = sys::fs::createUniqueDirectory(prefix, folder))
    return cannotWrite(path, code.message());
  return OutputFile(path.str(), folder.str().str());
}

OutputFile::~OutputFile() {
  if (!folder.empty())
    sys::fs::remove_directories(folder);
}

std::string OutputFile::temporaryPath() const { return folder + "/output"; }

Error OutputFile::checkRoom(uint64_t bytes) const {
  std::string probe = folder + "/room";
  int descriptor = open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  // A file system that cannot reserve says EOPNOTSUPP: then there is nothing to learn.
  int failed = descriptor < 0 || fallocate(descriptor, 0, 0, bytes) != 0;
  std::string reason = failed && errno != EOPNOTSUPP ? sys::StrError() : "";
  if (descriptor >= 0)
    close(descriptor);
  sys::fs::remove(probe);
  return reason.empty() ? Error::success() : cannotWrite(path, reason);
}

Error OutputFile::commit() {
  std::string temporary = temporaryPath();
  int descriptor = open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return cannotWrite(path, sys::StrError());
  int failed = fsync(descriptor);
  std::string reason = failed ? sys::StrError() : "";
  close(descriptor);
  if (failed)
    return cannotWrite(path, reason);
  if (std::error_code code = sys::fs::rename(temporary, path))
    return cannotWrite(path, code.message());
  return Error::success();
}

Error writeOutput(StringRef path, StringRef text) {
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::error_code code;
  raw_fd_ostream stream(file->temporaryPath(), code);
  if (code)
    return cannotWrite(path, code.message());
  stream << text;
  stream.close();
  if (stream.has_error()) {
    std::string reason = stream.error().message();
    stream.clear_error();
    return cannotWrite(path, reason);
  }
  return file->commit();
}

} // namespace quern
