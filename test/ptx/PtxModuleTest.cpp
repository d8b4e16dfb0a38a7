// The interpreter through its C++ interface.
#include "test/ptx/PtxModule.h"
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

namespace quern::ptx {
namespace {

constexpr const char *kHeader = ".version 8.5\n.target sm_80\n.address_size 64\n";

/// c[row][col] = sum of a[row][i] * b[i][col] in blocks of 16x16, a tile of each in shared memory; sizes are multiples.
constexpr const char *kMatmul = R"(
.shared .align 4 .f32 as[256];
.shared .align 4 .f32 bs[256];
.visible .entry matmul(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u32 pn, .param .u32 pk) {
  .reg .pred %p<2>; .reg .b32 %r<32>; .reg .b64 %rd<16>; .reg .f32 %f<8>;
  ld.param.u64 %rd1, [pa]; ld.param.u64 %rd2, [pb]; ld.param.u64 %rd3, [pc];
  ld.param.u32 %r1, [pn]; ld.param.u32 %r2, [pk];
  mov.u32 %r3, %tid.x; mov.u32 %r4, %tid.y; mov.u32 %r5, %ctaid.x; mov.u32 %r6, %ctaid.y;
  mad.lo.u32 %r7, %r6, 16, %r4;
  mad.lo.u32 %r8, %r5, 16, %r3;
  mad.lo.u32 %r9, %r4, 16, %r3; shl.b32 %r9, %r9, 2;
  mov.u32 %r10, as; mov.u32 %r11, bs;
  add.u32 %r12, %r10, %r9; add.u32 %r13, %r11, %r9;
  shl.b32 %r14, %r4, 6; add.u32 %r14, %r10, %r14;
  shl.b32 %r15, %r3, 2; add.u32 %r15, %r11, %r15;
  mov.f32 %f1, 0f00000000; mov.u32 %r16, 0;
$tile:
  add.u32 %r17, %r16, %r3; mad.lo.u32 %r17, %r7, %r2, %r17; mul.wide.u32 %rd4, %r17, 4; add.u64 %rd4, %rd1, %rd4;
  ld.global.f32 %f2, [%rd4]; st.shared.f32 [%r12], %f2;
  add.u32 %r17, %r16, %r4; mad.lo.u32 %r17, %r17, %r1, %r8; mul.wide.u32 %rd4, %r17, 4; add.u64 %rd4, %rd2, %rd4;
  ld.global.f32 %f2, [%rd4]; st.shared.f32 [%r13], %f2;
  bar.sync 0;
  mov.u32 %r18, 0; mov.u32 %r19, %r14; mov.u32 %r20, %r15;
$step:
  ld.shared.f32 %f3, [%r19]; ld.shared.f32 %f4, [%r20];
  fma.rn.f32 %f1, %f3, %f4, %f1;
  add.u32 %r19, %r19, 4; add.u32 %r20, %r20, 64; add.u32 %r18, %r18, 1;
  setp.lt.u32 %p1, %r18, 16;
  @%p1 bra $step;
  bar.sync 0;
  add.u32 %r16, %r16, 16; setp.lt.u32 %p1, %r16, %r2;
  @%p1 bra $tile;
  mad.lo.u32 %r17, %r7, %r1, %r8; mul.wide.u32 %rd4, %r17, 4; add.u64 %rd4, %rd3, %rd4;
  st.global.f32 [%rd4], %f1;
  ret;
}
)";

template <class... Values> std::vector<uint8_t> pack(Values... values) {
  std::vector<uint8_t> block;
  auto add = [&](auto value) {
    block.resize((block.size() + sizeof value - 1) / sizeof value * sizeof value);
    block.insert(block.end(), reinterpret_cast<uint8_t *>(&value), reinterpret_cast<uint8_t *>(&value + 1));
  };
  (add(values), ...);
  return block;
}

struct Floats {
  Floats(DeviceMemory &memory, uint32_t count) : address(memory.allocate(count * 4)), count(count) {
    values = reinterpret_cast<float *>(memory.host(address));
  }
  uint64_t address;
  uint32_t count;
  float *values;
};

TEST(PtxModule, MultipliesMatricesInSharedMemory) {
  constexpr uint32_t kSize = 128;
  DeviceMemory memory;
  PtxModule module(std::string(kHeader) + kMatmul, memory);
  Floats a(memory, kSize * kSize), b(memory, kSize * kSize), c(memory, kSize * kSize);
  for (uint32_t i = 0; i < a.count; ++i) {
    a.values[i] = float(i % 17) - 8;
    b.values[i] = float(i % 13) - 6;
  }
  auto start = std::chrono::steady_clock::now();
  uint64_t executed = module.launch("matmul", {kSize / 16, kSize / 16}, {16, 16}, 0,
                                    pack(a.address, b.address, c.address, kSize, kSize));
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("lane_instructions_per_second", std::to_string(executed / seconds));
  std::printf("%.0f million lane instructions per second\n", executed / seconds / 1e6);
  for (uint32_t row = 0; row < kSize; ++row)
    for (uint32_t col = 0; col < kSize; ++col) {
      float expected = 0; // all sums are small integers
      for (uint32_t i = 0; i < kSize; ++i)
        expected += a.values[row * kSize + i] * b.values[i * kSize + col];
      ASSERT_EQ(c.values[row * kSize + col], expected) << row << ", " << col;
    }
  // Of the inner loop alone there are eight instructions for each product.
  EXPECT_GT(executed, uint64_t(8) * kSize * kSize * kSize);
}

TEST(PtxModule, GivesGlobalVariablesTheirValues) {
  DeviceMemory memory;
  PtxModule module(std::string(kHeader) + ".const .align 4 .b32 table[4] = {1, 2, -3};\n"
                                          ".global .f32 half = 0f3F000000;\n"
                                          ".global .align 8 .u64 pointer = generic(table)+8;\n",
                   memory);
  const Variable *table = module.global("table"), *pointer = module.global("pointer");
  ASSERT_TRUE(table && pointer && module.global("half"));
  EXPECT_EQ(table->bytes, 16u);
  EXPECT_EQ(*reinterpret_cast<uint64_t *>(memory.host(pointer->address)), table->address + 8);
  const auto *values = reinterpret_cast<int32_t *>(memory.host(table->address));
  EXPECT_EQ(std::vector<int32_t>(values, values + 4), (std::vector<int32_t>{1, 2, -3, 0}));
  EXPECT_EQ(*reinterpret_cast<float *>(memory.host(module.global("half")->address)), 0.5f);
  EXPECT_EQ(module.global("none"), nullptr);
}

TEST(PtxModule, RefusesLaunchesThatCanNotBe) {
  DeviceMemory memory;
  PtxModule module(std::string(kHeader) + ".visible .entry k(.param .u64 p) .maxntid 64 { ret; }", memory);
  EXPECT_THROW(module.launch("none", {1}, {1}, 0, {}), std::invalid_argument);
  EXPECT_THROW(module.launch("k", {1}, {1}, 0, pack(uint32_t(1))), std::invalid_argument);
  EXPECT_THROW(module.launch("k", {1}, {65}, 0, pack(uint64_t(1))), std::invalid_argument);
  EXPECT_THROW(module.launch("k", {0}, {1}, 0, pack(uint64_t(1))), std::invalid_argument);
  EXPECT_GT(module.launch("k", {1}, {64}, 0, pack(uint64_t(1))), 0u);
}

TEST(PtxModule, EndsKernelsThatDoNotEnd) {
  DeviceMemory memory;
  PtxModule module(std::string(kHeader) + ".visible .entry k() { again: bra.uni again; }", memory);
  module.mostInstructions = 1000;
  try {
    module.launch("k", {1}, {32}, 0, {});
    FAIL() << "the kernel ended";
  } catch (const KernelError &error) {
    EXPECT_EQ(error.kind, FaultKind::Endless);
    EXPECT_NE(std::string(error.what()).find("the warp has run 1000 instructions times lanes and does not end"),
              std::string::npos)
        << error.what();
  }
}

TEST(DeviceMemory, KeepsTheHostOut) {
  DeviceMemory memory;
  uint64_t address = memory.allocate(64);
  EXPECT_DEATH(*reinterpret_cast<volatile int *>(address) = 1, "");
  EXPECT_TRUE(memory.contains(address + 60, 4));
  EXPECT_FALSE(memory.contains(address + 61, 4));
  EXPECT_FALSE(memory.contains(address - 1, 1));
  EXPECT_TRUE(memory.release(address));
  EXPECT_FALSE(memory.release(address));
  EXPECT_NE(memory.allocate(64), address) << "a stale pointer would fit";
  EXPECT_EQ(memory.allocate(memory.totalBytes), 0u);
}

} // namespace
} // namespace quern::ptx
