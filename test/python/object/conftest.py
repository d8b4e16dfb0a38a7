"""A cache of its own for every test, and the models that they share."""
import numpy as np
import onnx
import pytest
from onnx import parser

import quern

GRAPH = """<ir_version: 8, opset_import: ["" : 17]>
mlp (float[batch,8] x) => (float[batch,4] y) { t = MatMul (x, w)  s = Relu (t)  y = MatMul (s, v) }"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "quern"


@pytest.fixture(scope="session")
def weights():
    generator = np.random.default_rng(0)
    return generator.normal(size=(8, 16)).astype(np.float32), generator.normal(size=(16, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def proto(weights):
    model = parser.parse_model(GRAPH)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in zip("wv", weights))
    return model


@pytest.fixture(scope="session")
def expected(weights):
    """What the model gives, in float64."""
    first, second = weights
    return lambda x: np.maximum(x.astype(np.float64) @ first, 0) @ second


@pytest.fixture
def model(proto):
    return quern.compile(proto)
