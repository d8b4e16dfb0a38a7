#include "compiler/tools/quern/KernelFacts.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace quern {

std::optional<double> evaluate(const json::Value *amount, const Symbols &symbols) {
  if (!amount)
    return std::nullopt;
  if (auto number = amount->getAsNumber())
    return number;
  std::optional<StringRef> text = amount->getAsString();
  std::optional<Dim> dim = text ? Dim::parse(*text) : std::nullopt;
  if (!dim)
    return std::nullopt;
  std::optional<int64_t> known = dim->substitute([&](StringRef name) -> std::optional<Dim> {
    auto found = symbols.find(name);
    return found == symbols.end() ? std::nullopt : std::optional<Dim>(found->second);
  }).constant();
  return known ? std::optional<double>(*known) : std::nullopt;
}

static StringRef text(const json::Object *object, StringRef key) {
  return object ? object->getString(key).value_or("") : "";
}

std::vector<LaunchFacts> launchFacts(const json::Object &manifest, StringRef levelSuffix) {
  const json::Array *sites = manifest.getArray("sites"), *kernels = manifest.getArray("kernels");
  const json::Array none;
  std::vector<LaunchFacts> result;
  for (const json::Value &value : sites ? *sites : none) {
    const json::Object *site = value.getAsObject(), *kernel = nullptr;
    LaunchFacts facts{text(site, "name"), text(site, "nodes"), text(site, "boundary"), "", "", ""};
    if (std::optional<int64_t> number = site ? site->getInteger("kernel") : std::nullopt)
      if (kernels && *number >= 0 && size_t(*number) < kernels->size())
        kernel = (*kernels)[*number].getAsObject();
    facts.kernel = text(kernel, "name");
    facts.algorithm = text(kernel, "algorithm");
    facts.tile = text(kernel ? kernel->getObject("tile") : nullptr, levelSuffix);
    if (site) {
      facts.flops = site->get("flops");
      facts.multiplyAdds = site->get("multiply_adds");
      facts.bytes = site->get("bytes");
      facts.weightBytes = site->get("weight_bytes");
    }
    result.push_back(facts);
  }
  return result;
}

std::string withPrefix(double value) {
  static constexpr const char *prefixes[] = {"", " k", " M", " G", " T", " P"};
  size_t index = 0;
  while (value >= 999.5 && index + 1 < std::size(prefixes)) {
    value /= 1000;
    ++index;
  }
  int decimals = index == 0 && value == int64_t(value) ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string digits;
  raw_string_ostream(digits) << format("%.*f", decimals, value);
  return digits + prefixes[index];
}

} // namespace quern
