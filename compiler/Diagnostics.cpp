#include "compiler/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace quern;

char QuernError::ID = 0;

// The length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none.
static size_t utf8SequenceLength(llvm::StringRef text) {
  const auto *begin = reinterpret_cast<const llvm::UTF8 *>(text.data());
  unsigned length = llvm::getNumBytesForUTF8(*begin);
  if (length > text.size() || !llvm::isLegalUTF8Sequence(begin, begin + length))
    return 0;
  return length;
}

std::string quern::quoted(llvm::StringRef name) {
  constexpr size_t limit = 120;
  std::string result = "'";
  size_t position = 0;
  while (position < name.size() && position < limit) {
    unsigned char c = name[position];
    size_t length = utf8SequenceLength(name.substr(position));
    // U+0080 to U+009F are control characters too.
    bool control = c < 0x20 || c == 0x7f || (c == 0xc2 && length == 2 && (unsigned char)name[position + 1] < 0xa0);
    if (c == '\n') {
      result += "\\n";
    } else if (length == 0 || control) {
      length = 1;
      result += "\\x" + llvm::toHex(llvm::StringRef(name.data() + position, 1), /*LowerCase=*/true);
    } else {
      if (c == '\'' || c == '\\')
        result += '\\';
      result.append(name.data() + position, length);
    }
    position += length;
  }
  return result + (position < name.size() ? "...'" : "'");
}

Failure quern::takeFailure(llvm::Error error) {
  Failure failure{ErrorKind::Internal, ""};
  bool first = true;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase &info) {
    if (!first)
      return;
    first = false;
    failure.message = info.message();
    if (info.isA<QuernError>())
      failure.kind = static_cast<const QuernError &>(info).getKind();
  });
  return failure;
}

llvm::Error quern::withContext(llvm::StringRef context, llvm::Error error) {
  if (!error)
    return llvm::Error::success();
  Failure failure = takeFailure(std::move(error));
  return llvm::make_error<QuernError>(failure.kind, context.str() + ": " + failure.message);
}
