// Arena, launches, errors, options: the services of one run.
#include "test/runtime/Faults.h"
#include "test/runtime/Fixture.h"
#include <cstring>
#include <set>
#include <thread>

using namespace quern::test;

/// Runs a model without inputs and outputs whose host function is `host`.
static std::string runHost(HostFunction host, quern_status expected, std::vector<quern_kernel> kernels = {},
                           quern_context_options options = {}, int runs = 1) {
  Model model({}, {}, {}, std::move(kernels), std::move(host));
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened, options);
  std::vector<quern_tensor> none;
  std::string text;
  for (int i = 0; i < runs; ++i)
    text = run(context, {}, none, expected);
  return text;
}

TEST(Arena, RequestsAreAlignedAndDisjoint) {
  auto host = [](quern_frame *frame) -> int32_t {
    std::vector<std::pair<char *, uint64_t>> blocks;
    for (uint64_t bytes : {100, 0, 1, 5000, 64, 1000000}) {
      auto *block = static_cast<char *>(quern_frame_arena(frame, bytes));
      EXPECT_NE(block, nullptr);
      EXPECT_EQ(uintptr_t(block) % 64, 0u);
      memset(block, int(blocks.size()), bytes);
      blocks.push_back({block, bytes});
    }
    for (size_t i = 0; i < blocks.size(); ++i)
      for (uint64_t byte = 0; byte < blocks[i].second; ++byte)
        EXPECT_EQ(blocks[i].first[byte], char(i));
    EXPECT_EQ(quern_context_arena_bytes(frame->context), 128u + 64 + 64 + 5056 + 64 + 1000000);
    return QUERN_OK;
  };
  runHost(host, QUERN_OK, {}, {}, 3);
}

TEST(Arena, FirstRequestIsKept) {
  std::vector<void *> seen;
  auto host = [&](quern_frame *frame) -> int32_t {
    seen.push_back(quern_frame_arena(frame, 5000));
    return QUERN_OK;
  };
  runHost(host, QUERN_OK, {}, {}, 3);
  EXPECT_EQ(std::set<void *>(seen.begin(), seen.end()).size(), 1u);
}

TEST(Arena, LargeOnesLieInHugePages) {
  for (uint64_t bytes : {uint64_t(4) << 20, (uint64_t(9) << 20) + 100}) {
    auto host = [&](quern_frame *frame) -> int32_t {
      auto *data = static_cast<char *>(quern_frame_arena(frame, bytes));
      EXPECT_EQ(uintptr_t(data) % (2 << 20), 0u);
      data[0] = data[bytes - 1] = 1;
      return QUERN_OK;
    };
    runHost(host, QUERN_OK);
  }
}

TEST(Arena, OfTheCallerIsAllThereIs) {
  alignas(64) static char memory[256];
  quern_context_options options = {};
  options.arena = memory;
  options.arena_bytes = sizeof(memory);
  int64_t made = 0;
  auto host = [&](quern_frame *frame) -> int32_t {
    made = faults.allocations;
    EXPECT_EQ(quern_frame_arena(frame, 65), memory);
    EXPECT_EQ(quern_frame_arena(frame, 128), memory + 128);
    bool fits = quern_frame_arena(frame, 1);
    EXPECT_FALSE(fits);
    EXPECT_EQ(faults.allocations, made);
    return QUERN_OUT_OF_MEMORY;
  };
  EXPECT_EQ(runHost(host, QUERN_OUT_OF_MEMORY, {}, options, 2),
            "the arena has 256 bytes, but the run takes at least 320");
}

TEST(Arena, RequestBeyondMemoryFails) {
  for (uint64_t bytes : {UINT64_MAX, UINT64_MAX - 63, uint64_t(1) << 63, uint64_t(1) << 62}) {
    auto first = [&](quern_frame *frame) -> int32_t {
      return quern_frame_arena(frame, bytes) ? QUERN_OK : QUERN_OUT_OF_MEMORY;
    };
    EXPECT_EQ(runHost(first, QUERN_OUT_OF_MEMORY), "out of memory: " + std::to_string(int64_t(bytes)) + " bytes for intermediate values");
    auto second = [&](quern_frame *frame) -> int32_t {
      EXPECT_NE(quern_frame_arena(frame, 8), nullptr);
      return quern_frame_arena(frame, bytes) ? QUERN_OK : QUERN_OUT_OF_MEMORY;
    };
    EXPECT_EQ(runHost(second, QUERN_OUT_OF_MEMORY).rfind("out of memory: ", 0), 0u);
  }
}

