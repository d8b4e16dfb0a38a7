#include "codegen/link/OutputFile.h"
#include "compiler/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/uio.h>
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

Error writePieces(int descriptor, ArrayRef<StringRef> pieces, StringRef shown,
                  const std::function<void(const char *)> &written) {
  // The kernel takes at most 1024 pieces and 2 GB in one call, and may take less.
  constexpr size_t mostPieces = 1024;
  while (!pieces.empty()) {
    // One that is large goes alone, so that it is known when it is written.
    constexpr size_t large = 1 << 20;
    size_t count = 1;
    while (count < std::min(pieces.size(), mostPieces) && pieces[count - 1].size() < large)
      ++count;
    SmallVector<iovec, 16> batch;
    for (StringRef piece : pieces.take_front(count))
      batch.push_back({const_cast<char *>(piece.data()), piece.size()});
    MutableArrayRef<iovec> rest = batch;
    while (!rest.empty()) {
      ssize_t taken = writev(descriptor, rest.data(), rest.size());
      if (taken < 0 && errno == EINTR)
        continue;
      if (taken < 0)
        return makeError(ErrorKind::File, "cannot write {0}: {1}", shown, sys::StrError());
      size_t left = taken;
      while (!rest.empty() && left >= rest.front().iov_len) {
        left -= rest.front().iov_len;
        rest = rest.drop_front();
      }
      if (!rest.empty()) {
        rest.front().iov_base = static_cast<char *>(rest.front().iov_base) + left;
        rest.front().iov_len -= left;
      }
    }
    if (written)
      for (StringRef piece : pieces.take_front(count))
        written(piece.data());
    pieces = pieces.drop_front(count);
  }
  return Error::success();
}

Error OutputFile::write(ArrayRef<StringRef> pieces, bool executable,
                        const std::function<void(const char *)> &written) {
  int descriptor = open(temporaryPath().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, executable ? 0777 : 0666);
  if (descriptor < 0)
    return cannotWrite(path, sys::StrError());
  Error error = writePieces(descriptor, pieces, quoted(path), written);
  if (close(descriptor) != 0 && !error)
    return cannotWrite(path, sys::StrError());
  return error;
}

Error writeOutput(StringRef path, StringRef text) {
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->write(text))
    return error;
  return file->commit();
}

} // namespace quern
