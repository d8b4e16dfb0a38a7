// THE pipeline: every way of using the compiler runs these functions, in the order of Phases.inc.
#include "compiler/Compile.h"
#include "compiler/Describe.h"
#include "compiler/PhaseText.h"
#include "compiler/Unfused.h"
#include "compiler/Verify.h"
#include "codegen/LowerToLLVM.h"
#include "codegen/link/DescriptorEmitter.h"
#include "codegen/nvptx/Assembler.h"
#include "codegen/link/Embedded.h"
#include "codegen/link/Header.h"
#include "codegen/link/Linker.h"
#include "codegen/link/LoadedBytes.h"
#include "codegen/link/Manifest.h"
#include "codegen/link/OutputFile.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/text/Text.h"
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/lowering/Lowering.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "passes/fusion/Fusion.h"
#include "passes/graph/Passes.h"
#include "passes/host/Host.h"
#include "passes/loops/Loops.h"
#include "passes/memory/Memory.h"
#include "passes/schedule/Schedule.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <chrono>

using namespace mlir;

namespace quern {

llvm::Error runPasses(Compilation &c, llvm::function_ref<void(PassManager &)> add, ErrorKind kind) {
  std::string text;
  ScopedDiagnosticHandler handler(&c.context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && text.empty())
      text = diagnostic.str();
    return success();
  });
  PassManager manager(&c.context);
  manager.enableVerifier(true);
  add(manager);
  if (failed(manager.run(*c.module)))
    return makeError(kind, "{0}: {1}", c.input, text.empty() ? std::string("a pass failed without saying why") : text);
  return llvm::Error::success();
}

static llvm::Error runImport(Compilation &c) {
  if (c.bytes.empty() && llvm::sys::path::extension(c.input) == ".mlir") {
    if (llvm::Error error = readPhaseText(c))
      return error;
    if (llvm::Error error = verifyGraph(c))
      return makeError(ErrorKind::Model, "{0} is no program of graph ops: {1}", quoted(c.input),
                       takeFailure(std::move(error)).message);
    return recordOrigin(c);
  }
  auto module = c.bytes.empty() ? importOnnxFile(c.input, c.context) : importOnnxBytes(c.bytes, c.input, "", c.context);
  if (!module)
    return module.takeError();
  c.module = std::move(*module);
  return recordOrigin(c);
}

static llvm::Error lowerModel(Compilation &c) {
  ScopedDiagnosticHandler handler(&c.context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Warning)
      return failure();
    c.warnings.push_back(diagnostic.str());
    return success();
  });
  if (llvm::Error error = fixShapes(*c.module, c.options.shapes))
    return error;
  std::vector<graph::ModelNode> nodes = modelNodes(*c.module);
  auto module = lowerToGraph(*c.module);
  if (!module)
    return withContext(c.input, module.takeError());
  c.module = std::move(*module);
  recordNodes(*c.module, nodes);
  return llvm::Error::success();
}

/// What a program's text calls its ops.
static llvm::Error nameNodes(Compilation &c) {
  if (!c.options.shapes.empty())
    return makeError(ErrorKind::Usage, "--shape: {0} is a program, whose shapes are in its text", quoted(c.input));
  SmallVector<graph::ModelNode> nodes;
  c.module->walk([&](Operation *op) { graph::collectNodes(op->getLoc(), nodes); });
  recordNodes(*c.module, {nodes.begin(), nodes.end()});
  return llvm::Error::success();
}

static llvm::Error runGraph(Compilation &c) {
  if (llvm::Error error = isProgram(*c.module) ? nameNodes(c) : lowerModel(c))
    return error;
  return runPasses(c, [&](PassManager &manager) {
    manager.addPass(graph::createFoldConstantsPass()); // what depends on weights alone is computed once, here
    manager.addPass(createCSEPass());
    manager.addPass(graph::createSplitFourier()); // makes arithmetic and constants, for the passes behind
    if (!c.options.optimize)
      return;
    graph::SimplifyGraphOptions simplify;
    simplify.sumRows = !c.target->device;
    manager.addPass(graph::createSimplifyGraph(simplify)); // folds scales into weights: before their layout is fixed
    manager.addPass(graph::createFormAttention());         // reads matmul and softmax as the model has them
    if (c.target->widensConvolutions())
      manager.addPass(graph::createWidenConvolutions()); // behind the folding of scales, which looks through no cast
    manager.addPass(graph::createFoldConstantsPass());
    manager.addPass(createCSEPass());
  });
}

