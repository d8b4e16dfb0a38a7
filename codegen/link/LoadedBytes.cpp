#include "codegen/link/LoadedBytes.h"
#include "llvm/Object/ELF.h"

using namespace llvm;

namespace quern {

uint64_t loadedBytes(StringRef object) {
  using File = object::ELF64LEFile;
  Expected<File> file = File::create(object);
  if (!file) {
    consumeError(file.takeError());
    return 0;
  }
  auto sections = file->sections();
  if (!sections) {
    consumeError(sections.takeError());
    return 0;
  }
  uint64_t sum = 0;
  for (const File::Elf_Shdr &section : *sections)
    if (section.sh_flags & ELF::SHF_ALLOC)
      sum += section.sh_size;
  return sum;
}

} // namespace quern
