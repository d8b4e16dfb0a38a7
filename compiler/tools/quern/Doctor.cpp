// quern doctor: what this machine is and what it can do at best.
#include "codegen/Host.h"
#include "compiler/tools/quern/Command.h"
#include "compiler/tools/quern/Machine.h"
#include "compiler/tools/quern/Progress.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("doctor", "show what this machine is and measure what it can do at best");
cl::OptionCategory category("options of quern doctor");
cl::opt<bool> json("json", cl::desc("print JSON"), cl::sub(subcommand), cl::cat(category));

int coreCount() { return int(hardware_concurrency().compute_thread_count()); }

/// Each level on one core, and the best of them on all.
json::Array measureLevels(Progress &progress, const Level *&best) {
  json::Array levels;
  const Target *target = targetOfThisMachine();
  for (const Level &level : target ? target->levels : ArrayRef<Level>()) {
    progress.show(("measuring " + level.name).str());
    bool runs = runsOnThisMachine(level);
    if (runs && !best)
      best = &level;
    json::Object entry{{"name", level.name}, {"runs", runs}, {"gflop_s", measurePeak(level) / 1e9}};
    if (best == &level)
      entry["gflop_s_all"] = measurePeak(level, coreCount()) / 1e9;
    levels.push_back(std::move(entry));
  }
  return levels;
}

json::Array measureStores(Progress &progress, const Level &level) {
  json::Array rows;
  progress.show("measuring memory");
  Machine one = Machine::measure(level, 1), all = Machine::measure(level, coreCount());
  for (auto [store, together] : zip(one.stores, all.stores)) {
    json::Object row{{"name", store.name}, {"gb_s", store.rate / 1e9}, {"gb_s_all", together.rate / 1e9}};
    if (store.bytes != UINT64_MAX)
      row["bytes"] = store.bytes;
    rows.push_back(std::move(row));
  }
  return rows;
}

json::Array findTools() {
  json::Array tools;
  for (StringRef name : {"python3", "cc", "cmake", "objdump", "ptxas"}) {
    auto path = sys::findProgramByName(name);
    tools.push_back(json::Object{{"name", name}, {"path", path ? json::Value(*path) : json::Value(nullptr)}});
  }
  return tools;
}

json::Object examine() {
  Progress progress;
  const Level *best = nullptr;
  json::Object report{{"cpu", sys::getHostCPUName()},
                      {"threads", coreCount()},
                      {"levels", measureLevels(progress, best)},
                      {"tools", findTools()}};
  report["caches"] = best ? measureStores(progress, *best) : json::Array();
  return report;
}

void print(const json::Object &report) {
  int64_t cores = *report.getInteger("threads");
  outs() << formatv("{0,-12} {1}, {2} threads\n", "cpu", *report.getString("cpu"), cores);
  for (const json::Value &value : *report.getArray("levels")) {
    const json::Object &level = *value.getAsObject();
    outs() << formatv("{0,-12} ", *level.getString("name"));
    if (!*level.getBoolean("runs")) {
      outs() << "does not run here\n";
      continue;
    }
    outs() << formatv("{0:F1} GFLOP/s of float32 on one core", *level.getNumber("gflop_s"));
    if (auto all = level.getNumber("gflop_s_all"))
      outs() << formatv(", {0:F1} on {1}", *all, cores);
    outs() << "\n";
  }
  for (const json::Value &value : *report.getArray("caches")) {
    const json::Object &store = *value.getAsObject();
    outs() << formatv("{0,-12} ", *store.getString("name"));
    if (auto bytes = store.getInteger("bytes"))
      outs() << formatv("{0} KiB, ", *bytes >> 10);
    outs() << formatv("read at {0:F1} GB/s by one core, {1:F1} by {2}\n", *store.getNumber("gb_s"),
                      *store.getNumber("gb_s_all"), cores);
  }
  for (const json::Value &value : *report.getArray("tools")) {
    const json::Object &tool = *value.getAsObject();
    outs() << formatv("{0,-12} {1}\n", *tool.getString("name"),
                      tool.getString("path").value_or("not found; nothing of Quern needs it to run models"));
  }
}

Error run() {
  json::Object report = examine();
  if (json)
    outs() << formatv("{0:2}\n", json::Value(std::move(report)));
  else
    print(report);
  return Error::success();
}

} // namespace

static constexpr const char *examples = "  quern doctor            takes about a second\n";

Command doctorCommand() { return {&subcommand, run, examples}; }

} // namespace quern
