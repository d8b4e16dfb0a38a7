#include "compiler/ProgramWeights.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <fcntl.h>
#include <unistd.h>

using namespace mlir;

namespace quern {

std::string weightsPath(llvm::StringRef input) {
  llvm::SmallString<128> path(input);
  llvm::sys::path::replace_extension(path, "safetensors");
  return path.str().str();
}

/// The weights whose bytes the text does not hold.
static llvm::StringSet<> missingWeights(ModuleOp module) {
  llvm::StringSet<> missing;
  module->walk([&](Operation *op) {
    for (NamedAttribute attribute : op->getAttrs())
      if (auto weight = dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
        if (!weight.getRawHandle().getBlob())
          missing.insert(weight.getRawHandle().getKey());
  });
  return missing;
}

namespace {
/// The file, as long as weights lie in it.
class MappedFile {
public:
  MappedFile(std::unique_ptr<llvm::MemoryBuffer> bytes, int descriptor)
      : bytes(std::move(bytes)), descriptor(descriptor) {}
  ~MappedFile() {
    if (descriptor >= 0)
      close(descriptor);
  }

  llvm::StringRef content() const { return bytes->getBuffer(); }

  /// Whole pages of these bytes go, where the file may be written to and its file system can; then they read as zeros.
  void discard(const char *data, size_t size) const {
    uint64_t page = sysconf(_SC_PAGESIZE), from = data - content().data();
    uint64_t begin = llvm::alignTo(from, page), end = llvm::alignDown(from + size, page);
    if (descriptor >= 0 && begin < end)
      (void)fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, end - begin);
  }

private:
  std::unique_ptr<llvm::MemoryBuffer> bytes;
  int descriptor; ///< -1: nothing is discarded
};

struct Weights {
  llvm::json::Object header;
  llvm::StringRef bytes; // behind the header
};
} // namespace

static llvm::Expected<Weights> readHeader(llvm::StringRef file, llvm::StringRef path) {
  constexpr uint64_t lengthBytes = sizeof(uint64_t), most = 100 << 20; // the format's own limit
  uint64_t length = file.size() < lengthBytes ? 0 : llvm::support::endian::read64le(file.data());
  if (file.size() < lengthBytes || length > most || length > file.size() - lengthBytes)
    return makeError(ErrorKind::Model, "{0} is no file of weights: its header does not fit its {1} bytes", quoted(path),
                     file.size());
  llvm::Expected<llvm::json::Value> header = llvm::json::parse(file.substr(lengthBytes, length));
  if (!header) {
    llvm::consumeError(header.takeError());
    return makeError(ErrorKind::Model, "{0} is no file of weights: its header is no JSON", quoted(path));
  }
  llvm::json::Object *entries = header->getAsObject();
  if (!entries)
    return makeError(ErrorKind::Model, "{0} is no file of weights: its header is no JSON object", quoted(path));
  return Weights{std::move(*entries), file.substr(lengthBytes + length)};
}

/// The bytes of one weight; nothing where the header does not name it.
static llvm::Expected<std::optional<llvm::StringRef>> findBytes(const Weights &weights, llvm::StringRef name,
                                                                llvm::StringRef path) {
  const llvm::json::Object *entry = weights.header.getObject(name);
  if (!entry)
    return std::nullopt;
  const llvm::json::Array *range = entry->getArray("data_offsets");
  std::optional<int64_t> begin = range && range->size() == 2 ? (*range)[0].getAsInteger() : std::nullopt;
  std::optional<int64_t> end = range && range->size() == 2 ? (*range)[1].getAsInteger() : std::nullopt;
  if (!begin || !end || *begin < 0 || *begin > *end || uint64_t(*end) > weights.bytes.size())
    return makeError(ErrorKind::Model, "{0} gives the weight {1} no range of its {2} bytes", quoted(path), quoted(name),
                     weights.bytes.size());
  return weights.bytes.slice(*begin, *end);
}

llvm::Error bindWeights(ModuleOp module, llvm::StringRef input, bool consume) {
  llvm::StringSet<> missing = missingWeights(module);
  std::string path = weightsPath(input);
  if (missing.empty() || !llvm::sys::fs::exists(path))
    return llvm::Error::success();
  auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!opened)
    return makeError(ErrorKind::File, "{0} cannot be read: {1}", quoted(path), opened.getError().message());
  auto file = std::make_shared<MappedFile>(std::move(*opened), consume ? open(path.c_str(), O_WRONLY | O_CLOEXEC) : -1);
  llvm::Expected<Weights> weights = readHeader(file->content(), path);
  if (!weights)
    return weights.takeError();
  for (llvm::StringRef name : missing.keys()) {
    llvm::Expected<std::optional<llvm::StringRef>> bytes = findBytes(*weights, name, path);
    if (!bytes)
      return bytes.takeError();
    if (!*bytes)
      continue; // the caller says which weight is missing
    DenseResourceElementsHandle::getManagerInterface(module.getContext())
        .getBlobManager()
        .update(name, AsmResourceBlob(
                          ArrayRef<char>((*bytes)->data(), (*bytes)->size()), /*dataAlignment=*/1,
                          [file](void *data, size_t size, size_t) { file->discard(static_cast<char *>(data), size); },
                          /*dataIsMutable=*/false));
  }
  return llvm::Error::success();
}

} // namespace quern
