"""Wrong calls from Python: the class of each error and the line that says what disagrees."""
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

import quern

X, B = np.zeros((2, 4), np.float32), np.zeros(4, np.float32)


@pytest.fixture(scope="module")
def proto():
    value = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node("Add", ["x", "b"], ["y"])], "graph",
                              [value("x", TensorProto.FLOAT, ["batch", 4]), value("b", TensorProto.FLOAT, [4])],
                              [value("y", TensorProto.FLOAT, ["batch", 4])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def model(proto):
    return quern.compile(proto)


@pytest.mark.parametrize("arrays, text", [
    ((X,), "takes 2 inputs, but 1 were given"),
    ((X, B, B), "takes 2 inputs, but 3 were given"),
    ((X, B[:3]), "dim 0 is 3, but the model wants 4"),
    ((B, B), "rank is 1, but the model wants 2"),
    ((X.astype(np.float64), B), "input 'x' has dtype float64, expected float32"),
    ((X.astype(np.int32), B), "input 'x' has dtype int32, expected float32"),
    (("text", B), "input 'x' has dtype"),
    ((None, B), "input 'x' has dtype object"),
    ((np.zeros((1,) * 12, np.float32), B), "input 'x' has 12 dims, expected 2"),
    (({"x": X},), "input 'b' is missing: the model takes 'x', 'b'"),
    (({"x": X, "bb": B},), "the model has no input 'bb'; did you mean 'b'?"),
    (({"x": X, "b": B, "weights": B},), "the model has no input 'weights'; there is 'x', 'b'"),
])
def test_wrong_inputs(model, arrays, text):
    with pytest.raises(quern.InputError) as error:
        model(*arrays)
    assert text in str(error.value) and "\n" not in str(error.value)
    assert isinstance(error.value, ValueError) and isinstance(error.value, TypeError)
    model(X, B)  # and the model goes on


def test_unknown_output(model):
    with pytest.raises(quern.InputError, match="no output 'z'; there is 'y'"):
        model.run(["z"], {"x": X, "b": B})


@pytest.mark.parametrize("options, kind, text", [
    ({"target": "x86-46"}, quern.UsageError, "did you mean 'x86-64'"),
    ({"shapes": {"q": (1, 4)}}, quern.UsageError, "'q'"),
    ({"shapes": {"x": (1, 2, 3)}}, quern.UsageError, "3 dims for 'x', which has 2"),
    ({"shapes": {"x": (1, 5)}}, quern.UsageError, "5 for axis 1 of 'x', which is 4"),
    ({"shapes": {"x": 5}}, quern.UsageError, "shapes['x'] is 5: expected a tuple of numbers and None"),
    ({"threads": 0}, quern.UsageError, "threads=0: expected a number of at least 1"),
    ({"precision": "exact"}, quern.UsageError, "precision is 'exact': expected 'default', 'strict', 'tf32' or 'float32'"),
    ({"precision": "float32"}, quern.UsageError, "precision 'float32' is for estimators: other models say their dtypes themselves"),
    ({"args": (3,)}, quern.UsageError, "args, kwargs and dynamic_shapes are for PyTorch modules, not for a ModelProto"),
])
def test_wrong_options(proto, options, kind, text):
    with pytest.raises(kind) as error:
        quern.compile(proto, **options)
    assert text in str(error.value)


def test_wrong_models(proto, tmp_path):
    with pytest.raises(quern.FileError, match="missing.onnx"):
        quern.compile(tmp_path / "missing.onnx")
    with pytest.raises(OSError):
        quern.compile(tmp_path)
    with pytest.raises(quern.ModelError):
        quern.compile(proto.SerializeToString()[:-7])
    with pytest.raises(quern.UsageError, match="cannot compile a int: expected a path, bytes, an onnx.ModelProto, a PyTorch module or a "
                       "fitted scikit-learn estimator"):
        quern.compile(3)
    proto.graph.node[0].op_type = "Ad"
    try:
        with pytest.raises(quern.QuernError, match="Ad"):
            quern.compile(proto)
    finally:
        proto.graph.node[0].op_type = "Add"


def test_wrong_libraries(model, tmp_path):
    with pytest.raises(quern.FileError, match="no such file"):
        quern.load(tmp_path / "missing.so")
    with pytest.raises(quern.FileError, match="not a regular file"):
        quern.load(tmp_path)
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(quern.ModelError):
        quern.load(tmp_path / "text.so")
    with pytest.raises(quern.ModelError, match="no descriptor"):
        quern.load(quern._runtime.__file__)
    model.save(tmp_path / "model.so")
    with pytest.raises(quern.UnsupportedError, match="level"):
        quern.load(tmp_path / "model.so", max_level=1)
    with pytest.raises(quern.FileError, match="cannot write"):
        model.save(tmp_path / "no folder" / "model.so")


class Large:
    """A model of 2 GiB, as far as it says."""
    def SerializeToString(self):
        raise AssertionError("too large to be written")

    def ByteSize(self):
        return 2**31


def test_models_that_cannot_be_written():
    with pytest.raises(quern.UsageError, match="the model is over 2 GB: save it with external data and pass its path"):
        quern.compile(Large())


def test_a_compiler_that_is_not_there(proto, monkeypatch, tmp_path):
    import quern._compiler
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "quern._build_paths", None)
        with pytest.raises(quern.FileError, match="the compiler is missing: neither .* nor a build folder has it"):
            quern.compile(proto)
    monkeypatch.setattr(quern._compiler, "find_compiler", lambda: str(tmp_path / "none"))
    with pytest.raises(quern.FileError, match="cannot run '.*none': No such file"):
        quern.compile(proto)
