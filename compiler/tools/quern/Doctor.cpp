// quern doctor: what this machine is and what it can do at best.
#include "codegen/x86/Host.h"
#include "codegen/x86/Peak.h"
#include "compiler/tools/quern/Command.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <thread>

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("doctor", "show what this machine is and measure what it can do at best");
cl::OptionCategory category("options of quern doctor");
cl::opt<bool> json("json", cl::desc("print JSON"), cl::sub(subcommand), cl::cat(category));

/// The first line of a file of the kernel; empty when there is none.
std::string readLine(const Twine &path) {
  auto buffer = MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().split('\n').first.trim().str() : "";
}

/// Bytes of the data caches of core 0, nearest first.
SmallVector<std::pair<std::string, uint64_t>> dataCaches() {
  SmallVector<std::pair<std::string, uint64_t>> caches;
  for (int index = 0; index < 8; ++index) {
    std::string folder = formatv("/sys/devices/system/cpu/cpu0/cache/index{0}/", index);
    std::string size = readLine(folder + "size");
    uint64_t kibibytes;
    if (size.empty() || readLine(folder + "type") == "Instruction" || StringRef(size).rtrim('K').getAsInteger(10, kibibytes))
      continue;
    caches.push_back({"L" + readLine(folder + "level"), kibibytes << 10});
  }
  return caches;
}

json::Array measureLevels() {
  json::Array levels;
  for (const Level &level : allTargets().front().levels)
    levels.push_back(json::Object{{"name", level.name}, {"runs", runsOnThisMachine(level)}, {"gflop_s", measurePeak(level) / 1e9}});
  return levels;
}

/// Half of each cache, so that the rest of the machine fits beside; then memory, four times the last cache.
json::Array measureMemory() {
  json::Array rows;
  uint64_t last = 8 << 20;
  for (auto &[name, bytes] : dataCaches()) {
    rows.push_back(json::Object{{"name", name}, {"bytes", bytes}, {"gb_s", measureReadBandwidth(bytes / 2) / 1e9}});
    last = bytes;
  }
  uint64_t memory = std::min<uint64_t>(last * 4, uint64_t(256) << 20);
  rows.push_back(json::Object{{"name", "memory"}, {"bytes", memory}, {"gb_s", measureReadBandwidth(memory) / 1e9}});
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

Error run() {
  json::Object report{{"cpu", sys::getHostCPUName()},
                         {"threads", std::thread::hardware_concurrency()},
                         {"levels", measureLevels()},
                         {"caches", measureMemory()},
                         {"tools", findTools()}};
  if (json) {
    outs() << formatv("{0:2}\n", json::Value(std::move(report)));
    return Error::success();
  }
  outs() << formatv("{0,-12} {1}, {2} threads\n", "cpu", *report.getString("cpu"), std::thread::hardware_concurrency());
  for (const json::Value &value : *report.getArray("levels")) {
    const json::Object &level = *value.getAsObject();
    outs() << formatv("{0,-12} ", *level.getString("name"));
    if (*level.getBoolean("runs"))
      outs() << formatv("{0:F1} GFLOP/s of float32 on one core\n", *level.getNumber("gflop_s"));
    else
      outs() << "does not run here\n";
  }
  for (const json::Value &value : *report.getArray("caches")) {
    const json::Object &cache = *value.getAsObject();
    outs() << formatv("{0,-12} {1} KiB, read at {2:F1} GB/s by one core\n", *cache.getString("name"), *cache.getInteger("bytes") >> 10, *cache.getNumber("gb_s"));
  }
  for (const json::Value &value : *report.getArray("tools")) {
    const json::Object &tool = *value.getAsObject();
    outs() << formatv("{0,-12} {1}\n", *tool.getString("name"), tool.getString("path").value_or("not found; nothing of Quern needs it to run models"));
  }
  return Error::success();
}

} // namespace

Command doctorCommand() { return {&subcommand, run}; }

} // namespace quern
