// @!%p1 ld.global.v2.f32 {%f1, %f2}, [%rd1+8];
#include "test/ptx/syntax/Parser.h"

namespace quern::ptx {

void Parser::statement() {
  Statement s;
  s.line = peek().line;
  s.scope = scope - 1;
  if (accept('@')) {
    s.isGuarded = true;
    bool negated = accept('!');
    s.guard = named();
    s.guard.isNegated = negated;
    if (s.guard.kind != Operand::Kind::Register || current->registers[s.guard.reg] != kPred)
      fail("a guard must be a predicate");
  }
  if (peek().kind != TokenKind::Word)
    fail("expected an instruction, found '" + std::string(peek().text) + "'");
  s.opcode = take().text;
  if (!peek().is(';'))
    do
      s.operands.push_back(operand());
    while (accept(','));
  expect(';');
  current->body.push_back(std::move(s));
}

Operand Parser::operand() {
  Operand first = primary();
  if (!accept('|'))
    return first;
  Operand pair;
  pair.kind = Operand::Kind::Pair;
  pair.elements.push_back(std::move(first));
  pair.elements.push_back(primary());
  return pair;
}

Operand Parser::primary() {
  Operand result;
  if (accept('['))
    return address();
  if (accept('{'))
    return group('}', Operand::Kind::Vector);
  if (accept('('))
    return group(')', Operand::Kind::List);
  if (accept('!')) {
    result = named();
    result.isNegated = true;
    return result;
  }
  if (peek().kind == TokenKind::Word)
    return named();
  bool negative = accept('-');
  const Token &token = take();
  result.kind = Operand::Kind::Immediate;
  result.immediate = token.integer;
  if (token.kind == TokenKind::Integer) {
    result.immediate = negative ? -token.integer : token.integer;
  } else if (token.kind == TokenKind::Single) {
    result.literal = Operand::Literal::Single;
    result.immediate ^= uint64_t(negative) << 31;
  } else if (token.kind == TokenKind::Float) {
    result.literal = Operand::Literal::Double;
    result.immediate ^= uint64_t(negative) << 63;
  } else {
    --at;
    fail("expected an operand, found '" + std::string(token.text) + "'");
  }
  return result;
}

/// A register, a variable (plus an offset), a special register, a label or a function.
Operand Parser::named() {
  Operand result;
  result.name = expectWord("a name");
  if (result.name == "_")
    return result;
  if (Name *name = find(result.name)) {
    result.kind = name->variable ? Operand::Kind::Symbol : Operand::Kind::Register;
    result.variable = name->variable;
    result.reg = name->variable ? 0 : name->reg;
    if (name->variable && accept('+'))
      result.offset = signedInteger();
    return result;
  }
  bool isVectorElement = result.name[0] == '%' && find(result.name.substr(0, result.name.find('.')));
  if (isVectorElement)
    fail("vector registers are not supported: '" + result.name + "'");
  result.kind = result.name[0] == '%' ? Operand::Kind::Special : Operand::Kind::Symbol;
  return result;
}

Operand Parser::address() {
  Operand result;
  result.kind = Operand::Kind::Address;
  result.elements.push_back(primary());
  std::swap(result.offset, result.elements[0].offset);
  if (accept('+'))
    result.offset += signedInteger();
  else if (accept('-'))
    result.offset -= expectInteger();
  expect(']');
  return result;
}

Operand Parser::group(char close, Operand::Kind kind) {
  Operand result;
  result.kind = kind;
  while (!accept(close)) {
    result.elements.push_back(primary());
    if (!accept(',') && !peek().is(close))
      fail("expected ',' or '" + std::string(1, close) + "', found '" + std::string(peek().text) + "'");
  }
  return result;
}

void Parser::branchTargetList(const std::string &label) {
  std::vector<std::string> &targets = current->branchTargets[label];
  do
    targets.push_back(expectWord("a label"));
  while (accept(','));
  expect(';');
}

} // namespace quern::ptx
