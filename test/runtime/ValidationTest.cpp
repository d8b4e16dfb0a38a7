#include "test/runtime/Fixture.h"
#include <cstring>

using namespace quern::test;

namespace {

/// The scale model with batch 4 and length 2, ready to be spoiled in one way.
struct Validation : testing::Test {
  std::unique_ptr<Model> model = scaleModel();
  ModelHandle opened = open(*model);
  ContextHandle context = createContext(opened);
  std::vector<float> ids = {1, 2, 3, 4, 5, 6, 7, 8}, mask = {1, 0, 1, 0, 2, 0, 2, 0}, bias = {0, 0, 0}, y;
  std::vector<quern_tensor> inputs = {tensor(ids, {4, 2}), tensor(mask, {4, 2}), tensor(bias, {3})}, outputs;

  Validation() : y(8, -1.0f) { outputs = {tensor(y, {0})}; }

  /// The run fails, nothing of the output is touched, and the next right run works.
  std::string refused(quern_status expected = QUERN_INVALID_ARGUMENT) {
    std::vector<quern_tensor> before = outputs;
    std::vector<float> bytes = y;
    std::string text = run(context, inputs, outputs, expected);
    EXPECT_EQ(memcmp(before.data(), outputs.data(), before.size() * sizeof(quern_tensor)), 0);
    EXPECT_EQ(bytes, y);
    return text;
  }
};

} // namespace

TEST_F(Validation, AcceptsWhatIsRight) {
  run(context, inputs, outputs);
  EXPECT_EQ(y, (std::vector<float>{1, 0, 3, 0, 20, 0, 28, 0}));
  EXPECT_EQ(outputs[0].dtype, QUERN_F32);
  EXPECT_EQ(outputs[0].rank, 2);
  EXPECT_EQ(outputs[0].dims[0], 4);
  EXPECT_EQ(outputs[0].dims[1], 2);
}

