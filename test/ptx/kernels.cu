// Kernels that test_cuda.py compiles with nvcc and runs in the interpreter.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void rowSoftmax(const float *x, float *y, int n) {
  extern __shared__ float partial[];
  x += blockIdx.x * n, y += blockIdx.x * n;
  float top = -INFINITY, sum = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    top = fmaxf(top, x[i]);
  for (int o = 16; o; o >>= 1)
    top = fmaxf(top, __shfl_xor_sync(~0u, top, o));
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = top;
  __syncthreads();
  for (int i = 0; i < blockDim.x / 32; ++i)
    top = fmaxf(top, partial[i]);
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    sum += y[i] = expf(x[i] - top);
  for (int o = 16; o; o >>= 1)
    sum += __shfl_xor_sync(~0u, sum, o);
  __syncthreads();
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = 0;
  for (int i = 0; i < blockDim.x / 32; ++i)
    sum += partial[i];
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    y[i] /= sum;
}

extern "C" __global__ void sumDown(const int *x, int *y) {
  int value = x[blockIdx.x * 32 + threadIdx.x];
  for (int o = 16; o; o >>= 1)
    value += __shfl_down_sync(~0u, value, o);
  if (threadIdx.x == 0)
    y[blockIdx.x] = value;
}

constexpr int TILE = 16;
extern "C" __global__ void matmulTiled(const float *a, const float *b, float *c, int m, int n, int k) {
  __shared__ float as[TILE][TILE], bs[TILE][TILE];
  int row = blockIdx.y * TILE + threadIdx.y, col = blockIdx.x * TILE + threadIdx.x;
  float sum = 0;
  for (int t = 0; t < k; t += TILE) {
    as[threadIdx.y][threadIdx.x] = row < m && t + threadIdx.x < k ? a[row * k + t + threadIdx.x] : 0;
    bs[threadIdx.y][threadIdx.x] = t + threadIdx.y < k && col < n ? b[(t + threadIdx.y) * n + col] : 0;
    __syncthreads();
    for (int i = 0; i < TILE; ++i)
      sum += as[threadIdx.y][i] * bs[i][threadIdx.x];
    __syncthreads();
  }
  if (row < m && col < n)
    c[row * n + col] = sum;
}

__device__ unsigned sharedAddress(const void *p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

// One warp makes 16x8 of C = A * B; A and B are brought by cp.async, two stages deep, and read by ldmatrix.
extern "C" __global__ void gemmMma(const __half *a, const __half *b, float *c, int n, int k) {
  __shared__ __align__(16) __half as[2][16][16], bs[2][16][8];
  int lane = threadIdx.x, row = blockIdx.y * 16, col = blockIdx.x * 8;
  float acc[4] = {};
  auto fetch = [&](int stage, int t) {
    unsigned to = sharedAddress(&as[stage][lane / 2][lane % 2 * 8]);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(a + (row + lane / 2) * k + t + lane % 2 * 8));
    if (lane < 16)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(&bs[stage][lane][0])),
                   "l"(b + (t + lane) * n + col));
    asm volatile("cp.async.commit_group;");
  };
  fetch(0, 0);
  for (int t = 0; t < k; t += 16) {
    int stage = t / 16 % 2;
    if (t + 16 < k) {
      fetch(stage ^ 1, t + 16);
      asm volatile("cp.async.wait_group %0;" ::"n"(WAIT));
    } else {
      asm volatile("cp.async.wait_all;");
    }
    __syncthreads();
    unsigned ra[4], rb[2];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(ra[0]), "=r"(ra[1]), "=r"(ra[2]), "=r"(ra[3])
                 : "r"(sharedAddress(&as[stage][lane % 16][lane / 16 * 8])));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(rb[0]), "=r"(rb[1])
                 : "r"(sharedAddress(&bs[stage][lane % 16][0])));
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3])
                 : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]));
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i)
    c[(row + lane / 4 + i / 2 * 8) * n + col + lane % 4 * 2 + i % 2] = acc[i];
}

extern "C" __global__ void histogram(const unsigned char *x, unsigned *bins, int n) {
  __shared__ unsigned own[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    own[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&own[x[i]], 1);
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    atomicAdd(&bins[i], own[i]);
}

__device__ __noinline__ float weighted(float4 v, const float *w) { return v.x * w[0] + v.y * w[1] + v.z * w[2] + v.w * w[3]; }
__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

// Calls, recursion, a local array, a switch.
extern "C" __global__ void functions(const float4 *x, float *y, int *f, float4 w) {
  int i = threadIdx.x;
  float local[4] = {w.x, w.y, w.z, w.w};
  y[i] = weighted(x[i], local);
  int value = fibonacci(i % 12);
  switch (i % 7) {
  case 0: value += 100; break;
  case 1: value *= 3; break;
  case 2: value -= 5; break;
  case 3: value = -value; break;
  case 4: value ^= 0x55; break;
  case 5: value <<= 2; break;
  }
  f[i] = value;
}

extern "C" __global__ void trigonometry(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = sinf(x[i]) + logf(fabsf(x[i]) + 1) * tanhf(x[i]) + powf(fabsf(x[i]), 0.3f) + erff(x[i]);
}

extern "C" __global__ void halves(const __half2 *x, __half2 *y, const __nv_bfloat16 *u, __nv_bfloat16 *v) {
  int i = threadIdx.x;
  y[i] = __hfma2(x[i], x[i], __hmul2(x[i], __float2half2_rn(0.5f)));
  v[i] = __float2bfloat16(__bfloat162float(u[i]) * 1.5f + 1.0f);
}
