// Weights beyond what 32-bit addresses reach.
#include "codegen/link/WeightsObject.h"
#include "test/codegen/link/Artifact.h"
#include "llvm/Support/FileSystem.h"
#include <fstream>
#include <sys/mman.h>
#include <sys/resource.h>

using namespace quern;
using namespace quern::test;

namespace {

class LargeWeights : public LinkTest {};

/// Bytes of memory that no other process and no file shares: what a second copy of the weights would be.
uint64_t dataBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (llvm::StringRef(line).starts_with("VmData:"))
      return std::stoull(line.substr(7)) << 10;
  return 0;
}

TEST_F(LargeWeights, LinkWithoutACopyInMemory) {
  // Zeros that take no memory: pages of a mapping that nobody wrote to.
  constexpr uint64_t size = uint64_t(2) << 30; // what follows is out of reach
  void *zeros = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(zeros, MAP_FAILED);
  std::vector<float> last(64);
  for (int i = 0; i < 64; ++i)
    last[i] = i;
  llvm::ArrayRef<char> segments[] = {{static_cast<char *>(zeros), size}, {reinterpret_cast<char *>(last.data()), 256}};
  Model model = makeModel("large", 2, weightsOffsets(segments)[1]);
  LinkRequest request = model.request(x86, inFolder("large.so"));
  request.weights.assign(std::begin(segments), std::end(segments));

  rlimit before;
  getrlimit(RLIMIT_DATA, &before);
  rlimit limit = {dataBytes() + (64 << 20), before.rlim_max};
  setrlimit(RLIMIT_DATA, &limit);
  std::string message = messageOf(linkSharedLibrary(request), ErrorKind::File);
  setrlimit(RLIMIT_DATA, &before);
  munmap(zeros, size);
  ASSERT_EQ(message, "");

  std::vector<float> output = Library(request.output).run(std::vector<float>(64));
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(output[i], 2 * i);
}

} // namespace
