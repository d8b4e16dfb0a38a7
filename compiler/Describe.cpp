#include "compiler/Describe.h"
#include "compiler/Unfused.h"
#include "codegen/link/Manifest.h"
#include "codegen/link/WeightsObject.h"
#include "dialects/kernel/Facts.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/rt/Rt.h"
#include "dialects/text/Text.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "quern/runtime.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/xxhash.h"
#include <unordered_map>

using namespace mlir;

namespace quern {

static int32_t dtypeOf(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool natural = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1: return QUERN_BOOL;
    case 8: return natural ? QUERN_U8 : QUERN_I8;
    case 16: return natural ? QUERN_U16 : QUERN_I16;
    case 32: return natural ? QUERN_U32 : QUERN_I32;
    default: return natural ? QUERN_U64 : QUERN_I64;
    }
  }
  if (isa<text::StringType>(element)) return QUERN_STRING;
  if (element.isF64()) return QUERN_F64;
  if (element.isF16()) return QUERN_F16;
  if (element.isBF16()) return QUERN_BF16;
  return QUERN_F32;
}

static ValueInfo describeValue(StringRef name, Type type, ArrayRef<std::string> symbols) {
  ValueInfo info;
  info.name = name.str();
  info.dtype = dtypeOf(cast<RankedTensorType>(type).getElementType());
  for (const Dim &dim : graph::dimsOf(type)) {
    if (auto known = dim.constant()) {
      info.dims.push_back(*known);
      continue;
    }
    auto found = llvm::find(symbols, dim.str());
    info.dims.push_back(found == symbols.end() ? QUERN_COMPUTED_DIM : -1 - int64_t(found - symbols.begin()));
  }
  return info;
}

llvm::Error recordOrigin(Compilation &c) {
  Builder builder(&c.context);
  std::unique_ptr<llvm::MemoryBuffer> file;
  llvm::StringRef bytes = c.bytes;
  if (bytes.empty()) {
    auto opened = llvm::MemoryBuffer::getFile(c.input, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!opened)
      return makeError(ErrorKind::File, "{0} cannot be read: {1}", quoted(c.input), opened.getError().message());
    file = std::move(*opened);
    bytes = file->getBuffer();
  }
  llvm::SHA256 hash;
  hash.update(bytes);
  (*c.module)->setAttr("quern.sha256", builder.getStringAttr(llvm::toHex(hash.final(), /*LowerCase=*/true)));
  (*c.module)->setAttr("quern.model", builder.getStringAttr(llvm::sys::path::stem(c.input)));
  return llvm::Error::success();
}

/// The model's own name in the artifact: the caller's, else the file's.
static std::string modelName(Compilation &c) {
  if (!c.options.name.empty())
    return c.options.name;
  auto recorded = (*c.module)->getAttrOfType<StringAttr>("quern.model");
  return recorded ? recorded.str() : llvm::sys::path::stem(c.input).str();
}

static Dim arenaBytes(rt::ArenaOp arena) {
  Dim total = 0;
  for (Attribute slot : arena.getSlots())
    total = total + Dim::parse(cast<StringAttr>(slot).getValue())->ceildiv(64) * 64;
  return total;
}

/// The kernels of the device, whose code is in the objects: the host function's comes first there.
static DeviceProgram describeDevice(Compilation &c, ArrayRef<kernel::FuncOp> functions) {
  DeviceProgram program;
  const Level &level = c.target->device->code->baseLevel();
  program.architecture = level.name.str();
  program.weightBytes = (*c.module)->getAttrOfType<IntegerAttr>("quern.weight_bytes").getInt();
  c.module->walk([&](rt::ArenaOp arena) {
    if (arena.getDevice())
      program.arenaBytes = arenaBytes(arena).constant().value_or(0);
  });
  llvm::StringMap<std::pair<llvm::StringRef, llvm::StringRef>> code; // text and machine code
  for (auto [index, emitted] : llvm::enumerate(c.kernels))
    if (emitted.onDevice)
      code[emitted.symbol] = {llvm::StringRef(c.objects[index + 1].object.data(), c.objects[index + 1].object.size()),
                              llvm::StringRef(emitted.binary.data(), emitted.binary.size())};
  for (kernel::FuncOp function : functions) {
    DeviceKernel &kernel = program.kernels.emplace_back();
    if (!function.getThreads())
      continue;
    kernel.symbol = (function.getSymName() + "_" + level.suffix).str();
    std::tie(kernel.code, kernel.binary) = code.lookup(kernel.symbol);
    kernel.threads = *function.getThreads();
  }
  return program;
}

