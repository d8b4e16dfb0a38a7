// PTX text to tokens.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quern::ptx {

/// What is wrong with a PTX text, and where. `what()` is "line N: reason".
class SyntaxError : public std::runtime_error {
public:
  SyntaxError(unsigned line, const std::string &reason)
      : std::runtime_error("line " + std::to_string(line) + ": " + reason) {}
};

enum class TokenKind : uint8_t {
  Word,        ///< name, %register, $label, .directive and opcodes with all their modifiers: "ld.global.v4.f32"
  Integer,     ///< `integer`
  Float,       ///< `integer` holds the bits of a double; 0f... literals are `Single`
  Single,      ///< `integer` holds the bits of a float
  String,      ///< without its quotes
  Punctuation, ///< one character
  End
};

struct Token {
  TokenKind kind;
  std::string_view text;
  uint64_t integer = 0;
  unsigned line = 0;

  bool is(char c) const { return kind == TokenKind::Punctuation && text[0] == c; }
  bool is(std::string_view word) const { return kind == TokenKind::Word && text == word; }
};

/// The tokens of `text`, ended by one of kind End. They point into `text`.
std::vector<Token> tokenize(std::string_view text);

} // namespace quern::ptx
