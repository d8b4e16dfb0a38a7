// The roofs of this machine, measured.
#pragma once
#include "codegen/Target.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <string>
#include <vector>

namespace quern {

struct DataCache {
  std::string name;   ///< "L1", "L2", ...
  uint64_t bytes;
  bool isPrivate;     ///< each core has one
};

/// The data caches of core 0, nearest first; empty where the system does not tell.
std::vector<DataCache> dataCaches();

/// What some threads together can do at best: a kernel takes at least operations / peak, and at least bytes / rate.
struct Machine {
  struct Store {
    std::string name; ///< of a cache, or "memory"
    uint64_t bytes;   ///< what it holds for these threads together
    double rate;      ///< bytes per second, read
  };

  int threads;
  double peak;               ///< float32 operations per second, a multiply-add as two
  std::vector<Store> stores; ///< nearest first, memory last

  /// Measures; takes about half a second. `level` must run here.
  static Machine measure(const Level &level, int threads);
  /// Measures again and keeps the better: others may have had the machine the first time.
  void measureAgain(const Level &level);

  /// The nearest store that holds so many bytes.
  const Store &holding(double bytes) const;
  /// Seconds to read so many bytes of which every store has what fits into it, the nearest first.
  double readTime(double bytes) const;
};

} // namespace quern