ModelDescription describeModel(Compilation &c) {
  ModelDescription model;
  model.name = modelName(c);
  model.hostSymbol = c.hostSymbol;
  auto main = c.module->lookupSymbol<func::FuncOp>("main");
  if (auto names = (*c.module)->getAttrOfType<ArrayAttr>("quern.symbols"))
    for (Attribute name : names)
      model.symbols.push_back(cast<StringAttr>(name).str());
  for (auto [index, type] : llvm::enumerate(main.getArgumentTypes()))
    model.inputs.push_back(
        describeValue(main.getArgAttrOfType<StringAttr>(index, "graph.name").getValue(), type, model.symbols));
  for (auto [index, type] : llvm::enumerate(main.getResultTypes()))
    model.outputs.push_back(
        describeValue(main.getResultAttrOfType<StringAttr>(index, "graph.name").getValue(), type, model.symbols));

  SmallVector<kernel::FuncOp> functions(c.module->getOps<kernel::FuncOp>());
  llvm::StringMap<uint32_t> numbers;
  for (kernel::FuncOp function : functions)
    numbers[function.getSymName()] = numbers.size();
  c.module->walk([&](rt::LaunchOp launch) {
    model.sites.push_back({launch.getName().str(), launch.getNodes().str(), numbers[launch.getCallee()]});
  });
  for (const Level &level : c.target->levels) {
    LevelKernels kernels{&level, {}};
    for (kernel::FuncOp function : functions)
      kernels.kernels.push_back(function.getThreads()
                                    ? std::string()
                                    : (function.getSymName() + "_" + c.target->kernelLevel(level).suffix).str());
    model.levels.push_back(std::move(kernels));
  }
  if (llvm::any_of(functions, [](kernel::FuncOp function) { return function.getThreads().has_value(); }))
    model.device = describeDevice(c, functions);
  if (auto metadata = (*c.module)->getAttrOfType<ArrayAttr>("onnx.metadata"))
    for (Attribute pair : metadata) {
      auto entry = cast<ArrayAttr>(pair);
      model.metadata.push_back({cast<StringAttr>(entry[0]).str(), cast<StringAttr>(entry[1]).str()});
    }
  return model;
}

/// What the model file says about itself, and its hash.
static llvm::json::Object describeFile(Compilation &c) {
  llvm::json::Object about;
  static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> texts[] = {
      {"graph", "quern.name"}, {"domain", "onnx.domain"}, {"doc", "onnx.doc"}, {"producer", "onnx.producer"},
      {"producer_version", "onnx.producer_version"}, {"sha256", "quern.sha256"}};
  for (auto [key, attribute] : texts)
    if (auto text = (*c.module)->getAttrOfType<StringAttr>(attribute))
      about[key] = llvm::json::fixUTF8(text.getValue());
  if (auto version = (*c.module)->getAttrOfType<IntegerAttr>("onnx.model_version"))
    about["version"] = version.getInt();
  return about;
}

/// The facts of a launch beside its name: amounts as numbers, or as expressions over the symbols.
static void addFacts(rt::LaunchOp launch, llvm::json::Object &site) {
  static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> amounts[] = {
      {"flops", kernel::kFlopsAttr},
      {"multiply_adds", kernel::kMultiplyAddsAttr},
      {"bytes", kernel::kBytesAttr},
      {"weight_bytes", kernel::kWeightBytesAttr}};
  for (auto [key, name] : amounts)
    if (auto text = launch->getAttrOfType<StringAttr>(name)) {
      int64_t number;
      bool isNumber = !text.getValue().getAsInteger(10, number);
      site[key] = isNumber ? llvm::json::Value(number) : llvm::json::Value(llvm::json::fixUTF8(text.getValue()));
    }
  if (auto reason = launch->getAttrOfType<StringAttr>(kernel::kBoundaryAttr))
    site["boundary"] = llvm::json::fixUTF8(reason.getValue());
}

