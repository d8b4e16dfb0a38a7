#include "test/ptx/syntax/Lexer.h"
#include <bit>
#include <cctype>
#include <cstdlib>

namespace quern::ptx {
namespace {

bool isWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%';
}
bool isWordPart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%';
}

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    while (skipBlank(), at < text.size())
      tokens.push_back(next());
    tokens.push_back({TokenKind::End, {}, 0, line});
    return std::move(tokens);
  }

private:
  char peek(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }

  void skipBlank() {
    while (at < text.size()) {
      if (text[at] == '\n') {
        ++line, ++at;
      } else if (std::isspace(static_cast<unsigned char>(text[at])) || text[at] == '\0') {
        ++at;
      } else if (peek() == '/' && peek(1) == '/') {
        at = std::min(text.find('\n', at), text.size());
      } else if (peek() == '/' && peek(1) == '*') {
        size_t end = text.find("*/", at + 2);
        if (end == text.npos)
          throw SyntaxError(line, "a comment has no end");
        for (; at < end; ++at)
          line += text[at] == '\n';
        at += 2;
      } else {
        return;
      }
    }
  }

  Token next() {
    if (std::isdigit(static_cast<unsigned char>(peek())))
      return number();
    if (isWordStart(peek()) || (peek() == '.' && isWordStart(peek(1))))
      return word();
    if (peek() == '"')
      return string();
    return {TokenKind::Punctuation, text.substr(at++, 1), 0, line};
  }

  /// A name, and every ".part" and "::part" that follows without a blank. Numbers follow a point too: ".1d", ".16".
  Token word() {
    size_t start = at++;
    while (isWordPart(peek()) || (peek() == '.' && isWordPart(peek(1))) ||
           (peek() == ':' && peek(1) == ':' && isWordPart(peek(2))))
      at += peek() == ':' ? 2 : 1;
    return {TokenKind::Word, text.substr(start, at - start), 0, line};
  }

  Token string() {
    size_t start = ++at;
    at = text.find('"', at);
    if (at == text.npos)
      throw SyntaxError(line, "a string has no end");
    return {TokenKind::String, text.substr(start, at++ - start), 0, line};
  }

  /// 12, 017, 0x1F, 0b101, each with an optional U; 1.5e3; 0f and 0d with the bits in hexadecimal.
  Token number() {
    size_t start = at;
    char second = std::tolower(peek(1));
    if (peek() == '0' && (second == 'f' || second == 'd'))
      return hexFloat(second == 'f');
    while (isWordPart(peek()) || peek() == '.' || ((peek() == '+' || peek() == '-') && isExponent(start)))
      ++at;
    std::string digits(text.substr(start, at - start));
    bool hex = second == 'x';
    if (!hex && digits.find_first_of(".eE") != digits.npos)
      return {TokenKind::Float, text.substr(start, at - start), std::bit_cast<uint64_t>(toDouble(digits)), line};
    if (digits.back() == 'U')
      digits.pop_back();
    bool binary = second == 'b' && digits[0] == '0';
    char *end;
    uint64_t value = std::strtoull(digits.c_str() + (binary ? 2 : 0), &end, binary ? 2 : 0);
    if (*end)
      throw SyntaxError(line, "'" + digits + "' is no number");
    return {TokenKind::Integer, text.substr(start, at - start), value, line};
  }

  bool isExponent(size_t start) const {
    char before = text[at - 1];
    return (before == 'e' || before == 'E') && std::tolower(text[start + 1]) != 'x';
  }

  double toDouble(const std::string &digits) const {
    char *end;
    double value = std::strtod(digits.c_str(), &end);
    if (*end)
      throw SyntaxError(line, "'" + digits + "' is no number");
    return value;
  }

  Token hexFloat(bool single) {
    size_t digits = single ? 8 : 16, start = at;
    uint64_t bits = 0;
    at += 2;
    for (size_t i = 0; i < digits; ++i, ++at) {
      if (!std::isxdigit(static_cast<unsigned char>(peek())))
        throw SyntaxError(line, "a 0" + std::string(single ? "f" : "d") + " number needs " + std::to_string(digits) +
                                    " hexadecimal digits");
      bits = bits * 16 +
             (std::isdigit(static_cast<unsigned char>(peek())) ? peek() - '0' : std::tolower(peek()) - 'a' + 10);
    }
    return {single ? TokenKind::Single : TokenKind::Float, text.substr(start, at - start), bits, line};
  }

  std::string_view text;
  size_t at = 0;
  unsigned line = 1;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view text) {
  return Lexer(text).run();
}

} // namespace quern::ptx
