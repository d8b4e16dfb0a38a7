#include "dialects/graph/Dim.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SaveAndRestore.h"
#include <algorithm>

using namespace llvm;

namespace quern {

static int64_t floorDivide(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0))); }

Dim Dim::poison() {
  Dim result;
  result.poisoned = true;
  return result;
}

Dim Dim::symbol(StringRef name) {
  Dim result;
  result.terms[{name.str()}] = 1;
  return result;
}

Dim Dim::function(StringRef name, const Dim &a, const Dim &b) {
  if (a.poisoned || b.poisoned)
    return poison();
  return symbol((name + "(" + a.str() + ", " + b.str() + ")").str());
}

std::optional<int64_t> Dim::constant() const {
  if (!isConstant())
    return std::nullopt;
  return terms.empty() ? 0 : terms.begin()->second;
}

void Dim::add(const std::vector<std::string> &atoms, int64_t coefficient) {
  int64_t &slot = terms[atoms];
  if (AddOverflow(slot, coefficient, slot))
    *this = poison();
  else if (slot == 0)
    terms.erase(atoms);
}

Dim Dim::operator+(const Dim &other) const {
  if (poisoned || other.poisoned)
    return poison();
  Dim result = *this;
  for (auto &[atoms, coefficient] : other.terms)
    if (!result.poisoned)
      result.add(atoms, coefficient);
  return result;
}

Dim Dim::operator-(const Dim &other) const { return *this + other * Dim(-1); }

Dim Dim::operator*(const Dim &other) const {
  if (poisoned || other.poisoned)
    return poison();
  Dim result;
  for (auto &[leftAtoms, left] : terms)
    for (auto &[rightAtoms, right] : other.terms) {
      std::vector<std::string> atoms = leftAtoms;
      atoms.insert(atoms.end(), rightAtoms.begin(), rightAtoms.end());
      llvm::sort(atoms);
      int64_t coefficient;
      if (MulOverflow(left, right, coefficient))
        return poison();
      result.add(atoms, coefficient);
      if (result.poisoned)
        return result;
    }
  return result;
}

/// The quotient of one term by another, if it is one.
static std::optional<std::pair<std::vector<std::string>, int64_t>>
divideTerm(const std::pair<const std::vector<std::string>, int64_t> &term, const std::vector<std::string> &atoms,
           int64_t coefficient) {
  if (term.second % coefficient || !std::includes(term.first.begin(), term.first.end(), atoms.begin(), atoms.end()))
    return std::nullopt;
  std::vector<std::string> rest;
  std::set_difference(term.first.begin(), term.first.end(), atoms.begin(), atoms.end(), std::back_inserter(rest));
  return std::make_pair(rest, term.second / coefficient);
}

std::optional<Dim> Dim::dividedBy(const Dim &other) const {
  if (poisoned || other.poisoned || other.terms.empty())
    return std::nullopt;
  if (*this == other)
    return Dim(1);
  if (other.terms.size() != 1) {
    // Try a quotient of one term: what the leading terms say.
    if (terms.empty())
      return Dim(0);
    for (auto &lead : other.terms)
      if (auto quotient = divideTerm(*terms.rbegin(), lead.first, lead.second)) {
        Dim candidate;
        candidate.add(quotient->first, quotient->second);
        if (candidate * other == *this)
          return candidate;
      }
    return std::nullopt;
  }
  auto &[atoms, coefficient] = *other.terms.begin();
  Dim result;
  for (auto &term : terms) {
    auto quotient = divideTerm(term, atoms, coefficient);
    if (!quotient)
      return std::nullopt;
    result.add(quotient->first, quotient->second);
  }
  return result;
}

