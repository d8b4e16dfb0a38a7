#include "codegen/nvptx/Devices.h"
#include "llvm/BinaryFormat/ELF.h"

namespace quern {
namespace {

// A thread has no vectors: one lane of float32.
#define DEVICE(variable, name, number, processor, features, multiprocessors)                                           \
  constexpr Level variable##Level[] = {{name, name, number, processor, features, /*vectorBytes=*/4,                    \
                                        /*vectorRegisters=*/255, /*masks=*/false, /*pairsLoads=*/false,                \
                                        /*multipliesLanes=*/false, "an NVIDIA device"}};                               \
  const Target variable##Code = {name, "nvptx64-nvidia-cuda", variable##Level, llvm::ELF::EM_CUDA};
#include "codegen/nvptx/Devices.inc"

} // namespace

#define DEVICE(variable, name, number, processor, features, multiprocessors)                                           \
  const Device variable = {&variable##Code, /*warp=*/32, /*sharedBytes=*/48 << 10, /*sharedSpace=*/3, multiprocessors};
#include "codegen/nvptx/Devices.inc"

} // namespace quern
