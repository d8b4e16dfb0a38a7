"""Models that are wrong where ONNX Runtime goes on: they compile, and the command says what it made of them."""
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import quern
from onnx import TensorProto, helper

QUERN = Path(os.environ.get("QUERN_BUILD", Path(__file__).resolve().parents[2] / "build")) / "bin" / "quern"


def test_an_output_of_another_rank_than_declared(tmp_path):
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "graph",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    command = [QUERN, "compile", path, "-o", tmp_path / "model.so", "--target", "native"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    assert told == f"quern: warning: {path}: output 'y' is declared with 1 axes, but the graph makes 2; it will have 2\n"
    assert subprocess.run([*command, "--quiet"], check=True, capture_output=True).stderr == b""
    x = np.array([[-1], [2]], np.float32)
    np.testing.assert_array_equal(quern.load(tmp_path / "model.so")(x), np.maximum(x, 0))


def test_a_squeeze_of_unknown_axes(tmp_path):
    graph = helper.make_graph([helper.make_node("Squeeze", ["x"], ["y"], name="all")], "graph",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 3])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    command = [QUERN, "compile", path, "-o", tmp_path / "model.so", "--target", "native"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    assert told == (f"quern: warning: {path}: node 'all' (Squeeze, opset 17): has no axes, and axis 0 has the dynamic extent "
                    "n, so it stays, also where it is 1; fix the model's shapes to have it squeezed\n")
    assert subprocess.run([*command, "--shape", "x=1x1x3"], check=True, capture_output=True).stderr == b""