Dim Dim::floordiv(const Dim &other) const {
  if (other.isEqualTo(0))
    return poison();
  if (auto exact = dividedBy(other))
    return *exact;
  std::optional<int64_t> divisor = other.constant();
  if (!divisor)
    return function("floordiv", *this, other);
  if (auto value = constant())
    return floorDivide(*value, *divisor);
  // floordiv(d*a + r, d) = a + floordiv(r, d)
  Dim whole, rest;
  for (auto &[atoms, coefficient] : terms) {
    int64_t quotient = atoms.empty()            ? floorDivide(coefficient, *divisor)
                       : coefficient % *divisor ? 0
                                                : coefficient / *divisor;
    whole.add(atoms, quotient);
    rest.add(atoms, coefficient - quotient * *divisor);
  }
  // floordiv(floordiv(a, b), c) = floordiv(a, b*c) for positive b and c.
  if (rest.terms.size() == 1 && rest.terms.begin()->second == 1 && rest.terms.begin()->first.size() == 1 &&
      *divisor > 0) {
    Atom inner = atomOf(rest.terms.begin()->first[0]);
    if (inner.function == "floordiv")
      if (auto by = inner.operands[1].constant(); by && *by > 0)
        return whole + inner.operands[0].floordiv(Dim(*by) * *divisor);
  }
  if (rest.isConstant())
    return whole + rest.floordiv(other);
  return whole + function("floordiv", rest, other);
}

Dim Dim::ceildiv(const Dim &other) const { return (*this + other - 1).floordiv(other); }

Dim Dim::mod(const Dim &other) const {
  if (other.isEqualTo(0))
    return poison();
  return *this - floordiv(other) * other;
}

Dim Dim::min(const Dim &a, const Dim &b) {
  if (std::optional<int64_t> difference = (a - b).constant())
    return *difference <= 0 ? a : b;
  return b < a ? function("min", b, a) : function("min", a, b);
}

Dim Dim::max(const Dim &a, const Dim &b) {
  if (std::optional<int64_t> difference = (a - b).constant())
    return *difference >= 0 ? a : b;
  if (a.isEqualTo(0) || b.isEqualTo(0)) { // Symbols are >= 0, so a sum of positive terms is its own maximum with 0.
    const Dim &other = a.isEqualTo(0) ? b : a;
    bool plain = llvm::all_of(other.terms, [](auto &term) {
      return term.second >= 0 &&
             llvm::none_of(term.first, [](const std::string &atom) { return atom.find('(') != atom.npos; });
    });
    if (plain)
      return other;
  }
  return b < a ? function("max", b, a) : function("max", a, b);
}

std::string Dim::str() const {
  if (poisoned)
    return "overflow!";
  if (terms.empty())
    return "0";
  std::string text;
  auto print = [&](const std::vector<std::string> &atoms, int64_t coefficient) {
    bool negative = coefficient < 0;
    uint64_t magnitude = negative ? 0 - uint64_t(coefficient) : uint64_t(coefficient);
    if (text.empty())
      text += negative ? "-" : "";
    else
      text += negative ? " - " : " + ";
    if (atoms.empty() || magnitude != 1)
      text += std::to_string(magnitude) + (atoms.empty() ? "" : "*");
    text += llvm::join(atoms, "*");
  };
  for (auto &[atoms, coefficient] : terms)
    if (!atoms.empty())
      print(atoms, coefficient);
  if (auto found = terms.find({}); found != terms.end())
    print({}, found->second);
  return text;
}

//===--- Parsing ----------------------------------------------------------------------------===//

namespace {

/// sum := ["-"] product (("+" | "-") product)* ; product := factor ("*" factor)* ;
/// factor := integer | symbol | function "(" sum "," sum ")" | "(" sum ")"
struct DimParser {
  StringRef text;
  unsigned depth = 0;

  bool eat(char c) {
    text = text.ltrim();
    return text.consume_front(StringRef(&c, 1));
  }

