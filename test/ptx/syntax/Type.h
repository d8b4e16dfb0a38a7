// The types that PTX instructions carry as modifiers: .u32, .f16x2, .pred, ...
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace quern::ptx {

enum class Kind : uint8_t { Bits, Unsigned, Signed, Float, BFloat, Tf32, Pred };

struct Type {
  Kind kind = Kind::Bits;
  uint8_t bits = 32;   ///< of one element
  bool packed = false; ///< two elements in one register: f16x2, bf16x2, u16x2, s16x2

  constexpr unsigned bytes() const { return bits / 8 * (packed ? 2 : 1); }
  constexpr bool isInteger() const { return kind == Kind::Bits || kind == Kind::Unsigned || kind == Kind::Signed; }
  constexpr bool isSigned() const { return kind == Kind::Signed; }
  constexpr bool operator==(const Type &) const = default;
};

inline constexpr Type kB16{Kind::Bits, 16}, kB32{Kind::Bits, 32}, kB64{Kind::Bits, 64};
inline constexpr Type kU16{Kind::Unsigned, 16}, kU32{Kind::Unsigned, 32}, kU64{Kind::Unsigned, 64};
inline constexpr Type kS32{Kind::Signed, 32}, kS64{Kind::Signed, 64};
inline constexpr Type kF16{Kind::Float, 16}, kF32{Kind::Float, 32}, kF64{Kind::Float, 64};
inline constexpr Type kF16x2{Kind::Float, 16, true}, kBF16{Kind::BFloat, 16}, kBF16x2{Kind::BFloat, 16, true};
inline constexpr Type kTf32{Kind::Tf32, 32}, kPred{Kind::Pred, 8};

/// The type that `name` ("f32", without the point) names, if any.
std::optional<Type> parseType(std::string_view name);

} // namespace quern::ptx
