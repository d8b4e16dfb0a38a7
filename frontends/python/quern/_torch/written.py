"""A graph's program as text with what its calls need, and such on disk, so that a graph that was seen before is not lowered."""
import json
from dataclasses import asdict, dataclass

from .. import _compile_cache
from .dtypes import as_array


@dataclass
class Written:
    """inputs: for each input of the program, the number of the graph's placeholder; input_count: how many those are.

    weights: [number of a placeholder, name of its weight]; constants: {name: array} of the others.
    results: for each result of the graph, ["output", number], the same of pairs as ["complex", number], or ["constant", thing].
    """
    name: str
    text: str
    inputs: list
    input_count: int
    weights: list
    constants: dict
    results: list

    def arrays(self, tensors):
        """All weights by name; these tensors are those of `weights`, in this order."""
        return {name: as_array(tensor) for (_, name), tensor in zip(self.weights, tensors)} | self.constants

    @property
    def output_count(self):
        return sum(kind != "constant" for kind, _ in self.results)


def keep(key, written, effects):
    """Keeps a program with the inputs that its graph writes to, unless it has constants beside its text or in its results."""
    constants = [thing for kind, thing in written.results if kind == "constant"]
    if not written.constants and all(type(thing) in (type(None), bool, int, str) for thing in constants):
        content = json.dumps({"written": asdict(written), "writes": effects.written})
        _compile_cache.keep(key, content.encode(), written.name, "graph")


def find(key):
    """What `keep` kept: a program and the inputs that are written to; or (None, None)."""
    content = _compile_cache.find(key)
    if content is None:
        return None, None
    found = json.loads(content)
    return Written(**found["written"]), found["writes"]