static llvm::Error runFuse(Compilation &c) {
  llvm::Error error = runPasses(c, [&](PassManager &manager) {
    manager.addPass(createMoveRowAxisLastPass()); // row kernels walk the last axes
    if (c.options.optimize && c.target->hasBlockedLayouts()) {
      AssignLayoutsPassOptions layouts;
      layouts.winograd = c.options.precision != Precision::Strict;
      manager.addPass(createAssignLayoutsPass(layouts)); // writes packing of weights down as graph ops ...
      manager.addPass(createPackWeightsPass());
      manager.addPass(graph::createFoldConstantsPass()); // ... which are carried out here
      manager.addPass(createCSEPass());
    }
    manager.addPass(createPackTreesPass()); // tables that are constants by now
    FormKernelsPassOptions options;
    options.fuse = c.options.optimize;
    options.rowLanes = c.target->hasBlockedLayouts(); // on a device a row has a thread anyway
    manager.addPass(createFormKernelsPass(options));
    manager.addPass(createMeasureWorkPass());
  });
  if (!error)
    recordUnfused(*c.module);
  return error;
}

static llvm::Error runSchedule(Compilation &c) {
  return runPasses(c, [&](PassManager &manager) {
    SelectSchedulePassOptions options;
    options.target = c.target->name.str();
    options.tf32 = c.options.precision == Precision::Tf32;
    manager.addPass(createSelectSchedulePass(options));
  });
}

static llvm::Error runLoops(Compilation &c) {
  return runPasses(c, [&](PassManager &manager) {
    OutlineKernelsPassOptions outline;
    outline.prefix = c.kernelPrefix;
    manager.addPass(createOutlineKernelsPass(outline)); // equal kernels become one before their loops are made
    EmitKernelsPassOptions options;
    options.target = c.target->name.str();
    manager.addPass(createEmitKernelsPass(options));
  }, ErrorKind::Unsupported); // what fails here is an op that no emitter computes
}

static llvm::Error runMemory(Compilation &c) {
  return runPasses(c, [&](PassManager &manager) {
    manager.addPass(createPlaceTransfersPass()); // kernels know where they run by now
    manager.addPass(createPlanMemoryPass());
  });
}

static llvm::Error runHost(Compilation &c) {
  EmitHostPassOptions options;
  options.symbol = c.hostSymbol;
  return runPasses(c, [&](PassManager &manager) { manager.addPass(createEmitHostPass(options)); });
}

/// Machine code beside the texts of the device's kernels, which the object of the host function is in front of.
static llvm::Error assembleKernels(Compilation &c) {
  auto assembler = findAssembler(*c.options.cubin);
  if (!assembler)
    return assembler.takeError();
  std::vector<DeviceText> texts;
  std::vector<Compilation::EmittedKernel *> kernels;
  for (auto [index, kernel] : llvm::enumerate(c.kernels)) {
    if (!kernel.onDevice)
      continue;
    const EmittedObject &text = c.objects[index + 1];
    texts.push_back({kernel.symbol, llvm::StringRef(text.object.data(), text.object.size())});
    kernels.push_back(&kernel);
  }
  auto codes = assembleAll(texts, c.target->device->code->baseLevel().name, *assembler);
  if (!codes)
    return codes.takeError();
  for (auto [kernel, code] : llvm::zip(kernels, *codes))
    kernel->binary = std::move(code);
  return llvm::Error::success();
}

static llvm::Error runEmit(Compilation &c) {
  loadCodegenDialects(c.context);
  std::vector<EmitJob> jobs;
  for (ModuleOp module : c.module->getOps<ModuleOp>()) {
    auto levelName = module->getAttrOfType<StringAttr>("quern.level");
    const Target *code = c.target;
    const Level *level = &c.target->baseLevel();
    for (const Target *target : {c.target, c.target->device ? c.target->device->code : c.target})
      for (const Level &candidate : target->levels)
        if (levelName && candidate.name == levelName.getValue()) {
          code = target;
          level = &candidate;
        }
    if (levelName)
      c.kernels.push_back({module.getSymName()->str(), emitsText(*code)});
    // The host function comes first.
    jobs.insert(levelName ? jobs.end() : jobs.begin(), EmitJob{module, level, module.getSymName()->str(), code});
  }
  if (c.options.emit == EmitKind::Assembly) {
    for (EmitJob &job : jobs) {
      if (failed(lowerToLLVMDialect(job.module, emitsText(*job.code))))
        return makeError(ErrorKind::Internal, "{0}: kernel {1} does not lower to LLVM", c.input, job.name);
      auto text = emitAssembly(job.module, *job.code, *job.level);
      if (!text)
        return text.takeError();
      c.assembly += *text;
    }
    return llvm::Error::success();
  }
  auto objects = emitAll(jobs, *c.target);
  if (!objects)
    return withContext(c.input, objects.takeError());
  c.objects = std::move(*objects);
  return c.options.cubin && c.target->device ? assembleKernels(c) : llvm::Error::success();
}

