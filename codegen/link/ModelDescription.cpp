#include "codegen/link/ModelDescription.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Triple.h"
#include "quern/runtime.h"

using namespace llvm;

namespace quern {
namespace {

/// Keywords of C23 and C++20, and words that are often macros.
constexpr StringLiteral reserved[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
    "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "errno", "explicit", "export", "extern", "false", "float", "for", "friend", "goto",
    "i386", "if", "inline", "int", "linux", "long", "main", "max_align_t",
    "mutable", "namespace", "new", "noexcept", "not", "not_eq",
    "nullptr", "NULL", "offsetof", "operator", "or", "or_eq", "private", "protected", "ptrdiff_t", "public", "register",
    "reinterpret_cast", "requires", "restrict", "return", "short", "signed", "size_t", "sizeof", "static",
    "static_assert",
    "static_cast", "struct", "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid",
    "typename", "typeof", "union", "unix", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while",
    "xor", "xor_eq",
    // The plain function's own parameter.
    "context"};

/// How reserved names begin and end: the runtime's, the compiler's, the standard integer types and their limits.
constexpr StringLiteral reservedPrefixes[] = {"quern_", "QUERN_", "_", "INT", "UINT", "SIZE_", "PTRDIFF_", "pthread_"};

bool isReserved(StringRef name) {
  // LLVM knows the functions of the C library by name: one that a model defines would replace it in a program.
  static const TargetLibraryInfoImpl library((Triple("x86_64-linux-gnu")));
  LibFunc function;
  bool integerType = name.ends_with("_t") && (name.starts_with("int") || name.starts_with("uint"));
  return is_contained(reserved, name) || integerType || library.getLibFunc(name, function) ||
         any_of(reservedPrefixes, [&](StringRef prefix) { return name.starts_with(prefix); });
}

} // namespace

const Dtype *lookupDtype(int32_t number) {
  static constexpr Dtype dtypes[] = {
#define DTYPE(number, name, cType, bytes) {number, name, cType, bytes},
#include "codegen/link/Dtypes.inc"
  };
  const Dtype *found = find_if(dtypes, [&](const Dtype &dtype) { return dtype.number == number; });
  return found == std::end(dtypes) ? nullptr : found;
}

uint64_t ValueInfo::bytes() const {
  uint64_t size = lookupDtype(dtype)->bytes;
  for (int64_t dim : dims)
    size = SaturatingMultiply<uint64_t>(size, dim);
  return size;
}

bool ModelDescription::isStatic() const {
  return all_of(concat<const ValueInfo>(inputs, outputs), [](const ValueInfo &value) {
    return lookupDtype(value.dtype) && all_of(value.dims, [](int64_t dim) { return dim >= 0; });
  });
}

std::string cIdentifier(StringRef name) {
  std::string result;
  for (char c : name)
    result += isAlnum(c) || c == '_' ? c : '_';
  if (result.empty() || isDigit(result.front()) || isReserved(result))
    result = "model_" + result;
  return result;
}

std::vector<std::string> cIdentifiers(ArrayRef<std::string> names) {
  std::vector<std::string> result;
  StringSet<> taken;
  for (const std::string &name : names) {
    std::string base = cIdentifier(name), candidate = base;
    for (unsigned number = 2; !taken.insert(candidate).second; ++number)
      candidate = base + "_" + std::to_string(number);
    result.push_back(std::move(candidate));
  }
  return result;
}

} // namespace quern
