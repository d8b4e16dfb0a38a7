// What is going on, on a terminal and nowhere else.
#pragma once
#include "llvm/ADT/StringRef.h"

namespace quern {

/// One line of standard error that changes, and is gone in the end. Silent where standard error is no terminal.
class Progress {
public:
  explicit Progress(bool enabled = true);
  ~Progress();
  Progress(const Progress &) = delete;

  void show(llvm::StringRef text);
  /// Before something else is printed.
  void clear();
  bool isShown() const { return shown; }

private:
  const bool shown;
  size_t width = 0;
};

} // namespace quern
