// What a run costs beside its kernels. The bounds are loose, as machines are shared; the figures are printed.
#include "test/runtime/Fixture.h"
#include <algorithm>
#include <chrono>
#include <cstdio>

using namespace quern::test;

static int32_t nothing(const quern_launch *) { return QUERN_KERNEL_OK; }

/// The best time of one `body()` in nanoseconds.
template <class Function> static double nanoseconds(int repeats, Function body) {
  double best = 1e30;
  for (int round = 0; round < 30; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i)
      body();
    std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count() / repeats);
  }
  return best;
}

TEST(Overhead, ThreeLaunches) {
  Model model({{"x", QUERN_F32, {-1, 16}}}, {{"y", QUERN_F32, {-1, 4}}}, {"batch"}, {nothing, nothing, nothing},
              [](quern_frame *frame) -> int32_t {
                int64_t dims[] = {frame->symbols[0], 4};
                void *y = quern_frame_output(frame, 0, 2, dims);
                char *arena = static_cast<char *>(quern_frame_arena(frame, 4096));
                if (!y || !arena)
                  return QUERN_OUT_OF_MEMORY;
                const void *buffers[] = {frame->inputs[0].data, arena, y};
                for (uint32_t site = 0; site < 3; ++site)
                  if (int32_t status = quern_frame_launch(frame, site, buffers, dims, 1, 0))
                    return status;
                return QUERN_OK;
              });
  ModelHandle opened = open(model);
  ContextHandle context = createContext(opened);
  std::vector<float> x(16), y(4);
  quern_tensor input = tensor(x, {1, 16}), output = tensor(y, {1, 4});
  double time = nanoseconds(2000, [&] { quern_run(context.get(), &input, 1, &output, 1); });
  printf("a run of three launches: %.0f ns\n", time);
  EXPECT_LT(time, 300);
}

TEST(Overhead, PoolRoundTrip) {
  PoolHandle pool(quern_pool_create(2));
  auto empty = [](void *, int64_t, int64_t, int32_t) {};
  double time = nanoseconds(2000, [&] { pool->run(pool.get(), 2, empty, nullptr); });
  printf("a job of two empty tasks on two threads: %.0f ns\n", time);
  EXPECT_LT(time, 100000);
}