/// Integer parameters of the schedule, and each level's register tile.
static void addSchedule(kernel::FuncOp function, llvm::json::Object &kernel) {
  llvm::json::Object parameters, tiles;
  for (NamedAttribute parameter : function.getSchedule().getParameters())
    parameters[parameter.getName().strref()] = cast<IntegerAttr>(parameter.getValue()).getInt();
  for (NamedAttribute fact : function->getDiscardableAttrs())
    if (StringRef name = fact.getName().strref(); name.consume_front(kernel::kTilePrefix))
      tiles[name] = cast<StringAttr>(fact.getValue()).getValue();
  kernel["parameters"] = std::move(parameters);
  kernel["tile"] = std::move(tiles);
}

llvm::json::Object describeManifest(Compilation &c, const ModelDescription &description) {
  llvm::json::Object manifest = describe(description);
  manifest["compiler"] = "quern " QUERN_VERSION;
  manifest["target"] = c.target->name.str();
  manifest["model"] = describeFile(c);
  llvm::json::Array kernels;
  for (kernel::FuncOp function : c.module->getOps<kernel::FuncOp>()) {
    llvm::json::Object entry;
    entry["name"] = function.getSymName();
    entry["algorithm"] = function.getSchedule().getAlgorithm().getValue();
    entry["reason"] = function.getSchedule().getReason().getValue();
    addSchedule(function, entry);
    entry["tasks"] = function.getTasks().value_or("");
    entry["scratch"] = function.getScratch().value_or("");
    if (auto threads = function.getThreads()) {
      auto memory = function->getAttrOfType<IntegerAttr>(kernel::kBlockMemoryAttr);
      entry["threads"] = int64_t(*threads);
      entry["block_memory"] = memory ? memory.getInt() : 0;
    }
    if (function.getPhases())
      entry["phases"] = *function.getPhases();
    llvm::json::Array ops;
    for (Operation &op : function.getBody().front().without_terminator())
      ops.push_back(op.getName().stripDialect());
    entry["ops"] = std::move(ops);
    llvm::json::Object lint;
    for (auto [index, emitted] : llvm::enumerate(c.kernels)) {
      auto [kernel, level] = StringRef(emitted.symbol).split('_');
      if (kernel != function.getSymName())
        continue;
      if (emitted.onDevice) {
        if (!emitted.binary.empty())
          entry["cubin"] = int64_t(emitted.binary.size());
        continue;
      }
      const LoopCounts &hot = c.objects[index + 1].hot;
      lint[level] = llvm::json::Object{{"instructions", hot.instructions},
                                       {"fma", hot.fma},
                                       {"stack_loads", hot.stackLoads},
                                       {"stack_stores", hot.stackStores},
                                       {"calls", hot.calls}};
    }
    entry["hot_loop"] = std::move(lint);
    kernels.push_back(std::move(entry));
  }
  manifest["kernels"] = std::move(kernels);
  manifest["unfused"] = describeUnfused(*c.module);
  llvm::json::Array &sites = *manifest.getArray("sites");
  c.module->walk(
      [&, index = size_t(0)](rt::LaunchOp launch) mutable { addFacts(launch, *sites[index++].getAsObject()); });
  if (auto bytes = (*c.module)->getAttrOfType<IntegerAttr>("quern.weight_bytes"))
    manifest["weights"] = bytes.getInt();
  c.module->walk([&](rt::ArenaOp arena) {
    manifest[arena.getDevice() ? "device_arena" : "arena"] = arenaBytes(arena).str();
  });
  return manifest;
}

std::vector<llvm::ArrayRef<char>> weightSegments(ModuleOp module, std::deque<std::vector<char>> &copies) {
  std::vector<llvm::ArrayRef<char>> segments;
  module.walk([&](rt::ConstantOp constant) {
    size_t index = constant.getSegment();
    if (index >= segments.size())
      segments.resize(index + 1);
    if (!segments[index].empty())
      return;
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue())) {
      segments[index] = resource.getRawHandle().getBlob()->getData();
      return;
    }
    auto dense = cast<DenseElementsAttr>(constant.getValue());
    std::vector<char> &bytes = copies.emplace_back();
    if (dense.getElementType().isInteger(1)) { // kept as bits there, as bytes here
      for (bool value : dense.getValues<bool>())
        bytes.push_back(value);
    } else {
      ArrayRef<char> raw = dense.getRawData();
      for (int64_t i = 0; i < (dense.isSplat() ? dense.getNumElements() : 1); ++i)
        bytes.insert(bytes.end(), raw.begin(), raw.end());
    }
    segments[index] = bytes;
  });
  return segments;
}

