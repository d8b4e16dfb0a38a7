"""The Python package on small models: every way to give and get arrays, from one thread and from many."""
import concurrent.futures
import os
import pickle

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import quern


def make_model(inputs, outputs, nodes, **properties):
    """An ONNX model; inputs and outputs map names to (type, shape)."""
    def values(table):
        return [helper.make_tensor_value_info(name, dtype, shape) for name, (dtype, shape) in table.items()]
    graph = helper.make_graph(nodes, "graph", values(inputs), values(outputs))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **properties)


@pytest.fixture(scope="session")
def square_plus():
    """y = relu(x * x + b), x: [batch, 4], b: [4]."""
    model = make_model({"x": (TensorProto.FLOAT, ["batch", 4]), "b": (TensorProto.FLOAT, [4])},
                       {"y": (TensorProto.FLOAT, ["batch", 4])},
                       [helper.make_node("Mul", ["x", "x"], ["square"]), helper.make_node("Add", ["square", "b"], ["sum"]),
                        helper.make_node("Relu", ["sum"], ["y"])], producer_name="maker")
    helper.set_model_props(model, {"classes": "cat,dog"})
    return model


@pytest.fixture(scope="session")
def compiled(square_plus):
    return quern.compile(square_plus, threads=2)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(1)
    return rng.standard_normal((3, 4)).astype(np.float32), rng.standard_normal(4).astype(np.float32)


def expected(x, b):
    return np.maximum(x * x + b, 0)


def test_by_position(compiled, arrays):
    np.testing.assert_allclose(compiled(*arrays), expected(*arrays), rtol=1e-6)


def test_by_name(compiled, arrays):
    x, b = arrays
    outputs = compiled({"b": b, "x": x})
    assert list(outputs) == ["y"]
    np.testing.assert_allclose(outputs["y"], expected(x, b), rtol=1e-6)
    y, = compiled.run(["y"], {"x": x, "b": b})
    np.testing.assert_array_equal(y, outputs["y"])
    assert len(compiled.run(None, {"x": x, "b": b})) == 1


