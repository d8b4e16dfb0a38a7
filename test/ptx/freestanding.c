// Kernels that test_llvm.py compiles with clang for nvptx64 and, but for the threads, for the host.
#ifdef __NVPTX__
#define KERNEL __attribute__((nvptx_kernel))
#define SHARED __attribute__((address_space(3)))
static int threadIndex(void) { return __nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x(); }
#else
#define KERNEL
extern int hostThread;
int hostThread;
static int threadIndex(void) { return hostThread; }
#endif

typedef unsigned u32;
typedef unsigned long long u64;
typedef long long s64;

__attribute__((noinline)) static u64 collatz(u64 n) {
  u64 steps = 0;
  for (; n != 1 && steps < 200; ++steps)
    n = n & 1 ? 3 * n + 1 : n / 2;
  return steps;
}

struct Mixed {
  signed char a;
  short b;
  int c;
  s64 d;
  float e;
  double f;
};

__attribute__((noinline)) static struct Mixed turn(struct Mixed m) {
  struct Mixed r = {(signed char)m.b, (short)m.c, (int)m.d, m.a, (float)m.f, m.e};
  return r;
}

KERNEL void integers(const u64 *x, u64 *y) {
  int i = threadIndex();
  u64 a = x[2 * i], b = x[2 * i + 1] | 1, r = 0;
  r += a / b + (u64)((s64)a / (s64)b) + a % b;
  r = r * 31 + (u64)__builtin_popcountll(a) + (u64)__builtin_clzll(b) + (u64)__builtin_ctzll(b);
  r = r * 31 + __builtin_bswap64(a) + __builtin_bitreverse64(b);
  r = r * 31 + ((u32)a << (b & 31) | (u32)a >> (-b & 31));
  r = r * 31 + (u64)((__int128)(s64)a * (s64)b >> 64) + (a << (b & 63)) + (u64)((s64)a >> (b & 63));
  r = r * 31 + collatz(a % 1000 + 1);
  u32 p = a, q = b;
  switch (p % 9) {
  case 0: r += p / (q | 1); break;
  case 1: r ^= p % (q | 1); break;
  case 2: r -= (u64)((int)p / (int)(q | 1)); break;
  case 3: r *= 3; break;
  case 4: r += p > q ? p - q : q - p; break;
  case 5: r += __builtin_popcount(p); break;
  case 6: r = ~r; break;
  case 7: r += (short)p; break;
  }
  y[i] = r;
}

KERNEL void floats(const float *x, float *y, double *z) {
  int i = threadIndex();
  float a = x[i], b = x[i + 1];
  double wide = (double)a * b + 1.0 / (1.0 + (double)a * a);
  _Float16 h = (_Float16)a * (_Float16)b;
  y[i] = a / b + __builtin_fmaf(a, b, 1.0f) + __builtin_sqrtf(a * a + b * b) + (float)h + (float)(int)(a * 100) +
         __builtin_fminf(a, b) + (a < b ? 1.0f : -1.0f) + __builtin_floorf(a) + __builtin_ceilf(b) + __builtin_rintf(a * 3) +
         __builtin_truncf(b * 5) + __builtin_copysignf(a, b) + (float)(u32)(__builtin_fabsf(b) * 7) + (float)(s64)(a * 1e10f);
  z[i] = wide + __builtin_fabs(wide) * 0.5;
}

KERNEL void structures(const struct Mixed *x, struct Mixed *y, struct Mixed by) {
  int i = threadIndex();
  struct Mixed local[3] = {x[i], by, turn(x[i])};
  struct Mixed r = turn(local[(unsigned)x[i].c % 3]);
  r.c += local[1].c;
  y[i] = r;
}

#ifdef __NVPTX__
static SHARED float tile[64];
KERNEL void neighbours(const float *x, float *y) {
  int t = __nvvm_read_ptx_sreg_tid_x();
  tile[t] = x[threadIndex()];
  __syncthreads();
  float sum = tile[t ^ 32] * 2;
  for (int o = 16; o; o >>= 1)
    sum += __nvvm_shfl_sync_bfly_f32(-1, sum, o, 31);
  y[threadIndex()] = sum;
}
#endif
