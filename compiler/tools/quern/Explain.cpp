// quern explain: each kernel of a model, what it computes, how, and why so.
#include "codegen/link/Manifest.h"
#include "compiler/Compile.h"
#include "compiler/tools/quern/Command.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("explain", "show a model's kernels: their nodes, algorithm and machine code");
cl::OptionCategory category("options of quern explain");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.onnx|MODEL.so"), QUERN_OPTION);
cl::opt<std::string> target("target", cl::desc("what to compile MODEL.onnx for"), cl::init("native"), QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print JSON"), QUERN_OPTION);

/// Of a model that is not compiled yet: it is compiled, and the artifact thrown away.
Expected<json::Object> compileManifest(StringRef path) {
  SmallString<128> folder;
  if (std::error_code code = sys::fs::createUniqueDirectory("quern", folder))
    return makeError(ErrorKind::File, "cannot make a temporary folder: {0}", code.message());
  CompileOptions options;
  options.target = target;
  options.output = (folder + "/model.so").str();
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

Expected<json::Object> manifestOf(StringRef path) {
  file_magic magic;
  bool compiled = !identify_magic(path, magic) && (magic == file_magic::archive || (magic >= file_magic::elf && magic <= file_magic::elf_core));
  return compiled ? readManifest(path) : compileManifest(path);
}

StringRef text(const json::Object &object, StringRef key) { return object.getString(key).value_or(""); }

/// One entry for each kernel: its manifest entry and its launches' nodes.
json::Array explain(const json::Object &manifest) {
  json::Array result;
  const json::Array *kernels = manifest.getArray("kernels"), *sites = manifest.getArray("sites");
  for (auto [index, value] : enumerate(kernels ? *kernels : json::Array())) {
    if (!value.getAsObject())
      continue;
    json::Object entry = *value.getAsObject();
    json::Array launches;
    for (const json::Value &site : sites ? *sites : json::Array())
      if (const json::Object *object = site.getAsObject(); object && object->getInteger("kernel") == int64_t(index))
        launches.push_back(json::Object{{"name", text(*object, "name").str()}, {"nodes", text(*object, "nodes").str()}});
    entry["launches"] = std::move(launches);
    result.push_back(std::move(entry));
  }
  return result;
}

void print(const json::Object &kernel) {
  const json::Array *launches = kernel.getArray("launches"), *ops = kernel.getArray("ops");
  outs() << formatv("{0}: {1}, {2} launches\n", text(kernel, "name"), text(kernel, "algorithm"), launches->size());
  if (StringRef reason = text(kernel, "reason"); !reason.empty())
    outs() << "  why    " << reason << "\n";
  std::string names;
  for (const json::Value &op : ops ? *ops : json::Array())
    names += (names.empty() ? "" : ", ") + op.getAsString().value_or("").str();
  outs() << "  ops    " << names << "\n";
  if (const json::Object *levels = kernel.getObject("hot_loop"))
    for (const auto &[level, value] : *levels)
      if (const json::Object *counts = value.getAsObject())
        outs() << formatv("  {0,-6} hot loop of {1} instructions: {2} fma, {3} stack loads, {4} stack stores, {5} calls\n", level.str(),
                          counts->getInteger("instructions").value_or(0), counts->getInteger("fma").value_or(0),
                          counts->getInteger("stack_loads").value_or(0), counts->getInteger("stack_stores").value_or(0),
                          counts->getInteger("calls").value_or(0));
  for (const json::Value &launch : *launches)
    outs() << "  nodes  " << text(*launch.getAsObject(), "nodes") << "\n";
}

Error run() {
  bool asJson = json; // lld resets every option when it has linked
  Expected<json::Object> manifest = manifestOf(input);
  if (!manifest)
    return manifest.takeError();
  json::Array kernels = explain(*manifest);
  if (asJson) {
    outs() << formatv("{0:2}\n", json::Value(std::move(kernels)));
    return Error::success();
  }
  for (const json::Value &kernel : kernels)
    print(*kernel.getAsObject());
  return Error::success();
}

} // namespace

Command explainCommand() { return {&subcommand, run}; }

} // namespace quern