  std::optional<Dim> factor() {
    text = text.ltrim();
    llvm::SaveAndRestore nesting(depth, depth + 1);
    if (text.empty() || depth > 200)
      return std::nullopt;
    if (eat('(')) {
      auto inner = sum();
      return inner && eat(')') ? inner : std::nullopt;
    }
    if (isDigit(text.front())) {
      int64_t value;
      if (text.consumeInteger(10, value))
        return std::nullopt;
      return Dim(value);
    }
    StringRef name = text.take_while(
        [](char c) { return isAlnum(c) || c == '_' || c == '.' || c == '$' || c == ':' || c == '/' || (c & 0x80); });
    if (name.empty())
      return std::nullopt;
    text = text.drop_front(name.size());
    if (!eat('('))
      return Dim::symbol(name);
    auto a = sum();
    if (!a || !eat(','))
      return std::nullopt;
    auto b = sum();
    if (!b || !eat(')'))
      return std::nullopt;
    if (name == "floordiv") return a->floordiv(*b);
    if (name == "ceildiv") return a->ceildiv(*b);
    if (name == "mod") return a->mod(*b);
    if (name == "min") return Dim::min(*a, *b);
    if (name == "max") return Dim::max(*a, *b);
    return std::nullopt;
  }

  std::optional<Dim> productOfFactors() {
    auto result = factor();
    while (result && eat('*')) {
      auto next = factor();
      if (!next)
        return std::nullopt;
      result = *result * *next;
    }
    return result;
  }

  std::optional<Dim> sum() {
    bool negative = eat('-');
    auto result = productOfFactors();
    if (result && negative)
      result = Dim(0) - *result;
    while (result) {
      bool plus = eat('+');
      if (!plus && !eat('-'))
        break;
      auto next = productOfFactors();
      if (!next)
        return std::nullopt;
      result = plus ? *result + *next : *result - *next;
    }
    return result;
  }
};

} // namespace

std::optional<Dim> Dim::parse(StringRef text) {
  DimParser parser{text};
  auto result = parser.sum();
  if (!result || !parser.text.trim().empty())
    return std::nullopt;
  return result;
}

Dim::Atom Dim::atomOf(StringRef text) {
  size_t open = text.find('(');
  if (open == StringRef::npos)
    return {"", text.str(), {}};
  // The comma at depth one separates the operands.
  int depth = 0;
  size_t comma = open;
  for (size_t i = open; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (text[i] == ',' && depth == 1)
      comma = i;
  }
  auto a = Dim::parse(text.slice(open + 1, comma)), b = Dim::parse(text.slice(comma + 1, text.size() - 1));
  return {text.take_front(open).str(), "", {a.value_or(poison()), b.value_or(poison())}};
}

//===--- Walks ------------------------------------------------------------------------------===//

void Dim::collectSymbols(std::vector<std::string> &names) const {
  for (auto &[atoms, coefficient] : terms)
    for (const std::string &text : atoms) {
      Atom atom = atomOf(text);
      if (atom.function.empty()) {
        if (!llvm::is_contained(names, atom.name))
          names.push_back(atom.name);
        continue;
      }
      for (const Dim &operand : atom.operands)
        operand.collectSymbols(names);
    }
}

static Dim apply(StringRef function, const Dim &a, const Dim &b) {
  if (function == "floordiv") return a.floordiv(b);
  if (function == "ceildiv") return a.ceildiv(b);
  if (function == "mod") return a.mod(b);
  return function == "min" ? Dim::min(a, b) : Dim::max(a, b);
}

Dim Dim::substitute(function_ref<std::optional<Dim>(StringRef)> value) const {
  if (poisoned)
    return *this;
  Dim result;
  for (auto &[atoms, coefficient] : terms) {
    Dim term = coefficient;
    for (const std::string &text : atoms) {
      Atom atom = atomOf(text);
      if (atom.function.empty())
        term = term * value(atom.name).value_or(symbol(atom.name));
      else
        term = term * apply(atom.function, atom.operands[0].substitute(value), atom.operands[1].substitute(value));
    }
    result = result + term;
  }
  return result;
}

int64_t Dim::estimate(int64_t hint) const {
  return substitute([&](StringRef) { return Dim(hint); }).constant().value_or(hint);
}

Dim product(ArrayRef<Dim> dims) {
  Dim result = 1;
  for (const Dim &dim : dims)
    result = result * dim;
  return result;
}

} // namespace quern
