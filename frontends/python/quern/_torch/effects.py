"""What a graph does besides computing: it writes to inputs, and returns views of them and sizes."""
from dataclasses import dataclass, field

import sympy
import torch
from torch.fx.experimental.symbolic_shapes import statically_known_true

from . import layers
from .refusal import Refusal
from .symbols import Sizes


@dataclass
class Effects:
    """holders: what results are inside of though it is none itself, as (name of a node, order of its axes); these come after
    the results. written: the inputs that are written to; their new values come after those.

    views: {number of a result: the View of an input, of another result or of a holder, or the Size that it is}.
    """
    written: list = field(default_factory=list)
    views: dict = field(default_factory=dict)
    result_count: int = 0
    holders: list = field(default_factory=list)

    @classmethod
    def of(cls, module):
        """Those of a GraphModule of Dynamo's, without its writes. Raises Refusal for what only PyTorch can return."""
        placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
        output = next(node for node in module.graph.nodes if node.op == "output")
        views, holders = _views_of(module, placeholders, [node.meta["example_value"] for node in placeholders])
        return cls([], views, len(output.args[0]), holders)

    @property
    def is_plain(self):
        return not self.written and not self.views

    def with_holders(self, module):
        """The module with the holders among its results."""
        if not self.holders:
            return module
        module = layers.copied(module)
        nodes = {node.name: node for node in module.graph.nodes}
        output = next(node for node in module.graph.nodes if node.op == "output")
        with module.graph.inserting_before(output):
            holders = [module.graph.call_method("permute", (nodes[name], axes)) for name, axes in self.holders]
        output.args = ((*output.args[0], *holders),)
        return module

    def finish(self, run, eager):
        """A callable that also writes to the inputs and makes the views. `eager` runs what is written and read as others."""
        def finished(*arguments):
            if self._is_shared(arguments):
                return eager(*arguments)
            results = run(*arguments)
            for source, value in zip(self.written, results[self.result_count + len(self.holders):]):
                arguments[source].copy_(value)
            return tuple(self.views[i].of(arguments, results) if i in self.views else results[i]
                         for i in range(self.result_count))
        return finished

    def _is_shared(self, arguments):
        """Whether something that is written to shares its memory with another input."""
        if not self.written:
            return False
        places = [argument.untyped_storage().data_ptr() for argument in arguments if isinstance(argument, torch.Tensor)]
        return any(places.count(arguments[i].untyped_storage().data_ptr()) > 1 for i in self.written)


@dataclass
class View:
    """A result that shares memory with an input, with another result or with a holder. `places` gives its sizes, its strides
    and its offset in one list, for the call's inputs, or is None for the input itself; dtype is the view's, where it differs
    or is conjugated."""
    source: int
    rank: int = 0
    places: Sizes | None = None
    dtype: torch.dtype | None = None
    conjugated: bool = False
    of_result: bool = False

    def of(self, arguments, results):
        source = (results if self.of_result else arguments)[self.source]
        if self.places is None:
            return source
        *parts, offset = self.places(arguments)
        if self.dtype:
            view = torch.empty(0, dtype=self.dtype).set_(source.untyped_storage(), offset, parts[:self.rank], parts[self.rank:])
            return view.conj() if self.conjugated else view
        return source.as_strided(parts[:self.rank], parts[self.rank:], offset)


@dataclass
class Size:
    """A result that is an integer made of the inputs' sizes."""
    sizes: Sizes

    def of(self, arguments, _results):
        return self.sizes(arguments)[0]


def is_symbolic(example):
    """Whether an input has sizes that vary, or is one."""
    sizes = example.shape if isinstance(example, torch.Tensor) else [example]
    return any(isinstance(size, torch.SymInt) for size in sizes)


#--- Results that share memory --------------------------------------------------------------------

def _views_of(module, placeholders, examples):
    """Which results share memory with an input or with each other, or are sizes; and the holders."""
    output = next(node for node in module.graph.nodes if node.op == "output")
    inputs = {example.untyped_storage()._cdata: i for i, example in enumerate(examples) if isinstance(example, torch.Tensor)}
    views, apart = {}, []
    for number, result in enumerate(output.args[0]):
        value = result.meta.get("example_value") if isinstance(result, torch.fx.Node) else None
        if isinstance(value, torch.SymInt):
            views[number] = Size(Sizes([value], examples))
        if not isinstance(value, torch.Tensor):
            continue
        if result in placeholders:
            views[number] = View(placeholders.index(result))
        elif (source := inputs.get(value.untyped_storage()._cdata)) is not None:
            views[number] = _view(source, examples[source], result, value, _places(value, examples))
        else:
            apart.append((number, result, value))
    shared, holders = _views_of_results(apart, module.graph, len(output.args[0]), examples)
    return views | shared, holders


def _view(source, whole, node, value, places, of_result=False):
    if value.is_neg():
        raise Refusal(f"the result {node.name} is a view with the other sign")
    dtype = value.dtype if value.dtype != whole.dtype or value.is_conj() != whole.is_conj() else None
    return View(source, value.dim(), places, dtype, value.is_conj(), of_result)


