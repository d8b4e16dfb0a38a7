"""What is shown of a model: text, HTML for notebooks, benchmarks."""
from html.parser import HTMLParser

import pytest

import quern


class Outline(HTMLParser):
    """The tags in order, which must be closed properly, and the text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(html)
        assert not self.open, f"unclosed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, wanted):
        return sum(tag == wanted for tag, _ in self.seen)


def test_card_before_a_benchmark(proto):
    model = quern.compile(proto, shapes={"x": (4, 8)})
    outline = Outline(model._repr_html_())
    for value in (*model.inputs, *model.outputs):
        assert value.name in outline.text and value.dtype in outline.text
    assert "[4, 8]" in outline.text and str(model.level) in outline.text
    assert outline.count("svg") == len(model.kernels) and "MatMul" in outline.text


def test_open_dims_have_no_bars(model):
    outline = Outline(model._repr_html_())
    assert "[batch, 8]" in outline.text and outline.count("svg") == 0


def test_benchmark(model):
    benchmark = model.benchmark(seconds=0.05, shapes={"x": (64, 8)})
    assert benchmark is model.last_benchmark and benchmark.threads == 1
    assert len(benchmark.kernels) == len(model.kernels)
    assert sum(kernel.mflop for kernel in benchmark.kernels) == pytest.approx(64 * 2 * (8 * 16 + 16 * 4) / 1e6, rel=0.2)
    assert all(0 < kernel.min_us <= kernel.median_us for kernel in benchmark.kernels)
    assert "MatMul" in str(benchmark)
    outline = Outline(model._repr_html_())
    assert outline.count("svg") == sum(kernel.roof is not None for kernel in benchmark.kernels) > 0
    assert "of the roofline" in outline.text
    assert Outline(benchmark._repr_html_()).text in outline.text


def test_names_are_escaped(proto):
    named = type(proto)()
    named.CopyFrom(proto)
    named.graph.node[0].name = "<script>alert(1)</script>"
    model = quern.compile(named, shapes={"x": (4, 8)})
    assert "<script>" not in model._repr_html_() and "alert(1)" in model._repr_html_()


@pytest.mark.parametrize("arguments, message", [
    ({"seconds": 0}, "seconds=0: expected a positive number"),
    ({"threads": 0}, "threads"),
    ({"shapes": {"z": (1, 8)}}, "'z'"),
])
def test_benchmark_refuses(model, arguments, message):
    with pytest.raises(quern.QuernError, match=message):
        model.benchmark(**{"seconds": 0.05, **arguments})
