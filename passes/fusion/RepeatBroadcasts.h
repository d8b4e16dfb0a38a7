#pragma once
#include "mlir/IR/Block.h"

namespace quern {

/// Gives each user of a cheap elementwise op over broadcast operands an op of its own. Such a result is larger than what it
/// is made of: to read the operands again takes less than to write the result and to read it.
void repeatBroadcasts(mlir::Block &block);

} // namespace quern