TEST_F(Validation, Counts) {
  inputs.pop_back();
  EXPECT_EQ(refused(), "2 inputs are given, but the model has 3");
  inputs.push_back(tensor(bias, {3}));
  outputs.push_back(outputs[0]);
  EXPECT_EQ(refused(), "2 outputs are given, but the model has 1");
  outputs.pop_back();
  EXPECT_EQ(quern_run(context.get(), nullptr, 3, outputs.data(), 1), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(quern_context_error(context.get()), "the inputs are null, but the model has 3");
  EXPECT_EQ(quern_run(context.get(), inputs.data(), 3, nullptr, 1), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(quern_context_error(context.get()), "the outputs are null, but the model has 1");
  EXPECT_EQ(quern_run(nullptr, inputs.data(), 3, outputs.data(), 1), QUERN_INVALID_ARGUMENT);
}

TEST_F(Validation, Places) {
  auto status = [&](const quern_places &places) {
    return quern_run_on(context.get(), inputs.data(), inputs.size(), outputs.data(), outputs.size(), &places);
  };
  // The processor's memory has three names.
  const quern_device here[] = {{0, 0}, {QUERN_CPU, 0}, {QUERN_CUDA_HOST, 0}}, elsewhere[] = {{0, 0}, {7, 2}, {0, 0}};
  EXPECT_EQ(status({sizeof(quern_places), 0, here, here, nullptr, nullptr}), QUERN_OK);
  EXPECT_EQ(status({sizeof(quern_places), 0, nullptr, nullptr, nullptr, nullptr}), QUERN_OK);
  EXPECT_EQ(status({8, 0, here, here, nullptr, nullptr}), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(quern_context_error(context.get()), "the size in the places is not that of quern_places");
  EXPECT_EQ(status({sizeof(quern_places), 0, elsewhere, nullptr, nullptr, nullptr}), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(quern_context_error(context.get()),
               "input \"mask\": it is in the memory of device:2, but the model runs on cpu:0");
}

TEST_F(Validation, Dtype) {
  inputs[0].dtype = QUERN_F64;
  EXPECT_EQ(refused(), "input \"ids\": dtype is float64, but the model wants float32");
  inputs[0].dtype = 1000;
  EXPECT_EQ(refused(), "input \"ids\": dtype is unknown, but the model wants float32");
}

TEST(Strings, HaveDataForTheirSize) {
  Model model({{"words", QUERN_STRING, {-1}}}, {{"y", QUERN_I64, {-1}}}, {"n"}, {}, [](quern_frame *frame) {
    int64_t dims[] = {frame->symbols[0]};
    auto *sizes = static_cast<int64_t *>(quern_frame_output(frame, 0, 1, dims));
    for (int64_t i = 0; sizes && i < dims[0]; ++i)
      sizes[i] = int64_t(static_cast<const quern_string *>(frame->inputs[0].data)[i].size);
    return 0;
  });
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened);
  std::vector<quern_string> words = {{"one", 3}, {nullptr, 0}, {"", 0}};
  std::vector<quern_tensor> inputs = {{words.data(), sizeof(quern_string) * words.size(), QUERN_STRING, 1, {3}}},
                            outputs(1);
  EXPECT_EQ(run(context, inputs, outputs), "");
  EXPECT_EQ(static_cast<int64_t *>(outputs[0].data)[0], 3);
  words[1].size = 1;
  EXPECT_EQ(run(context, inputs, outputs, QUERN_INVALID_ARGUMENT),
            "input \"words\": string 1 has bytes, but its data is null");
  words[1] = {"x", uint64_t(1) << 63};
  EXPECT_EQ(run(context, inputs, outputs, QUERN_INVALID_ARGUMENT),
            "input \"words\": string 1 has more bytes than an address can hold");
  words[1] = {};
  inputs[0].bytes -= 1;
  EXPECT_EQ(run(context, inputs, outputs, QUERN_INVALID_ARGUMENT),
            "input \"words\": 47 bytes are given, but its shape takes 48");
}

TEST_F(Validation, Rank) {
  inputs[1].rank = 3;
  EXPECT_EQ(refused(), "input \"mask\": rank is 3, but the model wants 2");
  inputs[1].rank = -1;
  EXPECT_EQ(refused(), "input \"mask\": rank is -1, but the model wants 2");
}

TEST_F(Validation, StaticDim) {
  inputs[2].dims[0] = 7;
  EXPECT_EQ(refused(), "input \"bias\": dim 0 is 7, but the model wants 3");
}

TEST_F(Validation, SymbolNamesBothInputs) {
  inputs[1].dims[1] = 7;
  EXPECT_EQ(refused(), "input \"mask\": dim 1 is 7, but \"length\" is 2 from input \"ids\"");
  inputs[1].dims[1] = 2;
  inputs[1].dims[0] = 3;
  EXPECT_EQ(refused(), "input \"mask\": dim 0 is 3, but \"batch\" is 4 from input \"ids\"");
}

TEST_F(Validation, NegativeDim) {
  inputs[0].dims[0] = -1;
  EXPECT_EQ(refused(), "input \"ids\": dim 0 is -1, but a dim cannot be negative");
  inputs[0].dims[0] = INT64_MIN;
  EXPECT_EQ(refused(), "input \"ids\": dim 0 is -9223372036854775808, but a dim cannot be negative");
}

TEST_F(Validation, BytesOverflow) {
  const std::vector<int64_t> shapes[] = {{INT64_MAX, 2}, {int64_t(1) << 31, int64_t(1) << 31},
                                         {int64_t(1) << 62, 1}, {int64_t(1) << 61, 1}};
  for (const auto &shape : shapes) {
    inputs[0].dims[0] = inputs[1].dims[0] = shape[0];
    inputs[0].dims[1] = inputs[1].dims[1] = shape[1];
    inputs[0].bytes = UINT64_MAX;
    EXPECT_EQ(refused(), "input \"ids\": its dims take more bytes than an address can hold") << shape[0];
  }
}

TEST_F(Validation, ZeroDimDoesNotExcuseOverflow) {
  auto wide = std::make_unique<Model>(std::vector<Value>{{"x", QUERN_F32, {-1, -2, -3}}},
                                      std::vector<Value>{{"y", QUERN_F32, {}}},
                                      std::vector<const char *>{"a", "b", "c"}, std::vector<quern_kernel>{},
                                      [](quern_frame *) { return 0; });
  ModelHandle wideOpened = open(*wide);
  ContextHandle wideContext = createContext(wideOpened);
  std::vector<quern_tensor> x = {tensor(ids, {0, int64_t(1) << 32, int64_t(1) << 32})};
  EXPECT_EQ(run(wideContext, x, outputs, QUERN_INVALID_ARGUMENT),
            "input \"x\": its dims take more bytes than an address can hold");
}

TEST_F(Validation, InputSize) {
  inputs[0].bytes = 31;
  EXPECT_EQ(refused(), "input \"ids\": 31 bytes are given, but its shape takes 32");
}

TEST_F(Validation, InputNull) {
  inputs[0].data = nullptr;
  EXPECT_EQ(refused(), "input \"ids\": data is null, but its shape takes 32 bytes");
}

TEST_F(Validation, Alignment) {
  std::vector<char> odd(64);
  inputs[0].data = odd.data() + 1;
  EXPECT_EQ(refused(), "input \"ids\": data is not aligned to the elements of float32");
  inputs[0].data = ids.data();
  outputs[0].data = odd.data() + 2;
  EXPECT_EQ(refused(), "output \"y\": data is not aligned to the elements of float32");
}

TEST_F(Validation, OutputSize) {
  outputs[0].bytes = 31;
  EXPECT_EQ(refused(), "output \"y\": 31 bytes are given, but its shape takes 32");
}

TEST_F(Validation, OverlapWithInput) {
  outputs[0].data = ids.data();
  EXPECT_EQ(refused(), "output \"y\" overlaps input \"ids\" in memory; give it its own");
  std::vector<float> shared(16);
  inputs[1].data = shared.data();
  outputs[0].data = shared.data() + 7;
  EXPECT_EQ(refused(), "output \"y\" overlaps input \"mask\" in memory; give it its own");
  inputs[1].data = shared.data() + 7;
  outputs[0].data = shared.data();
  EXPECT_EQ(refused(), "output \"y\" overlaps input \"mask\" in memory; give it its own");
  inputs[1].data = shared.data() + 8; // side by side is fine
  run(context, inputs, outputs);
}

TEST_F(Validation, RoomBeyondTheResultMayBeShared) {
  std::vector<float> shared(16);
  outputs[0].data = shared.data();
  outputs[0].bytes = 64; // the run writes 32
  inputs[0].data = shared.data() + 8;
  run(context, inputs, outputs);
}

TEST_F(Validation, EmptyTensors) {
  for (auto *input : {&inputs[0], &inputs[1]}) {
    input->dims[0] = 0;
    input->data = nullptr;
    input->bytes = 0;
  }
  outputs[0].data = nullptr;
  outputs[0].bytes = 0;
  run(context, inputs, outputs);
  EXPECT_EQ(outputs[0].bytes, 0u);
  EXPECT_EQ(outputs[0].dims[0], 0);
  EXPECT_EQ(outputs[0].dims[1], 2);
}

TEST_F(Validation, LongNamesAreCutAtACharacterAndControlCharactersReplaced) {
  inputs = {tensor(ids, {4, 2})};
  outputs = {};
  for (std::string name : {"a\nb", "a\nbc"}) {
    std::string start = name.size() == 3 ? "input \"a?b" : "input \"a?bc";
    for (int i = 0; i < 1000; ++i)
      name += "\xc3\xa9";
    Model odd({{name.c_str(), QUERN_F32, {1}}}, {}, {}, {}, [](quern_frame *) { return 0; });
    ModelHandle oddOpened = open(odd);
    ContextHandle oddContext = createContext(oddOpened);
    std::string text = run(oddContext, inputs, outputs, QUERN_INVALID_ARGUMENT);
    EXPECT_EQ(text.rfind(start, 0), 0u);
    EXPECT_LT(text.size(), 1024u);
    size_t end = text.find("...");
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(text.find_first_not_of('.', end), std::string::npos);
    EXPECT_EQ((end - start.size()) % 2, 0u); // whole characters
  }
}
