#include "compiler/tools/quern/Machine.h"
#include "codegen/Host.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace quern {

/// The first line of a file of the kernel; empty when there is none.
static std::string readLine(const Twine &path) {
  auto buffer = MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().split('\n').first.trim().str() : "";
}

std::vector<DataCache> dataCaches() {
  constexpr int mostCaches = 8, lastPrivateLevel = 2;
  std::vector<DataCache> caches;
  for (int index = 0; index < mostCaches; ++index) {
    std::string folder = formatv("/sys/devices/system/cpu/cpu0/cache/index{0}/", index);
    std::string size = readLine(folder + "size"), level = readLine(folder + "level");
    uint64_t kibibytes;
    int number;
    if (readLine(folder + "type") == "Instruction" || StringRef(size).rtrim('K').getAsInteger(10, kibibytes) ||
        StringRef(level).getAsInteger(10, number) || !kibibytes)
      continue;
    caches.push_back({"L" + level, kibibytes << 10, number <= lastPrivateLevel});
  }
  return caches;
}

Machine Machine::measure(const Level &level, int threads) {
  Machine machine{threads, measurePeak(level, threads), {}};
  constexpr uint64_t leastMemory = 32 << 20, mostMemory = 256 << 20;
  uint64_t last = 0;
  for (const DataCache &cache : dataCaches()) {
    last = cache.bytes * (cache.isPrivate ? threads : 1);
    // Half of it, so that what else the machine does fits beside.
    machine.stores.push_back({cache.name, last, measureReadBandwidth(level, last / 2, threads)});
  }
  uint64_t memory = std::clamp(last * 4, leastMemory, mostMemory);
  machine.stores.push_back({"memory", UINT64_MAX, measureReadBandwidth(level, memory, threads)});
  return machine;
}

void Machine::measureAgain(const Level &level) {
  Machine again = measure(level, threads);
  peak = std::max(peak, again.peak);
  for (auto [store, other] : zip(stores, again.stores))
    store.rate = std::max(store.rate, other.rate);
}

double Machine::readTime(double bytes) const {
  double seconds = 0, nearer = 0;
  for (const Store &store : stores) {
    double here = std::min(bytes, double(store.bytes)) - nearer;
    seconds += std::max(here, 0.0) / store.rate;
    nearer = std::max(nearer, double(store.bytes));
  }
  return seconds;
}

const Machine::Store &Machine::holding(double bytes) const {
  return *find_if(stores, [&](const Store &store) { return &store == &stores.back() || bytes <= double(store.bytes); });
}

} // namespace quern