std::function<void(const char *)> weightRelease(ModuleOp module, ArrayRef<ArrayRef<char>> segments) {
  struct Blob {
    std::string name;
    size_t readers = 0;
  };
  llvm::DenseMap<const char *, Blob> blobs;
  module.walk([&](rt::ConstantOp constant) {
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
      blobs[resource.getRawHandle().getBlob()->getData().data()].name = resource.getRawHandle().getKey();
  });
  for (ArrayRef<char> segment : segments)
    if (auto blob = blobs.find(segment.data()); blob != blobs.end())
      ++blob->second.readers;
  auto &manager = DenseResourceElementsHandle::getManagerInterface(module.getContext()).getBlobManager();
  return [blobs = std::move(blobs), &manager](const char *segment) mutable {
    if (auto blob = blobs.find(segment); blob != blobs.end() && --blob->second.readers == 0)
      manager.update(blob->second.name, AsmResourceBlob());
  };
}

SharedWeights shareWeights(ArrayRef<ArrayRef<char>> first, ArrayRef<ArrayRef<char>> second) {
  SharedWeights shared{first, {}};
  std::unordered_multimap<uint64_t, size_t> known;
  auto hash = [](ArrayRef<char> bytes) { return llvm::xxh3_64bits(StringRef(bytes.data(), bytes.size())); };
  for (auto [index, segment] : llvm::enumerate(first))
    known.emplace(hash(segment), index);
  std::vector<size_t> places;
  for (ArrayRef<char> segment : second) {
    auto [begin, end] = known.equal_range(hash(segment));
    auto same = std::find_if(begin, end, [&](auto &entry) { return shared.segments[entry.second] == segment; });
    places.push_back(same != end ? same->second : shared.segments.size());
    if (same != end)
      continue;
    known.emplace(hash(segment), shared.segments.size());
    shared.segments.push_back(segment);
  }
  std::vector<uint64_t> offsets = weightsOffsets(shared.segments);
  for (size_t place : places)
    shared.offsets.push_back(offsets[place]);
  return shared;
}

llvm::Error fixShapes(ModuleOp module, llvm::ArrayRef<FixedShape> shapes) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  SmallVector<Type> types(main.getArgumentTypes());
  for (const FixedShape &shape : shapes) {
    std::string known;
    std::optional<unsigned> input;
    for (unsigned i = 0; i < main.getNumArguments(); ++i) {
      StringRef name = main.getArgAttrOfType<StringAttr>(i, "onnx.name").getValue();
      if (name == shape.input)
        input = i;
      known += (known.empty() ? "" : ", ") + quoted(name);
    }
    if (!input)
      return makeError(ErrorKind::Usage, "--shape names {0}, but the model's inputs are {1}", quoted(shape.input),
                       known);
    auto type = cast<RankedTensorType>(types[*input]);
    if (type.getRank() != int64_t(shape.dims.size()))
      return makeError(ErrorKind::Usage, "--shape gives {0} dims for {1}, which has {2}", shape.dims.size(),
                       quoted(shape.input), type.getRank());
    SmallVector<int64_t> sizes(type.getShape());
    auto names = main.getArgAttrOfType<ArrayAttr>(*input, "onnx.dims");
    SmallVector<Attribute> exprs = names ? SmallVector<Attribute>(names.getValue()) : SmallVector<Attribute>();
    for (auto [axis, wanted] : llvm::enumerate(shape.dims)) {
      if (wanted < 0)
        continue;
      if (!ShapedType::isDynamic(sizes[axis]) && sizes[axis] != wanted)
        return makeError(ErrorKind::Usage, "--shape gives {0} for axis {1} of {2}, which is {3} in the model", wanted,
                         axis, quoted(shape.input), sizes[axis]);
      sizes[axis] = wanted;
      if (axis < exprs.size())
        exprs[axis] = StringAttr::get(module.getContext(), "");
    }
    types[*input] = RankedTensorType::get(sizes, type.getElementType());
    main.getArgument(*input).setType(types[*input]);
    if (names)
      main.setArgAttr(*input, "onnx.dims", ArrayAttr::get(module.getContext(), exprs));
  }
  main.setFunctionType(FunctionType::get(module.getContext(), types, main.getResultTypes()));
  return llvm::Error::success();
}

} // namespace quern
