// quern bench: the times of a compiled model's runs, and of its kernels against the roofs of the machine.
#include "compiler/tools/quern/BenchTable.h"
#include "compiler/tools/quern/Command.h"
#include "compiler/tools/quern/LoadedModel.h"
#include "compiler/tools/quern/Progress.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("bench", "measure a compiled model and its kernels");
cl::OptionCategory category("options of quern bench");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.so"), QUERN_OPTION);
cl::list<std::string> inputs("input", cl::desc("as for quern run; inputs that are not named are random"),
                             cl::value_desc("name=source"), QUERN_OPTION);
cl::list<int> threads("threads", cl::desc("numbers of threads, such as 1,2 (default: 1)"), cl::value_desc("counts"),
                      cl::CommaSeparated, QUERN_OPTION);
cl::opt<unsigned> maxLevel("max-level", cl::desc("3: at most the x86-64-v3 kernels, ..."), cl::value_desc("number"),
                           cl::init(0), QUERN_OPTION);
cl::opt<double> seconds("seconds", cl::desc("time to spend for each number of threads (default: 1)"),
                        cl::value_desc("time"), cl::init(1.0), QUERN_OPTION);
cl::opt<bool>
    kernels("kernels",
            cl::desc("each launch too: time, FLOPs, bytes, and the share of what this machine can do at best"),
            QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print JSON"), QUERN_OPTION);
cl::opt<bool> csv("csv", cl::desc("print comma-separated values, the same fields"), QUERN_OPTION);

void record(void *user, uint32_t site, int64_t, int64_t nanoseconds) {
  static_cast<Measurement *>(user)->sites[site].samples.push_back(nanoseconds);
}

/// Runs that are not counted come first: a tenth of the time, at least one.
Error measure(const LoadedModel &model, ArrayRef<quern_tensor> tensors, Measurement &result) {
  using Clock = std::chrono::steady_clock;
  result.sites.resize(model.descriptor().num_sites);
  auto runner = Runner::create(model, result.threads, kernels ? record : nullptr, &result);
  if (!runner)
    return runner.takeError();
  for (double share : {seconds * 0.1, seconds.getValue()}) {
    result.runs.samples.clear();
    for (Times &site : result.sites)
      site.samples.clear();
    for (auto end = Clock::now() + std::chrono::duration<double>(share);;) {
      auto begin = Clock::now();
      auto outputs = runner->run(tensors);
      if (!outputs)
        return outputs.takeError();
      auto now = Clock::now();
      result.runs.samples.push_back(std::chrono::nanoseconds(now - begin).count());
      if (now >= end)
        break;
    }
  }
  return Error::success();
}

/// What the arrays bind the model's symbols to.
Symbols symbolsOf(const quern_model_descriptor &model, ArrayRef<HostArray> arrays) {
  Symbols symbols;
  for (auto [info, array] : zip(ArrayRef(model.inputs, model.num_inputs), arrays))
    for (auto [want, have] : zip(ArrayRef(info.dims, info.rank), array.dims))
      if (want < 0 && uint64_t(-1 - want) < model.num_symbols)
        symbols[model.symbols[-1 - want]] = have;
  return symbols;
}

Error checkOptions() {
  for (int count : threads)
    if (count < 1)
      return makeError(ErrorKind::Usage, "--threads={0}: expected numbers of at least 1", count);
  if (!(seconds > 0))
    return makeError(ErrorKind::Usage, "--seconds={0}: expected a time above 0", seconds.getValue());
  if (json && csv)
    return makeError(ErrorKind::Usage, "--json and --csv: choose one");
  return Error::success();
}

Error run() {
  if (Error error = checkOptions())
    return error;
  Expected<LoadedModel> model = LoadedModel::open(input, maxLevel);
  if (!model)
    return model.takeError();
  auto arrays = model->readInputs(inputs, /*fill=*/true);
  if (!arrays)
    return arrays.takeError();
  std::vector<quern_tensor> tensors;
  for (HostArray &array : *arrays)
    tensors.push_back(array.tensor());
  Symbols symbols = symbolsOf(model->descriptor(), *arrays);
  std::vector<Row> rows;
  Progress progress;
  for (int count : threads.empty() ? std::vector<int>{1} : std::vector<int>(threads.begin(), threads.end())) {
    progress.show(formatv("measuring on {0} thread{1}", count, count == 1 ? "" : "s").str());
    Measurement measurement = {count, {}, {}, nullptr};
    auto machine = kernels ? std::make_shared<Machine>(Machine::measure(model->levelInfo(), count)) : nullptr;
    if (Error error = measure(*model, tensors, measurement))
      return error;
    if (machine)
      machine->measureAgain(model->levelInfo());
    measurement.machine = machine;
    append_range(rows, makeRows(model->manifest(), model->levelInfo(), symbols, measurement));
  }
  progress.clear();
  json ? printJson(rows) : csv ? printCsv(rows) : printTable(rows);
  return Error::success();
}

} // namespace

static constexpr const char *examples =
    "  quern bench model.so                             times of whole runs on one thread\n"
    "  quern bench model.so --kernels --threads 1,2     and of each kernel, held against this machine's best\n"
    "  quern bench model.so --input tokens=random:1x128 with dims that the model leaves open\n";

Command benchCommand() { return {&subcommand, run, examples}; }

} // namespace quern
