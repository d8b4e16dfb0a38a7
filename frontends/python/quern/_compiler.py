"""The compiler, as a child process: what goes wrong there cannot take this process along."""
import os
import signal
import sys

from ._errors import BY_EXIT_CODE, FileError, InternalError


def find_compiler():
    """The `quern` command of this package: of the wheel, or of the build folder."""
    installed = os.path.join(os.path.dirname(__file__), "bin", "quern")
    if os.path.exists(installed):
        return installed
    try:
        from ._build_paths import QUERN
    except ImportError:
        raise FileError(f"the compiler is missing: neither '{installed}' nor a build folder has it") from None
    return QUERN


def run_compiler(arguments, header=False):
    """Ctrl-C ends the child too: the terminal signals both, and subprocess waits for it."""
    import subprocess    # what the cache has needs no child
    command = [find_compiler(), "compile", "--quiet", *([] if header else ["--no-header"]), *arguments]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        raise FileError(f"cannot run '{command[0]}': {error.strerror}") from error
    own = os.path.join(os.path.dirname(arguments[arguments.index("-o") + 1]), "")    # means nothing to the caller
    raise_for(done.returncode, done.stderr.decode(errors="replace").replace(own, ""))


def raise_for(code, text):
    """Raises what an exit code of the `quern` command means; `text` is what it wrote to stderr."""
    if code == 0:
        return
    lines = [line.removeprefix("quern: error: ") for line in text.splitlines() if line.startswith("quern: error: ")]
    if code < 0 and not lines:
        last = (text.strip().splitlines() or ["it said nothing"])[-1]
        lines = [f"the compiler was ended by {signal.Signals(-code).name}: {last}"]
    kind = BY_EXIT_CODE.get(code, InternalError)
    raise kind(lines[-1] if lines else f"the compiler failed with exit code {code}: {text[-500:]}")


def main():
    """The `quern` command."""
    compiler = find_compiler()
    os.execv(compiler, [compiler, *sys.argv[1:]])
