"""Modules and exported programs, compiled ahead of time."""
import pickle
import subprocess

import numpy as np
import pytest
import quern
import torch
from quern import _compile_cache, _model
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.Linear(16, 5)

    def forward(self, image):
        return self.head(self.norm(self.conv(image)).relu().mean((2, 3)))


def agree(given, expected):
    np.testing.assert_allclose(given, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_module():
    model, x = Classifier().eval(), torch.randn(2, 3, 8, 8)
    compiled = quern.compile(model, (x,))
    assert [str(value) for value in compiled.inputs] == ["image: float32[2, 3, 8, 8]"]
    assert compiled.name == "Classifier"
    agree(compiled(x.numpy()), model(x))
    agree(compiled(x), model(x))     # tensors by DLPack


def test_an_exported_program_with_sizes_that_vary():
    model = Classifier().eval()
    batch = torch.export.Dim("batch")
    exported = torch.export.export(model, (torch.randn(4, 3, 8, 8),), dynamic_shapes={"image": {0: batch}})
    compiled = quern.compile(exported)
    for count in (2, 3, 7):
        x = torch.randn(count, 3, 8, 8)
        agree(compiled(x.numpy()), model(x))


def test_the_names_of_sizes_are_the_callers():
    batch, side = torch.export.Dim("batch"), torch.export.Dim("side", min=4)
    compiled = quern.compile(Classifier().eval(), torch.randn(4, 3, 8, 9), dynamic_shapes={"image": {0: batch, 2: side}})
    assert compiled.inputs[0].shape == ("batch", 3, "side", 9)


def test_several_results_and_a_state():
    class Step(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRU(4, 8, 2)

        def forward(self, x, state):
            y, last = self.cell(x, state)
            return y.sum(0), last

    model, x, state = Step().eval(), torch.randn(5, 2, 4), torch.randn(2, 2, 8)
    compiled = quern.compile(model, (x, state))
    assert [value.name for value in compiled.inputs] == ["x", "state"]
    for given, expected in zip(compiled(x.numpy(), state.numpy()), model(x, state), strict=True):
        agree(given, expected)


def test_the_library_has_a_header(tmp_path):
    compiled = quern.compile(Classifier().eval(), torch.randn(1, 3, 8, 8), name="net")
    compiled.save(tmp_path / "net.so")
    assert "net_model_descriptor" in (tmp_path / "net.h").read_text() and (tmp_path / "net.so").exists()
    subprocess.run(["cc", "-fsyntax-only", "-x", "c", "-I", quern_headers(), tmp_path / "net.h"], check=True)
    x = torch.randn(1, 3, 8, 8).numpy()
    np.testing.assert_array_equal(quern.load(tmp_path / "net.so")(x), compiled(x))


def quern_headers():
    from pathlib import Path
    return str(Path(__file__).resolve().parents[3] / "runtime" / "include")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_pickle_has_the_code_the_source_and_the_header(elsewhere, tmp_path, monkeypatch):
    """Where the code does not run, the source is compiled again with the weights and the options of then."""
    model, x = Classifier().eval(), torch.randn(1, 3, 8, 8)
    compiled, expected = quern.compile(model, x, name="net", precision="strict", threads=1), model(x)
    data = pickle.dumps(compiled)
    model.head.weight.zero_()
    commands = []
    if elsewhere:
        run = _compile_cache.run_compiler

        def refuse(*arguments):
            raise quern.UnsupportedError("the code is for another machine")
        monkeypatch.setattr(_model, "_from_bytes", refuse)
        monkeypatch.setattr(_compile_cache, "run_compiler", lambda command: (commands.extend(command), run(command)))
    other = pickle.loads(data)
    agree(other(x.numpy()), expected)
    assert ("--precision=strict" in commands) == elsewhere
    other.save(tmp_path / "net.so")
    assert "net_model_descriptor" in (tmp_path / "net.h").read_text()
    assert (other.name, other.threads) == ("net", 1)


def test_a_pickle_of_changed_weights_has_no_source():
    model, x = Classifier().eval(), torch.randn(1, 3, 8, 8)
    compiled, expected = quern.compile(model, x), model(x)
    model.head.weight.zero_()
    other = pickle.loads(pickle.dumps(compiled))
    agree(other(x.numpy()), expected)
    assert other._source is None and compiled._source is not None


class Mixed(nn.Module):
    """Takes and returns what is no tensor, by position and by name."""
    def forward(self, x, mask=None, pair=(), *, count=1, kind="sum", scale=None):
        y = x * count + pair[0] - pair[1]["b"]
        y = y if mask is None else y * mask
        sizes = (y.shape[0], 3, 2.5)
        return {"y": y if kind == "sum" else -y, "none": None, "sizes": sizes}, y.sum(0) if scale is None else y * scale


def test_arguments_by_name_and_those_that_are_no_tensors():
    x, a, b = torch.randn(3, 4), torch.randn(3, 4), torch.randn(4)
    args, kwargs = (x, None, (a, {"b": b})), {"kind": "other", "scale": torch.tensor(2.0), "count": 3}
    compiled = quern.compile(Mixed().eval(), args, kwargs=kwargs)
    assert [value.name for value in compiled.inputs] == ["x", "pair_0", "pair_1_b", "scale"]
    y, *numbers, scaled = compiled(x, a, b, kwargs["scale"])
    expected = Mixed()(*args, **kwargs)
    agree(y, expected[0]["y"])
    agree(scaled, expected[1])
    assert [(number.dtype.name, number[()]) for number in numbers] == [("int64", 3), ("int64", 3), ("float64", 2.5)]


def test_names_of_sizes_inside_arguments():
    rows, columns = torch.export.Dim("rows"), torch.export.Dim("columns")
    x, a, b = torch.randn(3, 4), torch.randn(3, 4), torch.randn(4)
    shapes = {"x": {0: rows, 1: columns}, "mask": None, "pair": ({0: rows, 1: columns}, {"b": (columns,)}), "kind": None}
    compiled = quern.compile(Mixed().eval(), (x, None, (a, {"b": b})), kwargs={"kind": "sum"}, dynamic_shapes=shapes)
    assert [value.shape for value in compiled.inputs] == [("rows", "columns"), ("rows", "columns"), ("columns",)]
    y, size, *_ = compiled(torch.ones(5, 2), torch.ones(5, 2), torch.ones(2))
    assert y.tolist() == [[1.0, 1.0]] * 5 and size == 5


def test_sizes_that_are_multiples():
    """Only 2 * n and 3 * m + 1 are extents; n and m are what the program computes with."""
    class Pairs(nn.Module):
        def forward(self, x, y):
            return x.view(-1, 2, x.shape[1]).sum(1) * (x.shape[0] // 2), y[1:].view(3, -1), x[: x.shape[0] // 2].shape[0] + 1

    n, m = torch.export.Dim("n", min=2, max=99), torch.export.Dim("m", min=2, max=99)
    compiled = quern.compile(Pairs().eval(), (torch.randn(6, 4), torch.randn(7)), dynamic_shapes=({0: 2 * n}, {0: 3 * m + 1}))
    for rows, count in ((4, 10), (10, 7)):
        x, y = torch.randn(rows, 4), torch.randn(count)
        summed, thirds, size = compiled(x, y)
        agree(summed, Pairs()(x, y)[0])
        agree(thirds, Pairs()(x, y)[1])
        assert size == rows // 2 + 1


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU, nn.RNN])
def test_sequences_of_any_length(cell):
    layer, size = cell(4, 8, batch_first=True).eval(), torch.export.Dim("length")
    compiled = quern.compile(layer, torch.randn(2, 5, 4), dynamic_shapes=({1: size},))
    for length in (1, 7):
        x = torch.randn(2, length, 4)
        agree(compiled(x)[0], layer(x)[0])


def test_tensors_that_are_no_plain_arrays():
    """bfloat16, which NumPy has not, gradients, and signs that are kept aside."""
    x = torch.randn(3, 4)
    narrow = nn.Linear(4, 2).bfloat16().eval()
    bits = torch.from_numpy(quern.compile(narrow, x.bfloat16())(x.bfloat16()).view(np.int16))
    torch.testing.assert_close(bits.view(torch.bfloat16), narrow(x.bfloat16()), rtol=2e-2, atol=2e-2)
    wide = nn.Linear(4, 2).eval()
    compiled = quern.compile(wide, x)
    agree(compiled(x.clone().requires_grad_()), wide(x))
    negative = torch.complex(x, x).conj().imag
    assert negative.is_neg()
    agree(compiled(negative), wide(negative))


class Signals(nn.Module):
    def forward(self, x):
        spectrum = torch.stft(x, 16, 4, window=torch.hann_window(16), return_complex=True)
        return torch.istft(spectrum * 2, 16, 4, window=torch.hann_window(16))


def test_signals_from_their_spectra():
    x = torch.randn(2, 64)
    agree(quern.compile(Signals().eval(), x)(x), Signals()(x))


class Experts(nn.Module):
    """As transformers computes mixtures of experts."""
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(20, 4, 8))

    def forward(self, x, ends):
        return torch.ops.transformers.grouped_mm_fallback(x, self.weight, ends).relu()


