#include "test/runtime/Fixture.h"
#include <atomic>
#include <cfenv>
#include <cmath>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace quern::test;

namespace {

using Body = std::function<void(int64_t first, int64_t last, int32_t thread)>;

void runTasks(quern_pool *pool, int64_t tasks, const Body &body) {
  pool->run(
      pool, tasks,
      [](void *argument, int64_t first, int64_t last, int32_t thread) {
        (*static_cast<const Body *>(argument))(first, last, thread);
      },
      const_cast<Body *>(&body));
}

/// Every task runs once, on a thread that runs nothing else at that time.
void checkCoverage(quern_pool *pool, int64_t tasks) {
  std::vector<std::atomic<int>> times(tasks);
  std::vector<std::atomic<int>> busy(pool->threads);
  std::atomic<int64_t> faults{0};
  runTasks(pool, tasks, [&](int64_t first, int64_t last, int32_t thread) {
    bool valid = first >= 0 && first < last && last <= tasks && thread >= 0 && thread < pool->threads;
    if (!valid || busy[thread]++) {
      ++faults;
      return;
    }
    for (int64_t task = first; task < last; ++task)
      ++times[task];
    --busy[thread];
  });
  EXPECT_EQ(faults, 0);
  for (int64_t task = 0; task < tasks; ++task)
    ASSERT_EQ(times[task], 1) << "task " << task << " of " << tasks << " on " << pool->threads;
}

int countThreads() {
  int count = 0;
  FILE *status = fopen("/proc/self/status", "r");
  for (char line[256]; fgets(line, sizeof(line), status);)
    sscanf(line, "Threads: %d", &count);
  fclose(status);
  return count;
}

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

TEST(Pool, RefusesNoThreads) {
  EXPECT_EQ(quern_pool_create(0), nullptr);
  EXPECT_EQ(quern_pool_create(-3), nullptr);
  quern_pool_destroy(nullptr);
}

TEST(Pool, CoversEveryTaskOnce) {
  for (int threads : {1, 2, 3, 7, 16}) {
    PoolHandle pool(quern_pool_create(threads));
    for (int round = 0; round < 20; ++round)
      for (int64_t tasks : {0, 1, 2, 3, 5, 7, 8, 15, 29, 64, 1000})
        checkCoverage(pool.get(), tasks);
  }
}

TEST(Pool, TakesHugeTaskNumbers) {
  PoolHandle pool(quern_pool_create(3));
  std::atomic<int64_t> covered{0};
  runTasks(pool.get(), INT64_MAX, [&](int64_t first, int64_t last, int32_t) { covered += last - first; });
  EXPECT_EQ(covered, INT64_MAX);
}

TEST(Pool, SleepsAndWakes) {
  PoolHandle pool(quern_pool_create(2));
  for (int round = 0; round < 20; ++round) {
    checkCoverage(pool.get(), 8);
    std::this_thread::sleep_for(std::chrono::microseconds(round % 2 ? 1000 : 40));
  }
}

TEST(Pool, UsesItsThreads) {
  PoolHandle pool(quern_pool_create(3));
  std::atomic<int> inside{0};
  runTasks(pool.get(), 3, [&](int64_t, int64_t, int32_t) {
    ++inside;
    while (inside < 3)
      std::this_thread::yield();
  });
  EXPECT_EQ(inside, 3);
}

TEST(Pool, StartsThreadsAtTheFirstRunAndEndsThem) {
  int before = countThreads();
  {
    PoolHandle pool(quern_pool_create(4));
    EXPECT_EQ(countThreads(), before);
    checkCoverage(pool.get(), 1);
    EXPECT_EQ(countThreads(), before);
    checkCoverage(pool.get(), 8);
    EXPECT_EQ(countThreads(), before + 3);
  }
  // A joined thread may linger in the kernel's count for a moment.
  for (int i = 0; i < 1000 && countThreads() != before; ++i)
    usleep(1000);
  EXPECT_EQ(countThreads(), before);
  PoolHandle single(quern_pool_create(1));
  checkCoverage(single.get(), 8);
  EXPECT_EQ(countThreads(), before);
}

TEST(Pool, CreateAndDestroyAtOnce) {
  for (int i = 0; i < 200; ++i) {
    PoolHandle pool(quern_pool_create(3));
    if (i % 2)
      checkCoverage(pool.get(), 3);
  }
}

TEST(Pool, NestedRunIsInline) {
  PoolHandle pool(quern_pool_create(3));
  std::atomic<int64_t> covered{0};
  runTasks(pool.get(), 6, [&](int64_t first, int64_t last, int32_t) {
    std::thread::id self = std::this_thread::get_id();
    for (int64_t task = first; task < last; ++task)
      runTasks(pool.get(), 10, [&](int64_t innerFirst, int64_t innerLast, int32_t thread) {
        EXPECT_EQ(std::this_thread::get_id(), self);
        EXPECT_EQ(thread, 0);
        covered += innerLast - innerFirst;
      });
  });
  EXPECT_EQ(covered, 60);
}

TEST(Pool, ConcurrentCallersAllFinish) {
  PoolHandle pool(quern_pool_create(3));
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round)
        checkCoverage(pool.get(), 17);
    });
  for (std::thread &caller : callers)
    caller.join();
}

/// What a child process does; it must not return into the test program.
static int inChild(const std::function<bool()> &body) {
  pid_t child = fork();
  if (child == 0)
    _exit(body() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(PoolFork, ChildStartsItsOwnThreads) {
  PoolHandle pool(quern_pool_create(3));
  checkCoverage(pool.get(), 30);
  EXPECT_EQ(inChild([&] {
              alarm(20);
              bool alone = countThreads() == 1;
              checkCoverage(pool.get(), 30);
              bool started = countThreads() == 3;
              pool.reset();
              return alone && started && !testing::Test::HasFailure();
            }),
            0);
  checkCoverage(pool.get(), 30);
}

TEST(PoolFork, ChildMayOnlyDestroyThePool) {
  PoolHandle pool(quern_pool_create(3));
  checkCoverage(pool.get(), 30);
  EXPECT_EQ(inChild([&] {
              alarm(20);
              pool.reset();
              return true;
            }),
            0);
}

TEST(PoolFork, ForkDuringAJobOfAnotherThread) {
  PoolHandle pool(quern_pool_create(3));
  std::atomic<bool> running{false}, forked{false};
  std::thread other([&] {
    runTasks(pool.get(), 3, [&](int64_t, int64_t, int32_t) {
      running = true;
      while (!forked)
        std::this_thread::yield();
    });
  });
  while (!running)
    std::this_thread::yield();
  EXPECT_EQ(inChild([&] {
              alarm(20);
              checkCoverage(pool.get(), 30);
              return countThreads() == 3 && !testing::Test::HasFailure();
            }),
            0);
  forked = true;
  other.join();
}

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

TEST(Threads, WorkInTheCallersFloatingPointMode) {
  const int64_t tasks = 97;
  auto model = sumModel(tasks);
  ModelHandle opened = open(*model);
  PoolHandle pool(quern_pool_create(3));
  std::vector<float> nearest = sums(opened, pool.get(), tasks); // the workers start in this mode
  fesetround(FE_UPWARD);
  std::vector<float> alone = sums(opened, nullptr, tasks), together = sums(opened, pool.get(), tasks);
  EXPECT_EQ(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  EXPECT_EQ(alone, together);
  EXPECT_NE(alone, nearest);
  EXPECT_EQ(sums(opened, pool.get(), tasks), nearest);
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
  } recorder = {{sizeof(quern_pool), 4, nullptr, nullptr}, 0};
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