/// A device's code is in the descriptor instead.
static void addCode(const Compilation &c, LinkRequest &request) {
  for (auto [index, object] : llvm::enumerate(c.objects))
    if (index == 0 || !c.kernels[index - 1].onDevice)
      request.objects.push_back({object.object.data(), object.object.size()});
}

/// Whether a kernel calls the runtime's kernels on strings.
static bool hasText(const Compilation &c) {
  return llvm::any_of(c.module.get().getOps<kernel::FuncOp>(), [](kernel::FuncOp function) {
    return function.getSchedule().getAlgorithm() == text::kLinkedAlgorithm;
  });
}

static llvm::Error runLink(Compilation &c) {
  if (c.options.emit == EmitKind::Assembly)
    return llvm::Error::success(); // text, which the caller writes
  ModelDescription description = describeModel(c);
  c.manifest = describeManifest(c, description);
  if (c.options.emit == EmitKind::DeviceCode)
    return llvm::Error::success(); // text, too
  llvm::StringRef runtime = runtimeObject(c.target->elfMachine);
  c.manifest["runtime"] = loadedBytes(runtime);
  std::optional<ModelDescription> processor;
  if (c.processor) {
    processor = describeModel(*c.processor);
    llvm::json::Object manifest = describeManifest(*c.processor, *processor);
    manifest["runtime"] = c.manifest["runtime"];
    processor->manifest = formatManifest(llvm::json::Object(manifest));
    c.manifest["target"] = llvm::formatv("{0},{1}", c.target->name, c.processor->target->name).str();
    c.manifest["processor"] = std::move(manifest);
  }
  description.manifest = formatManifest(llvm::json::Object(c.manifest));
  auto descriptor = emitDescriptor(description, *c.target, processor ? &*processor : nullptr);
  if (!descriptor)
    return descriptor.takeError();

  LinkRequest request;
  request.target = c.target;
  addCode(c, request);
  if (c.processor)
    addCode(*c.processor, request);
  if (description.device)
    request.objects.push_back(deviceDriverObject());
  if (hasText(c))
    request.objects.push_back(textObject(c.target->elfMachine));
  request.objects.push_back({descriptor->data(), descriptor->size()});
  std::deque<std::vector<char>> copies;
  request.weights = weightSegments(*c.module, copies);
  if (c.processor)
    request.weights = shareWeights(request.weights, weightSegments(*c.processor->module, copies)).segments;
  request.written = weightRelease(*c.module, request.weights);
  request.runtime = runtime;
  request.exports = descriptorExports(description);
  request.name = cIdentifier(description.name);
  request.soname = llvm::sys::path::filename(c.options.output).str();
  request.output = c.options.output;
  llvm::Error linked = c.options.emit == EmitKind::Object    ? linkObject(request)
                       : c.options.emit == EmitKind::Archive ? linkArchive(request)
                                                             : linkSharedLibrary(request);
  if (linked)
    return linked;
  if (c.options.header.empty())
    return llvm::Error::success();
  auto header = formatHeader(c.manifest);
  if (!header)
    return header.takeError();
  return writeOutput(c.options.header, *header);
}

//===--- The table --------------------------------------------------------------------------===//

llvm::ArrayRef<Phase> allPhases() {
  static constexpr Phase phases[] = {
#define QUERN_PHASE(name, summary, run, verify) {name, summary},
#include "compiler/Phases.inc"
  };
  return phases;
}

namespace {
struct Row {
  llvm::StringLiteral name;
  llvm::Error (*run)(Compilation &);
  llvm::Error (*verify)(Compilation &);
};
constexpr Row rows[] = {
#define QUERN_PHASE(name, summary, run, verify) {name, run, verify},
#include "compiler/Phases.inc"
};
} // namespace

