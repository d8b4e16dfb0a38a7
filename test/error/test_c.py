"""Wrong calls from C: every one has a status and a line, and none harms the next call."""
import subprocess
from pathlib import Path

import pytest
from onnx import TensorProto, helper
import onnx

from quern._compiler import find_compiler

OK, INVALID_ARGUMENT, UNSUPPORTED_CPU, ABI_MISMATCH = 0, 1, 4, 5


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    value = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node("Add", ["x", "b"], ["y"])], "graph",
                              [value("x", TensorProto.FLOAT, ["rows", 4]), value("b", TensorProto.FLOAT, [4])],
                              [value("y", TensorProto.FLOAT, ["rows", 4])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
    subprocess.run([find_compiler(), "compile", "model.onnx", "-o", "model.so"], cwd=folder, check=True)
    source = Path(__file__).with_name("errors.c")
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I.", source, "./model.so", "-Wl,-rpath,$ORIGIN", "-o", "errors"], cwd=folder, check=True)
    text = subprocess.run(["./errors"], cwd=folder, check=True, capture_output=True, text=True).stdout
    return {name: (int(status), rest) for name, status, rest in (line.split(": ", 2) for line in text.splitlines())}


@pytest.mark.parametrize("name, status, words", [
    ("level", UNSUPPORTED_CPU, ["level"]),
    ("version", ABI_MISMATCH, ["version"]),
    ("inputs", INVALID_ARGUMENT, ["1", "2"]),
    ("outputs", INVALID_ARGUMENT, ["0", "1"]),
    ("dtype", INVALID_ARGUMENT, ['"x"', "float64", "float32"]),
    ("rank", INVALID_ARGUMENT, ['"x"', "1", "2"]),
    ("dim", INVALID_ARGUMENT, ['"b"', "3", "4"]),
    ("negative", INVALID_ARGUMENT, ['"x"', "-1"]),
    ("overflow", INVALID_ARGUMENT, ['"x"']),
    ("bytes", INVALID_ARGUMENT, ['"x"', "7", "32"]),
    ("null", INVALID_ARGUMENT, ['"x"', "null"]),
    ("unaligned", INVALID_ARGUMENT, ['"x"', "align"]),
    ("room", INVALID_ARGUMENT, ['"y"', "4", "32"]),
    ("good", OK, []),
])
def test_status_and_text(lines, name, status, words):
    assert lines[name][0] == status
    for word in words:
        assert word in lines[name][1]
    assert bool(lines[name][1]) == (status != OK)
