#include "codegen/link/Linker.h"
#include "codegen/Backend.h"
#include "codegen/link/Embedded.h"
#include "codegen/link/LinkInputs.h"
#include "codegen/link/Lld.h"
#include "codegen/link/WeightsObject.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"

using namespace llvm;

namespace quern {
namespace {

/// A build-id out of everything that goes into the link. lld's own hashes the result, in one thread, with SHA-1: eight
/// times slower, and this is most of the link's time for a large model.
std::string buildId(const LinkRequest &request) {
  BLAKE3 hasher;
  auto add = [&](StringRef bytes) {
    uint64_t size = bytes.size();
    hasher.update(StringRef(reinterpret_cast<const char *>(&size), sizeof(size)));
    hasher.update(bytes);
  };
  add(request.target->name);
  add(request.soname);
  add(request.runtime);
  add(join(request.exports, ","));
  for (StringRef object : request.objects)
    add(object);
  for (ArrayRef<char> segment : request.weights)
    add(StringRef(segment.data(), segment.size()));
  return toHex(hasher.final<20>(), /*LowerCase=*/true);
}

/// Exports and nothing else: what is not named here cannot be seen or replaced from outside.
std::string versionScript(const LinkRequest &request) {
  std::string script = "{ global: quern_*;";
  for (const std::string &symbol : request.exports)
    script += " " + symbol + ";";
  return script + " local: *; };\n";
}

} // namespace

Error linkSharedLibrary(const LinkRequest &request) {
  LinkInputs inputs, script;
  // lld lays sections of one kind out in the order of the files. Where it has no place of its own for far data, the
  // weights come first, for the code not to be farther from its constants than it can address.
  bool weightsFirst = !backendOf(*request.target).farData;
  if (Error error = weightsFirst ? inputs.addWeights(request, kWeightsSymbol) : inputs.addCode(request))
    return error;
  if (Error error = weightsFirst ? inputs.addCode(request) : inputs.addWeights(request, kWeightsSymbol))
    return error;
  if (Error error = inputs.addBytes(libcStub(request.target->elfMachine)))
    return error;
  if (Error error = script.addBytes(versionScript(request)))
    return error;

  std::vector<std::string> arguments = {
      "-shared", "--version-script=" + script.paths().front(),
      // Calls between exported functions stay inside, whatever else the process has loaded.
      "-Bsymbolic", "--gc-sections", "--build-id=0x" + buildId(request), "--hash-style=gnu",
      // Every import is in the stub's list, or the link fails.
      "--no-undefined", "--no-allow-shlib-undefined",
      // Hardening: tables are read-only after relocation, all relocations happen at load, no executable stack.
      "-z", "relro", "-z", "now", "-z", "noexecstack", "-z", "text"};
  for (StringRef argument : backendOf(*request.target).linkArguments)
    arguments.push_back(argument.str());
  if (!request.soname.empty())
    arguments.insert(arguments.end(), {"-soname", request.soname});
  return linkWithWeights(inputs, arguments, request, /*executable=*/true);
}

} // namespace quern
