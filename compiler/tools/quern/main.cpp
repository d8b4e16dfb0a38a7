#include "compiler/tools/quern/Command.h"
#include "llvm/Support/raw_ostream.h"
#include <vector>

using namespace quern;

int main(int argc, char **argv) {
  std::vector<Command> commands = {
#define QUERN_COMMAND(function) function(),
#include "compiler/tools/quern/Commands.inc"
  };
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  const char *overview = "Quern compiles machine-learning models into native shared libraries.\n"
                         "  quern compile model.onnx -o model.so      compile\n"
                         "  quern SUBCOMMAND --help                   what a subcommand does\n";
  if (!llvm::cl::ParseCommandLineOptions(argc, argv, overview, &stream)) {
    llvm::StringRef line = llvm::StringRef(problem).split('\n').first;
    llvm::errs() << "quern: error: " << line << "\n";
    return exitCode(ErrorKind::Usage);
  }
  for (Command &command : commands) {
    if (!*command.subcommand)
      continue;
    if (llvm::Error error = command.run()) {
      Failure failure = takeFailure(std::move(error));
      llvm::errs() << "quern: error: " << failure.message << "\n";
      return exitCode(failure.kind);
    }
    return 0;
  }
  llvm::cl::PrintHelpMessage();
  return exitCode(ErrorKind::Usage);
}
