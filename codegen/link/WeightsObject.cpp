#include "codegen/link/WeightsObject.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <iterator>

using namespace llvm;

namespace quern {
namespace {

constexpr uint64_t alignment = 64;
constexpr char zeros[64 << 10] = {}; // the largest page that a linker aligns to

/// Section names and where they start in their string table.
constexpr char sectionNames[] = "\0.weights\0.symtab\0.strtab\0.note.GNU-stack";
enum NameOffset : uint32_t { DataName = 1, SymtabName = 10, StrtabName = 18, StackName = 26 };
static_assert(sizeof(sectionNames) == StackName + sizeof(".note.GNU-stack"));
constexpr StringLiteral sectionName = ".weights";

enum SectionIndex { Null, Data, Symtab, Strtab, Shstrtab, Stack, NumSections };

/// File offsets of what follows the file's header.
struct Layout {
  uint64_t strings, names, symbols, headers;
};

Layout computeLayout(size_t stringsSize) {
  Layout layout;
  layout.strings = sizeof(ELF::Elf64_Ehdr);
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

void fillSections(const Layout &layout, uint16_t elfMachine, uint64_t dataSize, size_t stringsSize,
                  ELF::Elf64_Shdr *sections) {
  uint64_t flags = ELF::SHF_ALLOC;
  if (elfMachine == ELF::EM_X86_64)
    flags |= ELF::SHF_X86_64_LARGE;
  // name, type, flags, address, offset, size, link, info, alignment, entry size
  sections[Data] = {DataName, ELF::SHT_NOBITS, flags, 0, layout.strings, dataSize, 0, 0, alignment, 0};
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

static uint64_t weightsBytes(ArrayRef<ArrayRef<char>> segments) {
  return segments.empty() ? 0 : weightsOffsets(segments).back() + segments.back().size();
}

std::string weightsObject(uint16_t elfMachine, StringRef symbol, ArrayRef<ArrayRef<char>> segments) {
  uint64_t size = weightsBytes(segments);
  std::string strings = '\0' + symbol.str() + '\0';
  Layout layout = computeLayout(strings.size());

  ELF::Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbols[1].st_other = ELF::STV_HIDDEN;
  symbols[1].st_shndx = Data;
  symbols[1].st_size = size;
  ELF::Elf64_Shdr sections[NumSections] = {};
  fillSections(layout, elfMachine, size, strings.size(), sections);
  ELF::Elf64_Ehdr header = makeFileHeader(layout, elfMachine);

  uint64_t padding = layout.symbols - layout.names - sizeof(sectionNames);
  return (bytesOf(header) + strings + StringRef(sectionNames, sizeof(sectionNames)) + StringRef(zeros, padding) +
          bytesOf(symbols) + bytesOf(sections))
      .str();
}

namespace {

/// The headers of an ELF file that lld wrote.
struct Headers {
  explicit Headers(MutableArrayRef<char> image)
      : file(reinterpret_cast<ELF::Elf64_Ehdr *>(image.data())),
        sections(reinterpret_cast<ELF::Elf64_Shdr *>(image.data() + file->e_shoff), file->e_shnum),
        segments(reinterpret_cast<ELF::Elf64_Phdr *>(image.data() + file->e_phoff), file->e_phnum),
        names(image.data() + sections[file->e_shstrndx].sh_offset) {}

  ELF::Elf64_Ehdr *file;
  MutableArrayRef<ELF::Elf64_Shdr> sections;
  MutableArrayRef<ELF::Elf64_Phdr> segments;
  const char *names;

  /// Null where nothing needs them: then the linker left them out.
  ELF::Elf64_Shdr *weights() {
    auto *found = find_if(sections, [&](const ELF::Elf64_Shdr &s) { return names + s.sh_name == sectionName; });
    return found == sections.end() ? nullptr : found;
  }

  /// The segment that ends with the section; null in an object, which has none.
  ELF::Elf64_Phdr *segmentOf(const ELF::Elf64_Shdr &section) {
    auto *found = find_if(segments, [&](const ELF::Elf64_Phdr &s) {
      return s.p_type == ELF::PT_LOAD && s.p_vaddr + s.p_memsz == section.sh_addr + section.sh_size;
    });
    return found == segments.end() ? nullptr : found;
  }
};

} // namespace

std::vector<StringRef> insertWeights(MutableArrayRef<char> image, ArrayRef<ArrayRef<char>> segments) {
  Headers headers(image);
  ELF::Elf64_Shdr *weights = headers.weights();
  if (!weights || weights->sh_size == 0)
    return {StringRef(image.data(), image.size())};

  // lld ends a segment behind a section without bytes, so that all that follows in the file can make room for them.
  // What is mapped moves by whole pages.
  ELF::Elf64_Phdr *segment = headers.segmentOf(*weights);
  uint64_t split = segment ? segment->p_offset + segment->p_filesz : weights->sh_offset;
  uint64_t start = segment ? segment->p_offset + weights->sh_addr - segment->p_vaddr : alignTo(split, alignment);
  uint64_t moved = alignTo(start + weights->sh_size - split, segment ? segment->p_align : alignment);
  for (ELF::Elf64_Shdr &section : headers.sections)
    if (section.sh_offset >= split)
      section.sh_offset += moved;
  for (ELF::Elf64_Phdr &other : headers.segments)
    if (other.p_offset >= split)
      other.p_offset += moved;
  headers.file->e_shoff += moved;
  weights->sh_offset = start;
  weights->sh_type = ELF::SHT_PROGBITS;
  if (segment)
    segment->p_filesz = segment->p_memsz;

  std::vector<StringRef> pieces = {StringRef(image.data(), split), StringRef(zeros, start - split)};
  uint64_t end = 0;
  for (auto [bytes, offset] : zip(segments, weightsOffsets(segments))) {
    pieces.push_back(StringRef(zeros, offset - end));
    pieces.push_back(StringRef(bytes.data(), bytes.size()));
    end = offset + bytes.size();
  }
  pieces.push_back(StringRef(zeros, split + moved - start - end));
  pieces.push_back(StringRef(image.data() + split, image.size() - split));
  return pieces;
}

} // namespace quern
