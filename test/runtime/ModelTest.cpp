#include "test/runtime/Fixture.h"

using namespace quern::test;

static int32_t nothing(const quern_launch *) { return 0; }
static int32_t nothingToo(const quern_launch *) { return 0; }

/// Status of opening `model`; its text in `message`.
static quern_status openStatus(const Model &model, std::string &message, uint32_t maxLevel = 0) {
  quern_model_options options = {sizeof(options), maxLevel, {}};
  quern_model *opened = reinterpret_cast<quern_model *>(1);
  const char *text = nullptr;
  quern_status status = quern_model_open(&model.descriptor, &options, &opened, &text);
  EXPECT_EQ(opened == nullptr, status != QUERN_OK);
  message = text;
  quern_model_close(opened);
  return status;
}

TEST(Status, HasAText) {
  EXPECT_STREQ(quern_status_text(QUERN_OK), "ok");
  EXPECT_STREQ(quern_status_text(QUERN_ABI_MISMATCH), "the model was made for another version of the runtime");
  EXPECT_STREQ(quern_status_text(-1), "unknown status");
  EXPECT_STREQ(quern_status_text(QUERN_UNSUPPORTED_DEVICE), "unsupported device");
  EXPECT_STREQ(quern_status_text(7), "unknown status");
}

TEST(Dtype, HasSizeAndName) {
  const struct {
    quern_dtype dtype;
    size_t size;
    const char *name;
  } rows[] = {{QUERN_F32, 4, "float32"},   {QUERN_U8, 1, "uint8"},       {QUERN_I8, 1, "int8"},
              {QUERN_U16, 2, "uint16"},    {QUERN_I16, 2, "int16"},      {QUERN_I32, 4, "int32"},
              {QUERN_I64, 8, "int64"},     {QUERN_STRING, 16, "str"},     {QUERN_BOOL, 1, "bool"},
              {QUERN_F16, 2, "float16"},   {QUERN_F64, 8, "float64"},    {QUERN_U32, 4, "uint32"},
              {QUERN_U64, 8, "uint64"},    {QUERN_C64, 8, "complex64"},  {QUERN_C128, 16, "complex128"},
              {QUERN_BF16, 2, "bfloat16"}, {0, 0, "unknown"},            {17, 0, "unknown"},
              {-5, 0, "unknown"}};
  for (const auto &row : rows) {
    EXPECT_EQ(quern_dtype_size(row.dtype), row.size) << row.dtype;
    EXPECT_STREQ(quern_dtype_name(row.dtype), row.name);
  }
}

TEST(ModelOpen, RefusesAnotherVersion) {
  auto model = scaleModel();
  std::string message;
  model->descriptor.abi_version = QUERN_ABI_VERSION_DEVICE + 1;
  EXPECT_EQ(openStatus(*model, message), QUERN_ABI_MISMATCH);
  EXPECT_EQ(message, "the model was compiled for another version of the runtime; compile it again");
  model->descriptor.abi_version = QUERN_ABI_VERSION;
  model->descriptor.size = offsetof(quern_model_descriptor, device) - 8;
  EXPECT_EQ(openStatus(*model, message), QUERN_ABI_MISMATCH);
  model->descriptor.size += 8; // a model that knows of no devices
  EXPECT_EQ(openStatus(*model, message), QUERN_OK);
  model->descriptor.size += 16; // a later minor version appended something
  EXPECT_EQ(openStatus(*model, message), QUERN_OK);
}

