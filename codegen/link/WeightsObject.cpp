#include "codegen/link/WeightsObject.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <iterator>

using namespace llvm;

namespace quern {
namespace {

constexpr uint64_t alignment = 64;

/// Section names and where they start in their string table.
constexpr char sectionNames[] = "\0.lrodata\0.symtab\0.strtab\0.note.GNU-stack";
enum NameOffset : uint32_t { DataName = 1, SymtabName = 10, StrtabName = 18, StackName = 26 };
static_assert(sizeof(sectionNames) == StackName + sizeof(".note.GNU-stack"));

enum SectionIndex { Null, Data, Symtab, Strtab, Shstrtab, Stack, NumSections };

/// File offsets of what follows the data.
struct Layout {
  uint64_t dataSize, strings, names, symbols, headers;
};

Layout computeLayout(uint64_t dataSize, size_t stringsSize) {
  Layout layout;
  layout.dataSize = dataSize;
  layout.strings = alignment + dataSize;
  layout.names = layout.strings + stringsSize;
  layout.symbols = alignTo(layout.names + sizeof(sectionNames), 8);
  layout.headers = layout.symbols + 2 * sizeof(ELF::Elf64_Sym);
  return layout;
}

ELF::Elf64_Ehdr makeFileHeader(const Layout &layout, uint16_t elfMachine) {
  ELF::Elf64_Ehdr header = {};
  memcpy(header.e_ident, "\x7f" "ELF\2\1\1", 7);
  header.e_type = ELF::ET_REL;
  header.e_machine = elfMachine;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = layout.headers;
  header.e_ehsize = sizeof(header);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = NumSections;
  header.e_shstrndx = Shstrtab;
  return header;
}

void fillSections(const Layout &layout, uint16_t elfMachine, size_t stringsSize, ELF::Elf64_Shdr *sections) {
  uint64_t flags = ELF::SHF_ALLOC;
  if (elfMachine == ELF::EM_X86_64)
    flags |= ELF::SHF_X86_64_LARGE;
  // name, type, flags, address, offset, size, link, info, alignment, entry size
  sections[Data] = {DataName, ELF::SHT_PROGBITS, flags, 0, alignment, layout.dataSize, 0, 0, alignment, 0};
  sections[Symtab] = {SymtabName, ELF::SHT_SYMTAB, 0, 0, layout.symbols, 2 * sizeof(ELF::Elf64_Sym), Strtab,
                      /*first global symbol=*/1, 8, sizeof(ELF::Elf64_Sym)};
  sections[Strtab] = {StrtabName, ELF::SHT_STRTAB, 0, 0, layout.strings, stringsSize, 0, 0, 1, 0};
  sections[Shstrtab] = {StrtabName, ELF::SHT_STRTAB, 0, 0, layout.names, sizeof(sectionNames), 0, 0, 1, 0};
  // Its absence would ask for an executable stack.
  sections[Stack] = {StackName, ELF::SHT_PROGBITS, 0, 0, layout.headers, 0, 0, 0, 1, 0};
}

template <typename T>
StringRef bytesOf(const T &value) {
  return StringRef(reinterpret_cast<const char *>(&value), sizeof(value));
}

} // namespace

std::vector<uint64_t> weightsOffsets(ArrayRef<ArrayRef<char>> segments) {
  std::vector<uint64_t> offsets;
  uint64_t end = 0;
  for (ArrayRef<char> segment : segments) {
    offsets.push_back(alignTo(end, alignment));
    end = offsets.back() + segment.size();
  }
  return offsets;
}

Error writeWeightsObject(ScratchFile &out, uint16_t elfMachine, StringRef symbol, ArrayRef<ArrayRef<char>> segments) {
  static constexpr char zeros[alignment] = {};
  std::vector<uint64_t> offsets = weightsOffsets(segments);
  uint64_t size = segments.empty() ? 0 : offsets.back() + segments.back().size();
  std::string strings = '\0' + symbol.str() + '\0';
  Layout layout = computeLayout(size, strings.size());

  ELF::Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbols[1].st_other = ELF::STV_HIDDEN;
  symbols[1].st_shndx = Data;
  symbols[1].st_size = size;
  ELF::Elf64_Shdr sections[NumSections] = {};
  fillSections(layout, elfMachine, strings.size(), sections);
  ELF::Elf64_Ehdr header = makeFileHeader(layout, elfMachine);
  static_assert(sizeof(header) == alignment, "the data follows the header at once");

  std::vector<StringRef> pieces = {bytesOf(header)};
  uint64_t end = 0;
  for (auto [segment, offset] : zip(segments, offsets)) {
    pieces.push_back(StringRef(zeros, offset - end));
    pieces.push_back(StringRef(segment.data(), segment.size()));
    end = offset + segment.size();
  }
  uint64_t padding = layout.symbols - layout.names - sizeof(sectionNames);
  pieces.insert(pieces.end(), {strings, StringRef(sectionNames, sizeof(sectionNames)), StringRef(zeros, padding),
                               bytesOf(symbols), bytesOf(sections)});
  return out.append(pieces);
}

} // namespace quern
