// quern cache: what the Python package has compiled before and keeps on disk; shows it, and makes room.
#include "compiler/tools/quern/Command.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <vector>

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("cache", "show what was compiled before from Python, and make room");
cl::OptionCategory category("options of quern cache");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> prune("prune", cl::value_desc("size"),
                           cl::desc("remove the least recently used entries until all take at most this: 500M, 2G, 0"), QUERN_OPTION);
cl::opt<bool> clear("clear", cl::desc("remove all entries, like --prune=0"), QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print JSON"), QUERN_OPTION);

/// One file of the cache (frontends/python/quern/_cache_entry.py writes them).
struct Entry {
  std::string path, name, target;
  uint64_t bytes;
  sys::TimePoint<> used;
};

/// As the Python package finds it.
std::string folderOfCache() {
  SmallString<128> folder;
  if (const char *base = std::getenv("XDG_CACHE_HOME"); base && *base)
    folder = base;
  else if (sys::path::home_directory(folder))
    sys::path::append(folder, ".cache");
  sys::path::append(folder, "quern");
  return folder.str().str();
}

/// An entry ends with a line of JSON, the length of that line in eight bytes, and a mark.
void readHead(Entry &entry) {
  static constexpr StringLiteral mark = "quern-entry";
  auto buffer = MemoryBuffer::getFile(entry.path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  entry.name = entry.target = "?";
  if (!buffer)
    return;
  StringRef data = (*buffer)->getBuffer();
  if (!data.consume_back(mark) || data.size() < 8)
    return;
  uint64_t length = support::endian::read64le(data.end() - 8);
  data = data.drop_back(8);
  if (length > data.size())
    return;
  Expected<json::Value> head = json::parse(data.take_back(length));
  if (!head) {
    consumeError(head.takeError());
    return;
  }
  if (const json::Object *object = head->getAsObject()) {
    entry.name = object->getString("name").value_or("?").str();
    entry.target = object->getString("target").value_or("?").str();
  }
}

/// The most recently used first.
Expected<std::vector<Entry>> entriesOf(StringRef folder) {
  std::vector<Entry> entries;
  std::error_code error;
  for (sys::fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    sys::fs::file_status status;
    if (!StringRef(it->path()).ends_with(".quern") || sys::fs::status(it->path(), status, /*follow=*/false) ||
        status.type() != sys::fs::file_type::regular_file)
      continue;
    entries.push_back({it->path(), "", "", status.getSize(), status.getLastModificationTime()});
    readHead(entries.back());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return makeError(ErrorKind::File, "cannot read {0}: {1}", quoted(folder), error.message());
  llvm::sort(entries, [](const Entry &a, const Entry &b) { return a.used > b.used; });
  return entries;
}

/// "500M" in bytes.
Expected<uint64_t> parseSize(StringRef text) {
  StringRef number = text.trim();
  static constexpr StringLiteral units = "KMGT";
  uint64_t value, factor = 1;
  if (size_t unit = number.empty() ? StringRef::npos : units.find(toUpper(number.back())); unit != StringRef::npos) {
    factor = uint64_t(1) << (10 * (unit + 1));
    number = number.drop_back();
  }
  if (number.getAsInteger(10, value) || value > UINT64_MAX / factor)
    return makeError(ErrorKind::Usage, "--prune={0}: expected a number of bytes, such as 500M, 2G or 0", text);
  return value * factor;
}

/// Keeps the first entries that together take at most `most` bytes.
Error removeBeyond(std::vector<Entry> &entries, uint64_t most) {
  std::vector<Entry> kept;
  uint64_t bytes = 0;
  for (Entry &entry : entries) {
    bytes += entry.bytes;
    if (bytes <= most)
      kept.push_back(std::move(entry));
    else if (std::error_code error = sys::fs::remove(entry.path))
      return makeError(ErrorKind::File, "cannot remove {0}: {1}", quoted(entry.path), error.message());
  }
  if (!json)
    outs() << formatv("removed {0} of {1} entries\n", entries.size() - kept.size(), entries.size());
  entries = std::move(kept);
  return Error::success();
}

void print(StringRef folder, ArrayRef<Entry> entries) {
  uint64_t bytes = 0;
  for (const Entry &entry : entries) {
    bytes += entry.bytes;
    outs() << formatv("{0,9:F1} kB  {1:%Y-%m-%d %H:%M}  {2,-12} {3}\n", double(entry.bytes) / 1e3, entry.used, entry.target,
                      entry.name);
  }
  outs() << formatv("{0} entries, {1:F1} MB, in {2}\n", entries.size(), double(bytes) / 1e6, folder);
}

void printJson(StringRef folder, ArrayRef<Entry> entries) {
  json::Array array;
  uint64_t bytes = 0;
  for (const Entry &entry : entries) {
    bytes += entry.bytes;
    array.push_back(json::Object{{"name", entry.name},
                                 {"target", entry.target},
                                 {"bytes", entry.bytes},
                                 {"used", int64_t(sys::toTimeT(entry.used))},
                                 {"path", entry.path}});
  }
  json::Object all{{"folder", folder}, {"bytes", bytes}, {"entries", std::move(array)}};
  outs() << formatv("{0:2}\n", json::Value(std::move(all)));
}

Error run() {
  std::string folder = folderOfCache();
  Expected<std::vector<Entry>> entries = entriesOf(folder);
  if (!entries)
    return entries.takeError();
  if (clear || prune.getNumOccurrences()) {
    Expected<uint64_t> most = clear ? Expected<uint64_t>(0) : parseSize(prune);
    if (!most)
      return most.takeError();
    if (Error error = removeBeyond(*entries, *most))
      return error;
  }
  json ? printJson(folder, *entries) : print(folder, *entries);
  return Error::success();
}

} // namespace

static constexpr const char *examples = "  quern cache                 each entry: its size, when it was last used, target and name\n"
                                        "  quern cache --prune=500M    remove the least recently used ones\n";

Command cacheCommand() {
  return {&subcommand, run, examples};
}

} // namespace quern
