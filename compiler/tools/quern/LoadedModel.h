// A compiled model, opened in this process.
#pragma once
#include "codegen/Target.h"
#include "compiler/tools/quern/Npy.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <memory>
#include <string>

namespace quern {

class LoadedModel {
public:
  /// Reads the manifest before anything of the file is executed. Errors: File, Model (not an artifact of Quern),
  /// Unsupported (no level runs on this CPU).
  static llvm::Expected<LoadedModel> open(llvm::StringRef path, unsigned maxLevel);
  LoadedModel(LoadedModel &&other);
  ~LoadedModel();

  const quern_model_descriptor &descriptor() const { return *quern_model_get_descriptor(model); }
  /// The level whose kernels run.
  const Level &levelInfo() const { return *level; }
  const llvm::json::Object &manifest() const { return description; }
  const quern_model *handle() const { return model; }

  /// One array for each input, from `--input` arguments: NAME=FILE.npy, NAME=random or NAME=random:1x3x224x224. Where
  /// `fill` is set, inputs that no argument names are random. Random dims that no one gives are those of the symbols
  /// that are known by then, else 1. Errors: Usage, File.
  llvm::Expected<std::vector<HostArray>> readInputs(llvm::ArrayRef<std::string> arguments, bool fill) const;

private:
  LoadedModel() = default;

  void *library = nullptr;
  quern_model *model = nullptr;
  const Level *level = nullptr;
  llvm::json::Object description;
};

/// Contexts that run a model on `threads` threads; both go with this object.
class Runner {
public:
  static llvm::Expected<Runner> create(const LoadedModel &model, int threads, quern_profile profile = nullptr,
                                       void *user = nullptr);
  Runner(Runner &&other);
  ~Runner();

  /// Outputs lie in the context's memory until the next run. Error: Usage (an input does not fit), Model (a value in
  /// the inputs was out of range), File (out of memory).
  llvm::Expected<std::vector<quern_tensor>> run(llvm::ArrayRef<quern_tensor> inputs);

private:
  Runner() = default;

  const LoadedModel *model = nullptr;
  quern_pool *pool = nullptr;
  quern_context *context = nullptr;
};

} // namespace quern
