"""Compilation, in a child process: what goes wrong there cannot take this process along."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ._errors import BY_EXIT_CODE, FileError, InternalError, UsageError
from ._model import CompiledModel
from ._sklearn.registry import is_estimator

MOST_BYTES = 2**31 - 1    # of a protobuf message


def find_compiler():
    """The `quern` command of this package: of the wheel, or of the build folder."""
    installed = Path(__file__).parent / "bin" / "quern"
    if installed.exists():
        return str(installed)
    try:
        from ._build_paths import QUERN
    except ImportError:
        raise FileError(f"the compiler is missing: neither '{installed}' nor a build folder has it") from None
    return QUERN


def compile(model, target="native", shapes=None, threads=None, *, name=None, precision="default"):
    """Compiles a model: an ONNX model into a CompiledModel, a fitted scikit-learn estimator into a CompiledEstimator.

    model: a path, the file's bytes, an onnx.ModelProto, or the estimator. External data is read beside a path only.
    target: "native" (this machine), or a machine to save the model for, such as "x86-64" or "aarch64" (every level in one
    file) or "x86-64-v3" (one level): `quern targets` lists them. What this machine does not run, it does not open.
    shapes: fixes dims of inputs, {"x": (1, 3, 224, None)}; None leaves a dim as it is.
    threads: the most threads that a call of the result uses; by default every core that this process may use.
    precision: "default" allows algorithms whose errors are of the size of float32's own (Winograd's convolution);
    "strict" allows none; "tf32" lets a device's matrix units multiply float32, whose factors they round to 11 bits.
    """
    if precision not in ("default", "strict", "tf32"):
        raise UsageError(f"precision is {precision!r}: expected 'default', 'strict' or 'tf32'")
    for recognizes, frontend in _FRONTENDS:
        if recognizes(model):
            return frontend(model, target, shapes, threads, name, precision)
    return _compile_onnx(model, target, shapes, threads, name, precision)


def _compile_estimator(model, target, shapes, threads, name, precision):
    if shapes:
        raise UsageError(f"shapes={shapes!r} has no meaning for an estimator: it takes any number of rows")
    from ._sklearn.estimator import compile_estimator
    return compile_estimator(model, target, threads, name)


_FRONTENDS = [(is_estimator, _compile_estimator)]    # what is none of these is an ONNX model


def _compile_onnx(model, target, shapes, threads, name, precision):
    options = [f"--target={target}", *(f"--shape={_shape(*item)}" for item in (shapes or {}).items())]
    options.append(f"--precision={precision}")
    if name is not None:
        options.append(f"--name={name}")
    folder = tempfile.mkdtemp(prefix="quern-")
    try:
        artifact = os.path.join(folder, "model.so")
        _run_compiler([_path(model, folder), "-o", artifact, *options])
        return CompiledModel(artifact, threads, folder=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _shape(name, dims):
    try:
        parts = ["?" if dim is None or isinstance(dim, str) else str(int(dim)) for dim in dims]
    except (TypeError, ValueError):
        raise UsageError(f"shapes[{name!r}] is {dims!r}: expected a tuple of numbers and None") from None
    return f"{name}={'x'.join(parts)}"


def _path(model, folder):
    """The model as a file that the compiler can read."""
    if isinstance(model, (str, os.PathLike)):
        return os.path.abspath(os.fspath(model))
    if hasattr(model, "SerializeToString"):
        if model.ByteSize() > MOST_BYTES:
            raise UsageError("the model is over 2 GB: save it with external data and pass its path")
        model = model.SerializeToString()
    if not isinstance(model, (bytes, bytearray, memoryview)):
        raise UsageError(f"cannot compile a {type(model).__name__}: expected a path, bytes, an onnx.ModelProto or a fitted "
                         "scikit-learn estimator")
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as file:
        file.write(model)
    return path


def _run_compiler(arguments, header=False):
    """Ctrl-C ends the child too: the terminal signals both, and subprocess waits for it."""
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
