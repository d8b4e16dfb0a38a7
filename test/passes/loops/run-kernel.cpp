// Runs one kernel.func on files: the tests' way to compare the emitters with NumPy.
//
//   run-kernel kernel.mlir --level=x86-64-v4 --dims=3,128 --in=a.bin --in=b.bin --out=c.bin:4096 [--repeat=20] [--asm]
//
// Buffers are the body's arguments, then its results (bytes after the colon). Prints one JSON line: the hot loop's
// counts, tasks, scratch bytes, the kernel's code, and with --repeat the best time in nanoseconds.
#include "codegen/LowerToLLVM.h"
#include "passes/loops/Emitters.h"
#include "test/passes/loops/LoadedKernel.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <sys/mman.h>

using namespace mlir;
using namespace quern;
using namespace quern::test;

static std::string source, levelName = "x86-64-v4";
static std::vector<int64_t> dims;
static std::vector<std::string> inputs, outputs;
static int repeat = 0;
static bool assembly = false;

/// By hand: linking in this process resets LLVM's own options.
static void parseArguments(int argc, char **argv) {
  for (StringRef text : llvm::ArrayRef(argv + 1, argc - 1)) {
    auto [name, value] = text.split('=');
    if (name == "--level")
      levelName = value.str();
    else if (name == "--in")
      inputs.push_back(value.str());
    else if (name == "--out")
      outputs.push_back(value.str());
    else if (name == "--asm")
      assembly = true;
    else if (name == "--repeat")
      repeat = std::atoi(value.data());
    else if (name == "--dims")
      for (StringRef dim : llvm::split(value, ','))
        dims.push_back(std::atoll(dim.data()));
    else
      source = text.str();
  }
}

static const Level &findLevel(const Target &target) {
  for (const Level &level : target.levels)
    if (level.name == levelName)
      return level;
  die("no such level");
}

static int64_t evaluate(const Dim &dim) {
  return *dim.substitute([](StringRef name) -> std::optional<Dim> {
               int64_t index = 0;
               if (name.drop_front().getAsInteger(10, index) || index >= int64_t(dims.size()))
                 die("no value for dim " + name);
               return Dim(dims[index]);
             })
              .constant();
}

/// Memory that ends where a page without access begins: a read or write past the end is a fault.
static char *guarded(size_t bytes) {
  size_t page = 4096, whole = (bytes + page - 1) / page * page;
  char *base = static_cast<char *>(mmap(nullptr, whole + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (base == MAP_FAILED)
    die("out of memory");
  mprotect(base, page, PROT_NONE);
  mprotect(base + page + whole, page, PROT_NONE);
  return base + page + whole - bytes;
}

int main(int argc, char **argv) {
  parseArguments(argc, argv);
  const Target *target = llvm::cantFail(lookupTarget("x86-64"));
  const Level &level = findLevel(*target);
  MLIRContext context;
  loadCodegenDialects(context);
  context.loadDialect<graph::GraphDialect, kernel::KernelDialect>();
  OwningOpRef<ModuleOp> parsed = parseSourceFile<ModuleOp>(source, &context);
  if (!parsed)
    return 1;
  auto function = *parsed->getOps<kernel::FuncOp>().begin();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  KernelFunction kernel(*module, function, level, "quern_kernel");
  KernelEmitter emitter = emitterNamed(function.getSchedule().getAlgorithm());
  if (!emitter || failed(emitter(kernel)))
    return 1;
  kernel.finish();
  if (assembly) {
    if (failed(lowerToLLVMDialect(*module)))
      return 1;
    llvm::outs() << llvm::cantFail(emitAssembly(*module, *target, level));
    return 0;
  }
  LoadedKernel loaded = loadKernel(*module, *target, level);

  std::vector<const void *> buffers;
  for (const std::string &path : inputs) {
    auto file = llvm::MemoryBuffer::getFile(path, false, false);
    if (!file)
      die("cannot read " + path);
    char *memory = guarded((*file)->getBufferSize());
    memcpy(memory, (*file)->getBufferStart(), (*file)->getBufferSize());
    buffers.push_back(memory);
  }
  struct Output {
    std::string path;
    char *data;
    size_t bytes;
  };
  std::vector<Output> results;
  for (StringRef text : outputs) {
    auto [path, size] = text.rsplit(':');
    size_t bytes = 0;
    if (size.getAsInteger(10, bytes))
      die("an output is PATH:BYTES");
    results.push_back({path.str(), guarded(bytes), bytes});
    memset(results.back().data, 0xff, bytes); // NaN: what is not written shows
    buffers.push_back(results.back().data);
  }
  int64_t tasks = evaluate(kernel.tasks), scratch = evaluate(kernel.scratchBytes);
  int64_t phases = evaluate(kernel.phases), shared = evaluate(kernel.sharedBytes);
  char *memory = guarded((scratch + 63) / 64 * 64);
  buffers.push_back(guarded((shared + 63) / 64 * 64));
  quern_launch launch{buffers.data(), dims.data(), 0, tasks, memory};
  int32_t code = 0;
  // Tasks in reverse, one launch each: none may need another of its phase.
  for (int64_t phase = 0; phase < phases; ++phase)
    for (int64_t task = tasks; task-- > 0;) {
      launch.first_task = phase * tasks + task;
      launch.last_task = launch.first_task + 1;
      code |= loaded.run(&launch);
    }
  for (const Output &output : results) {
    std::error_code error;
    llvm::raw_fd_ostream(output.path, error).write(output.data, output.bytes);
  }
  double best = 0;
  launch.first_task = 0;
  launch.last_task = tasks * phases;
  for (int i = 0; i < repeat; ++i) {
    double start = processorTime();
    loaded.run(&launch);
    double time = processorTime() - start;
    best = i ? std::min(best, time) : time;
  }
  llvm::json::Object report = toJson(loaded.hot);
  report["tasks"] = tasks;
  report["phases"] = phases;
  report["scratch"] = scratch;
  report["code"] = code;
  report["nanoseconds"] = best;
  report["dynamicStack"] = loaded.dynamicStack;
  llvm::outs() << llvm::json::Value(std::move(report)) << "\n";
  return 0;
}
