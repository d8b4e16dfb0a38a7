// An opcode's parts: "add.rn.ftz.f32" is the name add and the modifiers rn, ftz, f32.
#pragma once
#include "test/ptx/syntax/Type.h"
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace quern::ptx {

enum class Rounding : uint8_t { None, NearestEven, Zero, Down, Up, NearestAway };

/// Modifiers are taken out as an instruction understands them; one that is left is unknown.
class Modifiers {
public:
  explicit Modifiers(std::string_view opcode);

  std::string_view name() const { return opcodeName; }
  /// True, and the modifier is gone, when it is there.
  bool take(std::string_view modifier);
  /// The place in `choices` of the first that is there, which is taken; -1 when none is.
  int takeOneOf(std::initializer_list<std::string_view> choices);
  /// The first modifier that is a type.
  std::optional<Type> takeType();
  /// .rn, .rz, .rm, .rp, or with `integer` .rni, .rzi, .rmi, .rpi.
  Rounding takeRounding(bool integer = false);
  /// "x4" -> 4 for the first modifier that is `letter` and digits; 0 when there is none.
  unsigned takeNumber(char letter);
  const std::vector<std::string_view> &left() const { return parts; }

private:
  std::string_view opcodeName;
  std::vector<std::string_view> parts;
};

} // namespace quern::ptx
