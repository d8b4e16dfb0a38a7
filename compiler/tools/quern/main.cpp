#include "compiler/tools/quern/Command.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace llvm;
using namespace quern;

static constexpr const char *overview =
    "Quern compiles machine-learning models into native shared libraries.\n"
    "  quern compile model.onnx -o model.so      compile\n"
    "  quern explain model.so                    what came of it: kernels, their nodes and why\n"
    "  quern bench model.so --kernels            how fast it is, and how fast it could be\n"
    "  quern SUBCOMMAND --help                   what a subcommand does, with examples\n";

static int fail(ErrorKind kind, StringRef message) {
  errs() << "quern: error: " << message << "\n";
  return exitCode(kind);
}

/// What --help begins with: of the subcommand that is asked for.
static std::string overviewOf(ArrayRef<Command> commands, StringRef word) {
  for (const Command &command : commands)
    if (command.subcommand->getName() == word)
      return ("examples\n" + StringRef(command.examples)).str();
  return overview;
}

/// LLVM's libraries register options of their own, which mean nothing here.
static void hideForeignOptions(ArrayRef<Command> commands) {
  auto hide = [](cl::SubCommand &subcommand) {
    for (auto &entry : cl::getRegisteredOptions(subcommand)) {
      bool ours = any_of(entry.second->Categories, [](cl::OptionCategory *category) {
        return category->getName().starts_with("options of quern");
      });
      if (entry.first() == "help")
        entry.second->setDescription("print this");
      else if (!ours && entry.first() != "version")
        entry.second->setHiddenFlag(cl::ReallyHidden);
    }
  };
  hide(cl::SubCommand::getTopLevel());
  for (const Command &command : commands)
    hide(*command.subcommand);
}

/// What LLVM's parser says, as one line of ours: "unknown command line argument '--targt'; did you mean '--target'?".
static std::string rephrase(StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::string result;
  for (StringRef line : lines) {
    line.consume_front("quern: ");
    line = line.split("  Try: ").first.split(" Try '").first.split("  See: ").first.trim(" .!\t");
    if (line.starts_with("Must specify") || line.empty() || line == "Unknown subcommand")
      continue;
    result += (result.empty() ? "" : "; ") + std::string(1, toLower(line.front())) + line.drop_front().str();
  }
  return result;
}

/// Reads the command line. LLVM writes some complaints to stderr whatever stream it is given: they are caught as well,
/// so that the user sees one line.
static bool parseArguments(int argc, char **argv, StringRef overview, std::string &problem) {
  raw_string_ostream stream(problem);
  int caught = memfd_create("stderr", MFD_CLOEXEC), terminal = dup(STDERR_FILENO);
  if (caught >= 0 && terminal >= 0)
    dup2(caught, STDERR_FILENO);
  bool parsed = cl::ParseCommandLineOptions(argc, argv, overview, &stream);
  if (caught >= 0 && terminal >= 0) {
    dup2(terminal, STDERR_FILENO);
    char text[4096];
    ssize_t length = pread(caught, text, sizeof text, 0);
    problem.insert(0, text, std::max<ssize_t>(length, 0));
  }
  close(caught);
  close(terminal);
  return parsed;
}

/// A first argument that is neither an option nor a subcommand; LLVM would take it for a stray argument.
static std::string checkSubcommand(ArrayRef<Command> commands, StringRef word) {
  if (word.empty() || word.starts_with("-") || word.starts_with("@"))
    return "";
  StringRef best;
  unsigned distance = 4;
  for (const Command &command : commands) {
    StringRef name = command.subcommand->getName();
    if (name == word)
      return "";
    if (unsigned d = word.edit_distance(name, true, distance); d < distance) {
      distance = d;
      best = name;
    }
  }
  return formatv("there is no subcommand {0}; {1}", quoted(word),
                 best.empty() ? std::string("see quern --help") : formatv("did you mean '{0}'?", best).str());
}

int main(int argc, char **argv) {
  std::vector<Command> commands = {
#define QUERN_COMMAND(function) function(),
#include "compiler/tools/quern/Commands.inc"
  };
  if (std::string problem = checkSubcommand(commands, argc > 1 ? argv[1] : ""); !problem.empty())
    return fail(ErrorKind::Usage, problem);
  hideForeignOptions(commands);
  cl::SetVersionPrinter([](raw_ostream &os) { os << "quern " QUERN_VERSION " (LLVM " LLVM_VERSION_STRING ")\n"; });
  std::string problem;
  const std::string overview = overviewOf(commands, argc > 1 ? argv[1] : ""); // LLVM keeps a reference for the help
  if (!parseArguments(argc, argv, overview, problem))
    return fail(ErrorKind::Usage, rephrase(problem));
  for (Command &command : commands) {
    if (!*command.subcommand)
      continue;
    if (Error error = command.run()) {
      Failure failure = takeFailure(std::move(error));
      return fail(failure.kind, failure.message);
    }
    return 0;
  }
  cl::PrintHelpMessage();
  return exitCode(ErrorKind::Usage);
}
