// A small model that goes through the whole link, and a look into the file that comes out.
#pragma once
#include "codegen/link/DescriptorEmitter.h"
#include "codegen/link/Linker.h"
#include "codegen/link/Manifest.h"
#include "llvm/Object/ELFObjectFile.h"
#include "quern/runtime.h"
#include "test/codegen/Fixture.h"

namespace quern::test {

/// Objects of a model of one input x and one output y, float32[64]: y = factor * source, where the source is x or 64
/// floats of the weights.
struct Model {
  ModelDescription description;
  std::vector<std::string> objects;

  LinkRequest request(const Target &target, std::string output) const;
};

class LinkTest : public CodegenTest {
protected:
  /// `weightsOffset`: bytes from quern_weights to the source; none: the source is the input.
  Model makeModel(llvm::StringRef name, float factor, std::optional<uint64_t> weightsOffset = std::nullopt);
  /// The same with kernels whose text `kernel` gives for a symbol.
  Model makeModel(llvm::StringRef name, llvm::function_ref<std::string(llvm::StringRef)> kernel,
                  std::optional<uint64_t> weightsOffset = std::nullopt);
  /// makeModel() linked as NAME.so.
  std::string linkModel(llvm::StringRef name, float factor);

  const Target &x86 = target("x86-64");
};

/// A model opened by dlopen.
class Library {
public:
  explicit Library(const std::string &path);
  ~Library();
  void *find(const char *symbol) const;
  template <typename T>
  T *get(const char *symbol) const {
    return reinterpret_cast<T *>(find(symbol));
  }
  /// Runs the model on 64 floats at its best level or below `maxLevel`. Checks every status.
  std::vector<float> run(llvm::ArrayRef<float> input, uint32_t maxLevel = 0) const;

private:
  void *handle;
};

/// The parsed file.
class Elf {
public:
  explicit Elf(llvm::StringRef path);

  bool hasSegment(uint32_t type) const { return segment(type) != nullptr; }
  const llvm::ELF::Elf64_Phdr *segment(uint32_t type) const;
  std::vector<uint64_t> dynamic(int64_t tag) const;
  std::vector<std::string> needed() const;
  /// Names of dynamic symbols that the file defines, or wants from elsewhere; sorted.
  std::vector<std::string> exports() const { return dynamicSymbols(/*defined=*/true); }
  std::vector<std::string> imports() const { return dynamicSymbols(/*defined=*/false); }
  bool contains(llvm::StringRef text) const { return buffer->getBuffer().contains(text); }

private:
  std::vector<std::string> dynamicSymbols(bool defined) const;

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::unique_ptr<llvm::object::ELF64LEObjectFile> file;
};

std::string readFile(llvm::StringRef path);

} // namespace quern::test
