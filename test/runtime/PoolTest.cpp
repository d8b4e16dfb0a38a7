#include "test/runtime/Faults.h"
#include "test/runtime/Fixture.h"
#include <atomic>
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

/// Every task of every phase runs once, and none before all of the phase before have ended. A pool of more threads than
/// CPUs runs each phase as a job.
void checkPhases(quern_pool *pool, int64_t tasks, int64_t phases) {
  std::vector<std::atomic<int>> times(tasks * phases);
  std::atomic<int64_t> ended{0}, faults{0};
  Body body = [&](int64_t first, int64_t last, int32_t thread) {
    faults += first < 0 || first >= last || last > tasks * phases || thread < 0 || thread >= pool->threads;
    for (int64_t task = first; task < last; ++task) {
      faults += ended < task / tasks * tasks;
      ++times[task];
      ++ended;
    }
  };
  auto call = [](void *argument, int64_t first, int64_t last, int32_t thread) {
    (*static_cast<const Body *>(argument))(first, last, thread);
  };
  if (pool->run_phases)
    pool->run_phases(pool, tasks, phases, call, &body);
  EXPECT_EQ(faults, 0);
  for (std::atomic<int> &count : times)
    ASSERT_EQ(count, pool->run_phases ? 1 : 0) << tasks << " tasks in " << phases << " phases on " << pool->threads;
}

int countThreads() {
  int count = 0;
  FILE *status = fopen("/proc/self/status", "r");
  for (char line[256]; fgets(line, sizeof(line), status);)
    sscanf(line, "Threads: %d", &count);
  fclose(status);
  return count;
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

TEST(Pool, PhasesBeginWhenThoseBeforeHaveEnded) {
  ASSERT_NE(PoolHandle(quern_pool_create(1))->run_phases, nullptr);
  for (int threads : {1, 2, 3, 7, 16}) {
    PoolHandle pool(quern_pool_create(threads));
    for (int round = 0; round < 20; ++round)
      for (int64_t tasks : {0, 1, 2, 3, 8, 29})
        for (int64_t phases : {0, 1, 2, 50}) {
          checkPhases(pool.get(), tasks, phases);
          checkCoverage(pool.get(), tasks);
        }
  }
}

TEST(Pool, PhasesOfConcurrentCallersAllEnd) {
  PoolHandle pool(quern_pool_create(2));
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round)
        checkPhases(pool.get(), 5, 20);
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(Pool, AThreadThatSleepsDelaysNoPhase) {
  PoolHandle pool(quern_pool_create(2));
  for (int round = 0; round < 20; ++round) {
    checkPhases(pool.get(), 8, 10);
    std::this_thread::sleep_for(std::chrono::microseconds(round % 2 ? 1000 : 40));
  }
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

static void checkFork() {
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

TEST(PoolFork, ChildStartsItsOwnThreads) { checkFork(); }

TEST(PoolFork, IsSeenOnKernelsThatCannotZeroAPage) {
  faults.failMadvise = true;
  checkFork();
  faults.failMadvise = false;
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

TEST(PoolFork, ForkDuringPhasesOfAnotherThread) {
  PoolHandle pool(quern_pool_create(2));
  if (!pool->run_phases)
    GTEST_SKIP() << "one CPU";
  struct State {
    std::atomic<bool> running{false}, forked{false};
  } state;
  std::thread other([&] {
    pool->run_phases(
        pool.get(), 2, 3,
        [](void *argument, int64_t, int64_t, int32_t) {
          auto *state = static_cast<State *>(argument);
          state->running = true;
          while (!state->forked)
            std::this_thread::yield();
        },
        &state);
  });
  while (!state.running)
    std::this_thread::yield();
  EXPECT_EQ(inChild([&] {
              alarm(20);
              checkPhases(pool.get(), 8, 30);
              checkCoverage(pool.get(), 30);
              return countThreads() == 2 && !testing::Test::HasFailure();
            }),
            0);
  state.forked = true;
  other.join();
}

TEST(PoolFork, ForkDuringAJobOfAnotherThread) {
  PoolHandle pool(quern_pool_create(3));
  std::atomic<bool> running{false}, forked{false};
  std::thread other([&] {
    runTasks(pool.get(), 30, [&](int64_t, int64_t, int32_t) {
      running = true;
      while (!forked)
        std::this_thread::yield();
    });
  });
  while (!running)
    std::this_thread::yield();
  EXPECT_EQ(inChild([&] {
              alarm(20);
              checkCoverage(pool.get(), 2); // what the parent has not begun is not ours to do
              checkCoverage(pool.get(), 30);
              return countThreads() == 3 && !testing::Test::HasFailure();
            }),
            0);
  forked = true;
  other.join();
}
