// Descriptions that make no descriptor. What a good one becomes is in SharedLibraryTest.cpp.
#include "test/codegen/link/Artifact.h"

using namespace quern;
using namespace quern::test;

namespace {

class Descriptor : public LinkTest {
protected:
  std::string failToEmit(const ModelDescription &model, ErrorKind kind) {
    return messageOf(emitDescriptor(model, x86).takeError(), kind);
  }

  ModelDescription makeDescription() {
    ModelDescription model;
    model.name = "model";
    model.levels = {{&x86.levels[0], {"k0_v4", "k1_v4"}}, {&x86.levels[1], {"k0_v3", "k1_v3"}}};
    return model;
  }
};

TEST_F(Descriptor, RankBeyondTheTensorsIsRefused) {
  ModelDescription model = makeDescription();
  model.outputs = {{"y", QUERN_F32, std::vector<int64_t>(9, 1)}};
  EXPECT_EQ(failToEmit(model, ErrorKind::Unsupported),
            "'y' has rank 9, but inputs and outputs of a model have at most 8");
}

TEST_F(Descriptor, LevelsHaveTheSameKernels) {
  ModelDescription model = makeDescription();
  model.levels[1].kernels.pop_back();
  EXPECT_EQ(failToEmit(model, ErrorKind::Internal), "level x86-64-v3 has 1 kernels and level x86-64-v4 has 2");
}

TEST_F(Descriptor, SitesLaunchKernelsThatExist) {
  ModelDescription model = makeDescription();
  model.sites = {{"conv_0", "Conv_0", 2}};
  EXPECT_EQ(failToEmit(model, ErrorKind::Internal), "site 'conv_0' launches kernel 2 of 2");
}

TEST_F(Descriptor, ModelOfNothingIsFine) {
  ModelDescription model;
  EXPECT_FALSE(unwrap(emitDescriptor(model, x86)).empty());
  EXPECT_EQ(descriptorExports(model), (std::vector<std::string>{"model__model_descriptor", "model_"}));
}

} // namespace
