// Memory for the outputs of models.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace quern {

/// Memory for the large outputs of one model, used again when the arrays that lie in it are gone: fresh pages from the
/// system cost more than many a kernel. Keeps as much in reserve as the largest call gave out, the latest blocks.
class OutputMemory {
public:
  static constexpr size_t smallest = size_t(1) << 16; // below, the arrays' own allocator is as good

  OutputMemory() = default;
  OutputMemory(const OutputMemory &) = delete;
  ~OutputMemory() {
    for (const Piece &piece : idle)
      free(piece.data);
  }

  struct Piece {
    void *data;
    size_t bytes;
  };

  Piece take(size_t bytes) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      auto best = idle.end();
      for (auto it = idle.begin(); it != idle.end(); ++it)
        if (it->bytes >= bytes && it->bytes / 2 <= bytes && (best == idle.end() || it->bytes < best->bytes))
          best = it;
      if (best != idle.end()) {
        Piece piece = *best;
        idle.erase(best);
        kept -= piece.bytes;
        return piece;
      }
    }
    constexpr size_t line = 64;
    size_t rounded = (bytes + line - 1) / line * line;
    void *data = rounded < bytes ? nullptr : aligned_alloc(line, rounded);
    if (!data)
      throw std::bad_alloc();
    return {data, rounded};
  }

  void giveBack(Piece piece) noexcept {
    std::lock_guard<std::mutex> lock(mutex);
    try {
      idle.push_back(piece);
    } catch (const std::bad_alloc &) {
      free(piece.data);
      return;
    }
    kept += piece.bytes;
    size_t first = 0;
    for (; kept > most; ++first) {
      kept -= idle[first].bytes;
      free(idle[first].data);
    }
    idle.erase(idle.begin(), idle.begin() + ptrdiff_t(first));
  }

  /// Says how much one call gave out.
  void countCall(size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    most = std::max(most, bytes);
  }

private:
  std::mutex mutex;
  std::vector<Piece> idle;
  size_t kept = 0, most = 0;
};

/// One piece of a model's output memory, which the array over it owns.
class OutputBlock {
public:
  OutputBlock(std::shared_ptr<OutputMemory> memory, size_t bytes)
      : memory(std::move(memory)), piece(this->memory->take(bytes)) {}
  OutputBlock(const OutputBlock &) = delete;
  ~OutputBlock() { memory->giveBack(piece); }

  void *data() const { return piece.data; }
  size_t capacity() const { return piece.bytes; }

private:
  std::shared_ptr<OutputMemory> memory;
  OutputMemory::Piece piece;
};

} // namespace quern
