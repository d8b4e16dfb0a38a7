#include "codegen/link/OutputFile.h"
#include "compiler/Diagnostics.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
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
  SmallString<128> model(sys::path::parent_path(path)), temporary;
  sys::path::append(model, "." + sys::path::filename(path) + "-%%%%%%%%.tmp");
  if (std::error_code code = sys::fs::createUniqueFile(model, temporary, sys::fs::all_read | sys::fs::all_write))
    return cannotWrite(path, code.message());
  return OutputFile(path.str(), temporary.str().str());
}

OutputFile::~OutputFile() {
  if (!temporary.empty())
    sys::fs::remove(temporary);
}

Error OutputFile::commit() {
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
  temporary.clear();
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