def _views_of_results(results, graph, result_count, examples):
    """Of results that share memory with each other one is computed and has the others inside it, or a holder that has all.
    Raises Refusal where there is no such one, unless they are one or lie apart. results: (number, node, value)."""
    views, holders, by_storage = {}, [], {}
    for number, node, value in results:
        by_storage.setdefault(value.untyped_storage()._cdata, []).append((number, node, value))
    for storage, group in by_storage.items():
        nodes, values = {node.name: value for _, node, value in group}, [value for *_, value in group]
        if len(nodes) == 1 or _are_spans_apart(list(nodes.values())) or _are_columns_apart(list(nodes.values())):
            continue
        inside = next(((number, value, step) for number, _, value in group if (step := _step(value, values))), None)
        if inside is None:
            holder, whole, step = _holder(graph, storage, values)
            if holder is None:
                raise Refusal(f"the results {', '.join(nodes)} share memory")
            inside = result_count + len(holders), whole, step
            holders.append(holder)
        source, whole, step = inside
        first = whole.storage_offset()
        views |= {number: _view(source, whole, node, value, _places(value, examples, first, step), of_result=True)
                  for number, node, value in group if number != source}
    return views, holders


def _holder(graph, storage, values):
    """A node that has these values inside it, with the order of axes in which it lies in memory, as ((name, axes), value, step);
    Nones where there is none."""
    for node in graph.nodes:
        value = node.meta.get("example_value")
        if not isinstance(value, torch.Tensor) or value.untyped_storage()._cdata != storage:
            continue
        axes = sorted(range(value.dim()), key=lambda axis: -value.stride(axis))
        value = value.permute(axes)
        if step := _step(value, values):
            return (node.name, axes), value, step
    return None, None, None


def _places(value, examples, first=0, step=1):
    """Sizes, strides and offset of a view; as those of a tensor that has each element of `step` from `first` on."""
    return Sizes((*value.shape, *(stride // step for stride in value.stride()), (value.storage_offset() - first) // step), examples)


def _step(value, others):
    """How far apart a tensor's elements lie, evenly and in order, if it holds all that the others have; 0 if it does not."""
    if value.is_conj() or value.is_neg():
        return 0
    step = next((stride for size, stride in zip(value.shape[::-1], value.stride()[::-1]) if not _is(size, 1)), 1)
    if not isinstance(step, int) or step == 0 or not _is_even(value, step):
        return 0
    first, count, stored = value.storage_offset(), value.numel(), value.untyped_storage().nbytes() // value.element_size()
    is_all = step == 1 and statically_known_true(first == 0) and statically_known_true(count == stored)
    are_inside = all(other.dtype == value.dtype and _is_inside(other, first, step, count) for other in others)
    return step if is_all or are_inside else 0


def _is_even(value, step):
    for size, stride in zip(value.shape[::-1], value.stride()[::-1]):
        if not _is(size, 1) and not statically_known_true(stride == step):
            return False
        step = step * size
    return True


def _is_inside(value, first, step, count):
    """Whether a view's elements are among `count` that lie `step` apart from `first` on."""
    begin, strides = value.storage_offset() - first, [stride for size, stride in zip(value.shape, value.stride()) if not _is(size, 1)]
    end = begin + sum((size - 1) * stride for size, stride in zip(value.shape, value.stride()))
    return all(map(statically_known_true, [*(place % step == 0 for place in (begin, *strides)), begin >= 0, end <= step * (count - 1)]))


def _are_spans_apart(values):
    """Whether each view ends before the next one begins."""
    if any(is_symbolic(value) or not isinstance(value.storage_offset(), int) for value in values):
        return False
    spans = sorted((value.storage_offset(), value.storage_offset() +
                    sum((size - 1) * stride for size, stride in zip(value.shape, value.stride()))) for value in values)
    return all(before[1] < after[0] for before, after in zip(spans, spans[1:]))


def _are_columns_apart(values):
    """Whether views are different columns of one matrix: they step by rows, and within a row each has a span of its own."""
    strides = [stride for value in values for size, stride in zip(value.shape, value.stride()) if not _is(size, 1)]
    for row in sorted({stride for stride in strides if isinstance(stride, int) and stride > 0}, reverse=True):
        spans = [_columns(value, row) for value in values]
        if None not in spans:
            spans.sort()
            if all(before[1] < after[0] for before, after in zip(spans, spans[1:])) and spans[-1][1] < row:
                return True
    return False


def _columns(value, row):
    """The first and the last column of a view; None where it is none of whole rows."""
    first = value.storage_offset()
    if not isinstance(first, int):
        return None
    last = first = first % row
    for size, stride in zip(value.shape, value.stride()):
        if _is(size, 1) or _is_multiple(stride, row):
            continue
        if not isinstance(size, int) or not isinstance(stride, int):
            return None
        last += (size - 1) * stride
    return first, last


def _is(size, number):
    return isinstance(size, int) and size == number


def _is_multiple(stride, row):
    return stride % row == 0 if isinstance(stride, int) else sympy.Mod(stride.node.expr, row) == 0
