#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace quern {

/// The extent of a tensor's axis: an integer, or an integer expression over named symbols such as "batch".
///
/// A Dim is kept as a polynomial with integer coefficients over *atoms*. An atom is a symbol or one of the functions
/// that a polynomial cannot say: floordiv(a, b), ceildiv(a, b), mod(a, b), min(a, b), max(a, b). The form is canonical
/// (terms sorted, like terms added, exact divisions carried out), so two dims that are built in different ways compare
/// equal whenever they agree as polynomials:
///
///   (Dim::symbol("H") * 2 + 4).floordiv(2) == Dim::symbol("H") + 2        prints "H + 2"
///   (N * 12 * 64).floordiv(64)             == N * 12                      prints "12*N"
///   (H + 1).floordiv(2)                                                   prints "floordiv(H + 1, 2)"
///
/// This is why shape arithmetic of a model vanishes: Shape -> Gather -> Mul -> Reshape is arithmetic on Dims. Symbols
/// stand for run-time values >= 0. A sum that does not fit 64 bits becomes the poison value, which equals nothing but
/// itself and is refused where a type is made from it.
class Dim {
public:
  Dim() = default;
  Dim(int64_t constant) { if (constant) terms[{}] = constant; }
  static Dim symbol(llvm::StringRef name);
  /// Parses what str() prints; nothing on a syntax error.
  static std::optional<Dim> parse(llvm::StringRef text);

  bool isConstant() const {
    return !poisoned && (terms.empty() || (terms.size() == 1 && terms.begin()->first.empty()));
  }
  bool isPoison() const { return poisoned; }
  std::optional<int64_t> constant() const;
  bool isEqualTo(int64_t value) const { return constant() == value; }
  std::string str() const;

  Dim operator+(const Dim &other) const;
  Dim operator-(const Dim &other) const;
  Dim operator*(const Dim &other) const;
  Dim floordiv(const Dim &other) const;
  Dim ceildiv(const Dim &other) const;
  Dim mod(const Dim &other) const;
  static Dim min(const Dim &a, const Dim &b);
  static Dim max(const Dim &a, const Dim &b);
  bool operator==(const Dim &other) const { return poisoned == other.poisoned && terms == other.terms; }
  bool operator!=(const Dim &other) const { return !(*this == other); }
  bool operator<(const Dim &other) const { return str() < other.str(); }

  /// Exact quotient, if `other` divides every term.
  std::optional<Dim> dividedBy(const Dim &other) const;

  /// Adds the names of all symbols, those inside function atoms too.
  void collectSymbols(std::vector<std::string> &names) const;
  /// The dim with each symbol replaced by what `value` says (nothing: the symbol stays).
  Dim substitute(llvm::function_ref<std::optional<Dim>(llvm::StringRef)> value) const;
  /// The value where every symbol is `hint`: for decisions that need some size, never for correctness.
  int64_t estimate(int64_t hint) const;

  /// An atom taken apart: a symbol (function empty) or a function of two dims.
  struct Atom {
    std::string function, name;
    std::vector<Dim> operands;
  };
  static Atom atomOf(llvm::StringRef text);
  /// Terms: sorted atoms of a product -> coefficient.
  using Terms = std::map<std::vector<std::string>, int64_t>;
  const Terms &getTerms() const { return terms; }

private:
  static Dim poison();
  static Dim function(llvm::StringRef name, const Dim &a, const Dim &b);
  void add(const std::vector<std::string> &atoms, int64_t coefficient);

  Terms terms;
  bool poisoned = false;
};

/// The product of all dims; 1 for none.
Dim product(llvm::ArrayRef<Dim> dims);

} // namespace quern