TEST(ModelOpen, RefusesNullAndOddOptions) {
  auto model = scaleModel();
  quern_model *opened = nullptr;
  const char *message = nullptr;
  EXPECT_EQ(quern_model_open(nullptr, nullptr, &opened, &message), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(message, "the descriptor is null");
  EXPECT_EQ(quern_model_open(&model->descriptor, nullptr, nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(quern_model_open(&model->descriptor, nullptr, nullptr, &message), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(message, "there is no place for the model: the third argument is null");
  quern_model_options options = {4, 0, {}};
  EXPECT_EQ(quern_model_open(&model->descriptor, &options, &opened, &message), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(message, "the size in the options is not that of quern_model_options");
  quern_model_close(nullptr);
}

TEST(ModelOpen, RefusesInconsistentTables) {
  const std::function<void(Model &)> faults[] = {
      [](Model &model) { model.descriptor.main = nullptr; },
      [](Model &model) { const_cast<const char **>(model.descriptor.symbols)[1] = nullptr; },
      [](Model &model) { model.descriptor.num_symbols = 1; },
      [](Model &model) { model.sites[0].kernel = 1; },
      [](Model &model) { model.sites[0].name = nullptr; },
      [](Model &model) { model.sites[0].nodes = nullptr; },
      [](Model &model) { const_cast<quern_value_info *>(model.descriptor.inputs)[0].rank = 9; },
      [](Model &model) { const_cast<quern_value_info *>(model.descriptor.inputs)[0].rank = -1; },
      [](Model &model) { const_cast<quern_value_info *>(model.descriptor.inputs)[2].rank = 9; },
      [](Model &model) { const_cast<quern_value_info *>(model.descriptor.inputs)[0].name = nullptr; },
      [](Model &model) { const_cast<quern_value_info *>(model.descriptor.outputs)[0].dtype = 17; },
      [](Model &model) { const_cast<int64_t *>(model.descriptor.inputs[0].dims)[0] = QUERN_COMPUTED_DIM; },
  };
  for (const auto &fault : faults) {
    auto model = scaleModel();
    std::string message;
    EXPECT_EQ(openStatus(*model, message), QUERN_OK);
    fault(*model);
    EXPECT_EQ(openStatus(*model, message), QUERN_INVALID_ARGUMENT) << &fault - faults;
    EXPECT_EQ(message, "the model's descriptor is inconsistent; compile it again");
  }
}

TEST(ModelOpen, RefusesTheSecondOfTwo) {
  const std::function<void(Model &)> spoil[] = {
      [](Model &) {},
      [](Model &model) { const_cast<int64_t *>(model.descriptor.outputs[1].dims)[7] = -1; },
      [](Model &model) { model.sites[1].kernel = 2; },
  };
  for (const auto &fault : spoil) {
    Model model({}, {{"y", QUERN_F32, {1}}, {"z", QUERN_F32, {1, 1, 1, 1, 1, 1, 1, 1}}}, {}, {nothing, nothing},
                [](quern_frame *) { return 0; });
    std::string message;
    fault(model);
    EXPECT_EQ(openStatus(model, message), &fault == spoil ? QUERN_OK : QUERN_INVALID_ARGUMENT) << &fault - spoil;
  }
}

TEST(ModelLevel, PicksTheBestUnderTheCap) {
  auto model = scaleModel();
  const quern_kernel best[] = {nothing}, base[] = {nothingToo};
  model->levels = {{"x86-64-v1.5", 1, 0, best}, {"x86-64", 0, 0, base}};
  model->descriptor.levels = model->levels.data();
  model->descriptor.num_levels = 2;
  ModelHandle opened = open(*model);
  EXPECT_STREQ(quern_model_get_level(opened.get())->name, "x86-64-v1.5");
  EXPECT_EQ(quern_model_get_descriptor(opened.get()), &model->descriptor);
  std::string message;
  EXPECT_EQ(openStatus(*model, message, 1), QUERN_OK);
  model->levels[0].number = 99;
  EXPECT_STREQ(quern_model_get_level(open(*model).get())->name, "x86-64");
}

TEST(ModelLevel, RefusesACpuWithoutAny) {
  auto model = scaleModel();
  std::string message;
  model->levels[0].number = 99;
  EXPECT_EQ(openStatus(*model, message), QUERN_UNSUPPORTED_CPU);
  EXPECT_EQ(message, "this cpu or its operating system runs none of the model's levels");
  model->descriptor.num_levels = 0;
  EXPECT_EQ(openStatus(*model, message), QUERN_UNSUPPORTED_CPU);
}

TEST(ModelLevel, RefusesACapBelowAll) {
  if (!__builtin_cpu_supports("x86-64-v3"))
    GTEST_SKIP();
  auto model = scaleModel();
  std::string message;
  model->levels[0].number = 3;
  EXPECT_EQ(openStatus(*model, message, 2), QUERN_UNSUPPORTED_CPU);
  EXPECT_EQ(message, "max_level excludes every level of the model that this cpu runs");
  EXPECT_EQ(openStatus(*model, message, 3), QUERN_OK);
}

TEST(ModelLevel, AgreesWithTheCompilersOwnDetection) {
  auto model = scaleModel();
  std::string message;
  const bool supported[] = {bool(__builtin_cpu_supports("x86-64-v2")), bool(__builtin_cpu_supports("x86-64-v3")),
                            bool(__builtin_cpu_supports("x86-64-v4"))};
  for (uint32_t level = 2; level <= 4; ++level) {
    model->levels[0].number = level;
    EXPECT_EQ(openStatus(*model, message), supported[level - 2] ? QUERN_OK : QUERN_UNSUPPORTED_CPU) << level;
  }
}
