// The operators that the pinned ONNX release defines, with the versions in which each was changed.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace quern {

// The newest version of a domain ("" is ai.onnx) that this compiler takes; none for a domain it does not know.
std::optional<int64_t> newestOpset(llvm::StringRef domain);

// Are all operators of the domain known here? Of a domain of somebody else's only those that this compiler takes are.
bool knowsAllOperators(llvm::StringRef domain);

// Is this a name in any version of the domain?
bool isKnownOperator(llvm::StringRef domain, llvm::StringRef name);

// The version of the operator's definition that is in force when a model imports `opset` of the domain: the latest not
// above it. None when the operator is unknown or came later.
std::optional<int64_t> sinceVersion(llvm::StringRef domain, llvm::StringRef name, int64_t opset);

// The version that brought the operator. It must be known.
int64_t firstVersion(llvm::StringRef domain, llvm::StringRef name);

} // namespace quern