def test_several_outputs_are_a_tuple():
    model = make_model({"x": (TensorProto.FLOAT, ["n"])}, {"a": (TensorProto.FLOAT, ["n"]), "b": (TensorProto.FLOAT, ["n"])},
                       [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Abs", ["x"], ["b"])])
    function = quern.compile(model)
    x = np.array([1, -2, 3], np.float32)
    a, b = function(x)
    np.testing.assert_array_equal(a, -x)
    np.testing.assert_array_equal(b, abs(x))
    b, a = function.run(["b", "a"], {"x": x})
    np.testing.assert_array_equal(b, abs(x))


def test_results_are_the_callers_own(compiled, arrays):
    first = compiled(*arrays)
    kept = first.copy()
    compiled(arrays[0] + 1, arrays[1])
    np.testing.assert_array_equal(first, kept)
    assert first.flags.owndata and first.flags.writeable


def test_memory_of_large_results_is_used_again(compiled):
    x, b = np.ones((8192, 4), np.float32), np.zeros(4, np.float32)

    def address(array):
        return array.__array_interface__["data"][0]
    first = compiled(x, b)
    place = address(first)
    assert place % 64 == 0 and first.flags.writeable and first.flags.c_contiguous
    view = first[1:2]
    del first
    second = compiled(2 * x, b)
    assert address(second) != place, "a view still lies there"
    np.testing.assert_array_equal(view, x[1:2])
    del view
    assert address(compiled(x, b)) == place
    np.testing.assert_array_equal(second, 4 * x)


def test_results_of_many_shapes_keep_little_memory(square_plus):
    model, b = quern.compile(square_plus, threads=1), np.zeros(4, np.float32)

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    model(np.ones((1 << 20, 4), np.float32), b)  # 16 MB
    before = resident()
    for rows in range(1 << 19, 1 << 20, 1 << 14):
        x = np.ones((rows, 4), np.float32)
        np.testing.assert_array_equal(model(x, b), x)
    assert resident() - before < 1 << 26


def test_results_outlive_their_model(square_plus):
    x, b = np.full((1 << 16, 4), 3, np.float32), np.zeros(4, np.float32)
    y = quern.compile(square_plus)(x, b)
    np.testing.assert_array_equal(y, 9 * np.ones_like(x))


@pytest.mark.parametrize("change", [
    pytest.param(np.asfortranarray, id="column-major"),
    pytest.param(lambda x: np.repeat(x, 2, axis=1)[:, ::2], id="strided"),
    pytest.param(lambda x: x[::-1][::-1].astype(">f4"), id="big-endian"),
    pytest.param(lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape), id="read-only"),
    pytest.param(lambda x: np.frombuffer(b"." + x.tobytes(), np.float32, offset=1).reshape(x.shape), id="unaligned"),
    pytest.param(lambda x: memoryview(x), id="memoryview"),
    pytest.param(lambda x: x.tolist(), id="list"),
])
def test_input_forms(compiled, arrays, change):
    x, b = arrays
    np.testing.assert_array_equal(compiled(change(x), b), compiled(x, b))


def test_contiguous_inputs_are_not_copied_and_not_written(compiled, arrays):
    x, b = arrays
    x.flags.writeable = b.flags.writeable = False
    before = x.copy()
    compiled(x, b)
    np.testing.assert_array_equal(x, before)


def test_empty_batch(compiled, arrays):
    assert compiled(np.zeros((0, 4), np.float32), arrays[1]).shape == (0, 4)


def test_values_and_metadata(compiled):
    assert [(v.name, v.dtype, v.shape) for v in compiled.inputs] == [("x", "float32", ("batch", 4)), ("b", "float32", (4,))]
    assert compiled.outputs == (quern.Value("y", "float32", ("batch", 4)),)
    assert compiled.metadata == {"classes": "cat,dog"}
    assert compiled.threads == 2
    assert len(compiled.kernels) == len(compiled.manifest["sites"]) >= 1
    assert "x: float32[batch, 4]" in repr(compiled) and compiled.level in repr(compiled)


def test_shapes_are_fixed(square_plus, arrays):
    fixed = quern.compile(square_plus, shapes={"x": (3, None)})
    assert fixed.inputs[0].shape == (3, 4)
    np.testing.assert_allclose(fixed(*arrays), expected(*arrays), rtol=1e-6)
    with pytest.raises(quern.InputError, match="x"):
        fixed(arrays[0][:2], arrays[1])


@pytest.mark.parametrize("form", ["path", "str", "bytes", "proto"])
def test_forms_of_a_model(square_plus, arrays, tmp_path, form):
    path = tmp_path / "square plus.onnx"
    onnx.save(square_plus, path)
    model = {"path": path, "str": str(path), "bytes": path.read_bytes(), "proto": square_plus}[form]
    np.testing.assert_allclose(quern.compile(model)(*arrays), expected(*arrays), rtol=1e-6)


def test_save_and_load(compiled, arrays, tmp_path):
    path = tmp_path / "model.so"
    compiled.save(path)
    assert os.listdir(tmp_path) == ["model.so"]
    loaded = quern.load(path, threads=1)
    assert loaded.threads == 1
    np.testing.assert_array_equal(loaded(*arrays), compiled(*arrays))
    loaded.save(path)  # onto itself
    np.testing.assert_array_equal(quern.load(path)(*arrays), compiled(*arrays))


def test_a_file_that_was_compiled_anew(square_plus, compiled, arrays, tmp_path):
    path = tmp_path / "model.so"
    compiled.save(path)
    before = quern.load(path)
    other = make_model({"x": (TensorProto.FLOAT, [2])}, {"z": (TensorProto.FLOAT, [2])}, [helper.make_node("Neg", ["x"], ["z"])])
    quern.compile(other).save(path)
    np.testing.assert_array_equal(quern.load(path)(np.float32([1, 2])), np.float32([-1, -2]))
    np.testing.assert_array_equal(before(*arrays), compiled(*arrays))


def test_levels(square_plus, arrays, tmp_path):
    quern.compile(square_plus, target="x86-64").save(tmp_path / "model.so")
    lowest = quern.load(tmp_path / "model.so", max_level=3)
    assert lowest.level == "x86-64-v3"
    np.testing.assert_allclose(lowest(*arrays), expected(*arrays), rtol=1e-6)


def test_pickle(compiled, arrays):
    again = pickle.loads(pickle.dumps(compiled))
    assert again.threads == compiled.threads
    np.testing.assert_array_equal(again(*arrays), compiled(*arrays))


def test_temporary_files_go(square_plus, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = quern.compile(square_plus)
    assert len(os.listdir(tmp_path)) == 1
    del model
    assert os.listdir(tmp_path) == []
    with pytest.raises(quern.ModelError):
        quern.compile(b"no model")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_many_threads_on_one_model(square_plus, threads):
    model = quern.compile(square_plus, threads=threads)
    b = np.zeros(4, np.float32)

    def work(seed):
        x = np.random.default_rng(seed).standard_normal((50 + seed, 4)).astype(np.float32)
        return all(np.array_equal(model(x, b), x * x) for _ in range(100))

    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        assert all(executor.map(work, range(8)))


def test_run_releases_the_interpreter(compiled):
    """Two threads make progress: while one is in a long run the other counts."""
    x, b = np.ones((2_000_000, 4), np.float32), np.zeros(4, np.float32)
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        run = executor.submit(lambda: [compiled(x, b) for _ in range(20)])
        ticks = 0
        while not run.done():
            ticks += 1
        assert len(run.result()) == 20
    assert ticks > 20


def test_after_fork(compiled, arrays):
    """The child of a fork runs the model with threads of its own."""
    want = compiled(*arrays)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(compiled(*arrays), want) else 1)
    assert os.waitpid(child, 0)[1] == 0


class TestInferenceSession:
    def test_as_onnxruntime(self, square_plus, arrays):
        onnxruntime = pytest.importorskip("onnxruntime")
        data = square_plus.SerializeToString()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        providers = [("CUDAExecutionProvider", {"device_id": 0}), "CPUExecutionProvider"]
        ours = quern.InferenceSession(data, options, providers=providers)
        theirs = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        feed = dict(zip(("x", "b"), arrays))
        np.testing.assert_allclose(ours.run(None, feed)[0], theirs.run(None, feed)[0], rtol=1e-6)
        np.testing.assert_allclose(ours.run(["y"], feed)[0], theirs.run(["y"], feed)[0], rtol=1e-6)
        for mine, other in zip(ours.get_inputs() + ours.get_outputs(), theirs.get_inputs() + theirs.get_outputs(), strict=True):
            assert (mine.name, mine.type, mine.shape) == (other.name, other.type, other.shape)
        mine, other = ours.get_modelmeta(), theirs.get_modelmeta()
        for field in ("custom_metadata_map", "producer_name", "graph_name", "domain", "description"):
            assert getattr(mine, field) == getattr(other, field), field
        assert ours.get_providers() == ["QuernExecutionProvider"]
        assert ours._model.threads == 1

    def test_opens_a_library(self, compiled, arrays, tmp_path):
        compiled.save(tmp_path / "model.so")
        session = quern.InferenceSession(str(tmp_path / "model.so"))
        np.testing.assert_array_equal(session.run(None, dict(zip(("x", "b"), arrays)))[0], compiled(*arrays))


def test_names_of_descriptors_stand_for_one_file(square_plus, compiled, arrays, tmp_path):
    """The second load of a file goes; its descriptor's number is then that of another file, which is what is loaded."""
    other = make_model({"x": (TensorProto.FLOAT, [2])}, {"z": (TensorProto.FLOAT, [2])}, [helper.make_node("Neg", ["x"], ["z"])])
    compiled.save(tmp_path / "first.so")
    quern.compile(other).save(tmp_path / "other.so")
    for path in (tmp_path / "first.so", quern._runtime.__file__):
        first = quern.load(tmp_path / "first.so")
        try:
            quern.load(path)
        except quern.ModelError:
            pass
        assert [value.name for value in quern.load(tmp_path / "other.so").outputs] == ["z"]
        assert [value.name for value in first.outputs] == ["y"]
