#include "codegen/link/LinkInputs.h"
#include "codegen/link/Linker.h"
#include "codegen/link/Lld.h"
#include "codegen/link/OutputFile.h"
#include "codegen/link/WeightsObject.h"
#include "compiler/Diagnostics.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace quern {
namespace {

Error internal(Error error, StringRef what) {
  return makeError(ErrorKind::Internal, "{0}: {1}", what, toString(std::move(error)));
}

/// The weights' symbol outside the code's object, where it cannot be local.
std::string staticWeightsSymbol(const LinkRequest &request) { return request.name + "_weights"; }

/// Makes several models fit into one program: hidden symbols become local, the runtime's functions weak, and the
/// weights take the model's name. Done before the weights join, which would have to be copied.
Error separate(const LinkRequest &request, StringRef path, SmallVectorImpl<char> &out) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path, /*IsText=*/false, false);
  if (!buffer)
    return makeError(ErrorKind::File, "cannot read a temporary file of the link: {0}", buffer.getError().message());
  Expected<std::unique_ptr<object::ObjectFile>> object = object::ObjectFile::createELFObjectFile(**buffer);
  if (!object)
    return internal(object.takeError(), "link");

  objcopy::ConfigManager config;
  std::string weights = staticWeightsSymbol(request);
  config.ELF.LocalizeHidden = true;
  config.Common.SymbolsToRename[kWeightsSymbol] = weights;
  // Not the weights: a weak reference would not fetch their member of the archive.
  for (StringRef text : {StringRef("quern_*"), StringRef("!quern_weights")}) {
    auto pattern = objcopy::NameOrPattern::create(text, objcopy::MatchStyle::Wildcard, [](Error e) { return e; });
    if (Error error = config.Common.SymbolsToWeaken.addMatcher(std::move(pattern)))
      return internal(std::move(error), "link");
  }
  raw_svector_ostream stream(out);
  if (Error error = objcopy::executeObjcopyOnBinary(config, **object, stream))
    return internal(std::move(error), "link");
  return Error::success();
}

/// The code of the request as one object that is ready to meet other models'.
Error linkCode(const LinkRequest &request, SmallVectorImpl<char> &out) {
  LinkInputs inputs;
  if (Error error = inputs.addCode(request))
    return error;
  Expected<OutputFile> joined = OutputFile::create(request.output); // never committed
  if (!joined)
    return joined.takeError();
  if (Error error = runLld(inputs, *joined, {"-r"}, request.output))
    return error;
  return separate(request, joined->temporaryPath(), out);
}

StringRef toString(const SmallVectorImpl<char> &bytes) { return StringRef(bytes.data(), bytes.size()); }

} // namespace

Error linkObject(const LinkRequest &request) {
  SmallVector<char, 0> code;
  if (Error error = linkCode(request, code))
    return error;
  LinkInputs inputs;
  if (Error error = inputs.addBytes(toString(code)))
    return error;
  if (Error error = inputs.addWeights(request, staticWeightsSymbol(request)))
    return error;
  return linkWithWeights(inputs, {"-r"}, request, /*executable=*/false);
}

Error linkArchive(const LinkRequest &request) {
  SmallVector<char, 0> code;
  if (Error error = linkCode(request, code))
    return error;
  Expected<OutputFile> output = OutputFile::create(request.output);
  if (!output)
    return output.takeError();
  Expected<ScratchFile> weights = ScratchFile::beside(request.output);
  if (!weights)
    return weights.takeError();
  std::string object = weightsObject(request.target->elfMachine, staticWeightsSymbol(request), request.weights);
  if (Error error = weights->append(insertWeights({object.data(), object.size()}, request.weights)))
    return error;
  ErrorOr<std::unique_ptr<MemoryBuffer>> mapped = MemoryBuffer::getFile(weights->path(), /*IsText=*/false, false);
  if (!mapped)
    return makeError(ErrorKind::File, "cannot read a temporary file of the link: {0}", mapped.getError().message());

  if (Error error = output->checkRoom(code.size() + weights->size()))
    return error;
  NewArchiveMember members[2];
  members[0].Buf = MemoryBuffer::getMemBuffer(toString(code), request.name + ".o", /*RequiresNullTerminator=*/false);
  members[0].MemberName = members[0].Buf->getBufferIdentifier();
  std::string weightsName = staticWeightsSymbol(request) + ".o";
  members[1].Buf = std::move(*mapped);
  members[1].MemberName = weightsName;
  if (Error error = writeArchive(output->temporaryPath(), members, SymtabWritingMode::NormalSymtab,
                                 object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return makeError(ErrorKind::File, "cannot write {0}: {1}", quoted(request.output),
                     llvm::toString(std::move(error)));
  return output->commit();
}

} // namespace quern
