"""One compiled piece of a graph: its program, the weights that are packed in it, and its calls."""
import threading
import weakref

import torch

from .. import _compile_cache
from .._runtime import TorchProgram, _import_torch
from . import precompiled
from .dtypes import dense
_import_torch(torch.Tensor)


class Piece(TorchProgram):
    """A written program as a callable of its inputs, which returns a tuple of tensors.

    It is compiled at the first call, when the weights are there, and again when one of them has changed: the tensor, its
    storage or its version. Writes that PyTorch does not count (through `.data` or NumPy) are not seen.
    """

    def __init__(self, written, options):
        super().__init__()
        self.written, self._options = written, options
        self._lock = threading.Lock()
        self.model = None

    def _call(self, *arguments):
        """The call that TorchProgram cannot run by itself."""
        if not self._are_weights_packed(arguments):
            with self._lock:      # another thread may have come first
                if not self._are_weights_packed(arguments):
                    self._pack(arguments)
        return self._run(tuple(dense(argument) if isinstance(argument, torch.Tensor) else argument for argument in arguments))

    def _pack(self, arguments):
        written, options = self.written, self._options
        weights = written.arrays(arguments[i] for i, _ in written.weights)
        self.model = _compile_cache.compile_program(written.text, written.name, options.target, options.threads, weights)
        self.model._source = None                   # the tensors are the module's, who may change or free them
        references = [(i, weakref.ref(arguments[i])) for i, _ in written.weights]
        self._bind(self.model._model, written.inputs, references, written.input_count)
        precompiled.save()
