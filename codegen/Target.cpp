#include "codegen/Target.h"
#include "codegen/x86/Host.h"
#include "compiler/Diagnostics.h"
#include "llvm/BinaryFormat/ELF.h"

using namespace llvm;

namespace quern {
namespace {

constexpr Level levels[] = {
#define LEVEL(variable, name, suffix, number, cpu, features, vectorBytes, vectorRegisters, masks)                      \
  {name, suffix, number, cpu, features, vectorBytes, vectorRegisters, masks},
#include "codegen/x86/Levels.inc"
};

enum LevelIndex {
#define LEVEL(variable, ...) variable,
#include "codegen/x86/Levels.inc"
};

const Target targets[] = {
#define TARGET(name, triple, first, count, machine)                                                                    \
  {name, triple, ArrayRef<Level>(levels).slice(first, count), machine},
#include "codegen/x86/Levels.inc"
};

/// The target of one level that holds the best level of this machine.
Expected<const Target *> nativeTarget() {
  for (const Level &level : levels)
    if (runsOnThisMachine(level))
      for (const Target &target : targets)
        if (target.levels.size() == 1 && target.levels.front().name == level.name)
          return &target;
  return makeError(ErrorKind::Usage, "this machine runs no level that Quern compiles for; name a target");
}

} // namespace

ArrayRef<Target> allTargets() { return targets; }

Expected<const Target *> lookupTarget(StringRef name) {
  if (name == "native")
    return nativeTarget();
  const Target *nearest = targets;
  std::string known = "native";
  for (const Target &target : targets) {
    if (target.name == name)
      return &target;
    if (name.edit_distance(target.name) < name.edit_distance(nearest->name))
      nearest = &target;
    known += (", " + target.name).str();
  }
  // A far-off name gets the list alone: a wild guess would mislead.
  std::string hint;
  if (name.edit_distance(nearest->name) <= 4)
    hint = formatv("did you mean '{0}'? ", nearest->name);
  return makeError(ErrorKind::Usage, "unknown target {0}; {1}known: {2}", quoted(name), hint, known);
}

} // namespace quern
