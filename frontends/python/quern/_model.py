"""A compiled model, ready to run."""
import json
import os
import shutil
import tempfile
import weakref
from dataclasses import dataclass

from . import _cache_entry
from ._arrays import convert
from ._errors import FileError, InputError, ModelError, UnsupportedError, UsageError
from ._runtime import Model
from ._threads import default_threads


@dataclass(frozen=True)
class Value:
    """An input or output. A dim is a number, a symbol's name, or None when it is known only after the run."""
    name: str
    dtype: str
    shape: tuple

    def __str__(self):
        return f"{self.name}: {self.dtype}[{', '.join('?' if dim is None else str(dim) for dim in self.shape)}]"


@dataclass(frozen=True)
class Kernel:
    """One launch of a kernel, as `quern explain` shows it.

    flops and bytes (read and written, each once) are numbers, or texts over the symbols of the inputs where these are
    open: "1584*batch". weight_bytes are those of bytes that the model brings along.
    """
    name: str
    nodes: tuple       # the model's own, "conv1 (Conv)"
    algorithm: str
    reason: str        # why this algorithm
    boundary: str      # why it is not part of a kernel before it
    tile: dict         # rows by columns of the register tile for each level, {"v4": "14x32"}; empty if it has none
    flops: int | str
    bytes: int | str
    weight_bytes: int | str


