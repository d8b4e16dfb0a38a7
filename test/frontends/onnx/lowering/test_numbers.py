"""The graphs that ONNX's own node tests are lowered to compute what the tests expect: as they are, with the passes of the
graph phase, and with the extents of the first input unknown."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

sys.path.insert(0, str(Path(__file__).parent))
import graph_numpy  # noqa: E402

LOWER_MODEL = Path(os.environ.get("QUERN_BUILD", Path(__file__).resolve().parents[4] / "build")) / "bin" / "lower-model"

# Cases by the start of their names. The evaluator in graph_numpy.py knows the types of NumPy only.
FAMILIES = """conv_ conv_with basic_conv convtranspose maxpool averagepool lppool globalaveragepool globalmaxpool maxunpool
matmul_1d matmul_2d matmul_3d matmul_4d matmul_bcast gemm batchnorm layer_normalization instancenorm group_normalization
rms_normalization l1normalization l2normalization lpnormalization mvn lrn lstm gru simple_rnn rnn_seq if_ loop11 scan
attention""".split()
DYNAMIC = "conv_ maxpool averagepool lppool globalaveragepool matmul gemm batchnorm layer_normalization lstm gru".split()


def is_lowered(case):
    """Sequences are no inputs of a graph; some fixed bodies that the suite expands read sizes as data."""
    name = case.name.removeprefix("test_")
    return name.startswith(tuple(FAMILIES)) and not any(word in name for word in ("_seq", "_opt", "expanded", "bfloat16", "integer"))


CASES = {case.name: case for case in load_model_tests(kind="node") if case.model_dir and is_lowered(case)}
MODES = {"plain": [], "passes": ["--simplify", "--fold"], "dynamic": []}


def forget_extents(model):
    """Every extent of the first input gets a name of its own, but for those of 1: an unknown extent does not stretch."""
    for axis, dim in enumerate(model.graph.input[0].type.tensor_type.shape.dim):
        if dim.dim_value != 1:
            dim.dim_param = f"d{axis}"
    for value in model.graph.output:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}_{axis}"
    return model


def load(path):
    return numpy_helper.to_array(onnx.load_tensor(str(path)))


@pytest.mark.parametrize("name,mode", [(name, mode) for name in CASES for mode in MODES
                                       if mode != "dynamic" or name.removeprefix("test_").startswith(tuple(DYNAMIC))])
def test_case(name, mode, tmp_path):
    case = CASES[name]
    model = onnx.load(Path(case.model_dir) / "model.onnx")
    path = tmp_path / "model.onnx"
    onnx.save(forget_extents(model) if mode == "dynamic" else model, path)
    lowered = subprocess.run([LOWER_MODEL, path, "--generic", *MODES[mode]], capture_output=True, text=True, timeout=60)
    assert lowered.returncode == 0, lowered.stderr

    data = Path(case.model_dir) / "test_data_set_0"
    inputs = {value.name: load(data / f"input_{i}.pb") for i, value in enumerate(model.graph.input)}
    outputs = graph_numpy.evaluate(lowered.stdout, inputs)
    for i, value in enumerate(model.graph.output):
        expected, got = load(data / f"output_{i}.pb"), outputs[value.name]
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=max(case.rtol, 1e-3), atol=max(case.atol, 1e-5))
