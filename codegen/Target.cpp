#include "codegen/Target.h"
#include "codegen/Backend.h"
#include "codegen/Host.h"
#include "compiler/Diagnostics.h"

using namespace llvm;

namespace quern {
namespace {

#include "codegen/Backend.h"
#include "codegen/Host.h"
Expected<const Target *> nativeTarget() {
  const Target *best = nullptr;
  const Level *bestLevel = nullptr;
  for (const Target *target : allTargets()) {
    const Level *level = find_if(target->levels, runsOnThisMachine);
    if (level == target->levels.end())
      continue;
    if (best && (level->number < bestLevel->number ||
                 (level->number == bestLevel->number && target->levels.size() >= best->levels.size())))
      continue;
    best = target;
    bestLevel = level;
  }
  if (best)
    return best;
  return makeError(ErrorKind::Usage, "this machine runs no level that Quern compiles for; name a target");
}

/// Whether the emitters write the same loops for both levels. They read nothing else of a level than this.
bool haveSameLoops(const Level &a, const Level &b) {
  return std::tuple(a.vectorBytes, a.vectorRegisters, a.masks, a.pairsLoads, a.multipliesLanes) ==
         std::tuple(b.vectorBytes, b.vectorRegisters, b.masks, b.pairsLoads, b.multipliesLanes);
}

} // namespace

const Level &Target::kernelLevel(const Level &level) const {
  return *find_if(reverse(levels), [&](const Level &candidate) { return haveSameLoops(candidate, level); });
}

SmallVector<const Level *> Target::kernelLevels() const {
  SmallVector<const Level *> own;
  for (const Level &level : levels)
    if (&kernelLevel(level) == &level)
      own.push_back(&level);
  return own;
}

ArrayRef<const Target *> allTargets() {
  static const auto targets = [] {
    SmallVector<const Target *, 8> all;
    for (const Backend *backend : allBackends())
      for (const Target &target : backend->targets)
        all.push_back(&target);
    return all;
  }();
  return targets;
}

Expected<TargetChoice> lookupTargets(StringRef names) {
  SmallVector<const Target *> targets;
  SmallVector<StringRef> parts;
  names.split(parts, ',');
  for (StringRef name : parts) {
    auto target = lookupTarget(name);
    if (!target)
      return target.takeError();
    targets.push_back(*target);
  }
  if (targets.size() == 1)
    return TargetChoice{targets.front(), nullptr};
  // In whatever order they were named.
  if (targets.size() == 2 && !targets.front()->device)
    std::swap(targets[0], targets[1]);
  if (targets.size() != 2 || !targets[0]->device || targets[1]->device ||
      targets[0]->elfMachine != targets[1]->elfMachine)
    return makeError(ErrorKind::Usage, "targets {0} do not go into one artifact; a device and the processor beside it do, as "
                                       "in sm_80,x86-64",
                     quoted(names));
  return TargetChoice{targets[0], targets[1]};
}

Expected<const Target *> lookupTarget(StringRef name) {
  if (name == "native")
    return nativeTarget();
  StringRef nearest = "native";
  std::string known = "native";
  for (const Target *target : allTargets()) {
    if (target->name == name)
      return target;
    if (name.edit_distance(target->name) < name.edit_distance(nearest))
      nearest = target->name;
    known += (", " + target->name).str();
  }
  // A far-off name gets the list alone: a wild guess would mislead.
  std::string hint;
  if (name.edit_distance(nearest) <= 4)
    hint = formatv("did you mean '{0}'? ", nearest);
  return makeError(ErrorKind::Usage, "unknown target {0}; {1}known: {2}", quoted(name), hint, known);
}

} // namespace quern
