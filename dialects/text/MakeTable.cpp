// Hash tables of constant keys, as the kernels on strings search them.
#include "dialects/graph/ConstantTensor.h"
#include "dialects/text/Text.h"
#include "runtime/text/table.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::text;

/// Whether the numbers go up from 0 to `last`.
static bool isLadder(const ConstantTensor &numbers, int64_t last) {
  for (int64_t i = 0; i < numbers.count(); ++i)
    if (numbers.integer(i) < (i ? numbers.integer(i - 1) : 0))
      return false;
  return numbers.integer(0) == 0 && numbers.integer(numbers.count() - 1) == last;
}

static void insertKeys(quern_table *table, llvm::ArrayRef<uint64_t> starts, llvm::ArrayRef<uint64_t> offsets,
                       llvm::MutableArrayRef<uint64_t> slots, const char *bytes) {
  for (uint64_t group = 0; group < table->groups; ++group)
    for (uint64_t entry = starts[group]; entry < starts[group + 1]; ++entry) {
      const char *key = bytes + offsets[entry];
      uint64_t size = offsets[entry + 1] - offsets[entry];
      table->longest = std::max(table->longest, size);
      if (quern_table_find(table, group, key, size) >= 0)
        continue;
      uint64_t hash = quern_hash(key, size, group), at = hash & (slots.size() - 1);
      while (slots[at])
        at = (at + 1) & (slots.size() - 1);
      slots[at] = hash >> 32 << 32 | (entry + 1);
    }
}

std::optional<ElementsAttr> text::makeTable(HashTableOp op) {
  SmallVector<ConstantTensor> operands;
  for (Value operand : op->getOperands()) {
    auto constant = operand.getDefiningOp<ConstantOp>();
    std::optional<ConstantTensor> read = constant ? ConstantTensor::read(constant.getValue()) : std::nullopt;
    if (!read)
      return std::nullopt;
    operands.push_back(std::move(*read));
  }
  const ConstantTensor &bytes = operands[0], &offsets = operands[1], &starts = operands[2];
  int64_t entries = offsets.count() - 1;
  if (!isLadder(offsets, bytes.count()) || !isLadder(starts, entries)) {
    op.emitError("has offsets or starts that do not go up from 0 to the end");
    return std::nullopt;
  }
  uint64_t slots = llvm::PowerOf2Ceil(2 * entries + 2);
  auto type = cast<RankedTensorType>(op.getType());
  int64_t size = type.getNumElements();
  return makeConstant(type, *ElementFormat::of(type.getElementType()), [&](char *result) {
    std::vector<uint64_t> memory(llvm::divideCeil(size, sizeof(uint64_t)));
    auto *table = new (memory.data()) quern_table{uint64_t(entries), uint64_t(starts.count() - 1), slots, 0};
    auto fill = [](const uint64_t *to, const ConstantTensor &from) {
      llvm::MutableArrayRef<uint64_t> words(const_cast<uint64_t *>(to), from.count());
      for (auto [i, word] : llvm::enumerate(words))
        word = from.integer(i);
      return words;
    };
    auto startWords = fill(quern_table_starts(table), starts), offsetWords = fill(quern_table_offsets(table), offsets);
    std::memcpy(const_cast<char *>(quern_table_bytes(table)), bytes.bytes, bytes.count());
    insertKeys(table, startWords, offsetWords, {const_cast<uint64_t *>(quern_table_slots(table)), slots},
               quern_table_bytes(table));
    std::memcpy(result, memory.data(), size);
  });
}
