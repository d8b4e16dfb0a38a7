#include "test/runtime/Allocations.h"
#include "test/runtime/Fixture.h"

using namespace quern::test;

TEST(Allocation, ASecondRunMakesNone) {
  for (int threads : {1, 3}) {
    auto model = scaleModel();
    ModelHandle opened = open(*model);
    PoolHandle pool(quern_pool_create(threads));
    ContextHandle context = createContext(opened, pool.get());
    std::vector<float> ids(64, 2.0f), mask(64, 1.0f), bias(3);
    std::vector<quern_tensor> inputs = {tensor(ids, {32, 2}), tensor(mask, {32, 2}), tensor(bias, {3})};
    std::vector<quern_tensor> outputs = {quern_tensor{}};
    run(context, inputs, outputs);
    int64_t made = allocations.made;
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(quern_run(context.get(), inputs.data(), 3, outputs.data(), 1), QUERN_OK);
    EXPECT_EQ(allocations.made, made);
  }
}

TEST(Allocation, EachOneMayFail) {
  int64_t alive = allocations.alive;
  std::vector<float> ids(64, 2.0f), mask(64, 1.0f), bias(3);
  std::vector<quern_tensor> inputs = {tensor(ids, {32, 2}), tensor(mask, {32, 2}), tensor(bias, {3})};
  auto model = scaleModel();
  int failures = 0;
  for (bool done = false; !done; ++failures) {
    ASSERT_LT(failures, 100);
    allocations.failAt = failures;
    PoolHandle pool(quern_pool_create(2));
    quern_model *opened = nullptr;
    quern_context *context = nullptr;
    quern_status status = quern_model_open(&model->descriptor, nullptr, &opened, nullptr);
    if (!status) {
      quern_context_options options = {};
      options.size = sizeof(options);
      options.pool = pool.get();
      status = quern_context_create(opened, &options, &context);
    }
    std::vector<quern_tensor> outputs = {quern_tensor{}};
    if (!status)
      status = quern_run(context, inputs.data(), 3, outputs.data(), 1);
    done = allocations.failAt >= 0;
    allocations.failAt = -1;
    EXPECT_EQ(status, done || !pool ? QUERN_OK : QUERN_OUT_OF_MEMORY);
    if (context && status) {
      EXPECT_EQ(std::string(quern_context_error(context)).rfind("out of memory: ", 0), 0u);
      outputs[0] = {};
      EXPECT_EQ(quern_run(context, inputs.data(), 3, outputs.data(), 1), QUERN_OK);
    }
    quern_context_destroy(context);
    quern_model_close(opened);
  }
  // Pool, model, context, output, arena, scratch; then the run that succeeds.
  EXPECT_EQ(failures, 7);
  EXPECT_EQ(allocations.alive, alive);
}
