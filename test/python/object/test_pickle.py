"""Pickles and copies of compiled models."""
import copy
import pickle

import numpy as np
import pytest

import quern
from quern import _model


def test_round_trip(model, expected):
    x = np.ones((3, 8), np.float32)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again(x), model(x))
    assert (again.inputs, again.outputs, again.threads) == (model.inputs, model.outputs, model.threads)


def test_copies_are_the_model(model):
    assert copy.copy(model) is model and copy.deepcopy({"m": model})["m"] is model


@pytest.mark.parametrize("given", ["proto", "bytes", "path"])
def test_another_cpu_compiles_again(proto, given, tmp_path, expected, monkeypatch):
    """Where the code does not run, what it was compiled from does."""
    (tmp_path / "mlp.onnx").write_bytes(proto.SerializeToString())
    source = {"proto": proto, "bytes": proto.SerializeToString(), "path": tmp_path / "mlp.onnx"}[given]
    data = pickle.dumps(quern.compile(source, shapes={"x": (3, 8)}, threads=1))
    opened = []

    def open_model(self, path, *arguments, **keywords):
        if not opened:
            opened.append(path)
            raise quern.UnsupportedError("no level of the model runs on this CPU")
        initialize(self, path, *arguments, **keywords)

    initialize = quern.CompiledModel.__init__
    monkeypatch.setattr(_model.CompiledModel, "__init__", open_model)
    again = pickle.loads(data)
    assert opened and again.threads == 1 and again.inputs[0].shape == (3, 8)
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(3, 8)
    np.testing.assert_allclose(again(x), expected(x), rtol=1e-4, atol=1e-4)


def test_a_loaded_library_has_nothing_to_compile(model, tmp_path, monkeypatch):
    model.save(tmp_path / "model.so")
    data = pickle.dumps(quern.load(tmp_path / "model.so"))

    def refuse(*_arguments, **_keywords):
        raise quern.UnsupportedError("no level of the model runs on this CPU")

    monkeypatch.setattr(_model.CompiledModel, "__init__", refuse)
    with pytest.raises(quern.UnsupportedError, match="no level of the model"):
        pickle.loads(data)


def test_another_version(model):
    function, (state,) = model.__reduce__()
    with pytest.raises(quern.ModelError, match=r"the pickle has format 99 of quern 7\.1: this is quern .* which reads format 1; compile the model again"):
        function({**state, "format": 99, "quern": "7.1"})


def test_a_source_that_changed_is_left_out(proto, tmp_path):
    path = tmp_path / "mlp.onnx"
    path.write_bytes(proto.SerializeToString())
    model = quern.compile(path)
    path.write_bytes(b"something else")
    _, (state,) = model.__reduce__()
    assert state["source"] is None
    assert pickle.loads(pickle.dumps(model)).inputs == model.inputs


def test_dlpack(model):
    """Results are read where they lie by what knows DLPack, and so are inputs."""
    import torch
    x = torch.arange(16, dtype=torch.float32).reshape(2, 8)
    y = model(x)
    seen = torch.from_dlpack(y)
    assert seen.data_ptr() == y.__array_interface__["data"][0]
    np.testing.assert_array_equal(y, model(x.numpy()))
