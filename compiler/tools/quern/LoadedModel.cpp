#include "compiler/tools/quern/LoadedModel.h"
#include "codegen/link/Manifest.h"
#include "compiler/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include <dlfcn.h>
#include <random>

using namespace llvm;

namespace quern {

Expected<LoadedModel> LoadedModel::open(StringRef path, unsigned maxLevel) {
  Expected<json::Object> manifest = readManifest(path);
  if (!manifest)
    return manifest.takeError();
  LoadedModel result;
  result.description = std::move(*manifest);
  SmallString<128> absolute(path);
  sys::fs::make_absolute(absolute); // a bare name would be searched for in the system's folders
  result.library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!result.library)
    return makeError(ErrorKind::Model, "cannot load {0}: {1}", quoted(path), dlerror());
  auto *descriptor = static_cast<const quern_model_descriptor *>(dlsym(result.library, "quern_model_descriptor"));
  if (!descriptor)
    return makeError(ErrorKind::Model, "{0} has no descriptor: it is not a shared library that Quern linked",
                     quoted(path));
  quern_model_options options = {sizeof options, maxLevel, {}};
  const char *message = nullptr;
  if (quern_status status = quern_model_open(descriptor, &options, &result.model, &message))
    return makeError(status == QUERN_UNSUPPORTED_CPU ? ErrorKind::Unsupported : ErrorKind::Model, "{0}: {1}",
                     quoted(path), message ? message : quern_status_text(status));
  // Without its device an artifact runs as the model for the processor that it holds too.
  if (&result.descriptor() != descriptor)
    if (json::Object *processor = result.description.getObject("processor"))
      result.description = json::Object(*processor);
  StringRef name = quern_model_get_level(result.model)->name;
  StringRef targetName = result.description.getString("target").value_or("").split(',').first;
  for (const Target *target : allTargets())
    for (const Level &known : target->levels)
      if (target->name == targetName && known.name == name)
        result.level = &target->kernelLevel(known);
  if (!result.level)
    return makeError(ErrorKind::Model, "{0} runs kernels of level {1}, which this version does not know", quoted(path),
                     quoted(name));
  return result;
}

LoadedModel::LoadedModel(LoadedModel &&other)
    : library(std::exchange(other.library, nullptr)), model(std::exchange(other.model, nullptr)),
      level(other.level), description(std::move(other.description)) {}

LoadedModel::~LoadedModel() {
  if (model)
    quern_model_close(model);
  if (library)
    dlclose(library);
}

//===-- Inputs ------------------------------------------------------------------------------------------------===//

/// Numbers in [-1, 1), 0 or 1 for integers, which may be indices, and two words. The same for the same seed.
static void fillRandom(HostArray &array, unsigned seed) {
  static constexpr quern_string words[] = {{"some", 4}, {"other", 5}};
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> real(-1, 1);
  size_t size = std::max<size_t>(1, quern_dtype_size(array.dtype));
  for (size_t at = 0; at + size <= array.data.size(); at += size) {
    char *to = &array.data[at];
    float number = real(engine);
    double wide = number;
    uint32_t bits;
    memcpy(&bits, &number, 4);
    uint16_t half = uint16_t(number < 0 ? 0xb800 : 0x3800); // +-0.5 of float16
    uint16_t brain = uint16_t(bits >> 16);
    switch (array.dtype) {
    case QUERN_F32: memcpy(to, &number, 4); break;
    case QUERN_F64: memcpy(to, &wide, 8); break;
    case QUERN_F16: memcpy(to, &half, 2); break;
    case QUERN_BF16: memcpy(to, &brain, 2); break;
    case QUERN_C64: case QUERN_C128: break;
    case QUERN_STRING: memcpy(to, &words[number > 0], sizeof(quern_string)); break;
    default: *to = number > 0; // little-endian
    }
  }
}

static Error readDims(StringRef text, HostArray &array) {
  SmallVector<StringRef> parts;
  if (!text.empty())
    text.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t dim;
    if (part.getAsInteger(10, dim) || dim < 0)
      return makeError(ErrorKind::Usage, "'{0}' is no dim: expected random:1x3x224x224", part);
    array.dims.push_back(dim);
  }
  return Error::success();
}

