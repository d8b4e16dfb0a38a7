#include "codegen/link/Manifest.h"
#include "llvm/Support/Program.h"
#include "test/codegen/link/Artifact.h"
#include <fstream>
#include <sys/stat.h>

using namespace quern;
using namespace quern::test;

namespace {

class Manifest : public LinkTest {
protected:
  std::string failToRead(llvm::StringRef path, ErrorKind kind) {
    return messageOf(readManifest(path).takeError(), kind);
  }

  void write(llvm::StringRef bytes) { std::ofstream(inFolder("file")).write(bytes.data(), bytes.size()); }

  std::string failToReadBytes(llvm::StringRef bytes) {
    write(bytes);
    return failToRead(inFolder("file"), ErrorKind::Model);
  }
};

TEST_F(Manifest, IsReadFromEveryKindOfArtifact) {
  Model model = makeModel("scale", 3);
  for (auto [link, name] : {std::pair(&linkSharedLibrary, "scale.so"), std::pair(&linkArchive, "scale.a"),
                            std::pair(&linkObject, "scale.o")}) {
    ASSERT_EQ(messageOf(link(model.request(x86, inFolder(name))), ErrorKind::File), "");
    llvm::json::Object manifest = unwrap(readManifest(inFolder(name)));
    EXPECT_EQ(formatManifest(manifest), model.description.manifest) << name;
    EXPECT_EQ(manifest.getString("name"), "scale");
  }
}

TEST_F(Manifest, SurvivesStrip) {
  std::string path = linkModel("scale", 3);
  ASSERT_EQ(llvm::sys::ExecuteAndWait(QUERN_STRIP, {QUERN_STRIP, path}), 0);
  EXPECT_EQ(unwrap(readManifest(path)).getString("identifier"), "scale");
}

TEST_F(Manifest, DescribesTheModel) {
  ModelDescription model;
  model.name = "a \xff";
  model.symbols = {"batch"};
  model.inputs = {{"x", QUERN_BF16, {-1, 3}}, {"text", QUERN_STRING, {}}};
  model.outputs = {{"y", QUERN_I64, {QUERN_COMPUTED_DIM}}};
  model.levels = {{&x86.levels[1], {}}};
  model.metadata = {{"license", "MIT"}};
  EXPECT_EQ(formatManifest(describe(model)),
            R"({"abi":1,"identifier":"a__","inputs":[{"dtype":"bfloat16","name":"x","shape":["batch",3]},)"
            R"({"dtype":"str","name":"text","shape":[]}],"levels":["x86-64-v3"],"metadata":{"license":"MIT"},)"
            "\"name\":\"a \xef\xbf\xbd\","
            R"("outputs":[{"dtype":"int64","name":"y","shape":[null]}],"sites":[],"symbols":["batch"]})");
}

TEST_F(Manifest, OtherFilesAreRefused) {
  std::string path = inFolder("file");
  EXPECT_EQ(failToReadBytes("text"), "'" + path + "' is not a model compiled by Quern: it has no manifest");
  EXPECT_EQ(failToReadBytes(""), "'" + path + "' is not a model compiled by Quern: it has no manifest");
  EXPECT_EQ(failToReadBytes("!<thin>\n"), "'" + path + "' is not a model compiled by Quern: it has no manifest");
  EXPECT_EQ(failToRead(inFolder("none"), ErrorKind::File),
            "cannot read '" + inFolder("none") + "': No such file or directory");
  EXPECT_EQ(failToRead("/dev/zero", ErrorKind::File), "cannot read '/dev/zero': not a regular file");
  ASSERT_EQ(mkfifo(inFolder("pipe").c_str(), 0600), 0);
  EXPECT_EQ(failToRead(inFolder("pipe"), ErrorKind::File),
            "cannot read '" + inFolder("pipe") + "': not a regular file");
}

TEST_F(Manifest, TruncatedFilesAreRefused) {
  std::string bytes = readFile(linkModel("scale", 3));
  for (size_t size = 0; size < bytes.size(); size += 61)
    EXPECT_NE(failToReadBytes(bytes.substr(0, size)), "") << size;
}

TEST_F(Manifest, FlippedBytesNeverCrash) {
  std::string bytes = readFile(linkModel("scale", 3));
  uint64_t sections = reinterpret_cast<const llvm::ELF::Elf64_Ehdr *>(bytes.data())->e_shoff;
  auto readFlipped = [&](size_t position, char mask) {
    std::string damaged = bytes;
    damaged[position] ^= mask;
    write(damaged);
    if (auto manifest = readManifest(inFolder("file")); !manifest)
      llvm::consumeError(manifest.takeError());
  };
  for (size_t position = 0; position < sizeof(llvm::ELF::Elf64_Ehdr); ++position)
    readFlipped(position, 0x7f);
  for (size_t position = sections; position < bytes.size(); position += 3)
    readFlipped(position, char(0xff));
}

TEST_F(Manifest, DeepNestingIsRefused) {
  Model model = makeModel("scale", 3);
  model.description.manifest = std::string(100000, '[');
  auto descriptor = unwrap(emitDescriptor(model.description, x86));
  model.objects.back().assign(descriptor.begin(), descriptor.end());
  std::string path = inFolder("deep.so");
  ASSERT_EQ(messageOf(linkSharedLibrary(model.request(x86, path)), ErrorKind::File), "");
  EXPECT_EQ(failToRead(path, ErrorKind::Model), "'" + path + "': its manifest is too large or nested too deep");
}

} // namespace
