#include "codegen/link/DescriptorEmitter.h"
#include "codegen/EmitModule.h"
#include "codegen/link/Linker.h"
#include "codegen/link/Manifest.h"
#include "codegen/link/PlainFunction.h"
#include "compiler/Diagnostics.h"
#include "quern/runtime.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalAlias.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace quern {
namespace {

// The emitted structs have the members of the header's in order, with natural alignment; a change there must come here.
static_assert(sizeof(quern_value_info) == 24 && sizeof(quern_site) == 24 && sizeof(quern_level) == 24);
static_assert(sizeof(quern_metadata) == 16 && sizeof(quern_model_descriptor) == 128);
static_assert(sizeof(quern_device_kernel) == 48 && sizeof(quern_device_program) == 56);

/// Builds constants and the tables that point to each other.
class Tables {
public:
  explicit Tables(Module &module)
      : module(module), pointer(PointerType::getUnqual(module.getContext())),
        int32(Type::getInt32Ty(module.getContext())), int64(Type::getInt64Ty(module.getContext())) {}

  Constant *word(uint32_t value) { return ConstantInt::get(int32, value); }
  Constant *size(uint64_t value) { return ConstantInt::get(int64, value); }

  Constant *string(StringRef text) {
    return global(ConstantDataArray::getString(module.getContext(), text, /*AddNull=*/true), "");
  }

  Constant *bytes(StringRef data) {
    return global(ConstantDataArray::getRaw(data, data.size(), Type::getInt8Ty(module.getContext())), "");
  }

  LLVMContext &context() { return module.getContext(); }

  /// A struct of these members, in place.
  Constant *record(ArrayRef<Constant *> members) { return ConstantStruct::getAnon(module.getContext(), members); }

  /// A private array; null when it would be empty.
  Constant *array(ArrayRef<Constant *> elements) {
    if (elements.empty())
      return ConstantPointerNull::get(pointer);
    return global(ConstantArray::get(ArrayType::get(elements.front()->getType(), elements.size()), elements), "");
  }

  Constant *dims(ArrayRef<int64_t> values) {
    SmallVector<Constant *> elements;
    for (int64_t value : values)
      elements.push_back(ConstantInt::get(int64, value, /*IsSigned=*/true));
    return array(elements);
  }

  Constant *values(ArrayRef<ValueInfo> values) {
    SmallVector<Constant *> elements;
    for (const ValueInfo &value : values)
      elements.push_back(record({string(value.name), word(value.dtype), word(value.dims.size()), dims(value.dims)}));
    return array(elements);
  }

  /// A function defined in another object of the link.
  Constant *function(StringRef name) {
    Function *function = module.getFunction(name);
    if (!function) {
      function = Function::Create(FunctionType::get(int32, {pointer}, false), Function::ExternalLinkage, name, module);
      function->setVisibility(GlobalValue::HiddenVisibility);
    }
    return function;
  }

  /// Private unless it has a name.
  GlobalVariable *global(Constant *value, const Twine &name) {
    auto linkage = name.isTriviallyEmpty() ? GlobalValue::PrivateLinkage : GlobalValue::ExternalLinkage;
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true, linkage, value, name);
  }

private:
  Module &module;
  PointerType *pointer;
  IntegerType *int32, *int64;
};

Constant *emitLevels(Tables &tables, ArrayRef<LevelKernels> levels) {
  SmallVector<Constant *> elements;
  for (const LevelKernels &level : levels) {
    SmallVector<Constant *> kernels;
    for (const std::string &kernel : level.kernels)
      kernels.push_back(kernel.empty() ? ConstantPointerNull::get(PointerType::getUnqual(tables.context()))
                                       : tables.function(kernel));
    elements.push_back(tables.record({tables.string(level.level->name), tables.word(level.level->number),
                                      tables.word(0), tables.array(kernels)}));
  }
  return tables.array(elements);
}

/// A variable of this link that others define.
Constant *external(Module &module, StringRef name) {
  auto *variable = new GlobalVariable(module, Type::getInt8Ty(module.getContext()), /*isConstant=*/true,
                                      GlobalValue::ExternalLinkage, nullptr, name);
  variable->setVisibility(GlobalValue::HiddenVisibility);
  variable->setCodeModel(CodeModel::Large); // weights may be far away
  return variable;
}

Constant *emitDevice(Tables &tables, Module &module, const DeviceProgram &device) {
  SmallVector<Constant *> kernels;
  Constant *none = ConstantPointerNull::get(PointerType::getUnqual(module.getContext()));
  for (const DeviceKernel &kernel : device.kernels) {
    bool isThere = !kernel.symbol.empty();
    kernels.push_back(tables.record(
        {isThere ? tables.string(kernel.symbol) : none, isThere ? tables.string(kernel.code) : none,
         tables.size(isThere ? kernel.code.size() + 1 : 0), tables.word(kernel.threads), tables.word(0),
         kernel.binary.empty() ? none : tables.bytes(kernel.binary), tables.size(kernel.binary.size())}));
  }
  Constant *program =
      tables.record({tables.word(sizeof(quern_device_program)), tables.word(0), tables.string(device.architecture),
                     tables.array(kernels), device.weightBytes ? external(module, kWeightsSymbol) : none,
                     tables.size(device.weightBytes), tables.size(device.arenaBytes),
                     external(module, "quern_cuda_driver")});
  return tables.global(program, "");
}

