// quern inspect: what an artifact says about itself; nothing of it is executed.
#include "codegen/link/Manifest.h"
#include "compiler/tools/quern/Command.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("inspect", "show what a compiled model says about itself, without running it");
cl::OptionCategory category("options of quern inspect");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.so"), QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print the manifest as JSON"), QUERN_OPTION);

std::string text(const json::Value *value) {
  if (!value || value->kind() == json::Value::Null)
    return "?";
  if (auto string = value->getAsString())
    return string->str();
  return formatv("{0}", *value);
}

void printValues(const json::Object &manifest, StringRef key, StringRef title) {
  const json::Array *values = manifest.getArray(key);
  for (const json::Value &entry : values ? *values : json::Array()) {
    const json::Object *value = entry.getAsObject();
    if (!value)
      continue;
    std::string dims;
    if (const json::Array *shape = value->getArray("shape"))
      for (const json::Value &dim : *shape)
        dims += (dims.empty() ? "" : ", ") + text(&dim);
    outs() << formatv("{0,-10} {1}: {2}[{3}]\n", title, text(value->get("name")), text(value->get("dtype")), dims);
  }
}

void printFields(const json::Object &manifest) {
  struct Row {
    StringLiteral title, key, unit;
  };
  static constexpr Row rows[] = {
      {"name", "name", ""},         {"compiler", "compiler", ""},     {"target", "target", ""},
      {"arena", "arena", " bytes"}, {"weights", "weights", " bytes"}, {"runtime", "runtime", " bytes"}};
  for (Row row : rows)
    if (const json::Value *value = manifest.get(row.key))
      outs() << formatv("{0,-10} {1}{2}\n", row.title, text(value), row.unit);
  if (const json::Object *model = manifest.getObject("model"))
    for (const auto &[key, value] : *model)
      outs() << formatv("{0,-10} {1}\n", key.str(), text(&value));
  std::string levels;
  if (const json::Array *array = manifest.getArray("levels"))
    for (const json::Value &level : *array)
      levels += (levels.empty() ? "" : ", ") + text(&level);
  outs() << formatv("{0,-10} {1}\n", "levels", levels);
  for (auto [title, key] : {std::pair<StringRef, StringRef>{"kernels", "kernels"}, {"launches", "sites"}})
    if (const json::Array *array = manifest.getArray(key))
      outs() << formatv("{0,-10} {1}\n", title, array->size());
  if (const json::Object *metadata = manifest.getObject("metadata"))
    for (const auto &[key, value] : *metadata)
      outs() << formatv("{0,-10} {1} = {2}\n", "metadata", key.str(), text(&value));
}

/// Whether machine code of a device lies beside its kernels' text.
void printCubin(const json::Object &manifest) {
  int64_t bytes = 0;
  if (const json::Array *kernels = manifest.getArray("kernels"))
    for (const json::Value &kernel : *kernels)
      if (const json::Object *entry = kernel.getAsObject())
        bytes += entry->getInteger("cubin").value_or(0);
  if (bytes)
    outs() << formatv("{0,-10} {1} bytes of machine code for the device\n", "cubin", bytes);
}

/// Of the model for machines without the device, what differs.
void printProcessor(const json::Object &manifest) {
  const json::Object *processor = manifest.getObject("processor");
  if (!processor)
    return;
  const json::Array *kernels = processor->getArray("kernels");
  outs() << formatv("{0,-10} {1}, {2} kernels, without the device\n", "processor", text(processor->get("target")),
                    kernels ? kernels->size() : 0);
}

Error run() {
  Expected<json::Object> manifest = readManifest(input);
  if (!manifest)
    return manifest.takeError();
  uint64_t size = 0;
  sys::fs::file_size(input, size);
  if (json) {
    (*manifest)["file_bytes"] = size;
    outs() << formatv("{0:2}\n", json::Value(std::move(*manifest)));
    return Error::success();
  }
  outs() << formatv("{0,-10} {1} bytes\n", "file", size);
  printFields(*manifest);
  printCubin(*manifest);
  printProcessor(*manifest);
  printValues(*manifest, "inputs", "input");
  printValues(*manifest, "outputs", "output");
  return Error::success();
}

} // namespace

static constexpr const char *examples =
    "  quern inspect model.so              inputs, outputs, sizes, levels, who made it of what\n";

Command inspectCommand() { return {&subcommand, run, examples}; }

} // namespace quern
