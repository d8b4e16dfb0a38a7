// quern explain: each kernel of a model, what it computes, how, and why so; and the nodes that are in none.
#include "codegen/link/Manifest.h"
#include "compiler/Compile.h"
#include "compiler/tools/quern/Command.h"
#include "compiler/tools/quern/KernelFacts.h"
#include "compiler/tools/quern/Progress.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("explain",
                          "show a model's kernels: their nodes, algorithm, cost and machine code, and why they are so");
cl::OptionCategory category("options of quern explain");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.onnx|MODEL.so"), QUERN_OPTION);
cl::opt<std::string> target("target", cl::desc("what to compile MODEL.onnx for (default: native)"),
                            cl::value_desc("name"), cl::init("native"), QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print JSON"), QUERN_OPTION);

/// Of a model that is not compiled yet: it is compiled, and the artifact thrown away.
Expected<json::Object> compileManifest(StringRef path, bool quiet) {
  SmallString<128> folder;
  if (std::error_code code = sys::fs::createUniqueDirectory("quern", folder))
    return makeError(ErrorKind::File, "cannot make a temporary folder: {0}", code.message());
  Progress progress(!quiet);
  CompileOptions options;
  options.target = target;
  options.output = (folder + "/model.so").str();
  options.progress = [&](unsigned index, StringRef phase) {
    progress.show(formatv("[{0}/{1}] {2}", index + 1, allPhases().size(), phase).str());
  };
  mlir::MLIRContext context;
  loadDialects(context);
  Compilation compilation(context, options);
  compilation.input = path.str();
  Error error = runPhases(compilation);
  sys::fs::remove_directories(folder);
  if (error)
    return std::move(error);
  // Its strings are borrowed from the context, which goes now.
  Expected<json::Value> owned = json::parse(formatManifest(std::move(compilation.manifest)));
  if (!owned)
    return owned.takeError();
  return std::move(*owned->getAsObject());
}

Expected<json::Object> manifestOf(StringRef path, bool quiet) {
  file_magic magic;
  bool compiled = !identify_magic(path, magic) &&
                  (magic == file_magic::archive || (magic >= file_magic::elf && magic <= file_magic::elf_core));
  return compiled ? readManifest(path) : compileManifest(path, quiet);
}

StringRef text(const json::Object &object, StringRef key) { return object.getString(key).value_or(""); }

/// {"kernels": each kernel's manifest entry with its launches, "unfused": as the manifest has it}
json::Object explain(const json::Object &manifest) {
  json::Array explained;
  const json::Array none, *kernels = manifest.getArray("kernels"), *sites = manifest.getArray("sites"),
                          *unfused = manifest.getArray("unfused");
  for (auto [index, value] : enumerate(kernels ? *kernels : none)) {
    if (!value.getAsObject())
      continue;
    json::Object entry = *value.getAsObject();
    json::Array launches;
    for (const json::Value &site : sites ? *sites : none)
      if (const json::Object *object = site.getAsObject(); object && object->getInteger("kernel") == int64_t(index)) {
        json::Object launch = *object;
        launch.erase("kernel");
        launches.push_back(std::move(launch));
      }
    entry["launches"] = std::move(launches);
    explained.push_back(std::move(entry));
  }
  return json::Object{{"kernels", std::move(explained)}, {"unfused", json::Array(unfused ? *unfused : none)}};
}

//===-- Text --------------------------------------------------------------------------------------------------===//

/// "task_blocks 4, task_rows 8; register tile 14x32 (v4), 6x16 (v3)"
std::string describeSchedule(const json::Object &kernel) {
  std::string result, tiles;
  if (const json::Object *parameters = kernel.getObject("parameters"))
    for (const auto &[name, value] : *parameters)
      result += (result.empty() ? "" : ", ") + formatv("{0} {1}", name.str(), value).str();
  if (const json::Object *levels = kernel.getObject("tile"))
    for (const auto &[level, value] : *levels)
      tiles += (tiles.empty() ? "register tile " : ", ") +
               formatv("{0} ({1})", value.getAsString().value_or(""), level.str()).str();
  return result + (result.empty() || tiles.empty() ? "" : "; ") + tiles;
}

void printHotLoops(const json::Object &kernel) {
  const json::Object *levels = kernel.getObject("hot_loop");
  for (const auto &[level, value] : levels ? *levels : json::Object())
    if (const json::Object *counts = value.getAsObject())
      outs() << formatv(
          "  {0,-7} hot loop of {1} instructions: {2} fma, {3} stack loads, {4} stack stores, {5} calls\n", level.str(),
          counts->getInteger("instructions").value_or(0), counts->getInteger("fma").value_or(0),
          counts->getInteger("stack_loads").value_or(0), counts->getInteger("stack_stores").value_or(0),
          counts->getInteger("calls").value_or(0));
}

/// "231 MFLOP", or the expression where it depends on the symbols.
std::string amount(const json::Object &launch, StringRef key, StringRef unit) {
  const json::Value *value = launch.get(key);
  if (!value)
    return ("? " + unit).str();
  std::optional<double> known = evaluate(value, {});
  if (!known)
    return ("(" + value->getAsString().value_or("?") + ") " + unit).str();
  std::string number = withPrefix(*known);
  return number + (number.find(' ') == std::string::npos ? " " : "") + unit.str();
}

void printLaunch(const json::Object &launch) {
  StringRef nodes = text(launch, "nodes");
  outs() << formatv("  launch  {0}: {1}\n", text(launch, "name"),
                    nodes.empty() ? "no node of the model, a change of layout" : nodes);
  outs() << formatv("          {0}, {1} in and out, of weights {2}\n", amount(launch, "flops", "FLOP"),
                    amount(launch, "bytes", "B"), amount(launch, "weight_bytes", "B"));
  if (StringRef reason = text(launch, "boundary"); !reason.empty())
    outs() << "          begins here: " << reason << "\n";
}

void printKernel(const json::Object &kernel) {
  const json::Array *launches = kernel.getArray("launches"), *ops = kernel.getArray("ops");
  outs() << formatv("{0}: {1}, launched {2} time{3}\n", text(kernel, "name"), text(kernel, "algorithm"),
                    launches->size(), launches->size() == 1 ? "" : "s");
  if (StringRef reason = text(kernel, "reason"); !reason.empty())
    outs() << "  why     " << reason << "\n";
  if (std::string schedule = describeSchedule(kernel); !schedule.empty())
    outs() << "  how     " << schedule << "\n";
  std::string names;
  for (const json::Value &op : ops ? *ops : json::Array())
    names += (names.empty() ? "" : ", ") + op.getAsString().value_or("").str();
  outs() << "  ops     " << names << "\n";
  printHotLoops(kernel);
  for (const json::Value &launch : *launches)
    printLaunch(*launch.getAsObject());
}

void printUnfused(const json::Array &unfused) {
  if (!unfused.empty())
    outs() << "nodes in no kernel:\n";
  for (const json::Value &value : unfused) {
    const json::Object *entry = value.getAsObject();
    const json::Array *nodes = entry ? entry->getArray("nodes") : nullptr;
    if (!nodes)
      continue;
    outs() << formatv("  {0}\n", text(*entry, "reason"));
    for (const json::Value &node : *nodes)
      outs() << "          " << node.getAsString().value_or("") << "\n";
  }
}

Error run() {
  bool asJson = json; // lld resets every option when it has linked
  Expected<json::Object> manifest = manifestOf(input, asJson);
  if (!manifest)
    return manifest.takeError();
  json::Object explained = explain(*manifest);
  if (asJson) {
    outs() << formatv("{0:2}\n", json::Value(std::move(explained)));
    return Error::success();
  }
  for (const json::Value &kernel : *explained.getArray("kernels"))
    printKernel(*kernel.getAsObject());
  printUnfused(*explained.getArray("unfused"));
  return Error::success();
}

} // namespace

static constexpr const char *examples =
    "  quern explain model.onnx            compiles it for this machine and throws the artifact away\n"
    "  quern explain model.so --json       of an artifact; nothing of it is executed\n";

Command explainCommand() { return {&subcommand, run, examples}; }

} // namespace quern
