// ldmatrix and stmatrix: 8x8 matrices of 16-bit elements between shared memory and registers.
//
// Lane l holds elements (l / 4, 2 * (l % 4)) and the next of its row, or, with .trans, of its column. The addresses of
// the eight rows of matrix m are those of lanes 8 * m to 8 * m + 7.
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/machine/Addresses.h"
#include <cstring>

namespace quern::ptx {
namespace {

constexpr unsigned kRows = 8, kRowBytes = 16;
enum : uint8_t { kTrans = 1, kStore = 2 };

/// Where element `half` of a lane's pair lies: row and column of the matrix.
std::pair<unsigned, unsigned> elementOf(unsigned lane, unsigned half, bool isTransposed) {
  unsigned along = lane % 4 * 2 + half, across = lane / 4;
  return isTransposed ? std::pair(along, across) : std::pair(across, along);
}

/// Registers at rows[0..count), addresses at rows[count].
void run(Warp &warp, const Op &op, Mask mask) {
  if (!warp.gather(mask, ~Mask(0)))
    return;
  bool isStore = op.variant & kStore, isTransposed = op.variant & kTrans;
  Mask addressed = op.count == 4 ? ~Mask(0) : (1u << op.count * kRows) - 1;
  Pointers pointers;
  resolve(warp, op, op.count, addressed, kRowBytes, isStore ? Access::Write : Access::Read, pointers);
  for (unsigned m = 0; m < op.count; ++m) {
    uint32_t *registers = warp.row<uint32_t>(op.rows[m]);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      for (unsigned half = 0; half < 2; ++half) {
        auto [row, column] = elementOf(lane, half, isTransposed);
        uint8_t *at = pointers.of[m * kRows + row] + column * sizeof(uint16_t);
        uint16_t element = static_cast<uint16_t>(registers[lane] >> half * 16);
        if (isStore) {
          std::memcpy(at, &element, sizeof element);
        } else {
          std::memcpy(&element, at, sizeof element);
          registers[lane] = half ? (registers[lane] & 0xffff) | uint32_t(element) << 16 : element;
        }
      }
  }
}

void makeMatrixAccess(Instruction &in, bool isStore) {
  if (!in.take("sync") || !in.take("aligned") || !in.take("m8n8"))
    in.unsupported();
  unsigned count = in.modifiers.takeNumber('x');
  bool isTransposed = in.take("trans");
  in.space();
  if (in.type() != kB16 || (count != 1 && count != 2 && count != 4))
    in.unsupported();
  in.expectOperands(2);
  const Operand &vector = in.operands[isStore];
  if (vector.kind != Operand::Kind::Vector || vector.elements.size() != count)
    in.fail("needs a vector of " + std::to_string(count) + " registers");
  for (unsigned m = 0; m < count; ++m)
    in.op.rows[m] = isStore ? in.source(vector.elements[m], kB32) : in.result(vector.elements[m], kB32);
  in.op.count = count;
  in.op.variant = (isTransposed ? kTrans : 0) | (isStore ? kStore : 0);
  in.address(in.operands[!isStore], count, Space::Shared);
  in.emit(run);
}

} // namespace

void decodeLdmatrix(Instruction &in) {
  makeMatrixAccess(in, false);
}
void decodeStmatrix(Instruction &in) {
  makeMatrixAccess(in, true);
}

} // namespace quern::ptx
