// A model in a shared library with a copy of the runtime: the program may use that copy or its own.
#include "test/runtime/Fixture.h"
#include <dlfcn.h>

using namespace quern::test;

namespace {

struct Library : testing::Test {
  void *handle = dlopen(QUERN_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ~Library() override { dlclose(handle); }
  template <class Function> Function *find(const char *name) {
    return reinterpret_cast<Function *>(dlsym(handle, name));
  }
};

} // namespace

TEST_F(Library, ExportsWhatProgramsCall) {
  ASSERT_NE(handle, nullptr) << dlerror();
  for (const char *name :
       {"quern_status_text", "quern_dtype_size", "quern_dtype_name", "quern_pool_create", "quern_pool_destroy",
        "quern_model_open", "quern_model_close", "quern_model_get_descriptor", "quern_model_get_level",
        "quern_context_create", "quern_context_destroy", "quern_run", "quern_context_error",
        "quern_context_arena_bytes", "twice_model_descriptor"})
    EXPECT_NE(dlsym(handle, name), nullptr) << name;
  for (const char *name : {"quern_frame_arena", "quern_frame_output", "quern_frame_launch", "quern_frame_launch_phases", "quern_frame_fail",
                           "quern_validate", "quern_context_services"})
    EXPECT_EQ(dlsym(handle, name), nullptr) << name;
}

TEST_F(Library, RunsWithTheProgramsRuntime) {
  ASSERT_NE(handle, nullptr) << dlerror();
  auto *descriptor = find<const quern_model_descriptor>("twice_model_descriptor");
  quern_model *model = nullptr;
  ASSERT_EQ(quern_model_open(descriptor, nullptr, &model, nullptr), QUERN_OK);
  ModelHandle opened(model);
  PoolHandle pool(quern_pool_create(2));
  ContextHandle context = createContext(opened, pool.get());
  std::vector<float> x = {1, 2, 3}, y(3), many(13);
  std::vector<quern_tensor> outputs = {tensor(y, {3})};
  run(context, {tensor(x, {3})}, outputs);
  EXPECT_EQ(y, (std::vector<float>{2, 4, 6}));
  EXPECT_EQ(quern_context_arena_bytes(context.get()), 128u);
  outputs = {quern_tensor{}};
  EXPECT_EQ(run(context, {tensor(many, {13})}, outputs, QUERN_DATA_ERROR), "the model does not take 13");
}

TEST_F(Library, RunsWithItsOwnRuntime) {
  ASSERT_NE(handle, nullptr) << dlerror();
  auto *open = find<decltype(quern_model_open)>("quern_model_open");
  EXPECT_NE(open, &quern_model_open);
  auto *create = find<decltype(quern_context_create)>("quern_context_create");
  auto *run = find<decltype(quern_run)>("quern_run");
  quern_pool *pool = find<decltype(quern_pool_create)>("quern_pool_create")(2);
  quern_model *model = nullptr;
  quern_context *context = nullptr;
  ASSERT_EQ(open(find<const quern_model_descriptor>("twice_model_descriptor"), nullptr, &model, nullptr), QUERN_OK);
  quern_context_options options = {};
  options.size = sizeof(options);
  options.pool = pool;
  ASSERT_EQ(create(model, &options, &context), QUERN_OK);
  std::vector<float> x = {1, 2, 3};
  quern_tensor input = tensor(x, {3}), output = {};
  ASSERT_EQ(run(context, &input, 1, &output, 1), QUERN_OK);
  EXPECT_EQ(static_cast<float *>(output.data)[2], 6.0f);
  find<decltype(quern_context_destroy)>("quern_context_destroy")(context);
  find<decltype(quern_model_close)>("quern_model_close")(model);
  find<decltype(quern_pool_destroy)>("quern_pool_destroy")(pool);
}
