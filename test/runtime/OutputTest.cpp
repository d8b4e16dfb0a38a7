// Whose memory an output lies in, and for how long.
#include "test/runtime/Fixture.h"

using namespace quern::test;

namespace {

struct Output : testing::Test {
  std::unique_ptr<Model> model = scaleModel();
  ModelHandle opened = open(*model);
  ContextHandle context = createContext(opened);
  std::vector<float> ids, mask, bias = {0, 0, 0};
  std::vector<quern_tensor> outputs = {quern_tensor{}};

  std::vector<quern_tensor> inputs(int64_t batch) {
    ids.assign(batch * 2, 3.0f);
    mask.assign(batch * 2, 1.0f);
    return {tensor(ids, {batch, 2}), tensor(mask, {batch, 2}), tensor(bias, {3})};
  }
};

} // namespace

TEST_F(Output, WithoutDataLiesInTheContext) {
  run(context, inputs(4), outputs);
  ASSERT_NE(outputs[0].data, nullptr);
  EXPECT_EQ(uintptr_t(outputs[0].data) % 64, 0u);
  EXPECT_EQ(outputs[0].bytes, 32u);
  EXPECT_EQ(static_cast<float *>(outputs[0].data)[7], 3.0f);
}

TEST_F(Output, MemoryIsKeptAndGrows) {
  run(context, inputs(4), outputs);
  void *first = outputs[0].data;
  run(context, inputs(2), outputs); // as the first run left it
  EXPECT_EQ(outputs[0].data, first);
  EXPECT_EQ(outputs[0].bytes, 16u);
  run(context, inputs(1000), outputs);
  EXPECT_EQ(outputs[0].bytes, 8000u);
  EXPECT_EQ(static_cast<float *>(outputs[0].data)[1999], 3.0f);
}

TEST_F(Output, OfTheContextIsNoInputOfTheNextRun) {
  run(context, inputs(4), outputs);
  auto next = inputs(4);
  next[0].data = outputs[0].data;
  EXPECT_EQ(run(context, next, outputs, QUERN_INVALID_ARGUMENT),
            "output \"y\" overlaps input \"ids\" in memory; give it its own");
  outputs[0].data = nullptr;
  EXPECT_EQ(run(context, next, outputs, QUERN_INVALID_ARGUMENT),
            "output \"y\" overlaps input \"ids\" in memory; give it its own");
}

/// kept[computed] = the positive elements of x[n]; also[computed] the same.
static int32_t filterHost(quern_frame *frame) {
  auto *x = static_cast<const float *>(frame->inputs[0].data);
  std::vector<float> kept;
  for (int64_t i = 0; i < frame->symbols[0]; ++i)
    if (x[i] > 0)
      kept.push_back(x[i]);
  int64_t dims[] = {int64_t(kept.size())};
  for (uint32_t output : {0u, 1u}) {
    void *data = quern_frame_output(frame, output, 1, dims);
    if (!data)
      return QUERN_INVALID_ARGUMENT;
    std::copy(kept.begin(), kept.end(), static_cast<float *>(data));
  }
  return QUERN_OK;
}

static std::unique_ptr<Model> filterModel() {
  return std::make_unique<Model>(
      std::vector<Value>{{"x", QUERN_F32, {-1}}},
      std::vector<Value>{{"kept", QUERN_F32, {QUERN_COMPUTED_DIM}}, {"also", QUERN_F32, {QUERN_COMPUTED_DIM}}},
      std::vector<const char *>{"n"}, std::vector<quern_kernel>{}, filterHost);
}

TEST(ComputedOutput, TellsItsDims) {
  auto model = filterModel();
  ModelHandle opened = open(*model);
  ContextHandle context = createContext(opened);
  std::vector<float> x = {-1, 2, -3, 4}, also(4);
  std::vector<quern_tensor> outputs = {quern_tensor{}, tensor(also, {0})};
  run(context, {tensor(x, {4})}, outputs);
  EXPECT_EQ(outputs[0].dims[0], 2);
  EXPECT_EQ(outputs[0].bytes, 8u);
  EXPECT_EQ(outputs[1].dims[0], 2);
  EXPECT_EQ(outputs[1].bytes, 16u); // the caller's room stays what it was
  EXPECT_EQ(also, (std::vector<float>{2, 4, 0, 0}));
  for (float &element : x)
    element = -1;
  run(context, {tensor(x, {4})}, outputs);
  EXPECT_EQ(outputs[0].dims[0], 0);
}

TEST(ComputedOutput, TooLittleRoomIsADataErrorThatTellsTheDims) {
  auto model = filterModel();
  ModelHandle opened = open(*model);
  ContextHandle context = createContext(opened);
  std::vector<float> x = {1, 2, 3, 4}, also(3);
  std::vector<quern_tensor> outputs = {quern_tensor{}, tensor(also, {0})};
  EXPECT_EQ(run(context, {tensor(x, {4})}, outputs, QUERN_DATA_ERROR),
            "output \"also\": 12 bytes are given, but its shape takes 16");
  EXPECT_EQ(outputs[1].dims[0], 4);
  EXPECT_EQ(also, (std::vector<float>{0, 0, 0}));
}

TEST(ComputedOutput, OverlapIsSeenByItsRoom) {
  auto model = filterModel();
  ModelHandle opened = open(*model);
  ContextHandle context = createContext(opened);
  std::vector<float> x = {1, 2, 3, 4}, shared(6);
  std::vector<quern_tensor> outputs = {tensor(shared, {0}), tensor(shared, {0})};
  outputs[1].data = shared.data() + 5;
  outputs[1].bytes = 4;
  EXPECT_EQ(run(context, {tensor(x, {4})}, outputs, QUERN_INVALID_ARGUMENT),
            "output \"also\" overlaps output \"kept\" in memory; give it its own");
}

