#include "codegen/nvptx/Assembler.h"
#include "compiler/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

Error fileError(const Twine &what, std::error_code code) {
  return makeError(ErrorKind::File, "--cubin: {0}: {1}", what.str(), code.message());
}

/// A file that goes with the object, in the system's folder for such.
class TemporaryFile {
public:
  TemporaryFile(StringRef suffix) : code(sys::fs::createTemporaryFile("quern", suffix, path)), remover(path) {}

  SmallString<128> path;
  std::error_code code; ///< why it is not there

private:
  FileRemover remover;
};

/// The first line of what the assembler said that is not empty.
std::string firstLine(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  StringRef text = buffer ? (*buffer)->getBuffer().ltrim() : "";
  return text.split('\n').first.trim().str();
}

Error assemble(const DeviceText &kernel, StringRef architecture, StringRef assembler, SmallVectorImpl<char> &code) {
  TemporaryFile source("ptx"), result("cubin"), messages("txt");
  for (const TemporaryFile *file : {&source, &result, &messages})
    if (file->code)
      return fileError("a temporary file cannot be made", file->code);
  std::error_code failure;
  raw_fd_ostream stream(source.path, failure);
  stream << kernel.text;
  stream.close();
  if (failure || stream.has_error()) {
    stream.clear_error();
    return fileError("a temporary file cannot be written", failure ? failure : stream.error());
  }
  std::string architectureOption = ("-arch=" + architecture).str(), why;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(messages.path), StringRef(messages.path)};
  int status = sys::ExecuteAndWait(assembler, {assembler, architectureOption, source.path, "-o", result.path}, std::nullopt,
                                   redirects, 0, 0, &why);
  if (status < 0)
    return makeError(ErrorKind::File, "--cubin: {0} cannot be run: {1}", quoted(assembler), why);
  std::string said = firstLine(messages.path);
  auto written = MemoryBuffer::getFile(result.path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (status || !written || !(*written)->getBuffer().starts_with("\x7f"
                                                                 "ELF"))
    return makeError(ErrorKind::Internal, "--cubin: {0} makes no machine code of kernel {1}: {2}", quoted(assembler),
                     kernel.name, said.empty() ? formatv("it ended with status {0}", status).str() : said);
  code.assign((*written)->getBufferStart(), (*written)->getBufferEnd());
  return Error::success();
}

} // namespace

Expected<std::string> findAssembler(StringRef path) {
  ErrorOr<std::string> found = sys::findProgramByName(path.empty() ? "ptxas" : path);
  if (found && sys::fs::can_execute(*found))
    return *found;
  if (path.empty())
    return makeError(ErrorKind::Usage, "--cubin: there is no ptxas on the search path; name it, as in "
                                       "--cubin=/usr/local/cuda/bin/ptxas");
  return makeError(ErrorKind::Usage, "--cubin: {0} is no program that can be run", quoted(path));
}

Expected<std::vector<SmallVector<char, 0>>> assembleAll(ArrayRef<DeviceText> texts, StringRef architecture,
                                                        StringRef assembler) {
  std::vector<SmallVector<char, 0>> codes(texts.size());
  std::vector<Error> errors;
  for (size_t index = 0; index < texts.size(); ++index)
    errors.push_back(Error::success());
  {
    DefaultThreadPool pool;
    for (size_t index = 0; index < texts.size(); ++index)
      pool.async([&, index] {
        Error error = assemble(texts[index], architecture, assembler, codes[index]);
        consumeError(std::move(errors[index]));
        errors[index] = std::move(error);
      });
    pool.wait();
  }
  Error first = Error::success();
  for (Error &error : errors) {
    if (!first)
      first = std::move(error);
    else
      consumeError(std::move(error));
  }
  if (first)
    return std::move(first);
  return codes;
}

} // namespace quern
