#include "codegen/link/WeightsObject.h"
#include "test/codegen/link/Artifact.h"
#include "llvm/Support/FileSystem.h"
#include <numeric>
#include <thread>

using namespace quern;
using namespace quern::test;
namespace ELF = llvm::ELF;

namespace {

class SharedLibrary : public LinkTest {};

std::vector<float> ramp() {
  std::vector<float> values(64);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

std::vector<float> times(float factor, std::vector<float> values) {
  for (float &value : values)
    value *= factor;
  return values;
}

TEST_F(SharedLibrary, RunsAtEveryLevel) {
  Library library(linkModel("scale", 3));
  EXPECT_EQ(library.run(ramp()), times(3, ramp()));
  EXPECT_EQ(library.run(ramp(), /*maxLevel=*/3), times(3, ramp()));
}

TEST_F(SharedLibrary, DescriptorHoldsTheModelsTables) {
  Library library(linkModel("scale", 3));
  auto *descriptor = library.get<const quern_model_descriptor>("scale_model_descriptor");
  EXPECT_EQ(descriptor, library.get<const quern_model_descriptor>("quern_model_descriptor"));
  EXPECT_EQ(descriptor->abi_version, QUERN_ABI_VERSION);
  EXPECT_EQ(descriptor->size, offsetof(quern_model_descriptor, device)); // without a device
  EXPECT_STREQ(descriptor->name, "scale");
  ASSERT_EQ(descriptor->num_levels, 2u);
  EXPECT_STREQ(descriptor->levels[0].name, "x86-64-v4");
  EXPECT_EQ(descriptor->levels[1].number, 3u);
  EXPECT_EQ(descriptor->num_kernels, 1u);
  ASSERT_EQ(descriptor->num_inputs, 1u);
  EXPECT_STREQ(descriptor->inputs[0].name, "x");
  EXPECT_EQ(descriptor->inputs[0].dims[0], 64);
  ASSERT_EQ(descriptor->num_outputs, 1u);
  EXPECT_STREQ(descriptor->outputs[0].name, "y");
  ASSERT_EQ(descriptor->num_sites, 1u);
  EXPECT_STREQ(descriptor->sites[0].nodes, "Mul_0, Mul_1");
  ASSERT_EQ(descriptor->num_metadata, 1u);
  EXPECT_STREQ(descriptor->metadata[0].value, "nobody");
  EXPECT_EQ(descriptor->num_symbols, 0u);
  EXPECT_TRUE(bool(llvm::json::parse(descriptor->manifest)));
}

TEST_F(SharedLibrary, PlainFunctionRuns) {
  Library library(linkModel("scale", 2));
  auto *descriptor = library.get<const quern_model_descriptor>("scale_model_descriptor");
  quern_model *model = nullptr;
  auto *open = library.get<decltype(quern_model_open)>("quern_model_open");
  ASSERT_EQ(open(descriptor, nullptr, &model, nullptr), QUERN_OK);
  quern_context *context = nullptr;
  ASSERT_EQ(library.get<decltype(quern_context_create)>("quern_context_create")(model, nullptr, &context), QUERN_OK);
  auto *scale = library.get<quern_status(const float *, float *, quern_context *)>("scale");
  std::vector<float> input = ramp(), output(64);
  EXPECT_EQ(scale(input.data(), output.data(), context), QUERN_OK);
  EXPECT_EQ(output, times(2, ramp()));
  EXPECT_EQ(scale(input.data(), nullptr, context), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(scale(nullptr, output.data(), context), QUERN_INVALID_ARGUMENT);
  library.get<decltype(quern_context_destroy)>("quern_context_destroy")(context);
  library.get<decltype(quern_model_close)>("quern_model_close")(model);
}

TEST_F(SharedLibrary, WeightsReachTheHostFunction) {
  std::vector<char> first(100, 1);
  std::vector<float> second = ramp();
  llvm::ArrayRef<char> bytes(reinterpret_cast<char *>(second.data()), 256);
  Model model = makeModel("weights", 1, weightsOffsets({first, bytes})[1]);
  LinkRequest request = model.request(x86, inFolder("weights.so"));
  request.weights = {first, bytes};
  ASSERT_EQ(messageOf(linkSharedLibrary(request), ErrorKind::File), "");
  EXPECT_EQ(Library(request.output).run(std::vector<float>(64)), ramp());
}

TEST_F(SharedLibrary, IsHardened) {
  Elf file(linkModel("scale", 3));
  EXPECT_TRUE(file.hasSegment(ELF::PT_GNU_RELRO));
  ASSERT_TRUE(file.hasSegment(ELF::PT_GNU_STACK));
  EXPECT_EQ(file.segment(ELF::PT_GNU_STACK)->p_flags & ELF::PF_X, 0u);
  EXPECT_TRUE(file.hasSegment(ELF::PT_GNU_PROPERTY)) << "no note of control-flow protection";
  EXPECT_TRUE(file.dynamic(ELF::DT_TEXTREL).empty());
  ASSERT_EQ(file.dynamic(ELF::DT_FLAGS_1).size(), 1u);
  EXPECT_TRUE(file.dynamic(ELF::DT_FLAGS_1).front() & ELF::DF_1_NOW);
  ASSERT_EQ(file.dynamic(ELF::DT_FLAGS).size(), 1u);
  EXPECT_TRUE(file.dynamic(ELF::DT_FLAGS).front() & ELF::DF_SYMBOLIC);
  EXPECT_TRUE(file.dynamic(ELF::DT_RUNPATH).empty() && file.dynamic(ELF::DT_RPATH).empty());
}

TEST_F(SharedLibrary, NeedsTheCLibraryAlone) {
  Elf file(linkModel("scale", 3));
  EXPECT_EQ(file.needed(), std::vector<std::string>{"libc.so.6"});
  // What the runtime's own list allows, and memcpy for the plain function.
  std::string allowed = readFile(QUERN_SOURCE_DIR "/runtime/imports-x86_64.txt") + "memcpy\n";
  for (const std::string &import : file.imports())
    EXPECT_NE(("\n" + allowed).find("\n" + import + "\n"), std::string::npos) << import;
  EXPECT_TRUE(file.contains("GLIBC_2.34")) << "imports carry no version";
}

TEST_F(SharedLibrary, ExportsTheInterfaceAlone) {
  for (const std::string &name : Elf(linkModel("scale", 3)).exports())
    EXPECT_TRUE(name == "scale" || name == "scale_model_descriptor" || llvm::StringRef(name).starts_with("quern_"))
        << name;
  std::vector<std::string> exports = Elf(inFolder("scale.so")).exports();
  for (const char *hidden : {"quern_host_main", "quern_weights", "quern_manifest", "k0_v4"})
    EXPECT_FALSE(llvm::is_contained(exports, hidden)) << hidden;
}

TEST_F(SharedLibrary, BytesDependOnTheRequestAlone) {
  Model model = makeModel("scale", 3, /*weightsOffset=*/0);
  std::string other = inFolder("a folder");
  ASSERT_FALSE(llvm::sys::fs::create_directory(other));
  std::vector<char> weights(1000, 7);
  std::string paths[] = {inFolder("one.so"), other + "/two.so"};
  for (const std::string &path : paths) {
    LinkRequest request = model.request(x86, path);
    request.weights = {weights};
    ASSERT_EQ(messageOf(linkSharedLibrary(request), ErrorKind::File), "");
  }
  EXPECT_TRUE(readFile(paths[0]) == readFile(paths[1]));
  EXPECT_FALSE(Elf(paths[0]).contains(folder));
  EXPECT_FALSE(Elf(paths[0]).contains("/proc/self"));

  weights[999] = 8;
  LinkRequest request = model.request(x86, paths[1]);
  request.weights = {weights};
  ASSERT_EQ(messageOf(linkSharedLibrary(request), ErrorKind::File), "");
  EXPECT_TRUE(readFile(paths[0]) != readFile(paths[1]));
}

TEST_F(SharedLibrary, LinksTakeTurns) {
  Model model = makeModel("scale", 3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i)
        EXPECT_EQ(messageOf(linkSharedLibrary(model.request(x86, inFolder(std::to_string(t)))), ErrorKind::File), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_TRUE(readFile(inFolder("0")) == readFile(inFolder("3")));
}

} // namespace
