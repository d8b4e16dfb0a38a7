#include "test/codegen/link/Artifact.h"
#include "runtime/RuntimeImage.h"
#include "llvm/ADT/STLExtras.h"
#include <dlfcn.h>

using namespace llvm;

namespace quern::test {
namespace {

/// quern_host_main: one output of 64 floats, one launch of kernel 0 on {source, output}.
constexpr char hostText[] = R"(
  llvm.mlir.global external constant @quern_weights() : !llvm.array<0 x i8>
  llvm.func @quern_frame_output(!llvm.ptr, i32, i32, !llvm.ptr) -> !llvm.ptr
  llvm.func @quern_frame_launch(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64) -> i32
  llvm.func @quern_host_main(%frame: !llvm.ptr) -> i32 {
    %one = llvm.mlir.constant(1 : i32) : i32
    %two = llvm.mlir.constant(2 : i32) : i32
    %zero = llvm.mlir.constant(0 : i32) : i32
    %tasks = llvm.mlir.constant(1 : i64) : i64
    %scratch = llvm.mlir.constant(0 : i64) : i64
    %extent = llvm.mlir.constant(64 : i64) : i64
    %null = llvm.mlir.zero : !llvm.ptr
    SOURCE
    %dims = llvm.alloca %one x i64 : (i32) -> !llvm.ptr
    llvm.store %extent, %dims : i64, !llvm.ptr
    %out = llvm.call @quern_frame_output(%frame, %zero, %one, %dims) : (!llvm.ptr, i32, i32, !llvm.ptr) -> !llvm.ptr
    %buffers = llvm.alloca %two x !llvm.ptr : (i32) -> !llvm.ptr
    %second = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %source, %buffers : !llvm.ptr, !llvm.ptr
    llvm.store %out, %second : !llvm.ptr, !llvm.ptr
    %status = llvm.call @quern_frame_launch(%frame, %zero, %buffers, %null, %tasks, %scratch)
      : (!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64) -> i32
    llvm.return %status : i32
  })";

constexpr char inputSource[] = R"(
    %slot = llvm.getelementptr %frame[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %inputs = llvm.load %slot : !llvm.ptr -> !llvm.ptr
    %source = llvm.load %inputs : !llvm.ptr -> !llvm.ptr)";

constexpr char weightsSource[] = R"(
    %weights = llvm.mlir.addressof @quern_weights : !llvm.ptr
    %offset = llvm.mlir.constant({0} : i64) : i64
    %source = llvm.getelementptr %weights[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, i8)";

} // namespace

Model LinkTest::makeModel(StringRef name, float factor, std::optional<uint64_t> weightsOffset) {
  return makeModel(name, [&](StringRef symbol) { return scaleKernel(symbol, factor); }, weightsOffset);
}

Model LinkTest::makeModel(StringRef name, function_ref<std::string(StringRef)> kernel,
                          std::optional<uint64_t> weightsOffset) {
  Model model;
  model.description.name = name.str();
  model.description.inputs = {{"x", QUERN_F32, {64}}};
  model.description.outputs = {{"y", QUERN_F32, {64}}};
  model.description.sites = {{"scale_0", "Mul_0, Mul_1", 0}};
  model.description.metadata = {{"author", "nobody"}};
  auto take = [&](const EmittedObject &object) { model.objects.push_back(bytesOf(object).str()); };
  for (const Level &level : x86.levels) {
    std::string symbol = ("k0_" + level.suffix).str();
    model.description.levels.push_back({&level, {symbol}});
    take(emit(kernel(symbol), x86, level));
  }
  auto [before, after] = StringRef(hostText).split("SOURCE");
  std::string source = weightsOffset ? formatv(weightsSource, *weightsOffset).str() : inputSource;
  take(emit((before + source + after).str(), x86, x86.baseLevel()));
  model.description.manifest = formatManifest(describe(model.description));
  auto descriptor = unwrap(emitDescriptor(model.description, x86));
  model.objects.emplace_back(descriptor.begin(), descriptor.end());
  return model;
}

