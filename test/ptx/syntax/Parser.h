// The recursive descent over PTX's grammar; its parts are in Parser.cpp (modules and functions), ParseVariable.cpp and
// ParseStatement.cpp.
#pragma once
#include "test/ptx/syntax/Lexer.h"
#include "test/ptx/syntax/Syntax.h"
#include <unordered_map>

namespace quern::ptx {

class Parser {
public:
  explicit Parser(std::string_view text);
  Module run();

private:
  struct Name {
    int reg = -1;
    Variable *variable = nullptr;
  };
  struct Scope {
    int parent;
    std::unordered_map<std::string, Name> names;
  };

  // Tokens.
  const Token &peek(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  const Token &take() { return tokens[std::min(at++, tokens.size() - 1)]; }
  bool accept(char c);
  bool accept(std::string_view word);
  void expect(char c);
  std::string expectWord(const char *what);
  uint64_t expectInteger();
  int64_t signedInteger();
  [[noreturn]] void fail(const std::string &reason) const;
  void skipTo(char c);

  // Modules and functions.
  void topLevel();
  void header(const std::string &directive);
  void function(bool isEntry);
  void functionDirectives(Function &f);
  std::vector<Variable *> parameters(Function &f);
  void layOutEntryParameters(Function &f);
  void block();
  bool blockItem();
  void registers();

  // Variables.
  void variables(Space space, bool isExternal);
  Variable &declare(const Variable &variable);
  void declarator(Variable &variable);
  void place(Variable &variable);
  void initializer(Variable &variable);
  void initialize(Variable &variable, unsigned elementBytes);
  static uint64_t initialBits(const Token &token, bool negative, Type type);

  // Statements.
  void statement();
  Operand operand();
  Operand primary();
  Operand named();
  Operand address();
  Operand group(char close, Operand::Kind kind);
  void branchTargetList(const std::string &label);

  Name *find(const std::string &name);
  unsigned openScope(int parent);

  Module module;
  std::vector<Token> tokens;
  size_t at = 0;
  Function *current = nullptr; ///< null at module level
  std::vector<Scope> scopes;   ///< scopes[0] is the module's; of a function, its own number is one less
  unsigned scope = 0;
};

} // namespace quern::ptx
