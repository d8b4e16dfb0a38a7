#include "compiler/tools/quern/BenchTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {

int64_t Times::quantile(double share) {
  if (samples.empty())
    return 0;
  auto at = samples.begin() + size_t(share * double(samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

//===-- Rows --------------------------------------------------------------------------------------------------===//

/// Seconds that the machine needs at best for a launch, and what for.
struct Roof {
  double seconds;
  StringRef bound;
};

/// Weights come from the store that holds all the model's memory, as every run goes through it; the rest from the
/// nearest stores, where the kernels before may have left it.
static Roof roofOf(const Machine &machine, double multiplyAdds, double bytes, double weights, double modelBytes) {
  const Machine::Store &far = machine.holding(modelBytes), &near = machine.holding(bytes - weights);
  double fromFar = weights / far.rate, fromNear = machine.readTime(bytes - weights);
  double computing = machine.peak > 0 ? multiplyAdds / machine.peak : 0, moving = fromFar + fromNear;
  if (computing >= moving)
    return {computing, "compute"};
  return {moving, fromFar > fromNear ? far.name : near.name};
}

static Row timesRow(int threads, Times &times) {
  Row row;
  row.threads = threads;
  row.calls = 1;
  row.samples = times.samples.size();
  row.minimum = times.quantile(0) / 1e3;
  row.median = times.quantile(0.5) / 1e3;
  row.p99 = times.quantile(0.99) / 1e3;
  return row;
}

static void setRates(Row &row, double seconds) {
  if (row.flops && seconds > 0)
    row.flopRate = *row.flops / seconds;
  if (row.bytes && seconds > 0)
    row.byteRate = *row.bytes / seconds;
}

static Row launchRow(const LaunchFacts &facts, Times &times, const Measurement &measurement, const Symbols &symbols,
                     double modelBytes) {
  Row row = timesRow(measurement.threads, times);
  row.machine = measurement.machine;
  row.name = facts.name.str(), row.nodes = facts.nodes.str(), row.kernel = facts.kernel.str();
  row.algorithm = facts.algorithm.str(), row.tile = facts.tile.str();
  row.calls = double(row.samples) / double(measurement.runs.samples.size());
  double seconds = row.minimum * row.calls / 1e6;
  auto flops = evaluate(facts.flops, symbols), multiplyAdds = evaluate(facts.multiplyAdds, symbols);
  auto bytes = evaluate(facts.bytes, symbols), weights = evaluate(facts.weightBytes, symbols);
  if (flops)
    row.flops = *flops * row.calls;
  if (bytes)
    row.bytes = *bytes * row.calls;
  setRates(row, seconds);
  if (multiplyAdds && bytes && weights && seconds > 0) {
    Roof roof = roofOf(*measurement.machine, *multiplyAdds, *bytes, *weights, modelBytes);
    row.roof = roof.seconds * row.calls / seconds;
    row.bound = roof.bound.str();
  }
  return row;
}

/// The run's amounts are the launches' sums; unknown as soon as one of a launch that ran is.
static void addSums(Row &run, ArrayRef<Row> launches) {
  run.flops = run.bytes = 0;
  std::optional<double> best = 0;
  for (const Row &launch : launches) {
    if (launch.samples == 0)
      continue;
    auto add = [](std::optional<double> &sum, std::optional<double> term) {
      sum = sum && term ? std::optional(*sum + *term) : std::nullopt;
    };
    add(run.flops, launch.flops);
    add(run.bytes, launch.bytes);
    add(best, launch.roof ? std::optional(*launch.roof * launch.minimum * launch.calls) : std::nullopt);
  }
  setRates(run, run.minimum / 1e6);
  if (best && run.minimum > 0)
    run.roof = *best / run.minimum;
}

std::vector<Row> makeRows(const json::Object &manifest, const Level &level, const Symbols &symbols,
                          Measurement &measurement) {
  Row run = timesRow(measurement.threads, measurement.runs);
  run.isRun = true;
  run.name = "run";
  if (!measurement.machine)
    return {run};
  run.machine = measurement.machine;
  double modelBytes =
      evaluate(manifest.get("weights"), symbols).value_or(0) + evaluate(manifest.get("arena"), symbols).value_or(0);
  std::vector<Row> launches;
  for (auto [facts, times] : zip(launchFacts(manifest, level.suffix), measurement.sites))
    launches.push_back(launchRow(facts, times, measurement, symbols, modelBytes));
  double total = 0;
  for (const Row &row : launches)
    total += row.minimum * row.calls;
  for (Row &row : launches)
    if (total > 0)
      row.share = row.minimum * row.calls / total;
  addSums(run, launches);
  sort(launches, [](const Row &a, const Row &b) { return a.minimum * a.calls > b.minimum * b.calls; });
  launches.insert(launches.begin(), run);
  return launches;
}

//===-- Output ------------------------------------------------------------------------------------------------===//

/// The fields of JSON and CSV, in order.
static std::vector<std::pair<StringRef, json::Value>> fieldsOf(const Row &row) {
  auto number = [](std::optional<double> value, double scale = 1) {
    return value ? json::Value(*value * scale) : json::Value(nullptr);
  };
  std::vector<std::pair<StringRef, json::Value>> fields = {{"threads", row.threads},
                                                           {"kind", row.isRun ? "run" : "launch"},
                                                           {"name", json::fixUTF8(row.name)},
                                                           {"samples", row.samples},
                                                           {"calls", row.calls},
                                                           {"min_us", row.minimum},
                                                           {"median_us", row.median},
                                                           {"p99_us", row.p99}};
  if (!row.machine)
    return fields;
  auto peak = row.machine->peak > 0 ? std::optional(row.machine->peak) : std::nullopt;
  std::optional<double> rate;
  for (const Machine::Store &store : row.machine->stores)
    if (store.name == row.bound)
      rate = store.rate;
  fields.insert(fields.end(), {{"share", number(row.share)},
                               {"mflop", number(row.flops, 1e-6)},
                               {"mbyte", number(row.bytes, 1e-6)},
                               {"gflop_s", number(row.flopRate, 1e-9)},
                               {"gb_s", number(row.byteRate, 1e-9)},
                               {"roof", number(row.roof)},
                               {"bound", row.bound},
                               {"peak_gflop_s", number(peak, 1e-9)},
                               {"bound_gb_s", number(rate, 1e-9)},
                               {"kernel", json::fixUTF8(row.kernel)},
                               {"algorithm", json::fixUTF8(row.algorithm)},
                               {"tile", json::fixUTF8(row.tile)},
                               {"nodes", json::fixUTF8(row.nodes)}});
  return fields;
}

void printJson(ArrayRef<Row> rows) {
  json::Array result;
  for (const Row &row : rows) {
    json::Object object;
    for (auto &[name, value] : fieldsOf(row))
      object[name] = std::move(value);
    result.push_back(std::move(object));
  }
  outs() << formatv("{0:2}\n", json::Value(std::move(result)));
}

void printCsv(ArrayRef<Row> rows) {
  bool first = true;
  for (const Row &row : rows) {
    std::vector<std::string> names, cells;
    for (auto &[name, value] : fieldsOf(row)) {
      names.push_back(name.str());
      auto text = value.getAsString();
      cells.push_back(text                                ? "\"" + join(split(*text, '"'), "\"\"") + "\""
                      : value.kind() == json::Value::Null ? ""
                                                          : formatv("{0}", value).str());
    }
    if (first)
      outs() << join(names, ",") << "\n";
    first = false;
    outs() << join(cells, ",") << "\n";
  }
}

static void printMachine(const Row &row) {
  outs() << formatv("{0} thread{1} can do at best: {2:F0} GFLOP/s of float32", row.threads, row.threads == 1 ? "" : "s",
                    row.machine->peak / 1e9);
  for (const Machine::Store &store : row.machine->stores)
    outs() << formatv(", read {0} at {1:F0} GB/s", store.name, store.rate / 1e9);
  outs() << "\n";
}

static void printLaunch(const Row &row) {
  constexpr size_t mostNodes = 100;
  auto text = [](std::optional<double> value, double scale, int decimals) {
    std::string result = "-";
    if (value) {
      result.clear();
      raw_string_ostream(result) << format("%.*f", decimals, *value * scale);
    }
    return result;
  };
  std::string nodes = row.nodes.size() > mostNodes ? row.nodes.substr(0, mostNodes) + "..." : row.nodes;
  std::string what = row.kernel.empty() ? row.name
                                        : formatv("{0} {1}{2}{3}: {4}", row.kernel, row.algorithm,
                                                  row.tile.empty() ? "" : " ", row.tile, nodes)
                                              .str();
  outs() << formatv("{0,5} {1,10:F2} {2,10:F2} {3,10:F2} {4,7} {5,9} {6,9} {7,8} {8,7} {9,6} {10,-7}  {11}\n",
                    text(row.calls, 1, row.calls == int64_t(row.calls) ? 0 : 1), row.minimum, row.median, row.p99,
                    text(row.share, 100, 1), text(row.flops, 1e-6, 3), text(row.bytes, 1e-6, 3),
                    text(row.flopRate, 1e-9, 1), text(row.byteRate, 1e-9, 1), text(row.roof, 100, 0), row.bound, what);
}

void printTable(ArrayRef<Row> rows) {
  if (rows.empty() || !rows.front().machine) {
    outs() << formatv("{0,7} {1,10} {2,10} {3,10} {4,8}\n", "threads", "min us", "median us", "p99 us", "runs");
    for (const Row &row : rows)
      outs() << formatv("{0,7} {1,10:F2} {2,10:F2} {3,10:F2} {4,8}\n", row.threads, row.minimum, row.median, row.p99,
                        row.samples);
    return;
  }
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && !rows[end].isRun)
      ++end;
    printMachine(rows[begin]);
    outs() << formatv("{0,5} {1,10} {2,10} {3,10} {4,7} {5,9} {6,9} {7,8} {8,7} {9,6} {10,-7}  {11}\n", "calls",
                      "min us", "median us", "p99 us", "% time", "MFLOP", "MB", "GFLOP/s", "GB/s", "% roof", "bound",
                      "kernel");
    for (const Row &row : rows.slice(begin + 1, end - begin - 1))
      printLaunch(row);
    printLaunch(rows[begin]);
    begin = end;
  }
}

} // namespace quern
