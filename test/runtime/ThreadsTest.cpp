// What a model computes does not depend on the threads that compute it.
#include "test/runtime/Fixture.h"
#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cmath>
#include <thread>

using namespace quern::test;

namespace {

/// sums[i] of values in an order that matters in the last bit, with scratch.
int32_t sumTasks(const quern_launch *launch) {
  auto *x = static_cast<const float *>(launch->buffers[0]);
  auto *sums = static_cast<float *>(const_cast<void *>(launch->buffers[1]));
  auto *scratch = static_cast<float *>(launch->scratch);
  for (int64_t task = launch->first_task; task < launch->last_task; ++task) {
    for (int i = 0; i < 256; ++i)
      scratch[i] = std::sin(x[i] * float(task + 1)) / 3.0f;
    float sum = 0;
    for (int i = 0; i < 256; ++i)
      sum += scratch[i] * x[255 - i];
    sums[task] = sum;
  }
  return QUERN_KERNEL_OK;
}

std::unique_ptr<Model> sumModel(int64_t tasks) {
  return std::make_unique<Model>(std::vector<Value>{{"x", QUERN_F32, {256}}},
                                 std::vector<Value>{{"sums", QUERN_F32, {tasks}}}, std::vector<const char *>{},
                                 std::vector<quern_kernel>{sumTasks}, [=](quern_frame *frame) -> int32_t {
                                   void *sums = quern_frame_output(frame, 0, 1, &tasks);
                                   if (!sums)
                                     return QUERN_OUT_OF_MEMORY;
                                   const void *buffers[] = {frame->inputs[0].data, sums};
                                   return quern_frame_launch(frame, 0, buffers, nullptr, tasks, 1024);
                                 });
}

std::vector<float> sumInput() {
  std::vector<float> x(256);
  for (int i = 0; i < 256; ++i)
    x[i] = 0.1f * float(i) + 1e-3f;
  return x;
}

std::vector<float> sums(const ModelHandle &model, quern_pool *pool, int64_t tasks) {
  ContextHandle context = createContext(model, pool);
  std::vector<float> x = sumInput(), result(tasks);
  std::vector<quern_tensor> outputs = {tensor(result, {tasks})};
  run(context, {tensor(x, {256})}, outputs);
  return result;
}

} // namespace

TEST(Threads, SameBitsForAnyNumber) {
  const int64_t tasks = 97;
  auto model = sumModel(tasks);
  ModelHandle opened = open(*model);
  std::vector<float> expected = sums(opened, nullptr, tasks);
  for (int threads : {1, 2, 3, 7}) {
    PoolHandle pool(quern_pool_create(threads));
    EXPECT_EQ(sums(opened, pool.get(), tasks), expected) << threads;
  }
}

/// Waits until every task of a launch of `threads` tasks is inside the kernel: each has a thread of its own.
struct Meeting {
  explicit Meeting(int threads) : missing(threads) {}
  void join() {
    --missing;
    while (missing > 0)
      std::this_thread::yield();
  }
  std::atomic<int> missing;
};

static int32_t sumTogether(const quern_launch *launch) {
  static_cast<Meeting *>(const_cast<void *>(launch->buffers[2]))->join();
  return sumTasks(launch);
}

