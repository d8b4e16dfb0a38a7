"""What Dynamo keeps of a graph on disk, so that another process neither traces nor lowers it.

Dynamo does so where `torch._dynamo.config.caching_precompile` is set, here before the backend is loaded: it keeps its
guards and its bytecode, and for each graph what the backend recorded. It says itself when all that is complete, but writes it only when it is asked to; here
that is when the code is on disk too. A graph that is not recorded is traced again.
"""
import itertools
import pickle
import secrets

import torch
from torch._dynamo import bytecode_transformation
from torch._dynamo.precompile_context import BackendCacheArtifact, PrecompileContext

from .graph_key import made_by

# Names that Dynamo puts into modules are counted, so they are unique in one process; those of a kept graph come into another
# process, where its own must differ: Dynamo fails there, or one function takes the place of another.
_is_on = torch._dynamo.config.caching_precompile
if _is_on:
    bytecode_transformation._unique_id_counter = itertools.count(secrets.randbits(48))

_unsaved = False


class GraphArtifact(BackendCacheArtifact):
    """One graph: `content` is (written, effects, options), pickled."""

    def __getstate__(self):
        return self.key, self.content, made_by()

    def __setstate__(self, state):
        self.key, self.content, maker = state
        if maker != made_by():      # Dynamo traces anew what it cannot read
            raise pickle.UnpicklingError("made by another PyTorch or another Quern")

    def after_deserialization(self):
        from .backend import callable_of
        return callable_of(*pickle.loads(self.content), eager=None)


def record(module, written, effects, options):
    """Gives Dynamo what it keeps of a graph of its own. Graphs that write to inputs need the module, which has no text."""
    global _unsaved
    name = getattr(module, "_backend_id", None)
    if not _is_on or name is None or effects.written:
        return
    PrecompileContext.record_artifact(GraphArtifact(name, pickle.dumps((written, effects, options))))
    _unsaved = True


def save():
    """Writes what was recorded since the last time."""
    global _unsaved
    if _unsaved:
        _unsaved = False
        PrecompileContext.save_to_dynamo_cache()
