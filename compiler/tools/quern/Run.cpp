// quern run: a compiled model on arrays from files.
#include "compiler/tools/quern/Command.h"
#include "compiler/tools/quern/LoadedModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <thread>

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("run", "run a compiled model on arrays");
cl::OptionCategory category("options of quern run");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.so"), QUERN_OPTION);
cl::list<std::string> inputs("input", cl::desc("an input: name=file.npy, name=random or name=random:1x3x224x224"),
                             cl::value_desc("name=source"), QUERN_OPTION);
cl::opt<std::string> output("output", cl::desc("write each output to NAME.npy in this folder"),
                            cl::value_desc("folder"), QUERN_OPTION);
cl::opt<int> threads("threads", cl::desc("threads to run on (default: all cores)"), cl::init(0), QUERN_OPTION);
cl::opt<unsigned> maxLevel("max-level", cl::desc("3: at most the x86-64-v3 kernels, ..."), cl::init(0), QUERN_OPTION);

/// A value's name as a file's: names of models may hold '/' and worse.
std::string fileName(StringRef name) {
  std::string result;
  for (char c : name)
    result += isAlnum(c) || c == '-' || c == '_' || (c == '.' && !result.empty()) ? c : '_';
  return result + ".npy";
}

Error run() {
  if (threads < 0)
    return makeError(ErrorKind::Usage, "--threads={0}: expected a number of at least 1", threads.getValue());
  Expected<LoadedModel> model = LoadedModel::open(input, maxLevel);
  if (!model)
    return model.takeError();
  Expected<std::vector<HostArray>> arrays = model->readInputs(inputs, /*fill=*/false);
  if (!arrays)
    return arrays.takeError();
  Expected<Runner> runner = Runner::create(*model, threads ? threads : int(std::thread::hardware_concurrency()));
  if (!runner)
    return runner.takeError();
  std::vector<quern_tensor> tensors;
  for (HostArray &array : *arrays)
    tensors.push_back(array.tensor());
  auto results = runner->run(tensors);
  if (!results)
    return results.takeError();
  if (!output.empty())
    if (std::error_code code = sys::fs::create_directories(output))
      return makeError(ErrorKind::File, "cannot make the folder {0}: {1}", quoted(output), code.message());
  for (auto [index, result] : enumerate(*results)) {
    StringRef name = model->descriptor().outputs[index].name;
    outs() << formatv("{0}: {1}[{2}]\n", name, quern_dtype_name(result.dtype),
                      make_range(result.dims, result.dims + result.rank));
    SmallString<128> path(output);
    sys::path::append(path, fileName(name));
    if (!output.empty())
      if (Error error = writeNpy(path, result))
        return error;
  }
  return Error::success();
}

} // namespace

static constexpr const char *examples = "  quern run model.so --input image=image.npy --output results\n"
                                "  quern run model.so --input tokens=random:1x128\n";

Command runCommand() { return {&subcommand, run, examples}; }

} // namespace quern
