// .global .align 16 .b8 table[2][4] = {1, 2, ...}; and its kin.
#include "test/ptx/syntax/Parser.h"
#include <bit>
#include <cstring>

namespace quern::ptx {

void Parser::variables(Space space, bool isExternal) {
  do {
    Variable variable;
    variable.space = space;
    variable.isExternal = isExternal;
    declarator(variable);
    Variable &declared = declare(variable);
    if (accept('='))
      initializer(declared);
    place(declared);
  } while (accept(','));
  expect(';');
}

/// Modifiers, name and dimensions.
void Parser::declarator(Variable &variable) {
  bool hasType = false, hasAlign = false;
  unsigned width = 1;
  while (peek().kind == TokenKind::Word && peek().text[0] == '.') {
    std::string word = expectWord("a type").substr(1);
    if (word == "align") {
      variable.align = expectInteger();
      hasAlign = true;
      if (!std::has_single_bit(variable.align))
        fail(".align " + std::to_string(variable.align) + " is no power of two");
    } else if (word == "v2" || word == "v4") {
      width = word[1] - '0';
    } else if (std::optional<Type> type = parseType(word)) {
      variable.type = *type;
      hasType = true;
    } else if (word != "ptr" && word != "global" && word != "shared" && word != "const" && word != "local" &&
               word != "managed") {
      fail("unknown type '." + word + "'");
    }
  }
  if (!hasType)
    fail("a variable has no type");
  variable.bytes = variable.type.bytes() * width;
  // ".ptr .align 16" of a parameter speaks of what it points to, and comes after the type: it is no smaller than it.
  if (!hasAlign || variable.align < variable.type.bytes())
    variable.align = variable.bytes;
  variable.name = expectWord("a variable's name");
  while (accept('[')) {
    uint64_t count = peek().is(']') ? 0 : expectInteger();
    if (count > (uint64_t(1) << 32) || __builtin_mul_overflow(variable.bytes, count, &variable.bytes))
      fail("variable '" + variable.name + "' is too large");
    expect(']');
  }
}

Variable &Parser::declare(const Variable &variable) {
  module.variables.push_back(variable);
  Variable &declared = module.variables.back();
  auto [entry, isNew] = scopes[scope].names.try_emplace(variable.name, Name{-1, &declared});
  if (!isNew) {
    bool isDefinition = entry->second.variable && entry->second.variable->isExternal;
    if (!isDefinition && !variable.isExternal)
      fail("'" + variable.name + "' is defined twice");
    entry->second.variable = &declared;
  }
  return declared;
}

/// Gives a local variable, or a call's parameter, its address.
void Parser::place(Variable &variable) {
  if (variable.space != Space::Local && variable.space != Space::Param)
    return;
  uint64_t &end = current->frameBytes;
  variable.address = (end + variable.align - 1) / variable.align * variable.align;
  end = variable.address + variable.bytes;
}

void Parser::initializer(Variable &variable) {
  if (variable.space != Space::Global && variable.space != Space::Const)
    fail("variable '" + variable.name + "' can not have an initializer");
  initialize(variable, variable.type.bytes());
  if (variable.bytes == 0)
    variable.bytes = variable.init.size();
  if (variable.init.size() > variable.bytes)
    fail("variable '" + variable.name + "' of " + std::to_string(variable.bytes) + " bytes has an initializer of " +
         std::to_string(variable.init.size()));
}

/// One element, or a list of them in braces.
void Parser::initialize(Variable &variable, unsigned elementBytes) {
  if (accept('{')) {
    while (!accept('}')) {
      initialize(variable, elementBytes);
      accept(',');
    }
    return;
  }
  uint64_t bits = 0;
  if (peek().kind == TokenKind::Word) {
    // symbol, symbol+4, generic(symbol)+4
    Relocation relocation{variable.init.size(), expectWord("a symbol"), 0};
    if (elementBytes != 8)
      fail("an address needs an element of 8 bytes");
    if (relocation.symbol == "generic") {
      expect('(');
      relocation.symbol = expectWord("a symbol");
      expect(')');
    }
    if (accept('+'))
      relocation.addend = signedInteger();
    variable.relocations.push_back(relocation);
  } else {
    bool negative = accept('-');
    if (peek().kind == TokenKind::Punctuation || peek().kind == TokenKind::String)
      fail("expected a number, found '" + std::string(peek().text) + "'");
    bits = initialBits(take(), negative, variable.type);
  }
  size_t end = variable.init.size();
  variable.init.resize(end + elementBytes);
  std::memcpy(variable.init.data() + end, &bits, std::min<size_t>(elementBytes, sizeof bits));
}

uint64_t Parser::initialBits(const Token &token, bool negative, Type type) {
  if (token.kind == TokenKind::Integer)
    return negative ? -token.integer : token.integer;
  double value = token.kind == TokenKind::Single ? std::bit_cast<float>(static_cast<uint32_t>(token.integer))
                                                 : std::bit_cast<double>(token.integer);
  value = negative ? -value : value;
  return type.bits == 32 ? std::bit_cast<uint32_t>(static_cast<float>(value)) : std::bit_cast<uint64_t>(value);
}

} // namespace quern::ptx
