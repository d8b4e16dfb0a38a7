/* Peak f32 FMA rate and read bandwidth of this machine. roofline.py builds this as a shared library:
 *   cc -O3 -march=native -ffp-contract=fast -pthread -shared -fPIC roofline.c -o roofline.so
 * Rates are in 1e9 per second, summed over the threads, each thread's best of `repeats`. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
enum { WIDTH = 64, ACCUMULATORS = 24 };
#elif defined(__AVX2__)
enum { WIDTH = 32, ACCUMULATORS = 12 };
#else
enum { WIDTH = 16, ACCUMULATORS = 24 };
#endif
enum { LANES = WIDTH / 4, FMA_ROUNDS = 1000000, MAX_THREADS = 256 };
typedef float floats __attribute__((vector_size(WIDTH)));
typedef int32_t ints __attribute__((vector_size(WIDTH)));

static pthread_barrier_t barrier;
static int repeats;
static size_t bytes; /* read by each thread in one pass; 0: measure FMA */
static volatile float sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static double fma_flops(void) {
  floats a[ACCUMULATORS], x = {0}, y = {0};
  x += 0.999f, y += 1e-3f;
  for (int i = 0; i < ACCUMULATORS; i++) a[i] = y * (float)i;
  for (long i = 0; i < FMA_ROUNDS; i++)
#pragma GCC unroll 24
    for (int j = 0; j < ACCUMULATORS; j++) a[j] = a[j] * x + y;
  floats s = a[0];
  for (int i = 1; i < ACCUMULATORS; i++) s += a[i];
  sink = s[0];
  return (double)FMA_ROUNDS * ACCUMULATORS * 2.0 * LANES;
}

static double read_bytes(const char *data) {
  ints a = {0}, b = a, c = a, d = a;
  const size_t passes = bytes < (256u << 20) ? (512u << 20) / bytes : 1;
  for (size_t p = 0; p < passes; p++)
    for (const ints *v = (const ints *)data, *end = (const ints *)(data + bytes); v < end; v += 4) {
      a ^= v[0], b ^= v[1], c ^= v[2], d ^= v[3];
    }
  a ^= b ^ c ^ d;
  sink = (float)a[0];
  return (double)passes * bytes;
}

/* One thread's share; returns, through arg, its best rate. */
static void *work(void *arg) {
  char *data = NULL;
  if (bytes) {
    data = aligned_alloc(64, bytes);
    if (!data) exit(1);
    memset(data, 1, bytes);
  }
  double best = 0;
  for (int r = 0; r < repeats; r++) {
    pthread_barrier_wait(&barrier);
    double start = now(), amount = data ? read_bytes(data) : fma_flops();
    double rate = amount / (now() - start);
    if (rate > best) best = rate;
  }
  free(data);
  *(double *)arg = best;
  return NULL;
}

static double total_rate(int threads) {
  if (threads < 1 || threads > MAX_THREADS) return 0;
  pthread_t id[MAX_THREADS];
  double rate[MAX_THREADS], sum = 0;
  pthread_barrier_init(&barrier, NULL, threads);
  for (int t = 0; t < threads; t++) pthread_create(&id[t], NULL, work, &rate[t]);
  for (int t = 0; t < threads; t++) {
    pthread_join(id[t], NULL);
    sum += rate[t];
  }
  pthread_barrier_destroy(&barrier);
  return sum * 1e-9;
}

/* About 7 ms for each repeat. */
double fma_gflops(int threads, int times) {
  repeats = times, bytes = 0;
  return total_rate(threads);
}

/* Reads a working set of `total` bytes, split over the threads. */
double read_gbytes(int threads, int times, size_t total) {
  repeats = times, bytes = total / threads / 256 * 256;
  return total_rate(threads);
}
