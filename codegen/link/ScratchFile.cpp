#include "codegen/link/ScratchFile.h"
#include "codegen/link/OutputFile.h"
#include "compiler/Diagnostics.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <sys/mman.h>
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
  for (StringRef piece : pieces)
    bytes += piece.size();
  return writePieces(descriptor, pieces, shown);
}

} // namespace quern