TEST(Threads, WorkInTheCallersFloatingPointMode) {
  std::vector<float> x = sumInput();
  auto sumsOf = [&](quern_pool *pool, int64_t threads) {
    std::vector<float> result(3);
    Model model({}, {}, {}, {sumTogether}, [&](quern_frame *frame) -> int32_t {
      for (int64_t first = 0; first < 3; first += threads) {
        Meeting meeting(threads);
        const void *buffers[] = {x.data(), result.data() + first, &meeting};
        if (int32_t status = quern_frame_launch(frame, 0, buffers, nullptr, threads, 1024))
          return status;
      }
      return QUERN_OK;
    });
    ModelHandle opened = open(model);
    ContextHandle context = createContext(opened, pool);
    std::vector<quern_tensor> none;
    run(context, {}, none);
    return result;
  };
  PoolHandle pool(quern_pool_create(3));
  std::vector<float> nearest = sumsOf(pool.get(), 3); // the workers start in this mode
  fesetround(FE_UPWARD);
  std::vector<float> upward = sumsOf(pool.get(), 3), first = sumsOf(nullptr, 1);
  EXPECT_EQ(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  EXPECT_EQ(upward[0], first[0]);
  for (int task = 0; task < 3; ++task)
    EXPECT_NE(upward[task], nearest[task]);
  EXPECT_EQ(sumsOf(pool.get(), 3), nearest);
}

TEST(Threads, AreGivenBackTheirFloatingPointMode) {
  static int modeAfter;
  quern_pool pool = {sizeof(pool), 2, nullptr, nullptr, nullptr};
  pool.run = [](quern_pool *, int64_t tasks, void (*body)(void *, int64_t, int64_t, int32_t), void *argument) {
    std::thread([&] {
      fesetround(FE_DOWNWARD);
      body(argument, 0, tasks, 1);
      modeAfter = fegetround();
    }).join();
  };
  auto model = sumModel(2);
  ModelHandle opened = open(*model);
  EXPECT_EQ(sums(opened, &pool, 2), sums(opened, nullptr, 2));
  EXPECT_EQ(modeAfter, FE_DOWNWARD);
}

static int32_t keepScratch(const quern_launch *launch) {
  auto *scratch = static_cast<int64_t *>(launch->scratch);
  std::fill(scratch, scratch + 13, launch->first_task);
  static_cast<Meeting *>(const_cast<void *>(launch->buffers[0]))->join();
  return std::all_of(scratch, scratch + 13, [&](int64_t word) { return word == launch->first_task; })
             ? QUERN_KERNEL_OK
             : QUERN_KERNEL_SIZE;
}

TEST(Threads, HaveTheirOwnScratch) {
  for (int threads : {2, 3, 7}) {
    Meeting meeting(threads);
    Model model({}, {}, {}, {keepScratch}, [&](quern_frame *frame) -> int32_t {
      const void *buffers[] = {&meeting};
      return quern_frame_launch(frame, 0, buffers, nullptr, threads, 13 * 8);
    });
    ModelHandle opened = open(model);
    PoolHandle pool(quern_pool_create(threads));
    ContextHandle context = createContext(opened, pool.get());
    std::vector<quern_tensor> none;
    run(context, {}, none);
  }
}

/// Phase p of `width` tasks: number t adds up what all tasks of the phase before wrote. buffers: width, words.
static int32_t addUpPhase(const quern_launch *launch) {
  int64_t width = *static_cast<const int64_t *>(launch->buffers[0]);
  auto *words = static_cast<uint64_t *>(const_cast<void *>(launch->buffers[1]));
  for (int64_t task = launch->first_task; task < launch->last_task; ++task) {
    words[task] = uint64_t(task);
    for (int64_t other = 0; task >= width && other < width; ++other)
      words[task] += words[task / width * width - width + other] * uint64_t(other + 1);
  }
  return QUERN_KERNEL_OK;
}

TEST(Threads, PhasesFollowEachOther) {
  for (int64_t width : {1, 2, 5, 64}) {
    constexpr int64_t phases = 200;
    auto wordsOf = [&](quern_pool *pool) {
      std::vector<uint64_t> words(phases * width);
      Model model({}, {}, {}, {addUpPhase}, [&](quern_frame *frame) -> int32_t {
        const void *buffers[] = {&width, words.data()};
        return quern_frame_launch_phases(frame, 0, buffers, nullptr, width, 0, phases);
      });
      ModelHandle opened = open(model);
      ContextHandle context = createContext(opened, pool);
      std::vector<quern_tensor> none;
      run(context, {}, none);
      return words;
    };
    std::vector<uint64_t> alone = wordsOf(nullptr);
    EXPECT_NE(alone.back(), 0u);
    for (int threads : {2, 3, 7}) {
      PoolHandle pool(quern_pool_create(threads));
      EXPECT_EQ(wordsOf(pool.get()), alone) << threads;
    }
  }
}

static int32_t failInPhaseOne(const quern_launch *launch) {
  ++*static_cast<std::atomic<int> *>(const_cast<void *>(launch->buffers[0]));
  return launch->last_task > 4 ? QUERN_KERNEL_SIZE : QUERN_KERNEL_OK;
}

TEST(Threads, NoPhaseFollowsAnError) {
  std::atomic<int> calls = 0;
  Model model({}, {}, {}, {failInPhaseOne}, [&](quern_frame *frame) -> int32_t {
    const void *buffers[] = {&calls};
    return quern_frame_launch_phases(frame, 0, buffers, nullptr, 4, 0, 1000);
  });
  ModelHandle opened = open(model);
  PoolHandle pool(quern_pool_create(2));
  ContextHandle context = createContext(opened, pool.get());
  std::vector<quern_tensor> none;
  EXPECT_NE(run(context, {}, none, QUERN_DATA_ERROR), "");
  EXPECT_LE(calls, 8);
}

TEST(Threads, ManyShareAModel) {
  const int64_t tasks = 33;
  auto model = sumModel(tasks);
  ModelHandle opened = open(*model);
  PoolHandle pool(quern_pool_create(2));
  std::vector<float> expected = sums(opened, nullptr, tasks);
  std::atomic<int> differences{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round)
        differences += sums(opened, i % 2 ? pool.get() : nullptr, tasks) != expected;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(differences, 0);
}

static std::atomic<int> kernelCalls{0};

static int32_t failAtOnce(const quern_launch *) {
  ++kernelCalls;
  return QUERN_KERNEL_INDEX;
}

TEST(Threads, AKernelErrorDrainsTheLaunch) {
  Model model({}, {}, {}, {failAtOnce}, [](quern_frame *frame) -> int32_t {
    return quern_frame_launch(frame, 0, nullptr, nullptr, 1000, 0);
  });
  ModelHandle opened = open(model);
  PoolHandle pool(quern_pool_create(3));
  ContextHandle context = createContext(opened, pool.get());
  std::vector<quern_tensor> none;
  for (int round = 0; round < 50; ++round) {
    kernelCalls = 0;
    EXPECT_EQ(run(context, {}, none, QUERN_DATA_ERROR), "node \"Node0\": index out of range (kernel \"site0\")");
    // Each thread may have been inside when the first one failed, and begins nothing after.
    EXPECT_LE(kernelCalls, 3);
  }
}

TEST(Threads, OwnPoolOfTheProgram) {
  struct Recorder {
    quern_pool pool;
    int runs;
  } recorder = {{sizeof(quern_pool), 4, nullptr, nullptr, nullptr}, 0};
  recorder.pool.state = &recorder;
  recorder.pool.run = [](quern_pool *pool, int64_t tasks, void (*body)(void *, int64_t, int64_t, int32_t),
                         void *argument) {
    ++static_cast<Recorder *>(pool->state)->runs;
    for (int64_t task = tasks; task-- > 0;)
      body(argument, task, task + 1, int32_t(task % 4));
  };
  const int64_t tasks = 9;
  auto model = sumModel(tasks);
  ModelHandle opened = open(*model);
  EXPECT_EQ(sums(opened, &recorder.pool, tasks), sums(opened, nullptr, tasks));
  EXPECT_EQ(recorder.runs, 1);
}
