#include "codegen/link/Header.h"
#include "codegen/link/OutputFile.h"
#include "llvm/Support/Program.h"
#include "test/codegen/link/Artifact.h"

using namespace quern;
using namespace quern::test;

namespace {

class Header : public LinkTest {
protected:
  /// Compiles a file that includes the text, as C and as C++.
  void expectCompiles(llvm::StringRef header) {
    ASSERT_EQ(messageOf(writeOutput(inFolder("model.h"), header), ErrorKind::File), "");
    for (const char *language : {"-xc", "-xc++"}) {
      std::string words[] = {QUERN_C_COMPILER, language, "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                             inFolder("model.h")};
      std::vector<llvm::StringRef> arguments(std::begin(words), std::end(words));
      EXPECT_EQ(llvm::sys::ExecuteAndWait(words[0], arguments), 0) << language << "\n" << header.str();
    }
  }
};

TEST_F(Header, DeclaresThePlainFunctionOfAStaticModel) {
  ModelDescription model;
  model.name = "resnet50";
  model.inputs = {{"data", QUERN_F32, {1, 3, 224, 224}}, {"mask", QUERN_BOOL, {1}}};
  model.outputs = {{"logits", QUERN_F16, {1, 1000}}};
  std::string text = unwrap(formatHeader(describe(model)));
  EXPECT_NE(text.find(" *   0  data  float32[1, 3, 224, 224]\n"), std::string::npos);
  EXPECT_NE(text.find("extern const quern_model_descriptor resnet50_model_descriptor;"), std::string::npos);
  EXPECT_NE(text.find("quern_status resnet50(const float *data, const uint8_t *mask, uint16_t *logits, "
                      "quern_context *context);"),
            std::string::npos);
  expectCompiles(text);
}

TEST_F(Header, DynamicModelHasNoPlainFunction) {
  ModelDescription model;
  model.name = "bert";
  model.symbols = {"batch"};
  model.inputs = {{"ids", QUERN_I64, {-1, 128}}};
  model.outputs = {{"y", QUERN_F32, {-1, QUERN_COMPUTED_DIM}}};
  std::string text = unwrap(formatHeader(describe(model)));
  EXPECT_NE(text.find("ids  int64[batch, 128]\n"), std::string::npos);
  EXPECT_NE(text.find("y  float32[batch, ?]\n"), std::string::npos);
  EXPECT_EQ(text.find("quern_status bert("), std::string::npos);
  expectCompiles(text);
}

TEST_F(Header, AnyNamesCompile) {
  ModelDescription model;
  model.name = "*/ #error \n\xff";
  for (const char *name : {"x", "x", "float", "1", "", "a b", "a_b", "context", "quern_run", "printf", "int64_t",
                           "class", "\xc3\xa9", "*/", "\\\n", "\xff\xfe", "INT64_MAX", "linux"})
    model.inputs.push_back({name, QUERN_F32, {2}});
  model.outputs = {{"x", QUERN_F64, {}}};
  expectCompiles(unwrap(formatHeader(describe(model))));
}

TEST_F(Header, DamagedManifestIsAnError) {
  auto refuse = [](llvm::json::Object manifest) {
    return messageOf(formatHeader(manifest).takeError(), ErrorKind::Model);
  };
  EXPECT_EQ(refuse(llvm::json::Object{{"name", "x"}}),
            "the manifest's field 'identifier' is missing or of the wrong kind");
  EXPECT_EQ(refuse(llvm::json::Object{{"name", "x"}, {"identifier", "x"}, {"inputs", 3}}),
            "the manifest's field 'inputs' is missing or of the wrong kind");
  // An identifier that is none would become C text.
  EXPECT_EQ(refuse(llvm::json::Object{{"name", "x"}, {"identifier", "x; int y"}}),
            "the manifest's field 'identifier' is missing or of the wrong kind");
}

TEST(Identifier, IsAlwaysOneThatCTakes) {
  EXPECT_EQ(cIdentifier("resnet50-v1.7"), "resnet50_v1_7");
  EXPECT_EQ(cIdentifier("exp"), "model_exp");
  EXPECT_EQ(cIdentifier("memcpy"), "model_memcpy");
  EXPECT_EQ(cIdentifier("main"), "model_main");
  EXPECT_EQ(cIdentifier("quern_run"), "model_quern_run");
  EXPECT_EQ(cIdentifier("3d"), "model_3d");
  EXPECT_EQ(cIdentifier(""), "model_");
  EXPECT_EQ(cIdentifier(cIdentifier("_x")), cIdentifier("_x"));
  EXPECT_EQ(cIdentifiers({"a.b", "a_b", "a b", "c"}), (std::vector<std::string>{"a_b", "a_b_2", "a_b_3", "c"}));
}

} // namespace
