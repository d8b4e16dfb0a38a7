// Objects and archives: what a C program that links two models sees.
#include "test/codegen/link/Artifact.h"
#include "codegen/link/Header.h"
#include "codegen/link/OutputFile.h"
#include "llvm/Support/Program.h"

using namespace quern;
using namespace quern::test;

namespace {

class StaticLink : public LinkTest {
protected:
  /// Writes NAME.h and the file of `link` for a model that doubles, or triples, its weights.
  void writeModel(llvm::StringRef name, float factor, llvm::Error (*link)(const LinkRequest &),
                  llvm::StringRef suffix) {
    std::vector<float> weights(64, factor);
    Model model = makeModel(name, factor, /*weightsOffset=*/0);
    LinkRequest request = model.request(x86, inFolder(name) + suffix.str());
    request.weights = {{reinterpret_cast<char *>(weights.data()), 256}};
    ASSERT_EQ(messageOf(link(request), ErrorKind::File), "");
    std::string header = unwrap(formatHeader(describe(model.description)));
    ASSERT_EQ(messageOf(writeOutput(inFolder(name) + ".h", header), ErrorKind::File), "");
  }

  /// Compiles a C program with both models' headers and files, runs it, and gives its exit status.
  int runProgram(llvm::StringRef suffix) {
    static constexpr char program[] = R"(
      #include "one.h"
      #include "two.h"
      static float run(const quern_model_descriptor *descriptor,
                       quern_status (*plain)(const float *, float *, quern_context *)) {
        quern_model *model;
        quern_context *context;
        float x[64] = {0}, y[64] = {0};
        if (quern_model_open(descriptor, 0, &model, 0) || quern_context_create(model, 0, &context)) return -1;
        if (plain(x, y, context)) return -2;
        quern_context_destroy(context);
        quern_model_close(model);
        return y[63];
      }
      int main(void) { return run(&one_model_descriptor, one) != 4 || run(&two_model_descriptor, two) != 9; }
)";
    EXPECT_EQ(messageOf(writeOutput(inFolder("program.c"), program), ErrorKind::File), "");
    std::string words[] = {QUERN_C_COMPILER, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic",
                           inFolder("program.c"), inFolder("one") + suffix.str(), inFolder("two") + suffix.str(),
                           "-pthread", "-o", inFolder("program")};
    std::vector<llvm::StringRef> arguments(std::begin(words), std::end(words));
    std::string message;
    EXPECT_EQ(llvm::sys::ExecuteAndWait(words[0], arguments, std::nullopt, {}, 0, 0, &message), 0) << message;
    return llvm::sys::ExecuteAndWait(inFolder("program"), {inFolder("program")}, std::nullopt, {}, 60, 0, &message);
  }
};

TEST_F(StaticLink, TwoArchivesMakeOneProgram) {
  writeModel("one", 2, linkArchive, ".a");
  writeModel("two", 3, linkArchive, ".a");
  EXPECT_EQ(runProgram(".a"), 0);
}

TEST_F(StaticLink, TwoObjectsMakeOneProgram) {
  writeModel("one", 2, linkObject, ".o");
  writeModel("two", 3, linkObject, ".o");
  EXPECT_EQ(runProgram(".o"), 0);
}

TEST_F(StaticLink, NothingButTheResultIsLeft) {
  writeModel("one", 2, linkArchive, ".a");
  EXPECT_EQ(filesInFolder(), (std::vector<std::string>{"one.a", "one.h"}));
}

TEST_F(StaticLink, BytesDependOnTheRequestAlone) {
  for (auto [link, suffix] : {std::pair(&linkArchive, ".a"), std::pair(&linkObject, ".o")}) {
    writeModel("one", 2, link, suffix);
    std::string first = readFile(inFolder("one") + suffix);
    writeModel("one", 2, link, suffix);
    EXPECT_TRUE(readFile(inFolder("one") + suffix) == first) << suffix;
    EXPECT_EQ(first.find(folder), std::string::npos) << suffix;
  }
}

TEST_F(StaticLink, UnwritableOutputIsAnError) {
  std::string path = inFolder("missing") + "/one.a";
  EXPECT_EQ(messageOf(linkArchive(makeModel("one", 2).request(x86, path)), ErrorKind::File),
            "cannot write '" + path + "': No such file or directory");
}

} // namespace
