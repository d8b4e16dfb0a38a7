#include "test/ptx/syntax/Parser.h"
#include <bit>

namespace quern::ptx {

Module parseModule(std::string_view text) {
  return Parser(text).run();
}

Parser::Parser(std::string_view text) {
  module.text = std::make_unique<std::string>(text);
  tokens = tokenize(*module.text);
  scopes.push_back({-1, {}});
}

bool Parser::accept(char c) {
  bool found = peek().is(c);
  at += found;
  return found;
}

bool Parser::accept(std::string_view word) {
  bool found = peek().is(word);
  at += found;
  return found;
}

void Parser::expect(char c) {
  if (!accept(c))
    fail("expected '" + std::string(1, c) + "', found '" + std::string(peek().text) + "'");
}

std::string Parser::expectWord(const char *what) {
  if (peek().kind != TokenKind::Word)
    fail("expected " + std::string(what) + ", found '" + std::string(peek().text) + "'");
  return std::string(take().text);
}

uint64_t Parser::expectInteger() {
  if (peek().kind != TokenKind::Integer)
    fail("expected an integer, found '" + std::string(peek().text) + "'");
  return take().integer;
}

int64_t Parser::signedInteger() {
  bool negative = accept('-');
  uint64_t value = expectInteger();
  return static_cast<int64_t>(negative ? -value : value);
}

void Parser::fail(const std::string &reason) const {
  throw SyntaxError(peek().line, reason);
}

void Parser::skipTo(char c) {
  while (!peek().is(c) && peek().kind != TokenKind::End)
    take();
  expect(c);
}

Module Parser::run() {
  while (peek().kind != TokenKind::End)
    topLevel();
  if (!module.version)
    fail("a module starts with .version");
  return std::move(module);
}

void Parser::topLevel() {
  static const std::map<std::string_view, Space> spaces = {
      {".global", Space::Global}, {".const", Space::Const}, {".shared", Space::Shared}};
  bool isExternal = false;
  while (peek().is(".visible") || peek().is(".extern") || peek().is(".weak") || peek().is(".common"))
    isExternal |= take().is(".extern");
  std::string word = expectWord("a directive");
  if (auto space = spaces.find(word); space != spaces.end())
    return variables(space->second, isExternal);
  if (word == ".entry" || word == ".func")
    return function(word == ".entry");
  header(word);
}

void Parser::header(const std::string &directive) {
  if (directive == ".version") {
    if (peek().kind != TokenKind::Float)
      fail("expected a version like 8.5, found '" + std::string(peek().text) + "'");
    module.version = std::bit_cast<double>(take().integer) * 10 + 0.5;
  } else if (directive == ".target") {
    module.target = expectWord("a target");
    while (accept(','))
      expectWord("a target's feature");
  } else if (directive == ".address_size") {
    if (expectInteger() != 64)
      fail(".address_size must be 64");
  } else if (directive == ".file") {
    expectInteger();
    take();
    while (accept(','))
      expectInteger();
  } else if (directive == ".section") {
    take();
    skipTo('}');
  } else if (directive == ".pragma") {
    skipTo(';');
  } else {
    fail("unknown directive '" + directive + "'");
  }
}

unsigned Parser::openScope(int parent) {
  scopes.push_back({parent, {}});
  current->scopeParents.push_back(parent - 1);
  return scopes.size() - 1;
}

/// .entry name (params) directives { ... }, or .func (results) name (params) ... ; for a prototype.
void Parser::function(bool isEntry) {
  Function parsed;
  current = &parsed;
  parsed.isEntry = isEntry;
  scope = openScope(0);
  if (!isEntry && peek().is('('))
    parsed.results = parameters(parsed);
  parsed.name = expectWord("a function's name");
  if (peek().is('('))
    parsed.params = parameters(parsed);
  if (isEntry)
    layOutEntryParameters(parsed);
  functionDirectives(parsed);
  Function *target = nullptr;
  for (Function &f : module.functions)
    if (f.name == parsed.name)
      target = &f;
  if (target && target->isDefined && peek().is('{'))
    fail("function '" + parsed.name + "' is defined twice");
  if (!accept(';')) {
    expect('{');
    parsed.isDefined = true;
    block();
  }
  if (!target)
    module.functions.push_back(std::move(parsed));
  else if (parsed.isDefined)
    *target = std::move(parsed);
  current = nullptr;
  scopes.resize(1);
  scope = 0;
}

void Parser::functionDirectives(Function &f) {
  while (peek().kind == TokenKind::Word) {
    std::string word = expectWord("a directive");
    if (word == ".maxntid" || word == ".reqntid") {
      f.maxThreads = expectInteger();
      while (accept(','))
        f.maxThreads *= expectInteger();
    } else if (word == ".minnctapersm" || word == ".maxnctapersm" || word == ".maxnreg" || word == ".maxclusterrank") {
      expectInteger();
    } else if (word == ".pragma") {
      skipTo(';');
    } else if (word != ".noreturn") {
      fail("unknown directive '" + word + "' of function '" + f.name + "'");
    }
  }
}

std::vector<Variable *> Parser::parameters(Function &f) {
  std::vector<Variable *> result;
  expect('(');
  while (!accept(')')) {
    if (accept(".reg"))
      fail("parameters of function '" + f.name + "' in registers are not supported");
    if (!accept(".param"))
      fail("expected .param, found '" + std::string(peek().text) + "'");
    Variable variable;
    variable.space = Space::Param;
    declarator(variable);
    result.push_back(&declare(variable));
    if (!f.isEntry)
      place(*result.back());
    accept(',');
  }
  return result;
}

void Parser::layOutEntryParameters(Function &f) {
  for (Variable *param : f.params) {
    param->address = (f.paramBytes + param->align - 1) / param->align * param->align;
    f.paramBytes = param->address + param->bytes;
  }
}

void Parser::block() {
  while (!accept('}')) {
    if (peek().kind == TokenKind::End)
      fail("function '" + current->name + "' has no end");
    if (accept('{')) {
      unsigned outer = scope;
      scope = openScope(outer);
      block();
      scope = outer;
    } else if (!blockItem()) {
      statement();
    }
  }
}

/// A directive or a label inside of a function; false at an instruction.
bool Parser::blockItem() {
  static const std::map<std::string_view, Space> spaces = {{".local", Space::Local},
                                                           {".param", Space::Param},
                                                           {".shared", Space::Shared},
                                                           {".global", Space::Global},
                                                           {".const", Space::Const}};
  if (peek().kind != TokenKind::Word)
    return false;
  if (peek(1).is(':')) {
    std::string label = expectWord("a label");
    expect(':');
    if (accept(".branchtargets"))
      branchTargetList(label);
    else if (!current->labels.try_emplace({scope - 1, label}, current->body.size()).second)
      fail("label '" + label + "' is defined twice");
    return true;
  }
  std::string_view word = peek().text;
  if (auto space = spaces.find(word); space != spaces.end()) {
    take();
    variables(space->second, false);
  } else if (accept(".reg")) {
    registers();
  } else if (accept(".loc")) {
    // .loc file line column [, function_at label [+ n], inlined_at file line column]
    unsigned line = peek().line;
    while (peek().line == line && peek().kind != TokenKind::End)
      take();
  } else if (accept(".pragma")) {
    skipTo(';');
  } else if (word[0] == '.') {
    fail("unknown directive '" + std::string(word) + "'");
  } else {
    return false;
  }
  return true;
}

/// .reg .b32 %a, %r<78>;
void Parser::registers() {
  std::string name = expectWord("a type").substr(1);
  std::optional<Type> type = parseType(name);
  if (!type)
    fail("unknown type '." + name + "'");
  do {
    std::string prefix = expectWord("a register");
    bool isRange = accept('<');
    uint64_t count = isRange ? expectInteger() : 1;
    if (isRange)
      expect('>');
    if (count > 1 << 20)
      fail("too many registers " + prefix);
    for (uint64_t i = 0; i < count; ++i) {
      scopes[scope].names[isRange ? prefix + std::to_string(i) : prefix] = {static_cast<int>(current->registers.size()),
                                                                            nullptr};
      current->registers.push_back(*type);
    }
  } while (accept(','));
  expect(';');
}

Parser::Name *Parser::find(const std::string &name) {
  for (int s = scope; s >= 0; s = scopes[s].parent)
    if (auto found = scopes[s].names.find(name); found != scopes[s].names.end())
      return &found->second;
  return nullptr;
}

} // namespace quern::ptx