/// Reads the text that `first` goes on from; it must pass the door of the phase before.
static llvm::Error enter(Compilation &c, const Row &first) {
  if (&first == rows)
    return makeError(ErrorKind::Usage, "--start-at={0}: the first phase reads a model file, not a text", first.name);
  const Row &before = *(&first - 1);
  if (!c.options.shapes.empty() && before.run != runImport)
    return makeError(ErrorKind::Usage, "--shape: shapes are fixed by phase graph, which --start-at={0} leaves out",
                     first.name);
  if (llvm::Error error = readPhaseText(c))
    return error;
  if (llvm::Error error = before.verify(c))
    return makeError(ErrorKind::Model, "{0} is not what phase {1} gives: {2}", quoted(c.input), before.name,
                     takeFailure(std::move(error)).message);
  return llvm::Error::success();
}

static llvm::Error runRow(Compilation &c, const Row &row) {
  if (llvm::Error error = row.run(c))
    return error;
  if (llvm::Error error = row.verify(c))
    return withContext(("after phase " + row.name).str(), std::move(error));
  return llvm::Error::success();
}

/// Takes the model's file through the phases for the processor alone, up to the link. It is imported anew: each of the
/// two drops weights that it has folded into others.
static llvm::Error compileForProcessor(Compilation &c, const Target &processor) {
  auto begin = std::chrono::steady_clock::now();
  c.processor = std::make_unique<Compilation>(c.context, c.options);
  c.processor->target = &processor;
  c.processor->input = c.input;
  c.processor->bytes = c.bytes;
  c.processor->kernelPrefix = "p";
  c.processor->hostSymbol = "quern_host_processor";
  for (const Row &row : llvm::make_range(rows, std::end(rows) - 1)) {
    if (row.run == runHost) { // which writes down where the weights are
      std::deque<std::vector<char>> copies;
      std::vector<llvm::ArrayRef<char>> own = weightSegments(*c.module, copies);
      SharedWeights weights = shareWeights(own, weightSegments(*c.processor->module, copies));
      (*c.processor->module)
          ->setAttr("quern.weight_offsets", DenseI64ArrayAttr::get(&c.context, weights.offsets));
    }
    if (llvm::Error error = runRow(*c.processor, row))
      return error;
  }
  std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  c.timings.push_back({"processor", passed.count()});
  return llvm::Error::success();
}

/// What only a whole compilation of two targets makes.
static llvm::Error checkWhole(const CompileOptions &options) {
  bool stopsEarly = !options.stopAfter.empty() && options.stopAfter != "link";
  if (options.startAt.empty() && !stopsEarly && options.emit != EmitKind::Assembly)
    return llvm::Error::success();
  return makeError(ErrorKind::Usage, "the text of a phase is of one target, but --target={0} names two; name one of them",
                   options.target);
}

llvm::Error runPhases(Compilation &c) {
  auto targets = lookupTargets(c.options.target);
  if (!targets)
    return targets.takeError();
  c.target = targets->target;
  if (llvm::Error error = targets->processor ? checkWhole(c.options) : llvm::Error::success())
    return error;
  if (c.options.emit == EmitKind::DeviceCode && !c.target->device)
    return makeError(ErrorKind::Usage, "--emit=ptx: target {0} has no device; name one, such as sm_80", c.target->name);
  if (c.options.cubin && !c.target->device)
    return makeError(ErrorKind::Usage, "--cubin: target {0} has no device; name one, such as sm_80", c.target->name);
  const Row *first = rows;
  if (!c.options.startAt.empty()) {
    first = llvm::find_if(rows, [&](const Row &row) { return row.name == c.options.startAt; });
    if (llvm::Error error = enter(c, *first))
      return error;
  }
  for (const Row &row : llvm::make_range(first, std::end(rows))) {
    if (c.options.progress)
      c.options.progress(&row - rows, row.name);
    auto begin = std::chrono::steady_clock::now();
    if (llvm::Error error = runRow(c, row))
      return error;
    c.timings.push_back({row.name, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()});
    if (row.name == c.options.stopAfter)
      break;
    if (row.run == runEmit && targets->processor && c.options.emit != EmitKind::DeviceCode)
      if (llvm::Error error = compileForProcessor(c, *targets->processor))
        return error;
  }
  return llvm::Error::success();
}

} // namespace quern
