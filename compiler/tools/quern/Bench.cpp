// quern bench: the times of a compiled model's runs, and of its kernels.
#include "compiler/tools/quern/Command.h"
#include "compiler/tools/quern/LoadedModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("bench", "measure a compiled model");
cl::OptionCategory category("options of quern bench");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.so"), QUERN_OPTION);
cl::list<std::string> inputs("input", cl::desc("as for quern run; inputs that are not named are random"), cl::value_desc("name=source"), QUERN_OPTION);
cl::list<int> threads("threads", cl::desc("numbers of threads, such as 1,2 (default: 1)"), cl::CommaSeparated, QUERN_OPTION);
cl::opt<unsigned> maxLevel("max-level", cl::desc("3: at most the x86-64-v3 kernels, ..."), cl::init(0), QUERN_OPTION);
cl::opt<double> seconds("seconds", cl::desc("time to spend for each number of threads"), cl::init(1.0), QUERN_OPTION);
cl::opt<bool> kernels("kernels", cl::desc("the time of each launch too"), QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print JSON"), QUERN_OPTION);
cl::opt<bool> csv("csv", cl::desc("print comma-separated values"), QUERN_OPTION);

/// Quantiles of times in nanoseconds.
struct Times {
  std::vector<int64_t> samples;

  int64_t quantile(double share) {
    if (samples.empty())
      return 0;
    auto at = samples.begin() + size_t(share * double(samples.size() - 1));
    std::nth_element(samples.begin(), at, samples.end());
    return *at;
  }
};

struct Measurement {
  int threads;
  Times runs;
  std::vector<Times> sites; ///< one for each site; empty without --kernels
};

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

/// One line of the results. `nodes` is empty for whole runs.
struct Row {
  int threads;
  std::string name, nodes;
  size_t samples;
  double minimum, median, p99; ///< microseconds
  double gflops, gbytes;       ///< per second, at the median; 0 where the manifest does not carry them
};

Row makeRow(int threads, StringRef name, StringRef nodes, Times &times, const json::Object *site) {
  Row row = {threads, name.str(), nodes.str(), times.samples.size(), times.quantile(0) / 1e3, times.quantile(0.5) / 1e3, times.quantile(0.99) / 1e3, 0, 0};
  if (site && row.median > 0) {
    row.gflops = site->getNumber("flops").value_or(0) / row.median / 1e3;
    row.gbytes = site->getNumber("bytes").value_or(0) / row.median / 1e3;
  }
  return row;
}

std::vector<Row> makeRows(const LoadedModel &model, Measurement &measurement) {
  std::vector<Row> rows = {makeRow(measurement.threads, "run", "", measurement.runs, nullptr)};
  const json::Array *described = model.manifest().getArray("sites");
  if (kernels)
    for (auto [index, times] : enumerate(measurement.sites)) {
      const quern_site &site = model.descriptor().sites[index];
      const json::Object *facts = described && index < described->size() ? (*described)[index].getAsObject() : nullptr;
      rows.push_back(makeRow(measurement.threads, site.name, site.nodes, times, facts));
    }
  llvm::sort(MutableArrayRef(rows).drop_front(), [](const Row &a, const Row &b) { return a.median > b.median; });
  return rows;
}

void print(ArrayRef<Row> rows) {
  if (csv)
    outs() << "threads,name,samples,min_us,median_us,p99_us,gflop_s,gb_s\n";
  else
    outs() << formatv("{0,7} {1,10} {2,10} {3,10} {4,8} {5,6}  {6}\n", "threads", "min us", "median us", "p99 us", "GFLOP/s", "GB/s", "what");
  for (const Row &row : rows) {
    if (csv)
      outs() << formatv("{0},\"{1}\",{2},{3:F3},{4:F3},{5:F3},{6:F2},{7:F2}\n", row.threads, join(split(row.name, '"'), "\"\""), row.samples,
                        row.minimum, row.median, row.p99, row.gflops, row.gbytes);
    else
      outs() << formatv("{0,7} {1,10:F2} {2,10:F2} {3,10:F2} {4,8:F1} {5,6:F1}  {6}{7}\n", row.threads, row.minimum, row.median, row.p99,
                        row.gflops, row.gbytes, row.name, row.nodes.empty() ? "" : ": " + row.nodes);
  }
}

void printJson(ArrayRef<Row> rows) {
  json::Array result;
  for (const Row &row : rows)
    result.push_back(json::Object{{"threads", row.threads}, {"name", json::fixUTF8(row.name)}, {"nodes", json::fixUTF8(row.nodes)},
                                  {"samples", row.samples}, {"min_us", row.minimum}, {"median_us", row.median},
                                  {"p99_us", row.p99}, {"gflop_s", row.gflops}, {"gb_s", row.gbytes}});
  outs() << formatv("{0:2}\n", json::Value(std::move(result)));
}

Error run() {
  for (int count : threads)
    if (count < 1)
      return makeError(ErrorKind::Usage, "--threads={0}: expected numbers of at least 1", count);
  if (!(seconds > 0))
    return makeError(ErrorKind::Usage, "--seconds={0}: expected a time above 0", seconds.getValue());
  Expected<LoadedModel> model = LoadedModel::open(input, maxLevel);
  if (!model)
    return model.takeError();
  auto arrays = model->readInputs(inputs, /*fill=*/true);
  if (!arrays)
    return arrays.takeError();
  std::vector<quern_tensor> tensors;
  for (HostArray &array : *arrays)
    tensors.push_back(array.tensor());
  std::vector<Row> rows;
  for (int count : threads.empty() ? std::vector<int>{1} : std::vector<int>(threads.begin(), threads.end())) {
    Measurement measurement = {count, {}, {}};
    if (Error error = measure(*model, tensors, measurement))
      return error;
    llvm::append_range(rows, makeRows(*model, measurement));
  }
  json ? printJson(rows) : print(rows);
  return Error::success();
}

} // namespace

Command benchCommand() { return {&subcommand, run}; }

} // namespace quern