TEST(Fail, ExpandsThreeIntegersAndNothingElse) {
  auto host = [](quern_frame *frame) -> int32_t {
    return quern_frame_fail(frame, QUERN_DATA_ERROR, "%s %d 100% %lld of %lld, %lld and %lld", 1, INT64_MIN, 3);
  };
  EXPECT_EQ(runHost(host, QUERN_DATA_ERROR), "%s %d 100% 1 of -9223372036854775808, 3 and %lld");
}

TEST(Fail, ALongTextIsCut) {
  for (size_t length : {1018, 1019, 1020, 5000}) {
    std::string format(length, 'x');
    auto host = [&](quern_frame *frame) { return quern_frame_fail(frame, 2, format.c_str(), 0, 0, 0); };
    std::string text = runHost(host, QUERN_DATA_ERROR);
    EXPECT_EQ(text, length <= 1019 ? format : std::string(1016, 'x') + "...");
  }
}

TEST(Fail, TheFirstErrorStays) {
  auto host = [](quern_frame *frame) -> int32_t {
    EXPECT_EQ(quern_frame_fail(frame, QUERN_DATA_ERROR, "first", 0, 0, 0), QUERN_DATA_ERROR);
    return quern_frame_fail(frame, QUERN_OUT_OF_MEMORY, "second", 0, 0, 0);
  };
  EXPECT_EQ(runHost(host, QUERN_DATA_ERROR), "first");
}

TEST(Fail, AStatusWithoutATextHasOne) {
  EXPECT_EQ(runHost([](quern_frame *) { return QUERN_OUT_OF_MEMORY; }, QUERN_OUT_OF_MEMORY), "out of memory");
}

static int32_t resultOf(const quern_launch *launch) { return int32_t(launch->dims[0]); }

TEST(Launch, KernelErrorsNameTheNodes) {
  const struct {
    int32_t code;
    const char *text;
  } rows[] = {{QUERN_KERNEL_INDEX, "nodes \"Node1a, Node1b\": index out of range (kernel \"site1\")"},
              {QUERN_KERNEL_DIVISION, "nodes \"Node1a, Node1b\": integer division by zero (kernel \"site1\")"},
              {QUERN_KERNEL_SIZE, "nodes \"Node1a, Node1b\": a size does not fit the data (kernel \"site1\")"},
              {QUERN_KERNEL_UNKNOWN | 7 << 8,
               "nodes \"Node1a, Node1b\": column 7 has a value that the model does not know (kernel \"site1\")"},
              {5, "nodes \"Node1a, Node1b\": a value is out of range (kernel \"site1\")"},
              {99, "nodes \"Node1a, Node1b\": a value is out of range (kernel \"site1\")"}};
  for (const auto &row : rows) {
    auto host = [&](quern_frame *frame) {
      int64_t dims[] = {row.code};
      return quern_frame_launch(frame, 1, nullptr, dims, 1, 0);
    };
    EXPECT_EQ(runHost(host, QUERN_DATA_ERROR, {resultOf, resultOf}), row.text);
  }
  auto single = [&](quern_frame *frame) {
    int64_t dims[] = {QUERN_KERNEL_INDEX};
    return quern_frame_launch(frame, 0, nullptr, dims, 1, 0);
  };
  EXPECT_EQ(runHost(single, QUERN_DATA_ERROR, {resultOf}),
            "node \"Node0\": index out of range (kernel \"site0\")");
}

TEST(Launch, NoTasksIsNoCall) {
  auto host = [](quern_frame *frame) {
    int64_t dims[] = {QUERN_KERNEL_INDEX};
    return quern_frame_launch(frame, 0, nullptr, dims, 0, 0);
  };
  runHost(host, QUERN_OK, {resultOf});
}

static int32_t fillScratch(const quern_launch *launch) {
  EXPECT_EQ(uintptr_t(launch->scratch) % 64, 0u);
  memset(launch->scratch, 1, size_t(launch->dims[0]));
  return QUERN_KERNEL_OK;
}

