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
