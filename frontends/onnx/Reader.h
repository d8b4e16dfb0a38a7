// Reads an ONNX file: bytes in, a checked ModelProto out.
//
// The bytes may be anything: a model that comes out has a graph, operator sets this compiler knows, and graphs nested
// at most kMaxGraphDepth deep, so that code may recurse over it. Names, types and sizes are still to be checked by
// whoever uses them. protobuf holds at most 2 GiB; larger models keep their weights in external data, which ModelFolder
// maps.
#pragma once
#include "compiler/Diagnostics.h"
#include "frontends/onnx/ModelFolder.h"
#include "frontends/onnx/schema/onnx-ml.pb.h"
#include <memory>

namespace quern {

inline constexpr int kMaxGraphDepth = 100;
inline constexpr int64_t kMaxIrVersion = proto::IR_VERSION;

struct Model {
  proto::ModelProto proto;
  ModelFolder folder; // where external data lies
};

// Errors: File (missing, unreadable, no regular file), Model, Unsupported (a newer ONNX). They do not name the file.
llvm::Expected<std::unique_ptr<Model>> readModelFile(llvm::StringRef path);

// The bytes are read during the call only. External data is looked for beneath `folder`; with "" a model must not have
// any.
llvm::Expected<std::unique_ptr<Model>> readModelBytes(llvm::StringRef bytes, llvm::StringRef folder);

// "" for both spellings of the default domain.
llvm::StringRef normalizedDomain(llvm::StringRef domain);
// The domain as in messages: the default one is ai.onnx.
std::string domainText(llvm::StringRef domain);

} // namespace quern
