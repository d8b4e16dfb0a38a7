// quern targets: what models can be compiled for, and what a machine needs to run them.
#include "codegen/Host.h"
#include "compiler/tools/quern/Command.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("targets", "list what models can be compiled for, and what a machine needs to run them");
cl::OptionCategory category("options of quern targets");
cl::opt<bool> json("json", cl::desc("print JSON"), cl::sub(subcommand), cl::cat(category));

/// Whether there is a device is known to its driver alone.
bool runsHere(const Target &target) {
  return !target.device && any_of(target.levels, runsOnThisMachine);
}

json::Object describe(const Target &target) {
  json::Array levels;
  for (const Level &level : target.levels)
    levels.push_back(json::Object{{"name", level.name}, {"needs", level.needs}});
  return json::Object{
      {"name", target.name}, {"triple", target.triple}, {"levels", std::move(levels)}, {"runs_here", runsHere(target)}};
}

void print(const Target &target) {
  outs() << formatv("{0,-16} needs {1}", target.name, target.baseLevel().needs);
  if (target.device)
    outs() << ", and " << target.device->code->baseLevel().needs;
  std::string others;
  for (const Level &level : target.levels.drop_back())
    others += (others.empty() ? "" : ", ") + level.name.str();
  if (!others.empty())
    outs() << "; also holds " << others;
  outs() << (runsHere(target) ? "; runs here" : "") << "\n";
}

Error run() {
  if (json) {
    json::Array targets;
    for (const Target *target : allTargets())
      targets.push_back(describe(*target));
    outs() << formatv("{0:2}\n", json::Value(std::move(targets)));
    return Error::success();
  }
  for (const Target *target : allTargets())
    print(*target);
  auto native = lookupTarget("native");
  outs() << formatv("{0,-16} is {1} here\n", "native", native ? StringRef((*native)->name) : "none of these");
  if (!native)
    consumeError(native.takeError());
  outs() << "A device and a processor, as in sm_80,x86-64, go into one file; where there is no such device the processor runs "
            "all of it.\n";
  outs() << "Every one needs Linux with glibc 2.34 or later.\n";
  return Error::success();
}

} // namespace

static constexpr const char *examples = "  quern targets\n";

Command targetsCommand() {
  return {&subcommand, run, examples};
}

} // namespace quern