TEST(Launch, ScratchGrows) {
  auto host = [](quern_frame *frame) -> int32_t {
    for (int64_t bytes : {1, 1000, 10, 100000})
      if (int32_t status = quern_frame_launch(frame, 0, nullptr, &bytes, 3, uint64_t(bytes)))
        return status;
    return QUERN_OK;
  };
  PoolHandle pool(quern_pool_create(3));
  quern_context_options options = {};
  runHost(host, QUERN_OK, {fillScratch}, options, 2);
  options.pool = pool.get();
  runHost(host, QUERN_OK, {fillScratch}, options, 2);
}

TEST(Launch, ScratchBeyondMemoryFails) {
  PoolHandle pool(quern_pool_create(3));
  quern_context_options options = {};
  options.pool = pool.get();
  for (uint64_t bytes : {UINT64_MAX, UINT64_MAX / 2, uint64_t(1) << 61}) {
    auto host = [&](quern_frame *frame) { return quern_frame_launch(frame, 0, nullptr, nullptr, 1, bytes); };
    std::string message = runHost(host, QUERN_OUT_OF_MEMORY, {resultOf}, options);
    EXPECT_EQ(message.rfind("out of memory: ", 0), 0u);
    EXPECT_NE(message.find(" bytes of scratch for each of 3 threads"), message.npos);
  }
}

static int32_t sleepALittle(const quern_launch *) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return QUERN_KERNEL_OK;
}

TEST(Launch, ProfileSeesEachKernel) {
  struct Call {
    uint32_t site;
    int64_t tasks, nanoseconds;
  };
  std::vector<Call> calls;
  quern_context_options options = {};
  options.profile = [](void *user, uint32_t site, int64_t tasks, int64_t nanoseconds) {
    static_cast<std::vector<Call> *>(user)->push_back({site, tasks, nanoseconds});
  };
  options.profile_user = &calls;
  auto host = [](quern_frame *frame) -> int32_t {
    int64_t dims[] = {0};
    quern_frame_launch(frame, 1, nullptr, dims, 5, 0);
    quern_frame_launch(frame, 0, nullptr, dims, 0, 0);
    return quern_frame_launch(frame, 0, nullptr, dims, 1, 0);
  };
  runHost(host, QUERN_OK, {resultOf, sleepALittle}, options);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_GE(calls[0].nanoseconds, 1'000'000);
  EXPECT_EQ(calls[0].site, 1u);
  EXPECT_EQ(calls[0].tasks, 5);
  EXPECT_EQ(calls[1].site, 0u);
  EXPECT_GE(calls[1].nanoseconds, 0);
  for (const Call &call : calls)
    EXPECT_LT(call.nanoseconds, 10'000'000'000);
}

TEST(Context, RefusesOddOptions) {
  auto model = scaleModel();
  ModelHandle opened = open(*model);
  PoolHandle pool(quern_pool_create(2));
  auto refused = [&](const std::function<void(quern_context_options &, quern_pool &)> &spoil) {
    quern_pool ownPool = *pool;
    quern_context_options options = {};
    options.size = sizeof(options);
    options.pool = &ownPool;
    spoil(options, ownPool);
    quern_context *context = reinterpret_cast<quern_context *>(1);
    quern_status status = quern_context_create(opened.get(), &options, &context);
    EXPECT_EQ(context == nullptr, status != QUERN_OK);
    quern_context_destroy(context);
    return status == QUERN_INVALID_ARGUMENT;
  };
  alignas(64) static char memory[128];
  EXPECT_FALSE(refused([](auto &, auto &) {}));
  EXPECT_TRUE(refused([](auto &options, auto &) { options.size = 8; }));
  EXPECT_TRUE(refused([](auto &, auto &pool) { pool.size = 8; }));
  EXPECT_TRUE(refused([](auto &, auto &pool) { pool.threads = 0; }));
  EXPECT_TRUE(refused([](auto &, auto &pool) { pool.run = nullptr; }));
  EXPECT_TRUE(refused([](auto &options, auto &) { options.arena = memory + 8; }));
  quern_context *context = nullptr;
  EXPECT_EQ(quern_context_create(nullptr, nullptr, &context), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(quern_context_create(opened.get(), nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  quern_context_destroy(nullptr);
}