class CompiledModel:
    """A model as native code. Made by `compile` and `load`; may be called from many threads at once.

        y = model(x)                          # arrays by position: one array, or a tuple of several
        outputs = model({"x": x})             # arrays by name: a dict
        first, = model.run(["y"], {"x": x})   # the outputs named, as a list
    """

    def __init__(self, path, threads=None, max_level=0, folder=None, device=None, source=None):
        """Opens the shared library `path`; `folder` is removed when this object goes. `source`: what it was compiled from
        (`_source.py`), if that is known."""
        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise UsageError(f"threads={threads!r}: expected a number of at least 1")
        self._path = os.path.abspath(os.fspath(path))
        if not os.path.isfile(self._path):
            raise FileError(f"cannot read '{path}': {'not a regular file' if os.path.exists(path) else 'no such file'}")
        self._max_level, self._device = max_level, device
        self._source = source
        self.last_benchmark = None
        self._model = Model(self._path, threads or default_threads(), max_level, _device(device), convert)
        self.inputs = tuple(Value(*value) for value in self._model.inputs)
        self.outputs = tuple(Value(*value) for value in self._model.outputs)
        self._input_names = tuple(value.name for value in self.inputs)
        self._output_names = tuple(value.name for value in self.outputs)
        if folder:
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def __call__(self, *arrays):
        if len(arrays) == 1 and type(arrays[0]) is dict:
            return dict(zip(self._output_names, self._run_named(arrays[0])))
        results = self._model.run(*arrays)
        return results[0] if len(results) == 1 else results

    def run(self, outputs, inputs):
        """The outputs named (None: all of them), as a list; `inputs` maps names to arrays."""
        results = self._run_named(inputs)
        if outputs is None:
            return list(results)
        return [results[_index(self._output_names, name, "output")] for name in outputs]

    def _run_named(self, inputs):
        try:
            arrays = [inputs[name] for name in self._input_names]
        except KeyError as error:
            missing = error.args[0]
        else:
            if len(inputs) == len(arrays):
                return self._model.run(*arrays)
            missing = None
        for name in inputs:
            _index(self._input_names, name, "input")
        raise InputError(f"input {missing!r} is missing: the model takes {_list(self._input_names)}")

    def save(self, path):
        """Writes the shared library to `path`; it needs nothing else to run. A PyTorch module's gets its C header beside it."""
        path = os.fspath(path)
        try:
            if os.path.exists(self._header):
                shutil.copyfile(self._header, os.path.splitext(path)[0] + ".h")
            if os.path.exists(path) and os.path.samefile(path, self._path):
                return
            descriptor, temporary = tempfile.mkstemp(prefix=".quern-", dir=os.path.dirname(os.path.abspath(path)))
            os.close(descriptor)
            try:
                _cache_entry.copy_code(self._path, temporary)
                shutil.copymode(self._path, temporary)
                os.replace(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise FileError(f"cannot write '{path}': {error.strerror}") from error

    @property
    def name(self):
        return self._model.name

    @property
    def metadata(self):
        """The model file's own key-value pairs."""
        return self._model.metadata

    @property
    def manifest(self):
        """What the artifact says about itself: a dict, as `quern inspect --json` prints it."""
        return json.loads(self._model.manifest)

    @property
    def kernels(self):
        """One for each launch, in the order of the run."""
        manifest = self.manifest
        return tuple(_kernel(site, manifest["kernels"][site["kernel"]]) for site in manifest["sites"])

    @property
    def threads(self):
        """The most threads that a call uses."""
        return self._model.threads

    @property
    def level(self):
        """The instruction-set level in use, such as "x86-64-v4"."""
        return self._model.level

    @property
    def device(self):
        """What runs the model: "cpu", or "cuda:0" and so on."""
        kind, ordinal = self._model.device
        return "cpu" if kind == _DEVICES["cpu"] else f"cuda:{ordinal}"

    def benchmark(self, threads=1, seconds=1.0, shapes=None):
        """Measures a run and its kernels on this machine, with random inputs; returns a Benchmark.

        threads: how many a run uses. seconds: time to spend, besides measuring what the machine can do at best.
        shapes: dims of inputs that the model leaves open, {"x": (8, 128)}.
        """
        from ._benchmark import measure
        self.last_benchmark = measure(self._path, threads, seconds, shapes, self._max_level)
        return self.last_benchmark

    def _repr_html_(self):
        from ._html import model_card
        return model_card(self)

    def __copy__(self):
        return self     # nothing of it changes

    def __deepcopy__(self, _memo):
        return self

    def __repr__(self):
        inputs, outputs = (", ".join(map(str, values)) for values in (self.inputs, self.outputs))
        return f"<quern.CompiledModel {self.name}({inputs}) -> ({outputs}), {self.level}, {self.threads} threads>"

    def code(self):
        """The bytes of the shared library."""
        return _cache_entry.content(self._path)

    @property
    def _header(self):
        """Where the C header is, if there is one."""
        return os.path.splitext(self._path)[0] + ".h"

    def __reduce__(self):
        header = None
        if os.path.exists(self._header):
            with open(self._header, encoding="utf-8") as file:
                header = file.read()
        state = {"header": header, "format": _PICKLE_FORMAT, "quern": _version(), "code": self.code(), "threads": self.threads,
                 "max_level": self._max_level, "device": self._device, "source": self._source and self._source.portable()}
        return _from_pickle, (state,)


def _kernel(site, kernel):
    return Kernel(site["name"], tuple(site["nodes"].split(", ")), kernel["algorithm"], kernel["reason"], site["boundary"], kernel["tile"],
                  site["flops"], site["bytes"], site["weight_bytes"])


_DEVICES = {"cpu": 1, "cuda": 2}    # as DLPack numbers them


def _device(text):
    """What the runtime takes for `device` of load; (0, 0) lets it choose."""
    if text is None:
        return 0, 0
    kind, colon, ordinal = text.partition(":") if isinstance(text, str) else ("", "", "")
    if kind not in _DEVICES or (colon and not (kind == "cuda" and ordinal.isascii() and ordinal.isdigit() and len(ordinal) < 6)):
        raise UsageError(f"device={text!r}: expected 'cpu', 'cuda' or 'cuda:1', or None for what the model was compiled for")
    return _DEVICES[kind], int(ordinal or 0)


_PICKLE_FORMAT = 1


def _version():
    from . import __version__
    return __version__


def _from_pickle(state):
    """Code that does not run here is compiled again, if the pickle has what it was compiled from."""
    if state["format"] != _PICKLE_FORMAT:
        raise ModelError(f"the pickle has format {state['format']} of quern {state['quern']}: this is quern {_version()}, which "
                         f"reads format {_PICKLE_FORMAT}; compile the model again")
    source = state["source"]
    try:
        model = _from_bytes(state["code"], state["threads"], state["max_level"], state["device"], source)
    except UnsupportedError:
        if source is None:
            raise
        from ._compile_cache import compile_source
        model = compile_source(source, state["threads"])
    if state.get("header"):
        with open(model._header, "w", encoding="utf-8") as file:
            file.write(state["header"])
    return model


def _from_bytes(data, threads, max_level, device, source=None):
    folder = tempfile.mkdtemp(prefix="quern-")
    path = os.path.join(folder, "model.so")
    try:
        with open(path, "wb") as file:
            file.write(data)
        return CompiledModel(path, threads, max_level, folder, device, source)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def load(path, threads=None, max_level=0, device=None):
    """Opens a shared library that `quern compile` or `save` wrote.

    threads: the most threads that a call uses; by default every core that this process may use.
    max_level: 3 uses at most the x86-64-v3 kernels, and so on; 0 the best that the CPU has.
    device: "cuda:1" runs on that device or raises; "cpu" uses none; None is the first device for a model that was compiled for
    one, and the processor where there is no device and the model holds code for both.

    Inputs may be tensors in that device's memory (any object with DLPack's methods) when what writes them has ended; outputs
    are NumPy arrays.
    """
    return CompiledModel(path, threads, max_level, device=device)


def _list(names):
    return ", ".join(map(repr, names)) or "none"


def _index(names, name, kind):
    if name in names:
        return names.index(name)
    import difflib
    near = difflib.get_close_matches(str(name), names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there is {_list(names)}"
    raise InputError(f"the model has no {kind} {name!r}; {hint}")
