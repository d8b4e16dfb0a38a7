// Every failure a user can meet, as one line of text and a kind.
//
// A kind is the exit code of the `quern` command and picks the exception class in Python. The line is lower case, has
// no full stop, names the node or tensor and the two things that disagree, and says what would be right.
#pragma once
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FormatVariadic.h"
#include <string>

namespace quern {

enum class ErrorKind {
  Usage = 2,       // the command line or the options are wrong
  Model = 3,       // the model is wrong: not a model, truncated, inconsistent, data outside its folder
  Unsupported = 4, // valid, but not something this compiler takes
  File = 5,        // missing, unreadable, unwritable, a full disk
  Internal = 70,   // our fault
};

// The process's exit code for a failure of this kind.
inline int exitCode(ErrorKind kind) {
  return static_cast<int>(kind);
}

// The payload of every llvm::Error that leaves a public function of the compiler.
class QuernError : public llvm::ErrorInfo<QuernError> {
public:
  static char ID;
  QuernError(ErrorKind kind, std::string message) : kind(kind), message(std::move(message)) {}

  ErrorKind getKind() const { return kind; }
  const std::string &getMessage() const { return message; }
  void log(llvm::raw_ostream &os) const override { os << message; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

private:
  ErrorKind kind;
  std::string message;
};

// makeError(ErrorKind::Model, "node {0}: ...", quoted(name)): the text is an llvm::formatv format.
template <typename... Args> llvm::Error makeError(ErrorKind kind, const char *format, Args &&...args) {
  return llvm::make_error<QuernError>(kind, llvm::formatv(format, std::forward<Args>(args)...).str());
}

// A name from a model as it may stand in a message: in single quotes, on one line, valid UTF-8. Quotes, backslashes,
// control characters and bytes that are not UTF-8 are escaped; more than 120 bytes are cut with "...".
std::string quoted(llvm::StringRef name);

// The same error with "context: " before its text, the kind kept.
llvm::Error withContext(llvm::StringRef context, llvm::Error error);

// What is left of an error at the border (command line, C, Python).
struct Failure {
  ErrorKind kind;
  std::string message;
};

// Consumes the error. An error that is no QuernError is Internal; of several joined ones the first is returned.
Failure takeFailure(llvm::Error error);

} // namespace quern
