#include "codegen/link/ScratchFile.h"
#include "compiler/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

using namespace llvm;

namespace quern {

ScratchFile::ScratchFile(int descriptor, std::string shown)
    : descriptor(descriptor), name("/proc/self/fd/" + std::to_string(descriptor)), shown(std::move(shown)) {}

ScratchFile::~ScratchFile() {
  if (descriptor >= 0)
    close(descriptor);
}

Expected<ScratchFile> ScratchFile::inMemory() {
  int descriptor = memfd_create("quern", MFD_CLOEXEC);
  if (descriptor < 0)
    return makeError(ErrorKind::File, "cannot make a temporary file in memory: {0}", sys::StrError());
  return ScratchFile(descriptor, "a temporary file in memory");
}

Expected<ScratchFile> ScratchFile::beside(StringRef output) {
  SmallString<128> model(sys::path::parent_path(output)), path;
  sys::path::append(model, ".quern-%%%%%%%%.tmp");
  int descriptor;
  if (std::error_code code = sys::fs::createUniqueFile(model, descriptor, path))
    return makeError(ErrorKind::File, "cannot write {0}: {1}", quoted(output), code.message());
  sys::fs::remove(path);
  return ScratchFile(descriptor, quoted(output));
}

Error ScratchFile::append(ArrayRef<StringRef> pieces) {
  // The kernel takes at most 1024 pieces and 2 GB in one call, and may take less.
  constexpr size_t mostPieces = 1024;
  while (!pieces.empty()) {
    SmallVector<iovec, 16> batch;
    for (StringRef piece : pieces.take_front(mostPieces))
      batch.push_back({const_cast<char *>(piece.data()), piece.size()});
    pieces = pieces.drop_front(batch.size());
    MutableArrayRef<iovec> rest = batch;
    while (!rest.empty()) {
      ssize_t written = writev(descriptor, rest.data(), rest.size());
      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return makeError(ErrorKind::File, "cannot write {0}: {1}", shown, sys::StrError());
      size_t left = written;
      bytes += written;
      while (!rest.empty() && left >= rest.front().iov_len) {
        left -= rest.front().iov_len;
        rest = rest.drop_front();
      }
      if (!rest.empty()) {
        rest.front().iov_base = static_cast<char *>(rest.front().iov_base) + left;
        rest.front().iov_len -= left;
      }
    }
  }
  return Error::success();
}

} // namespace quern