TEST(Outputs, DoNotOverlap) {
  Model model({}, {{"a", QUERN_U8, {4}}, {"b", QUERN_U8, {4}}, {"c", QUERN_U8, {4}}}, {}, {},
              [](quern_frame *) -> int32_t { ADD_FAILURE(); return 0; });
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened);
  std::vector<uint8_t> memory(12);
  for (int first = 0; first < 3; ++first)
    for (int second = first + 1; second < 3; ++second) {
      std::vector<quern_tensor> outputs(3, tensor(memory, {4}));
      for (int i = 0; i < 3; ++i)
        outputs[i].data = memory.data() + 4 * i;
      outputs[second].data = static_cast<uint8_t *>(outputs[first].data) + 3 * (second - first == 1);
      std::string names[] = {"a", "b", "c"};
      EXPECT_EQ(run(context, {}, outputs, QUERN_INVALID_ARGUMENT),
                "output \"" + names[second] + "\" overlaps output \"" + names[first] + "\" in memory; give it its own");
    }
}

TEST(Outputs, AreAllChecked) {
  Model model({}, {{"a", QUERN_U8, {4}}, {"b", QUERN_U8, {4}}}, {}, {},
              [](quern_frame *) -> int32_t { ADD_FAILURE(); return 0; });
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened);
  std::vector<uint8_t> a(4), b(3);
  std::vector<quern_tensor> outputs = {tensor(a, {4}), tensor(b, {4})};
  EXPECT_EQ(run(context, {}, outputs, QUERN_INVALID_ARGUMENT),
            "output \"b\": 3 bytes are given, but its shape takes 4");
}

/// What the host function may say about output "y" f32 [3, n], and what comes of it.
static std::string outputError(int32_t rank, std::vector<int64_t> dims, quern_status status = QUERN_DATA_ERROR) {
  Model model({}, {{"y", QUERN_F32, {3, QUERN_COMPUTED_DIM}}}, {}, {}, [&](quern_frame *frame) {
    EXPECT_EQ(quern_frame_output(frame, 0, rank, dims.data()), nullptr);
    return QUERN_OUT_OF_MEMORY;
  });
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened);
  std::vector<quern_tensor> outputs = {quern_tensor{}};
  return run(context, {}, outputs, status);
}

TEST(ComputedOutput, DimsAreChecked) {
  EXPECT_EQ(outputError(1, {3}), "output \"y\": rank is 1, but the model says 2");
  EXPECT_EQ(outputError(2, {4, 1}), "output \"y\": dim 0 is 4, but the model says 3");
  EXPECT_EQ(outputError(2, {3, -1}), "output \"y\": dim 1 is -1, but a dim cannot be negative");
  EXPECT_EQ(outputError(2, {3, int64_t(1) << 62}),
            "output \"y\": its dims take more bytes than an address can hold");
  EXPECT_EQ(outputError(2, {3, int64_t(1) << 57}, QUERN_OUT_OF_MEMORY), "out of memory: 1729382256910270464 bytes for output \"y\"");
}

TEST(ComputedOutput, KnownDimsBeyondMemoryAreRefusedBefore) {
  Model model({{"a", QUERN_U8, {-1, 0}}, {"b", QUERN_U8, {0, -2}}}, {{"y", QUERN_F32, {-1, -2}}}, {"m", "n"}, {},
              [](quern_frame *) -> int32_t { ADD_FAILURE(); return 0; });
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened);
  std::vector<uint8_t> none;
  std::vector<quern_tensor> outputs = {quern_tensor{}};
  EXPECT_EQ(run(context, {tensor(none, {int64_t(1) << 40, 0}), tensor(none, {0, int64_t(1) << 40})}, outputs,
                QUERN_INVALID_ARGUMENT),
            "output \"y\": its dims take more bytes than an address can hold");
}

TEST(ComputedOutput, LiesWhereTheCallerSaysOnceItsDimsAreKnown) {
  auto model = filterModel();
  ModelHandle opened = open(*model);
  ContextHandle context = createContext(opened);
  std::vector<float> x = {1, -1, 2};
  std::vector<quern_tensor> inputs = {tensor(x, {3})}, outputs(2);
  alignas(64) float place[2];
  auto give = [](void *user, uint32_t index, uint64_t bytes) -> void * {
    EXPECT_EQ(bytes, 8u);
    return index == 0 ? user : nullptr;
  };
  quern_places places = {sizeof(quern_places), 0, nullptr, nullptr, give, place};
  ASSERT_EQ(quern_run_on(context.get(), inputs.data(), 1, outputs.data(), 2, &places), QUERN_OK);
  EXPECT_EQ(outputs[0].data, place);
  EXPECT_EQ(outputs[0].bytes, 8u);
  EXPECT_EQ(place[1], 2.0f);
  EXPECT_NE(outputs[1].data, nullptr); // the context's
  EXPECT_EQ(static_cast<float *>(outputs[1].data)[1], 2.0f);

  // Programs that know of less have smaller places.
  outputs.assign(2, quern_tensor{});
  places.size = offsetof(quern_places, output);
  ASSERT_EQ(quern_run_on(context.get(), inputs.data(), 1, outputs.data(), 2, &places), QUERN_OK);
  EXPECT_NE(outputs[0].data, place);
}
