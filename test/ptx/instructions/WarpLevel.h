// What the instructions with a membermask share.
#pragma once
#include "test/ptx/instructions/Handlers.h"

namespace quern::ptx {

/// Waits for the lanes of the mask in row `maskRow`. False: the instruction must do nothing now. Otherwise `mask` holds
/// all lanes that take part. Throws Fault when the lanes disagree on the mask, or one is not in it.
bool gatherMembers(Warp &warp, uint32_t maskRow, Mask &mask);

} // namespace quern::ptx