LinkRequest Model::request(const Target &target, std::string output) const {
  LinkRequest request;
  request.target = &target;
  request.objects.assign(objects.begin(), objects.end());
  request.runtime = StringRef(quern_runtime_x86_64, quern_runtime_x86_64_end - quern_runtime_x86_64);
  request.exports = descriptorExports(description);
  request.name = cIdentifier(description.name);
  request.output = std::move(output);
  return request;
}

std::string LinkTest::linkModel(StringRef name, float factor) {
  std::string path = inFolder(name) + ".so";
  EXPECT_EQ(messageOf(linkSharedLibrary(makeModel(name, factor).request(x86, path)), ErrorKind::File), "");
  return path;
}

Library::Library(const std::string &path) : handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle)
    ADD_FAILURE() << dlerror();
}

Library::~Library() {
  if (handle)
    dlclose(handle);
}

void *Library::find(const char *symbol) const {
  void *address = handle ? dlsym(handle, symbol) : nullptr;
  if (!address) {
    ADD_FAILURE() << "no symbol " << symbol;
    std::abort();
  }
  return address;
}

std::vector<float> Library::run(ArrayRef<float> input, uint32_t maxLevel) const {
  quern_model_options options = {sizeof(options), maxLevel, {}};
  quern_model *model = nullptr;
  const char *message = "";
  auto *descriptor = get<const quern_model_descriptor>("quern_model_descriptor");
  EXPECT_EQ(get<decltype(quern_model_open)>("quern_model_open")(descriptor, &options, &model, &message), QUERN_OK)
      << message;
  if (maxLevel)
    EXPECT_LE(get<decltype(quern_model_get_level)>("quern_model_get_level")(model)->number, maxLevel);
  quern_context *context = nullptr;
  EXPECT_EQ(get<decltype(quern_context_create)>("quern_context_create")(model, nullptr, &context), QUERN_OK);
  std::vector<float> output(64);
  quern_tensor in = {const_cast<float *>(input.data()), 256, QUERN_F32, 1, {64}}, out = {output.data(), 256};
  EXPECT_EQ(get<decltype(quern_run)>("quern_run")(context, &in, 1, &out, 1), QUERN_OK)
      << get<decltype(quern_context_error)>("quern_context_error")(context);
  EXPECT_EQ(out.dims[0], 64);
  get<decltype(quern_context_destroy)>("quern_context_destroy")(context);
  get<decltype(quern_model_close)>("quern_model_close")(model);
  return output;
}

Elf::Elf(StringRef path) {
  auto opened = MemoryBuffer::getFile(path);
  EXPECT_TRUE(bool(opened)) << path.str();
  buffer = std::move(*opened);
  file = std::make_unique<object::ELF64LEObjectFile>(unwrap(object::ELF64LEObjectFile::create(*buffer)));
}

const ELF::Elf64_Phdr *Elf::segment(uint32_t type) const {
  for (const auto &header : unwrap(file->getELFFile().program_headers()))
    if (header.p_type == type)
      return reinterpret_cast<const ELF::Elf64_Phdr *>(&header);
  return nullptr;
}

std::vector<uint64_t> Elf::dynamic(int64_t tag) const {
  std::vector<uint64_t> values;
  for (const auto &entry : unwrap(file->getELFFile().dynamicEntries()))
    if (entry.getTag() == tag)
      values.push_back(entry.getVal());
  return values;
}

std::vector<std::string> Elf::needed() const {
  std::vector<std::string> names;
  uint64_t strings = dynamic(ELF::DT_STRTAB).front();
  const uint8_t *table = unwrap(file->getELFFile().toMappedAddr(strings));
  for (uint64_t offset : dynamic(ELF::DT_NEEDED))
    names.push_back(reinterpret_cast<const char *>(table) + offset);
  return names;
}

std::vector<std::string> Elf::dynamicSymbols(bool defined) const {
  std::vector<std::string> names;
  for (const object::ELFSymbolRef symbol : file->getDynamicSymbolIterators())
    if (bool(unwrap(symbol.getFlags()) & object::SymbolRef::SF_Undefined) != defined)
      names.push_back(unwrap(symbol.getName()).str());
  sort(names);
  return names;
}

std::string readFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  EXPECT_TRUE(bool(buffer)) << path.str();
  return buffer ? (*buffer)->getBuffer().str() : "";
}

} // namespace quern::test