def test_grouped_products_of_transformers():
    if not hasattr(torch.ops.transformers, "grouped_mm_fallback"):
        def product(x: torch.Tensor, weight: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
            groups = zip([0, *ends.tolist()], [*ends.tolist(), len(x)], [*weight, torch.zeros_like(weight[0])])
            return torch.cat([x[start:end] @ matrix for start, end, matrix in groups])

        operator = torch.library.custom_op("transformers::grouped_mm_fallback", product, mutates_args=())
        operator.register_fake(lambda x, weight, ends: x.new_empty(x.shape[0], weight.shape[2]))
    model, rows = Experts().eval(), torch.export.Dim("rows")
    compiled = quern.compile(model, (torch.randn(6, 4), torch.full((20,), 3)), dynamic_shapes=({0: rows}, None))
    for count in (3, 30):
        x, ends = torch.randn(count, 4), torch.randint(0, count + 1, (20,)).sort()[0]
        agree(compiled(x, ends), model(x, ends))
    with pytest.raises(quern.DataError, match="a size or position is -9, but must be at least 0"):
        compiled(x, torch.arange(20) * 2 + 1)


#--- What is refused ------------------------------------------------------------------------------

class Special(nn.Module):
    def forward(self, x):
        return torch.special.bessel_j0(x) + 1


@pytest.mark.parametrize("module, args, keywords, kind, text", [
    (Classifier().eval(), None, {}, quern.UsageError, "compiling a module needs example inputs: quern.compile(module, args)"),
    (Classifier(), torch.randn(1, 3, 8, 8), {}, quern.UsageError, "the module is in training mode: call eval() first"),
    (Special().eval(), torch.randn(3), {}, quern.UnsupportedError, "Special: aten.special_bessel_j0.default ("),
    (Classifier().eval(), torch.randn(1, 4, 8, 8), {}, quern.UnsupportedError, "torch.export refuses the module: "),
    (Classifier().eval(), torch.randn(1, 3, 8, 8), {"shapes": {"x": (1,)}}, quern.UsageError,
     "has no meaning for a module: its shapes are those of args and dynamic_shapes"),
])
def test_refusals(module, args, keywords, kind, text):
    with pytest.raises(kind) as error:
        quern.compile(module, args, **keywords)
    assert text in str(error.value) and "\n" not in str(error.value)


def test_writes_to_buffers_are_refused(counter):
    with pytest.raises(quern.UnsupportedError, match="Counter: it writes to count, which a compiled module cannot keep"):
        quern.compile(counter.eval(), torch.randn(3))


def test_wrong_calls():
    compiled = quern.compile(Classifier().eval(), torch.randn(2, 3, 8, 8))
    for x in (torch.randn(2, 3, 8), torch.randn(2, 3, 8, 9), torch.randn(2, 3, 8, 8).double(), torch.zeros(2, 3, 8, 8, dtype=torch.int64)):
        with pytest.raises(quern.InputError, match="image"):
            compiled(x.numpy())
