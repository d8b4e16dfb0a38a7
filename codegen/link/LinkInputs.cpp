#include "codegen/link/LinkInputs.h"
#include "codegen/link/Embedded.h"
#include "codegen/link/WeightsObject.h"

using namespace llvm;

namespace quern {

Error LinkInputs::addBytes(StringRef bytes) {
  Expected<ScratchFile> file = ScratchFile::inMemory();
  if (!file)
    return file.takeError();
  files.push_back(std::move(*file));
  return files.back().append(bytes);
}

Error LinkInputs::addCode(const LinkRequest &request) {
  for (StringRef object : request.objects)
    if (Error error = addBytes(object))
      return error;
  if (Error error = addBytes(request.runtime))
    return error;
  return addBytes(libcallsObject(request.target->elfMachine));
}

Error LinkInputs::addWeights(const LinkRequest &request, StringRef symbol) {
  return addBytes(weightsObject(request.target->elfMachine, symbol, request.weights));
}

std::vector<std::string> LinkInputs::paths() const {
  std::vector<std::string> result;
  for (const ScratchFile &file : files)
    result.push_back(file.path());
  return result;
}

uint64_t LinkInputs::bytes() const {
  uint64_t sum = 0;
  for (const ScratchFile &file : files)
    sum += file.size();
  return sum;
}

} // namespace quern
