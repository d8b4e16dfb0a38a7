// A fence around code of LLVM's that may call report_fatal_error, abort or fault.
#pragma once
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace quern {

/// Runs `action` on this thread; a fatal error or a fault inside becomes an Internal error that begins with `what`.
/// Not contained: exit() and stack overflow, and faults on threads that `action` starts (they need a fence of their
/// own). What the action held (memory, locks) is lost after a crash. While a fence stands, the process's handlers of
/// fault signals and LLVM's handler of fatal errors are ours.
llvm::Error runFenced(llvm::StringRef what, llvm::function_ref<llvm::Error()> action);

} // namespace quern
