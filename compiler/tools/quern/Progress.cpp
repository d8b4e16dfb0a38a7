#include "compiler/tools/quern/Progress.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

using namespace llvm;

namespace quern {

Progress::Progress(bool enabled) : shown(enabled && isatty(STDERR_FILENO)) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (width)
    errs() << "\r" << std::string(width, ' ') << "\r";
  width = 0;
}

void Progress::show(StringRef text) {
  if (!shown)
    return;
  errs() << "\r" << text;
  if (text.size() < width) // the rest of what stood there
    errs() << std::string(width - text.size(), ' ');
  width = std::max(width, text.size());
}

} // namespace quern
