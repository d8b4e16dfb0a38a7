#include "passes/loops/FourierPlan.h"
#include "dialects/graph/Fourier.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using llvm::SmallVector;

namespace quern {
namespace {

/// Passes of composite radix do in registers what two would do through memory.
constexpr int64_t kMostComposite = 16;

bool isPrime(int64_t number) { return graph::largestFactor(number) == number; }

class Planner {
public:
  Planner(int64_t extent, int64_t lanes, bool columns, int64_t registers)
      : extent(extent), lanes(lanes), columns(columns), registers(registers) {}

  struct Choice {
    double cost;
    int64_t radix;
  };

  /// The cheapest passes when `left` of the extent is to be transformed. Costs are about instructions for an element.
  Choice choose(int64_t left) {
    if (left == 1)
      return {0, 1};
    if (auto found = known.find(left); found != known.end())
      return found->second;
    Choice best{std::numeric_limits<double>::infinity(), left};
    for (int64_t radix = 2; radix <= std::min(left, graph::kMostRadix); ++radix) {
      if (left % radix || (radix > kMostComposite && !isPrime(radix)))
        continue;
      double cost = passCost(radix, left / radix) + choose(left / radix).cost;
      if (cost < best.cost)
        best = {cost, radix};
    }
    return known[left] = best;
  }

private:
  /// Arithmetic of a transform of `radix` elements for each of them.
  static double arithmetic(int64_t radix) {
    double sum = 0;
    for (int64_t factor = 2; radix > 1; ++factor)
      for (; radix % factor == 0; radix /= factor)
        sum += factor == 2 ? 2.5 : factor + 1.0;
    return sum;
  }

  double passCost(int64_t radix, int64_t rest) const {
    int64_t stride = extent / (radix * rest);
    double cost = arithmetic(radix) + 5; // loads and stores
    if (rest > 1)
      cost += 4; // roots
    int64_t waiting = 2 * radix + 4 - registers; // values that no register has room for
    cost += 0.95 * std::max<int64_t>(waiting, 0);
    if (columns)
      return cost;
    bool first = stride == 1 && rest > 1;
    int64_t along = first ? rest : stride, width = lanesFor(along, lanes);
    if (first) // the elements of a transform are brought together
      cost += llvm::isPowerOf2_64(radix) ? 1.5 * llvm::Log2_64(radix) : 3 + 2.0 * llvm::Log2_64_Ceil(radix);
    return cost * lanes / width * (llvm::alignTo(along, width) / double(along));
  }

  int64_t extent, lanes;
  bool columns;
  int64_t registers;
  llvm::DenseMap<int64_t, Choice> known;
};

} // namespace

SmallVector<FourierPass> planFourier(int64_t extent, int64_t lanes, bool columns, int64_t registers) {
  Planner planner(extent, lanes, columns, registers);
  SmallVector<FourierPass> passes;
  int64_t left = extent;
  do {
    int64_t radix = planner.choose(left).radix;
    passes.push_back({radix, left / radix, extent / left});
    left /= radix;
  } while (left > 1);
  return passes;
}

int64_t lanesFor(int64_t extent, int64_t lanes) { return std::min<int64_t>(lanes, llvm::bit_floor(uint64_t(extent))); }

} // namespace quern
