#include "codegen/link/Manifest.h"
#include "compiler/Diagnostics.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "quern/runtime.h"

using namespace llvm;

namespace quern {
namespace {

/// Limits of a manifest that is worth parsing: LLVM's JSON parser recurses once for each level.
constexpr size_t mostBytes = size_t(256) << 20;
constexpr unsigned mostNesting = 64;

json::Array describeValues(ArrayRef<ValueInfo> values, ArrayRef<std::string> symbols) {
  json::Array result;
  for (const ValueInfo &value : values) {
    json::Array shape;
    for (int64_t dim : value.dims) {
      if (dim >= 0)
        shape.push_back(dim);
      else if (dim == QUERN_COMPUTED_DIM || uint64_t(-1 - dim) >= symbols.size())
        shape.push_back(nullptr);
      else
        shape.push_back(json::fixUTF8(symbols[-1 - dim]));
    }
    const Dtype *dtype = lookupDtype(value.dtype);
    result.push_back(json::Object{{"name", json::fixUTF8(value.name)},
                                  {"dtype", dtype->name},
                                  {"shape", std::move(shape)}});
  }
  return result;
}

bool isNestedTooDeep(StringRef text) {
  unsigned depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      i += c == '\\';
      inString = c != '"';
    } else if (c == '"') {
      inString = true;
    } else if (c == '{' || c == '[') {
      if (++depth > mostNesting)
        return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

Expected<json::Object> parseManifest(StringRef text) {
  // The descriptor points at the section too, as a C string.
  text = text.rtrim('\0');
  if (text.size() > mostBytes || isNestedTooDeep(text))
    return makeError(ErrorKind::Model, "its manifest is too large or nested too deep");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return makeError(ErrorKind::Model, "its manifest is damaged: {0}", toString(value.takeError()));
  json::Object *object = value->getAsObject();
  if (!object)
    return makeError(ErrorKind::Model, "its manifest is damaged: not an object");
  return std::move(*object);
}

/// The manifest's section in an ELF file; empty when it has none.
Expected<StringRef> findSection(StringRef bytes) {
  using File = object::ELF64LEFile;
  Expected<File> file = File::create(bytes);
  if (!file)
    return file.takeError();
  auto sections = file->sections();
  if (!sections)
    return sections.takeError();
  for (const File::Elf_Shdr &section : *sections) {
    Expected<StringRef> name = file->getSectionName(section);
    if (!name)
      return name.takeError();
    if (*name != kManifestSection || section.sh_type == ELF::SHT_NOBITS)
      continue;
    Expected<ArrayRef<uint8_t>> contents = file->getSectionContents(section);
    if (!contents)
      return contents.takeError();
    return toStringRef(*contents);
  }
  return StringRef();
}

bool isElf64(StringRef bytes) {
  return bytes.size() >= sizeof(ELF::Elf64_Ehdr) && bytes.starts_with("\x7f" "ELF\x02\x01");
}

/// As findSection, through the members of an archive.
Expected<StringRef> findInFile(MemoryBufferRef buffer) {
  if (isElf64(buffer.getBuffer()))
    return findSection(buffer.getBuffer());
  if (identify_magic(buffer.getBuffer()) != file_magic::archive)
    return StringRef();
  Expected<std::unique_ptr<object::Archive>> archive = object::Archive::create(buffer);
  if (!archive)
    return archive.takeError();
  // A thin archive names files elsewhere, which would be opened.
  if ((*archive)->isThin())
    return StringRef();
  StringRef found;
  Error error = Error::success();
  for (const object::Archive::Child &child : (*archive)->children(error)) {
    Expected<StringRef> member = child.getBuffer();
    Expected<StringRef> section = !member ? member.takeError() : !isElf64(*member) ? StringRef() : findSection(*member);
    if (!section) {
      consumeError(std::move(error));
      return section.takeError();
    }
    if (!section->empty()) {
      found = *section;
      break;
    }
  }
  if (error)
    return std::move(error);
  return found;
}

} // namespace

json::Object describe(const ModelDescription &model) {
  json::Array sites, levels;
  for (const Site &site : model.sites)
    sites.push_back(json::Object{
        {"name", json::fixUTF8(site.name)}, {"nodes", json::fixUTF8(site.nodes)}, {"kernel", site.kernel}});
  for (const LevelKernels &level : model.levels)
    levels.push_back(level.level->name);
  json::Object metadata;
  for (const auto &[key, value] : model.metadata)
    metadata[json::fixUTF8(key)] = json::fixUTF8(value);
  json::Array symbols;
  for (const std::string &symbol : model.symbols)
    symbols.push_back(json::fixUTF8(symbol));
  return json::Object{{"name", json::fixUTF8(model.name)},
                      {"identifier", cIdentifier(model.name)},
                      {"abi", QUERN_ABI_VERSION},
                      {"inputs", describeValues(model.inputs, model.symbols)},
                      {"outputs", describeValues(model.outputs, model.symbols)},
                      {"symbols", std::move(symbols)},
                      {"sites", std::move(sites)},
                      {"levels", std::move(levels)},
                      {"metadata", std::move(metadata)}};
}

std::string formatManifest(json::Object manifest) {
  return formatv("{0}", json::Value(std::move(manifest))).str(); // JSON output sorts the keys
}

Expected<json::Object> readManifest(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return makeError(ErrorKind::File, "cannot read {0}: {1}", quoted(path), code.message());
  if (!sys::fs::is_regular_file(status)) // a pipe would block, a device never end
    return makeError(ErrorKind::File, "cannot read {0}: not a regular file", quoted(path));
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError(ErrorKind::File, "cannot read {0}: {1}", quoted(path), buffer.getError().message());

  Expected<StringRef> section = findInFile(**buffer);
  if (!section)
    return makeError(ErrorKind::Model, "{0} is damaged: {1}", quoted(path), toString(section.takeError()));
  if (section->empty())
    return makeError(ErrorKind::Model, "{0} is not a model compiled by Quern: it has no manifest", quoted(path));
  Expected<json::Object> manifest = parseManifest(*section);
  if (!manifest)
    return withContext(quoted(path), manifest.takeError());
  return manifest;
}

} // namespace quern
