#include "test/ptx/decode/Modifiers.h"
#include <algorithm>
#include <cctype>

namespace quern::ptx {

Modifiers::Modifiers(std::string_view opcode) {
  size_t end = opcode.find('.');
  opcodeName = opcode.substr(0, end);
  while (end != opcode.npos) {
    size_t start = end + 1;
    end = opcode.find('.', start);
    parts.push_back(opcode.substr(start, end == opcode.npos ? end : end - start));
  }
}

bool Modifiers::take(std::string_view modifier) {
  return takeOneOf({modifier}) == 0;
}

int Modifiers::takeOneOf(std::initializer_list<std::string_view> choices) {
  for (auto part = parts.begin(); part != parts.end(); ++part)
    if (auto found = std::find(choices.begin(), choices.end(), *part); found != choices.end()) {
      parts.erase(part);
      return found - choices.begin();
    }
  return -1;
}

std::optional<Type> Modifiers::takeType() {
  for (auto part = parts.begin(); part != parts.end(); ++part)
    if (std::optional<Type> type = parseType(*part)) {
      parts.erase(part);
      return type;
    }
  return std::nullopt;
}

Rounding Modifiers::takeRounding(bool integer) {
  int found = integer ? takeOneOf({"rni", "rzi", "rmi", "rpi"}) : takeOneOf({"rn", "rz", "rm", "rp", "rna"});
  return static_cast<Rounding>(found + 1);
}

unsigned Modifiers::takeNumber(char letter) {
  for (auto part = parts.begin(); part != parts.end(); ++part)
    if (part->size() == 2 && part->front() == letter && std::isdigit(static_cast<unsigned char>(part->back()))) {
      unsigned number = part->back() - '0';
      parts.erase(part);
      return number;
    }
  return 0;
}

} // namespace quern::ptx