static Error makeRandom(const quern_value_info &info, StringRef dims, std::map<int64_t, int64_t> &symbols,
                        HostArray &array) {
  array.dtype = info.dtype;
  if (Error error = readDims(dims, array))
    return error;
  if (dims.empty())
    for (int64_t dim : ArrayRef(info.dims, info.rank))
      array.dims.push_back(dim >= 0 ? dim : symbols.try_emplace(dim, 1).first->second);
  auto bytes = arrayBytes(array.dtype, array.dims);
  if (!bytes || *bytes > (uint64_t(1) << 40) || array.dims.size() > QUERN_MAX_RANK)
    return makeError(ErrorKind::Usage, "an array of that shape is too large");
  array.data.resize(*bytes);
  return Error::success();
}

Expected<std::vector<HostArray>> LoadedModel::readInputs(ArrayRef<std::string> arguments, bool fill) const {
  const quern_model_descriptor &model = descriptor();
  std::vector<std::string> sources(model.num_inputs, fill ? "random" : "");
  for (StringRef argument : arguments) {
    auto [name, source] = argument.split('=');
    const auto *end = model.inputs + model.num_inputs;
    const auto *input =
        std::find_if(model.inputs, end, [&](const quern_value_info &info) { return info.name == name; });
    if (source.empty())
      return makeError(ErrorKind::Usage, "--input {0}: expected name=file.npy or name=random", quoted(argument));
    if (input == end) {
      std::string known;
      for (const quern_value_info &info : ArrayRef(model.inputs, model.num_inputs))
        known += (known.empty() ? "" : ", ") + quoted(info.name);
      return makeError(ErrorKind::Usage, "--input names {0}, but the model's inputs are {1}", quoted(name), known);
    }
    sources[input - model.inputs] = source.str();
  }
  std::vector<HostArray> arrays(model.num_inputs);
  std::map<int64_t, int64_t> symbols;
  // Files first: they bind symbols that random arrays then follow.
  for (bool random : {false, true}) {
    for (auto [index, array] : enumerate(arrays)) {
      const quern_value_info &info = model.inputs[index];
      StringRef source = sources[index];
      if (source.empty())
        return makeError(ErrorKind::Usage, "input {0} is missing: give --input {1}=file.npy or --input {1}=random",
                         quoted(info.name), info.name);
      bool isRandom = source == "random" || source.starts_with("random:");
      if (isRandom != random)
        continue;
      if (random) {
        source.consume_front("random");
        source.consume_front(":");
        if (Error error = makeRandom(info, source, symbols, array))
          return withContext(("input " + quoted(info.name)), std::move(error));
        fillRandom(array, unsigned(index));
      } else {
        Expected<HostArray> read = readNpy(source);
        if (!read)
          return read.takeError();
        array = std::move(*read);
        if (info.dtype == QUERN_BF16 && array.dtype == QUERN_U16)
          array.dtype = QUERN_BF16;
      }
      for (auto [want, have] : zip(ArrayRef(info.dims, info.rank), array.dims))
        if (want < 0)
          symbols.try_emplace(want, have);
    }
  }
  return arrays;
}

//===-- Running -----------------------------------------------------------------------------------------------===//

Expected<Runner> Runner::create(const LoadedModel &model, int threads, quern_profile profile, void *user) {
  Runner runner;
  runner.model = &model;
  if (threads > 1)
    runner.pool = quern_pool_create(threads);
  quern_context_options options = {};
  options.size = sizeof options;
  options.pool = runner.pool;
  options.profile = profile;
  options.profile_user = user;
  if (quern_status status = quern_context_create(model.handle(), &options, &runner.context))
    return makeError(ErrorKind::File, "cannot make a context: {0}", quern_status_text(status));
  return runner;
}

Runner::Runner(Runner &&other)
    : model(other.model), pool(std::exchange(other.pool, nullptr)), context(std::exchange(other.context, nullptr)) {}

Runner::~Runner() {
  if (context)
    quern_context_destroy(context);
  if (pool)
    quern_pool_destroy(pool);
}

Expected<std::vector<quern_tensor>> Runner::run(ArrayRef<quern_tensor> inputs) {
  std::vector<quern_tensor> outputs(model->descriptor().num_outputs);
  quern_status status = quern_run(context, inputs.data(), inputs.size(), outputs.data(), outputs.size());
  if (status == QUERN_OK)
    return outputs;
  ErrorKind kind = status == QUERN_INVALID_ARGUMENT ? ErrorKind::Usage
                   : status == QUERN_OUT_OF_MEMORY  ? ErrorKind::File
                                                    : ErrorKind::Model;
  return makeError(kind, "{0}", quern_context_error(context));
}

} // namespace quern