GlobalVariable *emitManifest(Tables &tables, Module &module, StringRef text) {
  GlobalVariable *manifest =
      tables.global(ConstantDataArray::getString(module.getContext(), text, /*AddNull=*/true), "quern_manifest");
  manifest->setSection(kManifestSection);
  manifest->setVisibility(GlobalValue::HiddenVisibility);
  return manifest;
}

/// The members of quern_model_descriptor.
SmallVector<Constant *> emitTables(const ModelDescription &model, Tables &tables, Module &module, Constant *manifest,
                                   Constant *processor) {
  SmallVector<Constant *> symbols, sites, metadata;
  for (const std::string &symbol : model.symbols)
    symbols.push_back(tables.string(symbol));
  for (const Site &site : model.sites)
    sites.push_back(tables.record({tables.string(site.name), tables.string(site.nodes), tables.word(site.kernel)}));
  for (const auto &[key, value] : model.metadata)
    metadata.push_back(tables.record({tables.string(key), tables.string(value)}));
  size_t kernels = model.levels.empty() ? 0 : model.levels.front().kernels.size();

  // Without a device the descriptor ends before it, as it did before there were any.
  uint32_t bytes = model.device ? sizeof(quern_model_descriptor) : offsetof(quern_model_descriptor, device);
  SmallVector<Constant *> members = {tables.word(model.device ? QUERN_ABI_VERSION_DEVICE : QUERN_ABI_VERSION),
                                     tables.word(bytes),
                                     tables.string(model.name),
                                     tables.word(model.inputs.size()),
                                     tables.word(model.outputs.size()),
                                     tables.word(symbols.size()),
                                     tables.word(sites.size()),
                                     tables.word(kernels),
                                     tables.word(model.levels.size()),
                                     tables.word(metadata.size()),
                                     tables.word(0),
                                     tables.values(model.inputs),
                                     tables.values(model.outputs),
                                     tables.array(symbols),
                                     tables.array(sites),
                                     emitLevels(tables, model.levels),
                                     tables.array(metadata),
                                     manifest,
                                     tables.function(model.hostSymbol)};
  if (model.device) {
    members.push_back(emitDevice(tables, module, *model.device));
    members.push_back(processor);
  }
  return members;
}

/// `processor` may be null.
GlobalVariable *emitTables(const ModelDescription &model, const ModelDescription *processor, Module &module) {
  Tables tables(module);
  Constant *other = ConstantPointerNull::get(PointerType::getUnqual(module.getContext()));
  if (processor)
    other = tables.global(
        tables.record(emitTables(*processor, tables, module, tables.string(processor->manifest), other)), "");
  Constant *manifest = emitManifest(tables, module, model.manifest);
  return tables.global(tables.record(emitTables(model, tables, module, manifest, other)), "quern_model_descriptor");
}

/// A quern_tensor has room for so many dims.
Error checkRanks(const ModelDescription &model) {
  for (const ValueInfo &value : concat<const ValueInfo>(model.inputs, model.outputs))
    if (value.dims.size() > QUERN_MAX_RANK)
      return makeError(ErrorKind::Unsupported, "{0} has rank {1}, but inputs and outputs of a model have at most {2}",
                       quoted(value.name), value.dims.size(), QUERN_MAX_RANK);
  return Error::success();
}

/// The levels' tables are indexed by the sites' kernel numbers.
Error checkKernels(const ModelDescription &model) {
  for (const LevelKernels &level : model.levels) {
    if (level.kernels.size() != model.levels.front().kernels.size())
      return makeError(ErrorKind::Internal, "level {0} has {1} kernels and level {2} has {3}", level.level->name,
                       level.kernels.size(), model.levels.front().level->name, model.levels.front().kernels.size());
    for (const Site &site : model.sites)
      if (site.kernel >= level.kernels.size())
        return makeError(ErrorKind::Internal, "site {0} launches kernel {1} of {2}", quoted(site.name), site.kernel,
                         level.kernels.size());
  }
  return Error::success();
}

} // namespace

std::vector<std::string> descriptorExports(const ModelDescription &model) {
  std::string identifier = cIdentifier(model.name);
  std::vector<std::string> exports = {identifier + "_model_descriptor"};
  if (model.isStatic())
    exports.push_back(identifier);
  return exports;
}

Expected<SmallVector<char, 0>> emitDescriptor(const ModelDescription &model, const Target &target,
                                              const ModelDescription *processor) {
  if (Error error = checkRanks(model))
    return error;
  for (const ModelDescription *described : {&model, processor ? processor : &model})
    if (Error error = checkKernels(*described))
      return error;
  LLVMContext context;
  Module module("descriptor", context);
  GlobalVariable *descriptor = emitTables(model, processor, module);
  GlobalAlias::create(descriptor->getValueType(), 0, GlobalValue::ExternalLinkage,
                      cIdentifier(model.name) + "_model_descriptor", descriptor, &module);
  if (model.isStatic())
    definePlainFunction(model, module);
  SmallVector<char, 0> object;
  if (Error error = emitModule(module, target, target.baseLevel(), CodeGenFileType::ObjectFile, object))
    return error;
  return object;
}

} // namespace quern
