// What an artifact's manifest says about its kernels and their launches, read for people.
#pragma once
#include "dialects/graph/Dim.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace quern {

/// Values of the model's symbols: the dims of a run.
using Symbols = llvm::StringMap<int64_t>;

/// An amount of the manifest: a number, or an expression over the symbols. Nothing where a symbol is not known, as for
/// sizes that the run itself finds out.
std::optional<double> evaluate(const llvm::json::Value *amount, const Symbols &symbols);

/// One launch and the kernel that it runs; the texts are borrowed from the manifest.
struct LaunchFacts {
  llvm::StringRef name, nodes, boundary;      ///< of the launch
  llvm::StringRef kernel, algorithm, tile;    ///< of the kernel; the tile for the level asked for, "" if it has none
  const llvm::json::Value *flops = nullptr, *multiplyAdds = nullptr, *bytes = nullptr, *weightBytes = nullptr;
};

/// In the order of the sites. The manifest may be damaged: what is missing is empty.
std::vector<LaunchFacts> launchFacts(const llvm::json::Object &manifest, llvm::StringRef levelSuffix);

/// "8.18 G", "12.3 k", "17": three digits and a unit prefix.
std::string withPrefix(double value);

} // namespace quern
