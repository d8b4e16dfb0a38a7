"""What models are compiled from: enough to compile them once more, on another machine.

A source has `name` and `target`; `key`, texts that decide the code (None: it is not kept in the cache); `write`, which lays
the compiler's input into a folder and returns the arguments of `quern compile`; and `portable`, the source that a pickle
takes along (None: there is none).
"""
import json
import mmap
import os
from dataclasses import dataclass, field

import numpy as np

from ._errors import FileError
from ._runtime import _digest


@dataclass
class ProgramSource:
    """A program of graph ops. `weights`: the arrays of Program.weights, which may be another's, who changes them later.
    options: further arguments of the compiler."""
    text: str
    name: str
    target: str
    weights: dict = field(default_factory=dict)
    options: tuple = ()
    _compiled: str = field(default=None, init=False, repr=False)    # what tells the weights that were compiled from others

    def key(self):
        self._compiled = self._weights_digest()
        return [self.name, self.text, *self.options, self._compiled]

    def _weights_digest(self):
        return _digest(*self.weights.values())      # shapes and names are in the text

    def write(self, folder):
        program = os.path.join(folder, f"{self.name}.mlir")
        with open(program, "w", encoding="utf-8") as file:
            file.write(self.text)
        _write_weights(self.weights, os.path.join(folder, f"{self.name}.safetensors"))
        return [program, f"--name={self.name}", "--consume-weights", *self.options]

    def portable(self):
        """None where the weights are no longer those that were compiled."""
        return self if self._weights_digest() == self._compiled else None


def _write_weights(weights, path):
    """Arrays by name as a safetensors file, with what the compiler reads of one."""
    if not weights:
        return
    header, end = {}, 0
    for name, array in weights.items():
        header[name] = {"dtype": "U8", "shape": [array.nbytes], "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    head = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for array in weights.values():
            file.write(np.atleast_1d(array).view(np.uint8))


@dataclass(frozen=True)
class OnnxBytes:
    """An ONNX model in memory."""
    content: bytes
    options: tuple
    target: str

    @property
    def name(self):
        return "model"

    def key(self):
        return ["onnx", *self.options, _digest(self.content)]

    def write(self, folder):
        path = os.path.join(folder, "model.onnx")
        with open(path, "wb") as file:
            file.write(self.content)
        return [path, *self.options]

    def portable(self):
        return self


class OnnxFile:
    """An ONNX model in a file, which is left where it is."""
    MOST_BYTES = 1 << 30    # that are read for a key

    def __init__(self, path, options, target):
        self.path, self.options, self.target = os.path.abspath(path), options, target
        self.name = os.path.splitext(os.path.basename(path))[0]
        self._state = self._key = None

    def key(self):
        """None for a model with tensors outside the file, for a very large one, and for what the compiler will refuse."""
        try:
            with open(self.path, "rb") as file:
                state = os.fstat(file.fileno())
                if not 0 < state.st_size <= self.MOST_BYTES:
                    return None
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    if content.find(b"location") >= 0:    # the entry that names another file
                        return None
                    digest = _digest(content)
        except (OSError, ValueError):
            return None
        self._state = _stamp(state)
        self._key = ["onnx", self.name, *self.options, digest]
        return self._key

    def write(self, folder):
        return [self.path, *self.options]

    def portable(self):
        """The bytes, if they are still those that were compiled."""
        try:
            with open(self.path, "rb") as file:
                if self._key is None or _stamp(os.fstat(file.fileno())) != self._state:
                    return None
                content = file.read()
        except OSError:
            return None
        return OnnxBytes(content, self.options, self.target)


def _stamp(state):
    return state.st_size, state.st_mtime_ns, state.st_ino
