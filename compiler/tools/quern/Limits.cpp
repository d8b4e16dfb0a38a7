#include "compiler/tools/quern/Limits.h"
#include "compiler/Diagnostics.h"
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace quern {
namespace {

// Handlers of signals and of exhausted memory read only these: neither may allocate.
std::string start;
std::atomic<const char *> phase{"start"};
std::atomic<uint64_t> memoryLimit{0};
unsigned secondsLimit = 0;

/// Text of a fixed size, for where nothing may be allocated.
class Line {
public:
  Line &operator<<(const char *text) {
    for (; *text && length < sizeof bytes - 1; ++text)
      bytes[length++] = *text;
    return *this;
  }
  Line &operator<<(uint64_t number) {
    char digits[21], *to = digits + 20;
    *to = 0;
    do
      *--to = char('0' + number % 10);
    while (number /= 10);
    return *this << to;
  }
  [[noreturn]] void finish(ErrorKind kind) {
    bytes[length++] = '\n';
    [[maybe_unused]] ssize_t written = write(STDERR_FILENO, bytes, length);
    _exit(exitCode(kind));
  }

private:
  char bytes[8192];
  size_t length = 0;
};

void handleCrash(int number) {
  const char *name = sigabbrev_np(number);
  (Line() << start.c_str() << "the compiler crashed by SIG" << (name ? name : "?") << " in phase " << phase.load()
          << "; this is a fault of quern: please report it with the model").finish(ErrorKind::Internal);
}

void handleTimeout(int) {
  (Line() << start.c_str() << "compiling takes more than " << secondsLimit << " seconds; allow more by --timeout")
      .finish(ErrorKind::Unsupported);
}

void handleExhaustion() {
  (Line() << start.c_str() << "compiling takes more than " << (memoryLimit >> 20)
          << " MiB of memory; allow more by --max-memory")
      .finish(ErrorKind::Unsupported);
}

/// A stack for handlers: the thread's own may be what overflowed.
void useOwnStack() {
  constexpr size_t size = 1 << 16;
  stack_t stack = {};
  stack.ss_sp = malloc(size);
  stack.ss_size = size;
  if (stack.ss_sp)
    sigaltstack(&stack, nullptr);
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(number, &action, nullptr);
}

} // namespace

void limitMemory(uint64_t bytes) {
  memoryLimit = bytes;
  rlimit limit;
  if (!bytes || getrlimit(RLIMIT_DATA, &limit))
    return;
  limit.rlim_cur = std::min<rlim_t>(bytes, limit.rlim_max);
  setrlimit(RLIMIT_DATA, &limit);
}

void limitProcess(llvm::StringRef model, uint64_t bytes, unsigned seconds) {
  start = ("quern: error: " + model.take_front(4096) + ": ").str();
  secondsLimit = seconds;
  useOwnStack();
  for (int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    handle(number, handleCrash);
  std::set_new_handler(handleExhaustion);
  limitMemory(bytes);
  if (seconds) {
    handle(SIGALRM, handleTimeout);
    alarm(seconds);
  }
}

void noteGuardedPhase(const char *name) { phase = name; }

} // namespace quern
