#include "test/ptx/syntax/Type.h"
#include <utility>

namespace quern::ptx {
namespace {

constexpr std::pair<std::string_view, Type> kTypes[] = {
    {"b8", {Kind::Bits, 8}},
    {"b16", kB16},
    {"b32", kB32},
    {"b64", kB64},
    {"b128", {Kind::Bits, 128}},
    {"u8", {Kind::Unsigned, 8}},
    {"u16", kU16},
    {"u32", kU32},
    {"u64", kU64},
    {"s8", {Kind::Signed, 8}},
    {"s16", {Kind::Signed, 16}},
    {"s32", kS32},
    {"s64", kS64},
    {"f16", kF16},
    {"f32", kF32},
    {"f64", kF64},
    {"f16x2", kF16x2},
    {"bf16", kBF16},
    {"bf16x2", kBF16x2},
    {"tf32", kTf32},
    {"pred", kPred},
    {"u16x2", {Kind::Unsigned, 16, true}},
    {"s16x2", {Kind::Signed, 16, true}},
};

} // namespace

std::optional<Type> parseType(std::string_view name) {
  for (const auto &[spelling, type] : kTypes)
    if (spelling == name)
      return type;
  return std::nullopt;
}

} // namespace quern::ptx
