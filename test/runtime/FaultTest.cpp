#include "test/runtime/Faults.h"
#include "test/runtime/Fixture.h"

using namespace quern::test;

TEST(Fault, ASecondRunAllocatesNothing) {
  for (int threads : {1, 3}) {
    auto model = scaleModel();
    ModelHandle opened = open(*model);
    PoolHandle pool(quern_pool_create(threads));
    ContextHandle context = createContext(opened, pool.get());
    std::vector<float> ids(64, 2.0f), mask(64, 1.0f), bias(3);
    std::vector<quern_tensor> inputs = {tensor(ids, {32, 2}), tensor(mask, {32, 2}), tensor(bias, {3})};
    std::vector<quern_tensor> outputs = {quern_tensor{}};
    run(context, inputs, outputs);
    int64_t made = faults.allocations;
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(quern_run(context.get(), inputs.data(), 3, outputs.data(), 1), QUERN_OK);
    EXPECT_EQ(faults.allocations, made);
  }
}

TEST(Fault, NothingLeaks) {
  int64_t alive = faults.alive;
  {
    Model model({}, {{"a", QUERN_U8, {QUERN_COMPUTED_DIM}}, {"b", QUERN_U8, {QUERN_COMPUTED_DIM}}}, {}, {},
                [&](quern_frame *frame) -> int32_t {
                  // Everything grows from run to run, and each run has a request beyond the first.
                  int64_t bytes = faults.allocations * 1000;
                  for (uint32_t output : {0u, 1u})
                    EXPECT_NE(quern_frame_output(frame, output, 1, &bytes), nullptr);
                  for (int request = 0; request < 3; ++request)
                    EXPECT_NE(quern_frame_arena(frame, uint64_t(bytes)), nullptr);
                  return QUERN_OK;
                });
    ModelHandle opened = open(model);
    ContextHandle context = createContext(opened);
    std::vector<quern_tensor> outputs(2);
    for (int i = 0; i < 5; ++i)
      run(context, {}, outputs);
  }
  EXPECT_EQ(faults.alive, alive);
}

TEST(Fault, EachAllocationMayFail) {
  int64_t alive = faults.alive;
  std::vector<float> ids(64, 2.0f), mask(64, 1.0f), bias(3);
  std::vector<quern_tensor> inputs = {tensor(ids, {32, 2}), tensor(mask, {32, 2}), tensor(bias, {3})};
  auto model = scaleModel();
  int failures = 0;
  for (bool done = false; !done; ++failures) {
    ASSERT_LT(failures, 100);
    faults.failAllocation = failures;
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
    done = faults.failAllocation >= 0;
    faults.failAllocation = -1;
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
  EXPECT_EQ(faults.alive, alive);
}

TEST(Fault, AMappingMayFail) {
  int64_t alive = faults.alive;
  faults.failMmap = true;
  EXPECT_EQ(quern_pool_create(2), nullptr);
  faults.failAllocation = 0;
  EXPECT_EQ(quern_pool_create(2), nullptr);
  faults.failAllocation = -1;
  faults.failMmap = false;
  EXPECT_EQ(faults.alive, alive);
}

TEST(Fault, FewerThreadsRunAllTasks) {
  auto model = scaleModel();
  ModelHandle opened = open(*model);
  std::vector<float> ids(64, 2.0f), mask(64, 3.0f), bias(3), y(64);
  for (int64_t granted : {0, 1, 2}) {
    faults.threadsLeft = granted;
    PoolHandle pool(quern_pool_create(4));
    ContextHandle context = createContext(opened, pool.get());
    std::fill(y.begin(), y.end(), 0.0f);
    std::vector<quern_tensor> outputs = {tensor(y, {32, 2})};
    run(context, {tensor(ids, {32, 2}), tensor(mask, {32, 2}), tensor(bias, {3})}, outputs);
    EXPECT_EQ(y, std::vector<float>(64, 18.0f));
    faults.threadsLeft = 1000;
  }
}
