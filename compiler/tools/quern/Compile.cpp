// quern compile: a model in, an artifact and its header out.
#include "compiler/PhaseText.h"
#include "compiler/ProgramWeights.h"
#include "compiler/tools/quern/Command.h"
#include "compiler/tools/quern/Limits.h"
#include "compiler/tools/quern/Progress.h"
#include "codegen/link/OutputFile.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quern {
namespace {

cl::SubCommand subcommand("compile", "compile a model to a shared library");
cl::OptionCategory category("options of quern compile");
#define QUERN_OPTION cl::sub(subcommand), cl::cat(category)

cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL.onnx|PROGRAM.mlir"), QUERN_OPTION);
cl::opt<std::string> output("o", cl::desc("path of the artifact (default: the model's name with .so)"),
                            cl::value_desc("file"), QUERN_OPTION);
cl::opt<std::string> target("target",
                            cl::desc("machine to compile for: x86-64 or aarch64 (all levels in one file), one level "
                                     "of them (see quern targets), native, sm_80 or sm_90a for an NVIDIA device "
                                     "beside x86-64, or sm_80,x86-64, which runs without the device too"),
                            cl::init("x86-64"), QUERN_OPTION);
cl::list<std::string> shapes("shape", cl::desc("fix the dims of an input: name=1x3x224x224 ('?' leaves one open)"),
                             cl::value_desc("name=dims"), QUERN_OPTION);
cl::opt<EmitKind> emitKind("emit", cl::desc("what to write"), cl::init(EmitKind::SharedLibrary),
                           cl::values(clEnumValN(EmitKind::SharedLibrary, "so", "shared library (default)"),
                                      clEnumValN(EmitKind::Object, "obj", "relocatable object"),
                                      clEnumValN(EmitKind::Archive, "a", "static library"),
                                      clEnumValN(EmitKind::Assembly, "asm", "assembly text"),
                                      clEnumValN(EmitKind::DeviceCode, "ptx",
                                                 "a folder with the text of each of the device's kernels")),
                           QUERN_OPTION);
cl::opt<std::string> name("name", cl::desc("name of the model in C (default: from the file's name)"), QUERN_OPTION);
cl::opt<Precision>
    precision("precision", cl::desc("which algorithms may be used"), cl::init(Precision::Default),
              cl::values(clEnumValN(Precision::Default, "default", "those with errors of float32's own size (default)"),
                         clEnumValN(Precision::Strict, "strict",
                                    "every sum adds the products that the operator says: no Winograd"),
                         clEnumValN(Precision::Tf32, "tf32",
                                    "the default's; a device's matrix units multiply float32, rounded to 11 bits")),
              QUERN_OPTION);
cl::opt<std::string> cubin("cubin",
                           cl::desc("machine code of a device's kernels beside their PTX, made by NVIDIA's ptxas (default: "
                                    "that of the PATH); devices of the target's capability load faster"),
                           cl::value_desc("ptxas"), cl::ValueOptional, QUERN_OPTION);
cl::opt<bool> plain("O0", cl::desc("no fusion, no blocked layouts, no packed weights, for comparison"), QUERN_OPTION);
cl::opt<std::string> stopAfter(
    "stop-after",
    cl::desc("stop after a phase and write its text: import, graph, fuse, schedule, loops, memory, host, emit, link"),
    cl::value_desc("phase"), QUERN_OPTION);
cl::opt<std::string>
    startAt("start-at",
            cl::desc("take MODEL as the text of the phase before, written by --stop-after with -o, and go on"),
            cl::value_desc("phase"), QUERN_OPTION);
cl::opt<bool> consumeWeights("consume-weights",
                             cl::desc("give the disk space of PROGRAM.safetensors back while it is read"), QUERN_OPTION);
cl::opt<bool> timing("timing", cl::desc("print the time of each phase"), QUERN_OPTION);
cl::opt<bool> json("json", cl::desc("print the artifact's manifest and timings as JSON"), QUERN_OPTION);
cl::opt<bool> quiet("quiet", cl::desc("print nothing but errors"), QUERN_OPTION);
cl::opt<bool> noHeader("no-header", cl::desc("write no C header beside the artifact"), QUERN_OPTION);

cl::opt<unsigned> maxMemory("max-memory",
                            cl::desc("GiB of memory that compiling may take (default: 4 and twice the weights)"),
                            cl::value_desc("GiB"), QUERN_OPTION);
cl::opt<unsigned> timeout("timeout", cl::desc("seconds that compiling may take, 0 for no limit (default: 3600)"),
                          cl::value_desc("seconds"), cl::init(3600), QUERN_OPTION);

/// What a compilation may take: more is a model that was made to take more.
uint64_t memoryLimit(uint64_t weights) {
  return maxMemory ? uint64_t(maxMemory) << 30 : (uint64_t(4) << 30) + 2 * weights;
}

uint64_t weightBytes(mlir::ModuleOp module) {
  uint64_t bytes = 0;
  module.walk([&](onnx::InitializerOp initializer) {
    if (auto resource = dyn_cast<mlir::DenseResourceElementsAttr>(initializer.getValue()))
      if (mlir::AsmResourceBlob *blob = resource.getRawHandle().getBlob())
        bytes += blob->getData().size();
  });
  return bytes;
}

Expected<FixedShape> parseShape(StringRef text) {
  auto [input, dims] = text.rsplit('=');
  FixedShape shape{input.str(), {}};
  SmallVector<StringRef> parts;
  if (!dims.empty())
    dims.split(parts, 'x');
  if (input.empty() || !text.contains('='))
    return makeError(ErrorKind::Usage, "--shape {0}: expected name=1x3x224x224", quoted(text));
  for (StringRef part : parts) {
    int64_t value = -1;
    if (part != "?" && (part.getAsInteger(10, value) || value < 0))
      return makeError(ErrorKind::Usage, "--shape {0}: '{1}' is no dim: expected a number or '?'", quoted(text), part);
    shape.dims.push_back(value);
  }
  return shape;
}

Error checkPhase(StringRef option, StringRef phase) {
  if (phase.empty())
    return Error::success();
  StringRef best;
  unsigned distance = 4;
  for (const Phase &known : allPhases()) {
    if (known.name == phase)
      return Error::success();
    if (unsigned d = phase.edit_distance(known.name); d < distance) {
      distance = d;
      best = known.name;
    }
  }
  return makeError(ErrorKind::Usage, "{0}={1}: there is no such phase{2}", option, phase,
                   best.empty() ? "" : ("; did you mean " + best + "?").str());
}

Error writeText(StringRef path, StringRef text) {
  if (path != "-")
    return writeOutput(path, text);
  outs() << text;
  return Error::success();
}

/// One file for each kernel of the device.
Error writeDeviceCode(Compilation &compilation) {
  if (std::error_code code = sys::fs::create_directories(compilation.options.output))
    return makeError(ErrorKind::File, "{0} cannot be made: {1}", quoted(compilation.options.output), code.message());
  for (auto [index, kernel] : enumerate(compilation.kernels)) {
    if (!kernel.onDevice)
      continue;
    const EmittedObject &object = compilation.objects[index + 1]; // behind the host function's
    SmallString<128> path(compilation.options.output);
    sys::path::append(path, kernel.symbol + ".ptx");
    if (Error error = writeOutput(path, StringRef(object.object.data(), object.object.size())))
      return error;
  }
  return Error::success();
}

/// The module after the phase at which to stop. A file gets everything that --start-at needs, a terminal or a pipe what
/// a person reads.
Error writeModule(Compilation &compilation) {
  if (output.empty() || output == "-")
    return writeText("-", readableText(*compilation.module) + "\n");
  return writeText(output, completeText(*compilation.module));
}

void report(Compilation &compilation, bool json, bool timing) {
  if (json) {
    json::Object timings;
    for (auto [phase, seconds] : compilation.timings)
      timings[phase] = seconds;
    compilation.manifest["seconds"] = std::move(timings);
    outs() << json::Value(std::move(compilation.manifest)) << "\n";
    return;
  }
  if (timing)
    for (auto [phase, seconds] : compilation.timings)
      outs() << formatv("{0,-10} {1,8:F3} s\n", phase, seconds);
}

Error run() {
  CompileOptions options;
  options.target = target;
  options.emit = stopAfter == "emit" ? EmitKind::Assembly : EmitKind(emitKind); // the text of machine code
  options.name = name;
  options.precision = precision;
  options.optimize = !plain;
  options.consumeWeights = consumeWeights;
  if (cubin.getNumOccurrences())
    options.cubin = cubin;
  options.startAt = startAt;
  options.stopAfter = stopAfter;
  for (const std::string &text : shapes) {
    auto shape = parseShape(text);
    if (!shape)
      return shape.takeError();
    options.shapes.push_back(std::move(*shape));
  }
  if (Error error = checkPhase("--stop-after", stopAfter))
    return error;
  if (Error error = checkPhase("--start-at", startAt))
    return error;
  static constexpr StringLiteral suffixes[] = {".so", ".o", ".a", ".s", ".ptx.d"};
  options.output = !output.empty()       ? output
                   : stopAfter == "emit" ? "-"
                                         : (sys::path::stem(input) + suffixes[int(options.emit)]).str();
  if (!noHeader && options.emit != EmitKind::Assembly && options.emit != EmitKind::DeviceCode) {
    SmallString<128> header(options.output);
    sys::path::replace_extension(header, "h");
    options.header = header.str().str();
  }
  Progress progress(!quiet && !json);
  uint64_t fileBytes = 0;
  if (sys::fs::file_size(input, fileBytes)) // the import says what is wrong
    fileBytes = 0;
  uint64_t besideBytes = 0;
  if (StringRef(input).ends_with(".mlir") && !sys::fs::file_size(weightsPath(input), besideBytes))
    fileBytes += besideBytes;
  limitProcess(input, memoryLimit(fileBytes), timeout);

  mlir::MLIRContext context;
  loadDialects(context);
  Compilation compilation(context, options);
  compilation.input = input;
  options.progress = [&](unsigned index, StringRef phase) {
    noteGuardedPhase(phase.data());
    if (phase == "graph" && compilation.module)
      limitMemory(memoryLimit(fileBytes + weightBytes(*compilation.module))); // with what lies in files beside it
    progress.show(formatv("[{0}/{1}] {2}", index + 1, allPhases().size(), phase).str());
  };
  const bool asJson = json, withTiming = timing, silent = quiet; // lld resets every option when it has linked
  Error error = runPhases(compilation);
  progress.clear();
  if (error)
    return error;
  if (!silent)
    for (const std::string &warning : compilation.warnings)
      errs() << "quern: warning: " << compilation.input << ": " << warning << "\n";
  if (!options.stopAfter.empty() && options.stopAfter != "emit" && options.stopAfter != "link")
    return writeModule(compilation);
  if (options.emit == EmitKind::Assembly)
    return writeText(options.output, compilation.assembly);
  if (options.emit == EmitKind::DeviceCode)
    if (Error error = writeDeviceCode(compilation))
      return error;
  if (!silent)
    report(compilation, asJson, withTiming);
  return Error::success();
}

} // namespace

static constexpr const char *examples =
    "  quern compile model.onnx -o model.so                    for every x86-64 with AVX2 or AVX-512\n"
    "  quern compile model.onnx --target native                for this machine\n"
    "  quern compile model.onnx --target aarch64               for 64-bit Arm, from any machine\n"
    "  quern compile model.onnx --shape image=1x3x224x224      with dims fixed\n"
    "  quern compile model.onnx --stop-after fuse              the IR of a phase\n";

Command compileCommand() { return {&subcommand, run, examples}; }

} // namespace quern
