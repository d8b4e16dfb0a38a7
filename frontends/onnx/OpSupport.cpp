#include "frontends/onnx/OpSupport.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include <initializer_list>
#include <utility>

using namespace quern;

namespace {
struct Operator {
  llvm::StringLiteral domain;
  llvm::StringLiteral name;
  std::initializer_list<int64_t> versions; // rising

  std::pair<llvm::StringRef, llvm::StringRef> key() const { return {domain, name}; }
};
} // namespace

// Sorted by domain, then name.
static const Operator operators[] = {
#define QUERN_OPERATOR(domain, name, ...) {domain, name, {__VA_ARGS__}},
#include "frontends/onnx/OpSupport.inc"
#undef QUERN_OPERATOR
};

namespace {
struct Domain {
  llvm::StringLiteral name;
  int64_t newest;
  bool isComplete; // every operator of the domain is in the table
};
} // namespace

static constexpr Domain domains[] = {
    {"", 27, true},
    {"ai.onnx.ml", 5, true},
    {"ai.onnx.preview", 1, true},
    {"com.microsoft", 1, false},
};

static const Domain *findDomain(llvm::StringRef name) {
  const Domain *found = llvm::find_if(domains, [&](const Domain &domain) { return domain.name == name; });
  return found == std::end(domains) ? nullptr : found;
}

std::optional<int64_t> quern::newestOpset(llvm::StringRef domain) {
  const Domain *found = findDomain(domain);
  return found ? std::optional(found->newest) : std::nullopt;
}

bool quern::knowsAllOperators(llvm::StringRef domain) {
  const Domain *found = findDomain(domain);
  return found && found->isComplete;
}

static const Operator *find(llvm::StringRef domain, llvm::StringRef name) {
  std::pair key(domain, name);
  const Operator *found =
      llvm::lower_bound(operators, key, [](const Operator &op, const auto &wanted) { return op.key() < wanted; });
  return found != std::end(operators) && found->key() == key ? found : nullptr;
}

bool quern::isKnownOperator(llvm::StringRef domain, llvm::StringRef name) {
  return find(domain, name) != nullptr;
}

int64_t quern::firstVersion(llvm::StringRef domain, llvm::StringRef name) {
  return *find(domain, name)->versions.begin();
}

std::optional<int64_t> quern::sinceVersion(llvm::StringRef domain, llvm::StringRef name, int64_t opset) {
  std::optional<int64_t> result;
  if (const Operator *op = find(domain, name))
    for (int64_t version : op->versions)
      if (version <= opset)
        result = version;
  return result;
}
