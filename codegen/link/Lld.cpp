#include "codegen/link/Lld.h"
#include "codegen/CrashFence.h"
#include "codegen/link/WeightsObject.h"
#include "compiler/Diagnostics.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include <mutex>

using namespace llvm;

LLD_HAS_DRIVER(elf)

namespace lld::elf {
class Defined;
/// lld's own, from a header that is not installed; this is the member that it does not reset between links.
struct ElfSym {
  static Defined *globalOffsetTable;
};
} // namespace lld::elf

namespace quern {
namespace {

/// lld's first error without its own name, on one line.
StringRef firstError(StringRef messages) {
  StringRef marker = "error: ";
  size_t start = messages.find(marker);
  if (start == StringRef::npos)
    return "the linker failed and did not say why";
  return messages.drop_front(start + marker.size()).split('\n').first;
}

Error explain(StringRef messages, StringRef output) {
  StringRef message = firstError(messages);
  // The temporary's name tells the user nothing; the reason stands behind it.
  if (message.starts_with("failed to open") || message.starts_with("cannot open output file") ||
      message.starts_with("failed to write"))
    return makeError(ErrorKind::File, "cannot write {0}: {1}", quoted(output), message.rsplit(": ").second);
  return makeError(ErrorKind::Internal, "link of {0}: {1}", quoted(output), message);
}

} // namespace

Error runLld(const LinkInputs &inputs, const OutputFile &output, ArrayRef<std::string> arguments,
             StringRef shownOutput) {
  static std::mutex oneAtATime;
  static bool broken = false;
  std::lock_guard<std::mutex> guard(oneAtATime);
  if (broken)
    return makeError(ErrorKind::Internal, "link of {0}: the linker crashed before in this process",
                     quoted(shownOutput));
  // lld writes through a mapping of a sparse file: on a full disk that is a fault, not an error.
  constexpr uint64_t headersAndPadding = 64 << 10;
  if (Error error = output.checkRoom(inputs.bytes() + headersAndPadding))
    return error;

  // Four threads linking crash lld 19, and a forked child that links hangs without --threads=1.
  std::string path = output.temporaryPath();
  std::vector<std::string> files = inputs.paths();
  std::vector<const char *> words = {"ld.lld", "--threads=1", "-o", path.c_str()};
  for (const std::string &word : concat<const std::string>(arguments, files))
    words.push_back(word.c_str());
  return runFenced("link", [&]() -> Error {
    // A link that needs the symbol (far weights do) leaves a pointer that the next one writes through (seen as heap
    // corruption with lld 19.1.7).
    lld::elf::ElfSym::globalOffsetTable = nullptr;
    std::string messages;
    raw_string_ostream stream(messages);
    lld::Result result = lld::lldMain(words, stream, stream, {{lld::Gnu, &lld::elf::link}});
    broken = !result.canRunAgain;
    if (result.retCode != 0)
      return explain(messages, shownOutput);
    return Error::success();
  });
}

Error linkWithWeights(const LinkInputs &inputs, ArrayRef<std::string> arguments, const LinkRequest &request,
                      bool executable) {
  Expected<OutputFile> linked = OutputFile::create(request.output); // never committed
  if (!linked)
    return linked.takeError();
  if (Error error = runLld(inputs, *linked, arguments, request.output))
    return error;
  auto image = WritableMemoryBuffer::getFile(linked->temporaryPath());
  if (!image)
    return makeError(ErrorKind::File, "cannot read a temporary file of the link: {0}", image.getError().message());
  Expected<OutputFile> output = OutputFile::create(request.output);
  if (!output)
    return output.takeError();
  if (Error error = output->write(insertWeights((*image)->getBuffer(), request.weights), executable, request.written))
    return error;
  return output->commit();
}

} // namespace quern
