#include "frontends/onnx/ModelFolder.h"
#include "compiler/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace quern;

namespace {
// Closes what it holds.
class Descriptor {
public:
  explicit Descriptor(int value) : value(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  void reset(int next) {
    close();
    value = next;
  }
  int get() const { return value; }
  int release() { return std::exchange(value, -1); }

private:
  void close() {
    if (value >= 0)
      ::close(value);
  }
  int value;
};
} // namespace

// O_NONBLOCK: opening a fifo must not wait for its writer.
static constexpr int readFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

llvm::Expected<std::shared_ptr<const MappedFile>> MappedFile::map(int descriptor) {
  Descriptor file(descriptor);
  struct stat status;
  if (fstat(file.get(), &status) != 0)
    return makeError(ErrorKind::File, "cannot be read: {0}", std::strerror(errno));
  if (S_ISDIR(status.st_mode))
    return makeError(ErrorKind::File, "is a folder");
  if (!S_ISREG(status.st_mode))
    return makeError(ErrorKind::File, "is not a regular file");
  size_t size = status.st_size;
  if (size == 0)
    return std::shared_ptr<const MappedFile>(new MappedFile("", 0));
  void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED)
    return makeError(ErrorKind::File, "cannot be mapped: {0}", std::strerror(errno));
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const char *>(data), size));
}

MappedFile::~MappedFile() {
  if (size != 0)
    munmap(const_cast<char *>(data), size);
}

llvm::Expected<std::shared_ptr<const MappedFile>> quern::mapFile(llvm::StringRef path) {
  int descriptor = ::open(path.str().c_str(), readFlags);
  if (descriptor < 0)
    return makeError(ErrorKind::File, "cannot be opened: {0}", std::strerror(errno));
  return MappedFile::map(descriptor);
}

// Splits a location and refuses those that could leave the folder whatever lies on the disk.
static llvm::Expected<llvm::SmallVector<llvm::StringRef>> splitLocation(llvm::StringRef location) {
  llvm::SmallVector<llvm::StringRef> parts;
  if (location.starts_with("/"))
    return makeError(ErrorKind::Model, "is an absolute path; external data must lie in the model's folder");
  if (location.contains('\0'))
    return makeError(ErrorKind::Model, "holds a zero byte");
  location.split(parts, '/', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  llvm::erase(parts, ".");
  if (llvm::is_contained(parts, ".."))
    return makeError(ErrorKind::Model, "leaves the model's folder by '..'");
  if (parts.empty())
    return makeError(ErrorKind::Model, "names no file");
  return parts;
}

// What the errno of an open beneath the folder means.
static llvm::Error openError(int code, llvm::StringRef part) {
  if (code == ELOOP)
    return makeError(ErrorKind::Model, "is reached by the symbolic link {0}; external data must be plain files",
                     quoted(part));
  if (code == ENOENT || code == EACCES || code == EPERM || code == EMFILE || code == ENFILE)
    return makeError(ErrorKind::File, "cannot be opened: {0}", std::strerror(code));
  return makeError(ErrorKind::Model, "cannot be opened: {0}", std::strerror(code));
}

// Opens `parts` one inside the other. Returns a descriptor.
static llvm::Expected<int> openBeneath(const std::string &folder, llvm::ArrayRef<llvm::StringRef> parts) {
  Descriptor current(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (current.get() < 0)
    return makeError(ErrorKind::File, "lies in a folder that cannot be opened: {0}", std::strerror(errno));
  for (const llvm::StringRef &part : parts) {
    bool last = &part == &parts.back();
    std::string name = part.str();
    // A link opened as a folder is refused with ENOTDIR; look first so that the message can say what it is.
    struct stat status;
    if (fstatat(current.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
      return openError(ELOOP, part);
    int flags = last ? readFlags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    int next = ::openat(current.get(), name.c_str(), flags);
    if (next < 0)
      return openError(errno, part);
    current.reset(next);
  }
  return current.release();
}

// A second hard link may be a file from anywhere on the disk.
static llvm::Error checkPlain(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return makeError(ErrorKind::File, "cannot be read: {0}", std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return makeError(ErrorKind::Model, "is not a regular file");
  if (status.st_nlink > 1)
    return makeError(ErrorKind::Model, "has {0} hard links; external data must be plain files",
                     static_cast<uint64_t>(status.st_nlink));
  return llvm::Error::success();
}

llvm::Expected<std::shared_ptr<const MappedFile>> ModelFolder::map(llvm::StringRef location) {
  auto [known, isNew] = files.try_emplace(location);
  if (!isNew && known->second)
    return known->second;
  std::string what = "external data " + quoted(location);
  if (path.empty())
    return makeError(ErrorKind::Model, "{0} needs a folder, but the model was given as bytes; compile the file", what);
  auto parts = splitLocation(location);
  if (!parts)
    return withContext(what, parts.takeError());
  auto descriptor = openBeneath(path, *parts);
  if (!descriptor)
    return withContext(what, descriptor.takeError());
  if (llvm::Error error = checkPlain(*descriptor)) {
    ::close(*descriptor);
    return withContext(what, std::move(error));
  }
  auto file = MappedFile::map(*descriptor);
  if (!file)
    return withContext(what, file.takeError());
  return known->second = *file;
}
